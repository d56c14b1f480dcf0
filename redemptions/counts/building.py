"""Counts the attempts of the hours that are over, and again those of hours that changed since. Shows nothing.

Exact without a lock that a redemption could wait for:

1. It is announced up to when will be counted. From then on a trigger notes each hour before that moment in which an
   attempt comes, changes or goes, in the transaction of the change.
2. Whoever wrote before the announcement was committed noted nothing; so counting waits until these transactions are
   over. PostgreSQL's snapshots tell that by number.
3. The hours are counted by one statement. What is committed later was noted, and noted hours are counted anew; until
   then readers count them from the attempts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from redemptions.models import AttemptCount, ChangedHour, CountState

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# One transaction counts so many days, or so many changed hours.
DAYS_AT_ONCE = 31
HOURS_AT_ONCE = 1000
LOCK = "redemptions.counts"

_WHAT = "result, status, failure_code, campaign_id, campaign_name, channel_type, channel_name"
_SUMS = "coalesce(sum(amount), 0)::bigint, coalesce(sum(discount_amount), 0)::bigint"
_INTO = f"INSERT INTO redemptions_attemptcount (span, starts_at, {_WHAT}, number, amount, discount_amount)"
_BY_HOUR = (
    f"SELECT 'hour', date_trunc('hour', created_at, 'UTC') AS hour, {_WHAT}, count(*), {_SUMS}"  # noqa: S608
    " FROM redemptions_redemption"
)
_BY_STATUS = (
    "SELECT 'status', starts_at, result, status, '', NULL::bigint, '', '', '', sum(number)::bigint, "  # noqa: S608
    f"{_SUMS} FROM redemptions_attemptcount WHERE span = 'hour'"
)
_BY_DAY = (
    f"SELECT 'day', date_trunc('day', starts_at, 'UTC') AS day, {_WHAT}, sum(number)::bigint, {_SUMS}"  # noqa: S608
    " FROM redemptions_attemptcount WHERE span = 'hour'"
)
_GROUP = f" GROUP BY 2, {_WHAT}"


def bring_up_to_date(now: datetime) -> bool:
    """Count what can be counted at `now` (aware); whether everything that was over and noted is counted.

    One process at a time; a second one does nothing.
    """
    _announce(now)
    _note_who_may_not_know()
    while (more := _count_next()) is True:
        pass
    if more is None:
        return False
    while _count_changed():
        pass
    return True


def rebuild(now: datetime) -> bool:
    """Count everything anew; readers count from the attempts meanwhile."""
    with transaction.atomic():
        _lock(wait=True)
        state = _state()
        state.counted_until = None
        state.save(update_fields=["counted_until"])
        AttemptCount.objects.all().delete()
        # What is noted by now will be seen when it is counted below.
        ChangedHour.objects.all().delete()
    return bring_up_to_date(now)


def floor(at: datetime, span: timedelta = HOUR) -> datetime:
    """The beginning of the hour, or the day of UTC, that holds `at`."""
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return at.replace(hour=0) if span == DAY else at


def ceil(at: datetime, span: timedelta = HOUR) -> datetime:
    """The first beginning of an hour, or a day of UTC, that is not before `at`."""
    begin = floor(at, span)
    return begin if begin == at else begin + span


def _announce(now: datetime) -> None:
    closed = floor(now)
    # By itself, for only what is committed is announced.
    with transaction.atomic(durable=True):
        if not _lock():
            return
        state = _state()
        if state.announced_until is None or state.announced_until < closed:
            state.announced_until, state.waits_for = closed, None
            state.save(update_fields=["announced_until", "waits_for"])


def _note_who_may_not_know() -> None:
    """Remember before which number transactions began that may not have seen the announcement."""
    with transaction.atomic(), connection.cursor() as cursor:
        if _lock():
            cursor.execute(
                "UPDATE redemptions_countstate"
                " SET waits_for = pg_snapshot_xmax(pg_current_snapshot())::text::bigint WHERE waits_for IS NULL"
            )


def _count_next() -> bool | None:
    """Count the next stretch of hours that are over: whether one was counted; None while somebody is waited for."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not _lock():
            return None
        state = _state()
        start, end = state.counted_until, state.announced_until
        if state.waits_for is None:
            return None
        if end is None or (start is not None and start >= end):
            return False
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()) xid WHERE xid::text::bigint < %s)",
            [state.waits_for],
        )
        if cursor.fetchone()[0]:
            return None
        if start is None:
            cursor.execute("SELECT min(created_at) FROM redemptions_redemption")
            oldest = cursor.fetchone()[0]
            start = min(floor(oldest), end) if oldest else end
        end = min(end, start + DAYS_AT_ONCE * DAY)
        cursor.execute(
            "DELETE FROM redemptions_attemptcount WHERE span IN ('hour', 'status') AND starts_at >= %s AND"
            " starts_at < %s",
            [start, end],
        )
        cursor.execute(f"{_INTO} {_BY_HOUR} WHERE created_at >= %s AND created_at < %s {_GROUP}", [start, end])
        cursor.execute(
            f"{_INTO} {_BY_STATUS} AND starts_at >= %s AND starts_at < %s GROUP BY starts_at, result, status",
            [start, end],
        )
        days = [floor(start, DAY) + DAY * number for number in range((end - floor(start, DAY)) // DAY)]
        _count_days(cursor, days)
        state.counted_until = end
        state.save(update_fields=["counted_until"])
        return True


def _count_changed() -> bool:
    """Count some of the hours anew that were noted; whether there were any."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not _lock():
            return False
        until = _state().counted_until
        if until is None:
            return False
        cursor.execute(
            "WITH next AS (SELECT DISTINCT hour FROM redemptions_changedhour WHERE hour < %s ORDER BY hour LIMIT %s)"
            ", gone AS (DELETE FROM redemptions_changedhour c USING next WHERE c.hour = next.hour RETURNING c.hour)"
            " SELECT DISTINCT hour FROM gone",
            [until, HOURS_AT_ONCE],
        )
        hours = [hour for (hour,) in cursor]
        if not hours:
            return False
        # The statement that reads the attempts comes after the one that took the notes: it sees all that was noted.
        cursor.execute(
            "DELETE FROM redemptions_attemptcount WHERE span IN ('hour', 'status') AND starts_at = ANY(%s)", [hours]
        )
        cursor.execute(
            f"{_INTO} {_BY_HOUR} JOIN unnest(%s::timestamptz[]) AS one ON created_at >= one"
            f" AND created_at < one + interval '1 hour' {_GROUP}",
            [hours],
        )
        cursor.execute(f"{_INTO} {_BY_STATUS} AND starts_at = ANY(%s) GROUP BY starts_at, result, status", [hours])
        days = {floor(hour, DAY) for hour in hours}
        _count_days(cursor, sorted(day for day in days if day + DAY <= until))
        return True


def _count_days(cursor: Any, days: Sequence[datetime]) -> None:
    if not days:
        return
    cursor.execute("DELETE FROM redemptions_attemptcount WHERE span = 'day' AND starts_at = ANY(%s)", [list(days)])
    cursor.execute(
        f"{_INTO} {_BY_DAY} AND starts_at >= %s AND date_trunc('day', starts_at, 'UTC') = ANY(%s) {_GROUP}",
        [min(days), list(days)],
    )


def differences() -> dict[str, int]:
    """How many rows of each kind of count differ from the truth; hours that are noted as changed are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE)
        return dict(cursor.fetchall())


_TRUTH = """
    SELECT date_trunc('hour', created_at, 'UTC') AS hour, {what}, amount, discount_amount FROM redemptions_redemption
    WHERE created_at < (SELECT counted_until FROM redemptions_countstate)
      AND date_trunc('hour', created_at, 'UTC') NOT IN (SELECT hour FROM redemptions_changedhour)
"""
_COUNTED = """
    SELECT starts_at, {what}, number, amount, discount_amount FROM redemptions_attemptcount
    WHERE span = '{span}' AND starts_at NOT IN (SELECT {moment} FROM redemptions_changedhour)
      AND starts_at < (SELECT counted_until FROM redemptions_countstate)
"""
_DIFFERENCE = """
    SELECT '{span}', count(*) FROM (
        (SELECT * FROM {span}s EXCEPT ALL SELECT * FROM counted_{span}s)
        UNION ALL (SELECT * FROM counted_{span}s EXCEPT ALL SELECT * FROM {span}s)) different
"""
_DAY_OF = "date_trunc('day', hour, 'UTC')"
_COMPARE = f"""
WITH truth AS MATERIALIZED ({_TRUTH.format(what=_WHAT)}),
hours AS (SELECT hour, {_WHAT}, count(*)::bigint, {_SUMS} FROM truth GROUP BY hour, {_WHAT}),
statuss AS (SELECT hour, result, status, count(*)::bigint, {_SUMS} FROM truth GROUP BY hour, result, status),
days AS (
    SELECT {_DAY_OF}, {_WHAT}, count(*)::bigint, {_SUMS} FROM truth
    WHERE {_DAY_OF} NOT IN (SELECT {_DAY_OF} FROM redemptions_changedhour)
      AND {_DAY_OF} + interval '1 day' <= (SELECT counted_until FROM redemptions_countstate)
    GROUP BY 1, {_WHAT}),
counted_hours AS ({_COUNTED.format(span="hour", what=_WHAT, moment="hour")}),
counted_statuss AS ({_COUNTED.format(span="status", what="result, status", moment="hour")}),
counted_days AS ({_COUNTED.format(span="day", what=_WHAT, moment=_DAY_OF)})
{_DIFFERENCE.format(span="hour")} UNION ALL {_DIFFERENCE.format(span="status")}
UNION ALL {_DIFFERENCE.format(span="day")}
"""  # noqa: S608 - made of the names above


def _state() -> CountState:
    return CountState.objects.get_or_create(pk=1)[0]


def _lock(*, wait: bool = False) -> bool:
    """Whether this transaction is the one that counts, until it ends."""
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        return cursor.fetchone()[0]
