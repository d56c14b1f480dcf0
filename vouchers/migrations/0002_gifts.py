"""Hours, days and periods at which a voucher is open, and what moved the balances of gift cards.

Gift cards that exist already get one opening transaction, so that the sum of transactions is the balance from now on.
"""

import functools

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import voucherify_admin.ids

# The public ids are those of voucherify_admin.ids: 13 digits of microseconds, here counted up from now, and five more.
OPEN = """
INSERT INTO vouchers_gifttransaction (public_id, voucher_id, voucher_public_id, code, campaign_public_id, type, amount,
    balance, total, reason, source_id, channel_type, channel_id, channel_name, redemption_public_id,
    rollback_public_id, created_at)
SELECT 'vtx_' || lpad(to_hex((extract(epoch FROM now()) * 1000000)::bigint + row_number() OVER (ORDER BY v.id)), 13, '0')
           || substr(md5(random()::text), 1, 5),
       v.id, v.public_id, v.code, coalesce(c.public_id, ''), 'CREDITS_ADDITION', v.gift_balance,
       v.gift_balance, v.gift_balance + v.redeemed_amount, 'The balance when transactions began to be kept', '',
       '', '', '', '', '', now()
FROM vouchers_voucher v LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
WHERE v.type = 'GIFT_VOUCHER' AND v.gift_balance > 0
"""


class Migration(migrations.Migration):
    dependencies = [
        ("vouchers", "0001_initial"),
        ("campaigns", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="voucher",
            name="validity_day_of_week",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="voucher",
            name="validity_hours",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="voucher",
            name="validity_timeframe",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="GiftTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(voucherify_admin.ids.new_id, *("vtx_",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("voucher_public_id", models.CharField(max_length=40)),
                ("code", models.CharField(max_length=200)),
                ("campaign_public_id", models.CharField(blank=True, max_length=40)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("CREDITS_REDEMPTION", "Redeemed"),
                            ("CREDITS_REFUND", "Rolled back"),
                            ("CREDITS_ADDITION", "Loaded"),
                            ("CREDITS_REMOVAL", "Taken off"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", models.BigIntegerField(help_text="Cents, negative when taken.")),
                ("balance", models.BigIntegerField(help_text="Cents left afterwards.")),
                (
                    "total",
                    models.BigIntegerField(help_text="Cents ever loaded less those taken off by hand, afterwards."),
                ),
                ("reason", models.TextField(blank=True)),
                ("source_id", models.CharField(blank=True, help_text="The caller's own number of it.", max_length=200)),
                ("channel_type", models.CharField(blank=True, max_length=10)),
                ("channel_id", models.CharField(blank=True, max_length=64)),
                ("channel_name", models.CharField(blank=True, max_length=150)),
                ("redemption_public_id", models.CharField(blank=True, max_length=40)),
                ("rollback_public_id", models.CharField(blank=True, max_length=40)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "voucher",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="gift_transactions",
                        to="vouchers.voucher",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="gift_transaction_newest"),
                    models.Index(fields=["voucher", "-created_at", "-id"], name="gift_transaction_voucher"),
                    models.Index(fields=["code"], name="gift_transaction_code"),
                    models.Index(fields=["campaign_public_id", "-id"], name="gift_transaction_campaign"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="gift_transaction_moves"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance__gte", 0)), name="gift_transaction_balance_not_negative"
                    ),
                ],
            },
        ),
        migrations.RunSQL(OPEN, migrations.RunSQL.noop),
    ]
