"""Exports can be spreadsheets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="format",
            field=models.CharField(
                choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)")], db_default="csv", default="csv", max_length=4
            ),
        ),
    ]
