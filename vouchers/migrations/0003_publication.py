"""Adds publications: which customer was given which codes, and who holds a voucher."""

import functools

import django.db.models.deletion
import django.utils.timezone
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

import voucherify_admin.ids

ROLES = {
    "Administrator": ["add", "change", "delete", "view"],
    "User": ["add", "view"],
    "Viewer": ["view"],
}


def let_roles(apps, schema_editor) -> None:
    app = apps.get_app_config("vouchers")
    # Django makes permissions after all migrations; here they are needed now.
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="vouchers", content_type__model="publication"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ROLES):
        names = [f"{verb}_publication" for verb in ROLES[group.name]]
        group.permissions.add(*permissions.filter(codename__in=names))


class Migration(migrations.Migration):
    dependencies = [
        ("redemptions", "0002_roles"),
        ("campaigns", "0001_initial"),
        ("vouchers", "0002_gifts"),
    ]

    operations = [
        migrations.AddField(
            model_name="voucher",
            name="holder",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="held_vouchers",
                to="campaigns.customer",
            ),
        ),
        migrations.AddField(
            model_name="voucher",
            name="published_count",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(voucherify_admin.ids.new_id, *("pub_",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("source_id", models.CharField(blank=True, max_length=200, null=True, unique=True)),
                ("customer_public_id", models.CharField(max_length=40)),
                ("tracking_id", models.CharField(blank=True, max_length=200, null=True)),
                ("codes", models.JSONField(default=list)),
                ("channel", models.CharField(default="API", max_length=100)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="publications",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="publications",
                        to="campaigns.customer",
                    ),
                ),
                ("vouchers", models.ManyToManyField(related_name="publications", to="vouchers.voucher")),
            ],
            options={
                "indexes": [models.Index(fields=["-created_at", "-id"], name="publication_newest")],
            },
        ),
        migrations.RunPython(let_roles, migrations.RunPython.noop),
    ]
