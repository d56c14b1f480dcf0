"""A place to remember how each person looks at lists."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="list_choices",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
