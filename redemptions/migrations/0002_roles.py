"""Makes the four roles: groups with the permissions that product.md's table of roles gives them.

They are made here because this app stands on top: every permission named below exists once the others are migrated.
An administrator may change the groups afterwards; nothing overwrites them.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEW = [
    "redemptions.view_redemption",
    "redemptions.view_rollback",
    "vouchers.view_voucher",
    "campaigns.view_campaign",
    "campaigns.view_customer",
    "campaigns.view_segment",
    "campaigns.view_validationrule",
    "api.view_apicall",
]
EXPORT = ["exports.add_export", "exports.view_export"]
CHANGE = [
    "redemptions.redeem",
    "redemptions.roll_back",
    "vouchers.add_voucher",
    "vouchers.change_voucher",
    "vouchers.delete_voucher",
    "campaigns.add_campaign",
    "campaigns.change_campaign",
    "campaigns.add_customer",
    "campaigns.change_customer",
    "campaigns.delete_customer",
    "campaigns.add_segment",
    "campaigns.change_segment",
    "campaigns.delete_segment",
    "campaigns.add_validationrule",
    "campaigns.change_validationrule",
    "campaigns.delete_validationrule",
    "campaigns.add_ruleassignment",
    "campaigns.delete_ruleassignment",
]
ROLES = {
    "User": VIEW + EXPORT + CHANGE,
    "Viewer": VIEW + EXPORT,
    "Merchant": ["redemptions.view_redemption", "vouchers.view_voucher", "redemptions.redeem"],
}
APPS = ["auth", "accounts", "api", "notifications", "exports", "campaigns", "vouchers", "redemptions"]


def make_roles(apps, schema_editor) -> None:
    for label in APPS:
        app = apps.get_app_config(label)
        # Django makes permissions after all migrations; here they are needed now.
        app.models_module = True
        create_permissions(app, apps=apps, verbosity=0)
        app.models_module = None
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    by_name = {
        f"{row.content_type.app_label}.{row.codename}": row
        for row in permission_model.objects.select_related("content_type")
    }
    group_model.objects.create(name="Administrator").permissions.set(by_name.values())
    for role, names in ROLES.items():
        group_model.objects.create(name=role).permissions.set(by_name[name] for name in names)


def remove_roles(apps, schema_editor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=["Administrator", *ROLES]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("redemptions", "0001_initial"),
        ("vouchers", "0001_initial"),
        ("campaigns", "0001_initial"),
        ("exports", "0001_initial"),
        ("notifications", "0001_initial"),
        ("api", "0002_partition_call_log"),
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, remove_roles)]
