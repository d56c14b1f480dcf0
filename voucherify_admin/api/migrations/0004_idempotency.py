"""Answers are kept for calls that are sent again with their Idempotency-Key, and such calls marked in the log."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0003_clientkey"),
    ]

    operations = [
        migrations.AddField(
            model_name="apicall",
            name="is_replayed",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Answered as the first call with the same Idempotency-Key."
            ),
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("app_id", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.TextField()),
                ("touched", models.JSONField(default=list)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["created_at"], name="idempotent_answer_age")],
                "constraints": [models.UniqueConstraint(fields=("app_id", "key"), name="one_answer_a_key")],
            },
        ),
    ]
