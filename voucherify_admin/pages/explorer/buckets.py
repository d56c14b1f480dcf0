"""Stretches of time of equal name: minutes to months in a time zone, and which of them fit a question. Reads nothing.

Rows are counted in small cells of absolute time, which are put together to the buckets that people read; so the clock's
change makes a day of 23 or 25 hours, and an hour that comes twice is two bars.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = timedelta(minutes=15)
# A histogram has no more bars than this.
BARS = 96


@dataclass(frozen=True)
class Bucket:
    """One kind of bar: its name, about how long it is (rather less), and how many of its unit it takes."""

    name: str
    length: timedelta
    unit: str
    times: int = 1


BUCKETS = (
    Bucket("minute", MINUTE, "minute"),
    Bucket("5 minutes", 5 * MINUTE, "minute", 5),
    Bucket("15 minutes", QUARTER, "minute", 15),
    Bucket("hour", HOUR, "hour"),
    Bucket("3 hours", 3 * HOUR, "hour", 3),
    Bucket("day", DAY, "day"),
    Bucket("week", 7 * DAY, "week"),
    Bucket("month", 30 * DAY, "month"),
    Bucket("quarter", 90 * DAY, "month", 3),
    Bucket("year", 365 * DAY, "month", 12),
)


def fitting(start: datetime, end: datetime) -> Bucket:
    """The smallest bucket of which the stretch has not too many."""
    return next((each for each in BUCKETS if (end - start) <= each.length * BARS), BUCKETS[-1])


def cell(start: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """The cells of which the buckets that fit the stretch are made: minutes, quarters or whole hours from epoch on."""
    if fitting(start, end).length < QUARTER:
        return MINUTE
    if fitting(start, end).length < HOUR:
        return QUARTER
    return coarse(zone, end)


def coarse(zone: tzinfo, end: datetime) -> timedelta:
    """Whole hours, or quarters where the zone was not whole hours away from UTC at all times of this century."""
    years = range(2000, end.year + 1)
    moments = [datetime(year, month, 15, tzinfo=UTC) for year in years for month in (1, 7)]
    return HOUR if all(not _offset(zone, at) % HOUR for at in moments) else QUARTER


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def floor(at: datetime, bucket: Bucket, zone: tzinfo) -> datetime:
    """When the bucket that holds `at` begins, in UTC."""
    local = at.astimezone(zone)
    if bucket.unit == "minute" or (bucket.unit == "hour" and bucket.times == 1):
        # By the length gone since the local hour began; offsets are multiples of a quarter, so this holds in any zone.
        since = timedelta(minutes=local.minute % (bucket.length // MINUTE), seconds=local.second)
        return at.astimezone(UTC) - since - timedelta(microseconds=local.microsecond)
    return _begin(local.replace(tzinfo=None), bucket).replace(tzinfo=zone).astimezone(UTC)


def _begin(local: datetime, bucket: Bucket) -> datetime:
    """What the clock shows, or would show if it were not put forward then, when a bucket of hours or more begins."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if bucket.unit == "hour":
        return day.replace(hour=local.hour - local.hour % bucket.times)
    if bucket.unit == "day":
        return day
    if bucket.unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=local.month - (local.month - 1) % bucket.times)


def edges(start: datetime, end: datetime, bucket: Bucket, zone: tzinfo) -> list[datetime]:
    """Where the buckets that cover the stretch begin, and where the last one ends; all in UTC, ascending."""
    found = [floor(start, bucket, zone)]
    while found[-1] < end and len(found) <= 4 * BARS:
        found.append(_next(found[-1], bucket, zone))
    return found if len(found) > 1 else [*found, _next(found[0], bucket, zone)]


def _next(edge: datetime, bucket: Bucket, zone: tzinfo) -> datetime:
    if bucket.unit == "minute" or (bucket.unit == "hour" and bucket.times == 1):
        return edge + bucket.length
    local = _begin(edge.astimezone(zone).replace(tzinfo=None), bucket)
    if bucket.unit == "month":
        month = local.month - 1 + bucket.times
        local = local.replace(year=local.year + month // 12, month=month % 12 + 1)
    else:
        local += bucket.length
    following = local.replace(tzinfo=zone).astimezone(UTC)
    # Where the clock jumps over the very moment, the bucket goes on to the next one.
    return following if following > edge else edge + bucket.length


def ticks(edges: Sequence[datetime], bucket: Bucket, zone: tzinfo, *, most: int = 7) -> list[int]:
    """Which buckets deserve a label: those that begin at round times, not more than `most` of them."""
    local = [edge.astimezone(zone) for edge in edges[:-1]]
    if bucket.unit in ("minute", "hour"):
        for minutes in (1, 5, 15, 30, 60, 120, 180, 240, 360, 720, 1440):
            found = [place for place, at in enumerate(local) if not (at.hour * 60 + at.minute) % minutes]
            if 1 <= len(found) <= most:
                return found
        if found:
            return found[:: -(-len(found) // most)]
    elif bucket.unit == "day" and len(local) > most:
        for is_round in (lambda at: at.weekday() == 0, lambda at: at.day == 1):
            found = [place for place, at in enumerate(local) if is_round(at)]
            if 3 <= len(found) <= most:
                return found
    return list(range(0, len(local), -(-len(local) // most)))


def fold(cells: Mapping[tuple[datetime, str], int], edges: Sequence[datetime]) -> list[dict[str, int]]:
    """Put the counts of cells (by their beginning and series) into the buckets between `edges`."""
    bars: list[dict[str, int]] = [{} for _ in edges[1:]]
    for (at, series), number in cells.items():
        place = min(max(bisect_right(edges, at) - 1, 0), len(bars) - 1)
        bars[place][series] = bars[place].get(series, 0) + number
    return bars
