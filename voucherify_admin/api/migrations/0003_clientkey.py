"""Adds keys for pages in a browser, which administrators issue."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

import voucherify_admin.api.models


def let_administrators(apps, schema_editor) -> None:
    app = apps.get_app_config("api")
    # Django makes permissions after all migrations; here they are needed now.
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="api", content_type__model="clientkey"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Administrator"):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_partition_call_log"),
        ("redemptions", "0002_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClientKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("app_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("token_hash", models.CharField(editable=False, max_length=64)),
                ("token_prefix", models.CharField(editable=False, max_length=8)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "origins",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300),
                        validators=[voucherify_admin.api.models.validate_origins],
                        help_text="The addresses of the shop's pages, separated by commas, e.g. https://shop.example.com",
                        size=None,
                    ),
                ),
                (
                    "may_redeem",
                    models.BooleanField(
                        default=False,
                        help_text="Without it the key can validate codes, but not redeem them.",
                        verbose_name="client-side redemption",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "client-side key",
                "ordering": ["-created_at"],
                "abstract": False,
            },
        ),
        migrations.RunPython(let_administrators, migrations.RunPython.noop),
    ]
