"""Who may delete campaigns, and who may erase customers."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GIVEN = {
    "Administrator": ["delete_campaign", "erase_customer"],
    "User": ["delete_campaign"],
}


def give(apps, schema_editor) -> None:
    app = apps.get_app_config("campaigns")
    # Django makes permissions after all migrations; here they are needed now.
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="campaigns")
    for role, names in GIVEN.items():
        # A role that an administrator renamed or deleted is left alone.
        for group in apps.get_model("auth", "Group").objects.filter(name=role):
            group.permissions.add(*permissions.filter(codename__in=names))


class Migration(migrations.Migration):
    dependencies = [
        ("redemptions", "0005_orders"),
        ("campaigns", "0004_deletion_and_erasure"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
