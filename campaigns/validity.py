"""Pure: at which hours, on which days and in which recurring periods an offer is open; reads no clock and no row.

Days and hours are those of the time zone that is handed in. An opening's last moment still belongs to it, as an
expiration date does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
WEEK = frozenset(range(7))
# So many openings are looked at before "when is it open next" is given up: what is never open has no answer.
MOST_LOOKS = 400
_DURATION = re.compile(
    r"P(?!$)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
MIDNIGHT = "24:00"


class InvalidValidity(ValueError):  # noqa: N818 - it is the validity that is invalid
    """A validity that cannot be kept; the text names the property and what is expected."""


@dataclass(frozen=True)
class Duration:
    """An ISO 8601 duration: months and days go by the calendar, an hour is an hour also when clocks change."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def after(self, start: datetime, zone: tzinfo, times: int = 1) -> datetime:
        """Return the moment (UTC) that lies `times` durations after `start`; raises OverflowError past year 9999."""
        local = start.astimezone(zone).replace(tzinfo=None)
        if self.months:
            months = local.year * 12 + local.month - 1 + self.months * times
            year, month = divmod(months, 12)
            if year > 9998:
                raise OverflowError("past the last year of the calendar")
            first = local.replace(year=year, month=month + 1, day=1)
            local = first + timedelta(days=min(local.day, _length_of_month(first)) - 1)
        if self.days:
            local += timedelta(days=self.days * times)
        moved = start if not (self.months or self.days) else local.replace(tzinfo=zone)
        return moved.astimezone(UTC) + timedelta(seconds=self.seconds * times)


@dataclass(frozen=True)
class Hours:
    """A period of the day, in minutes since midnight, on some days of the week (0 is Sunday)."""

    start: int
    end: int
    days: frozenset[int] = WEEK


@dataclass(frozen=True)
class Validity:
    """When an offer is open, besides its dates; with nothing set it always is.

    `interval` and `duration` are counted from the offer's start date, `days` and `hours` on the calendar.
    """

    interval: Duration | None = None
    duration: Duration | None = None
    days: frozenset[int] = WEEK
    hours: tuple[Hours, ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether there is any moment at which it is not open."""
        return self.interval is not None or self.days != WEEK or bool(self.hours)


ALWAYS = Validity()


@dataclass(frozen=True)
class Schedule:
    """A validity with the moment from which its intervals are counted."""

    validity: Validity
    start: datetime | None = None


def parse_validity(
    timeframe: object = None, day_of_week: object = None, hours: object = None, *, starts: bool = True
) -> Validity:
    """Read Voucherify's three properties; None is no limit. `starts` says whether there is a start date to count from.

    Raises InvalidValidity, naming the property, for what cannot be kept.
    """
    if hours is not None and (timeframe is not None or day_of_week is not None):
        raise InvalidValidity(
            "Property .validity_hours cannot be combined with .validity_timeframe or .validity_day_of_week"
        )
    interval = duration = None
    if timeframe is not None:
        interval, duration = _timeframe(timeframe)
        if not starts:
            raise InvalidValidity("Property .start_date is required with .validity_timeframe, which is counted from it")
    days = WEEK if day_of_week is None else _days(day_of_week, ".validity_day_of_week")
    return Validity(interval, duration, days, _hours(hours) if hours is not None else ())


def is_open(schedules: Sequence[Schedule], now: datetime, zone: tzinfo) -> bool:
    """Return whether all of the schedules are open at `now` (aware)."""
    return all(_next_look(schedule, now, zone) == now for schedule in schedules)


def next_open(schedules: Sequence[Schedule], now: datetime, zone: tzinfo) -> datetime | None:
    """Return the first moment (UTC) from `now` on at which all are open; None when there is none to be found."""
    at = now
    for _ in range(MOST_LOOKS):
        looks = [_next_look(schedule, at, zone) for schedule in schedules]
        known = [look for look in looks if look is not None]
        if len(known) < len(looks):
            return None
        latest = max(known, default=at)
        if latest == at:
            return at.astimezone(UTC)
        at = latest
    return None


def _next_look(schedule: Schedule, now: datetime, zone: tzinfo) -> datetime | None:
    """`now` itself where the schedule is open, else the next moment at which it may be; None when there is none."""
    try:
        return _look(schedule, now, zone)
    except OverflowError:
        return None


def _look(schedule: Schedule, now: datetime, zone: tzinfo) -> datetime | None:
    validity, local = schedule.validity, now.astimezone(zone)
    if _day_of(local) not in validity.days:
        ahead = next(ahead for ahead in range(1, 8) if (_day_of(local) + ahead) % 7 in validity.days)
        return _at(local, zone, days=ahead)
    if validity.interval is not None and validity.duration is not None:
        start = schedule.start
        if start is None:
            return None
        if now < start:
            return start
        number = _last_begun(validity.interval, start, now, zone)
        begun = validity.interval.after(start, zone, number)
        if now > validity.duration.after(begun, zone):
            return validity.interval.after(start, zone, number + 1)
    if validity.hours:
        return _look_at_hours(validity.hours, now, zone)
    return now


def _look_at_hours(hours: Sequence[Hours], now: datetime, zone: tzinfo) -> datetime | None:
    local = now.astimezone(zone)
    passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    begins = []
    for period in hours:
        # Midnight at the end of a day is the first moment of the next one.
        last = timedelta(minutes=period.end) - timedelta(microseconds=1 if period.end == 24 * 60 else 0)
        if _day_of(local) in period.days and timedelta(minutes=period.start) <= passed <= last:
            return now
        for ahead in range(8):
            at = _at(local, zone, days=ahead, minutes=period.start)
            if (_day_of(local) + ahead) % 7 in period.days and at > now:
                begins.append(at)
                break
    return min(begins, default=None)


def _last_begun(interval: Duration, start: datetime, now: datetime, zone: tzinfo) -> int:
    """How many intervals lie between `start` and the last opening that has begun by `now`."""

    def begun(number: int) -> bool:
        try:
            return interval.after(start, zone, number) <= now
        except OverflowError:
            return False

    high = 1
    while begun(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if begun(middle) else (low, middle)
    return low


def _at(local: datetime, zone: tzinfo, *, days: int, minutes: int = 0) -> datetime:
    day = datetime.combine(local.date() + timedelta(days=days), time.min)
    return (day + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)


def _day_of(local: datetime) -> int:
    return local.isoweekday() % 7


def _length_of_month(first: datetime) -> int:
    return ((first + timedelta(days=31)).replace(day=1) - first).days


# --- Reading ------------------------------------------------------------------------------------------------------


def _timeframe(wire: object) -> tuple[Duration, Duration]:
    if not isinstance(wire, Mapping):
        raise InvalidValidity("Property .validity_timeframe should be an object such as {'interval': 'P2D', …}")
    interval = _duration(wire.get("interval"), ".validity_timeframe.interval", "P2D")
    return interval, _duration(wire.get("duration"), ".validity_timeframe.duration", "PT1H")


def _duration(text: object, where: str, such_as: str) -> Duration:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidValidity(f"Property {where} should be an ISO 8601 duration such as {such_as}, not {_told(text)}")
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    duration = Duration(
        part["years"] * 12 + part["months"],
        part["weeks"] * 7 + part["days"],
        part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"],
    )
    if not duration.months and not duration.days and duration.seconds < 60:
        raise InvalidValidity(f"Property {where} should be a minute (PT1M) at the least, not {_told(text)}")
    if duration.months > 1200 or duration.days > 36_525 or duration.seconds > 36_525 * 86_400:
        raise InvalidValidity(f"Property {where} should be a hundred years at the most, not {_told(text)}")
    return duration


def _days(wire: object, where: str) -> frozenset[int]:
    days = list(wire) if isinstance(wire, list | tuple) else []
    if not days or any(isinstance(day, bool) or not isinstance(day, int) or not 0 <= day <= 6 for day in days):
        raise InvalidValidity(
            f"Property {where} should be a list of days from 0 (Sunday) to 6 (Saturday), at least one of them"
        )
    return frozenset(days)


def _hours(wire: object) -> tuple[Hours, ...]:
    daily = wire.get("daily") if isinstance(wire, Mapping) else None
    if not isinstance(daily, list) or not 0 < len(daily) <= 50:
        raise InvalidValidity("Property .validity_hours.daily should be a list of 1 to 50 periods of the day")
    periods = tuple(_period(each, f".validity_hours.daily[{index}]") for index, each in enumerate(daily))
    for day in range(7):
        todays = sorted((period.start, period.end) for period in periods if day in period.days)
        if any(later[0] < earlier[1] for earlier, later in pairwise(todays)):
            raise InvalidValidity(f"Property .validity_hours.daily has periods that overlap on {DAYS[day]}")
    return periods


def _period(wire: object, where: str) -> Hours:
    if not isinstance(wire, Mapping):
        raise InvalidValidity(f"Property {where} should be an object with start_time and expiration_time")
    start = _minutes(wire.get("start_time"), f"{where}.start_time", "00:00")
    end = _minutes(wire.get("expiration_time"), f"{where}.expiration_time", MIDNIGHT)
    if end <= start:
        raise InvalidValidity(
            f"Property {where}.expiration_time should be after .start_time; past midnight goes on in a second period "
            "from 00:00"
        )
    days = wire.get("days_of_week")
    return Hours(start, end, WEEK if days is None else _days(days, f"{where}.days_of_week"))


def _minutes(text: object, where: str, default: str) -> int:
    text = default if text is None else text
    if not isinstance(text, str) or not (_TIME.fullmatch(text) or text == MIDNIGHT == default):
        most = " to 24:00" if default == MIDNIGHT else ""
        raise InvalidValidity(f"Property {where} should be a time of the day such as 09:30{most}, not {_told(text)}")
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _told(value: object) -> str:
    return f"“{value[:40]}”" if isinstance(value, str) else "left out" if value is None else type(value).__name__


# --- Telling ------------------------------------------------------------------------------------------------------


def in_words(validity: Validity) -> str:
    """“on Mondays to Fridays”, “from 12:00 to 14:00 on Sundays”, “for 1 hour every 2 days”; empty when always open."""
    parts = []
    if validity.interval is not None and validity.duration is not None:
        every = _length(validity.interval)
        every = every.removeprefix("1 ") if every.count(" ") == 1 else every
        parts.append(f"for {_length(validity.duration)} every {every} from the start date on")
    if validity.days != WEEK:
        parts.append(f"on {_named(validity.days)}")
    periods: dict[frozenset[int], list[str]] = {}
    for period in validity.hours:
        periods.setdefault(period.days, []).append(f"from {_clock(period.start)} to {_clock(period.end)}")
    for days, times in periods.items():
        parts.append(" and ".join(times) + (f" on {_named(days)}" if days != WEEK else ""))
    return ", ".join(parts)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _named(days: frozenset[int]) -> str:
    # People's weeks begin on Monday here; what Sunday begins is only the counting.
    ordered = sorted(days, key=lambda day: (day - 1) % 7)
    places = [(day - 1) % 7 for day in ordered]
    if len(ordered) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{DAYS[ordered[0]]}s to {DAYS[ordered[-1]]}s"
    names = [f"{DAYS[day]}s" for day in ordered]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _length(duration: Duration) -> str:
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    years, months = divmod(duration.months, 12)
    weeks, days = divmod(duration.days, 7) if duration.days % 7 == 0 else (0, duration.days)
    numbers = zip(
        (years, months, weeks, days, hours, minutes, seconds),
        ("year", "month", "week", "day", "hour", "minute", "second"),
        strict=True,
    )
    return " ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in numbers if number)
