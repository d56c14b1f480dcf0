"""When a campaign's deletion was asked for, and the permission to erase customers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_validity"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="deletion_asked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterModelOptions(
            name="customer",
            options={"permissions": [("erase_customer", "Can erase customers from everything that was recorded")]},
        ),
    ]
