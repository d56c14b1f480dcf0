"""Gives the roles what they may do with webhooks: administrators alone manage them."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GIVEN = {"Administrator": ["add", "change", "delete", "view"]}


def give(apps, schema_editor) -> None:
    app = apps.get_app_config("webhooks")
    # Django makes permissions after all migrations; here they are needed now.
    app.models_module = True
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="webhooks")
    for role, verbs in GIVEN.items():
        # A role that an administrator renamed or deleted is left alone.
        for group in apps.get_model("auth", "Group").objects.filter(name=role):
            group.permissions.add(*[one for one in permissions if one.codename.partition("_")[0] in verbs])


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0001_initial"),
        ("redemptions", "0002_roles"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
