"""Adds orders as rows of their own; attempts keep the copy that they were decided by."""

import functools

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

import voucherify_admin.ids

ROLES = {
    "Administrator": ["add", "change", "delete", "view"],
    "User": ["add", "change", "view"],
    "Viewer": ["view"],
    "Merchant": ["view"],
}


def let_roles(apps, schema_editor) -> None:
    app = apps.get_app_config("redemptions")
    # Django makes permissions after all migrations; here they are needed now.
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="redemptions", content_type__model="order"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ROLES):
        names = [f"{verb}_order" for verb in ROLES[group.name]]
        group.permissions.add(*permissions.filter(codename__in=names))


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("redemptions", "0003_stacks"),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(voucherify_admin.ids.new_id, *("ord_",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("source_id", models.CharField(blank=True, max_length=200, null=True, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("CREATED", "Created"),
                            ("PAID", "Paid"),
                            ("CANCELED", "Canceled"),
                            ("FULFILLED", "Fulfilled"),
                        ],
                        default="CREATED",
                        max_length=10,
                    ),
                ),
                ("amount", models.BigIntegerField(blank=True, null=True)),
                ("total_amount", models.BigIntegerField(blank=True, help_text="What is left to pay.", null=True)),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("content", models.JSONField(blank=True, default=dict)),
                ("redemptions", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(editable=False, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to="campaigns.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="order_newest"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["metadata"], name="order_metadata", opclasses=["jsonb_path_ops"]
                    ),
                ],
            },
        ),
        migrations.RunPython(let_roles, migrations.RunPython.noop),
    ]
