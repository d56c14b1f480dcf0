"""Partitions the call log by month, so that retention drops a partition instead of deleting rows."""

from datetime import UTC, datetime, timedelta

from django.db import migrations

FUNCTION = """
CREATE FUNCTION ensure_month_partition(parent text, from_day date, to_day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    partition text := parent || '_' || to_char(from_day, 'YYYYMM');
    lower_bound timestamptz := from_day::timestamp AT TIME ZONE 'UTC';
    upper_bound timestamptz := to_day::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(parent));
    IF to_regclass(quote_ident(partition)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
    -- Rows that came before their partition wait in the default one.
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *) '
        'INSERT INTO %I SELECT * FROM moved',
        parent || '_default', lower_bound, upper_bound, partition);
    EXECUTE format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, lower_bound, upper_bound);
    RETURN true;
END $$;
"""

PARTITION = """
ALTER TABLE {table} RENAME TO {table}_plain;
CREATE SEQUENCE {table}_seq;
CREATE TABLE {table} (LIKE {table}_plain) PARTITION BY RANGE (created_at);
ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{table}_seq');
ALTER SEQUENCE {table}_seq OWNED BY {table}.id;
DROP TABLE {table}_plain;
ALTER TABLE {table} ADD PRIMARY KEY (id, created_at);
CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;
"""

INDEXES = """
CREATE INDEX call_newest ON api_apicall (created_at DESC, id DESC);
CREATE INDEX call_request ON api_apicall (request_id);
CREATE INDEX touch_object_newest ON api_calltouch (object_type, object_id, created_at DESC, call_id DESC);
CREATE INDEX touch_call ON api_calltouch (call_id);
"""


def first_partitions(apps, schema_editor) -> None:
    start = datetime.now(UTC).date().replace(day=1)
    for month in (start, (start + timedelta(days=32)).replace(day=1)):
        end = (month + timedelta(days=32)).replace(day=1)
        for table in ("api_apicall", "api_calltouch"):
            schema_editor.execute("SELECT ensure_month_partition(%s, %s, %s)", [table, month, end])


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]

    operations = [
        # The tables are empty: they were made by the migration before this one.
        migrations.RunSQL(
            FUNCTION + PARTITION.format(table="api_apicall") + PARTITION.format(table="api_calltouch") + INDEXES,
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
    ]
