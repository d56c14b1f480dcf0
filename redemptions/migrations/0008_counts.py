"""Counts of the attempts by hour and day, and a trigger that notes which hours changed after they were counted."""

import django.db.models.deletion
from django.db import migrations, models

# Once a statement, not once a row. It reads one row that nobody changes but the counting, and writes only of attempts
# that are older than what was announced to be counted.
TRIGGER = """
CREATE FUNCTION redemptions_note_changed_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    announced timestamptz := (SELECT announced_until FROM redemptions_countstate LIMIT 1);
BEGIN
    IF announced IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO redemptions_changedhour (hour)
        SELECT DISTINCT date_trunc('hour', created_at, 'UTC') FROM rows_after WHERE created_at < announced;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO redemptions_changedhour (hour)
        SELECT DISTINCT date_trunc('hour', created_at, 'UTC') FROM rows_before WHERE created_at < announced;
    ELSE
        INSERT INTO redemptions_changedhour (hour)
        SELECT DISTINCT date_trunc('hour', at, 'UTC')
        FROM rows_before b JOIN rows_after a USING (id), LATERAL (VALUES (b.created_at), (a.created_at)) moments (at)
        WHERE at < announced
          AND (b.created_at, b.result, b.status, b.failure_code, b.campaign_id, b.campaign_name, b.channel_type,
               b.channel_name, b.amount, b.discount_amount)
              IS DISTINCT FROM
              (a.created_at, a.result, a.status, a.failure_code, a.campaign_id, a.campaign_name, a.channel_type,
               a.channel_name, a.amount, a.discount_amount);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER redemptions_note_inserted AFTER INSERT ON redemptions_redemption
    REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION redemptions_note_changed_hours();
CREATE TRIGGER redemptions_note_updated AFTER UPDATE ON redemptions_redemption
    REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after
    FOR EACH STATEMENT EXECUTE FUNCTION redemptions_note_changed_hours();
CREATE TRIGGER redemptions_note_deleted AFTER DELETE ON redemptions_redemption
    REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION redemptions_note_changed_hours();
"""
NO_TRIGGER = """
DROP TRIGGER redemptions_note_inserted ON redemptions_redemption;
DROP TRIGGER redemptions_note_updated ON redemptions_redemption;
DROP TRIGGER redemptions_note_deleted ON redemptions_redemption;
DROP FUNCTION redemptions_note_changed_hours();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("redemptions", "0006_deletion_and_erasure_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttemptCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "span",
                    models.CharField(
                        choices=[("hour", "Hour"), ("day", "Day"), ("status", "Hour by status")], max_length=6
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("result", models.CharField(max_length=10)),
                ("status", models.CharField(max_length=12)),
                ("failure_code", models.CharField(blank=True, max_length=60)),
                ("campaign_name", models.CharField(blank=True, max_length=200)),
                ("channel_type", models.CharField(blank=True, max_length=10)),
                ("channel_name", models.CharField(blank=True, max_length=150)),
                ("number", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("discount_amount", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ChangedHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CountState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("announced_until", models.DateTimeField(null=True)),
                ("counted_until", models.DateTimeField(null=True)),
                ("waits_for", models.BigIntegerField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="redemption",
            index=models.Index(fields=["channel_name", "-created_at", "-id"], name="redemption_channel_name"),
        ),
        migrations.AddField(
            model_name="attemptcount",
            name="campaign",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddIndex(
            model_name="attemptcount",
            index=models.Index(fields=["span", "starts_at"], name="attempt_count_span"),
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
    ]
