"""Hours, days and recurring periods at which a campaign is open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_segments_by_filter"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="validity_day_of_week",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="validity_hours",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="validity_timeframe",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
