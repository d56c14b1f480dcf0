"""Adds the switch that lets a page give codes to customers; off for the keys that there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0004_idempotency"),
    ]

    operations = [
        migrations.AddField(
            model_name="clientkey",
            name="may_publish",
            field=models.BooleanField(
                default=False,
                help_text="Whoever opens the page can then take codes in the name of any customer id, and ask which "
                "codes an id was given from a campaign.",
                verbose_name="client-side publication",
            ),
        ),
    ]
