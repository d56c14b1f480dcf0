"""Pure: the operators of a condition: which values each takes, and whether it holds for a value that was found."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from campaigns.conditions.names import Values

Wanted = tuple[Any, ...]

ALIASES = {
    "$greater_than": "$more_than",
    "$greater_than_or_equal": "$more_than_or_equal",
    "$more_than_equal": "$more_than_or_equal",
    "$less_than_equal": "$less_than_or_equal",
}
MAX_DAYS = 36_500
HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


@dataclass(frozen=True)
class Clock:
    """The moment of the attempt (aware), and the time zone in which days begin and hours are told."""

    now: datetime
    tz: tzinfo = UTC


NOWHEN = Clock(datetime(1970, 1, 1, tzinfo=UTC))


def _same(one: Any, other: Any) -> bool:
    # In Python True == 1, for a shop's metadata it is not.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _among(found: Sequence[Any], wanted: Wanted) -> bool:
    return any(_same(value, want) for value in found for want in wanted)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(found: Sequence[Any], wanted: Wanted, test: Callable[[str, str], bool]) -> bool:
    return any(isinstance(value, str) and test(value, str(want)) for value in found for want in wanted)


def _contains(found: Sequence[Any], wanted: Wanted) -> bool:
    return _among(found, wanted) or _text(found, wanted, lambda value, want: want in value)


def _compares(test: Callable[[Any, Any], bool]) -> Callable[[Sequence[Any], Wanted], bool]:
    return lambda found, wanted: any(_numeric(value) and test(value, wanted[0]) for value in found)


def _differ(found: Sequence[Any], wanted: Wanted) -> bool:
    return any(not _among([value], wanted) for value in found) or any(not _among(found, (want,)) for want in wanted)


UNTIMED: dict[str, Callable[[Sequence[Any], Wanted], bool]] = {
    "$is": _among,
    "$in": _among,
    "$is_not": lambda found, wanted: not _among(found, wanted),
    "$not_in": lambda found, wanted: not _among(found, wanted),
    "$more_than": _compares(lambda value, want: value > want),
    "$less_than": _compares(lambda value, want: value < want),
    "$more_than_or_equal": _compares(lambda value, want: value >= want),
    "$less_than_or_equal": _compares(lambda value, want: value <= want),
    "$contains": _contains,
    "$not_contain": lambda found, wanted: not _contains(found, wanted),
    "$starts_with": lambda found, wanted: _text(found, wanted, str.startswith),
    "$ends_with": lambda found, wanted: _text(found, wanted, str.endswith),
    "$has_value": lambda found, wanted: bool(found),
    "$is_unknown": lambda found, wanted: not found,
    "$count": lambda found, wanted: len(found) == wanted[0],
    "$count_more": lambda found, wanted: len(found) > wanted[0],
    "$count_less": lambda found, wanted: len(found) < wanted[0],
    "$not_differ": lambda found, wanted: not _differ(found, wanted),
    "$not_intersect": lambda found, wanted: not _among(found, wanted),
}


def moment(value: Any, tz: tzinfo) -> datetime | None:
    """Read an ISO 8601 date or moment; a date is its midnight in `tz`. None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return (read.replace(tzinfo=tz) if read.tzinfo is None else read).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _after(value: datetime, wanted: Wanted, clock: Clock) -> bool:
    bound = moment(wanted[0], clock.tz)
    return bound is not None and value > bound


def _before(value: datetime, wanted: Wanted, clock: Clock) -> bool:
    bound = moment(wanted[0], clock.tz)
    return bound is not None and value < bound


def _day(value: datetime, clock: Clock) -> int:
    return value.astimezone(clock.tz).date().toordinal()


def _between(value: datetime, wanted: Wanted, clock: Clock) -> bool:
    start, end = moment(wanted[0], clock.tz), moment(wanted[1], clock.tz)
    return start is not None and end is not None and start <= value <= end


def _hours(value: datetime, wanted: Wanted, clock: Clock) -> bool:
    start, end = str(wanted[0]), str(wanted[1])
    at = f"{value.astimezone(clock.tz):%H:%M}"
    # From 22:00 to 06:00 goes over midnight.
    return start <= at < end if start <= end else at >= start or at < end


def _days(days: int) -> timedelta:
    return timedelta(days=days)


TIMED: dict[str, Callable[[datetime, Wanted, Clock], bool]] = {
    "$after": _after,
    "$before": _before,
    "$from": lambda value, wanted, clock: not _before(value, wanted, clock),
    "$timeframe_absolute": _between,
    "$timeframe_daily_hours": _hours,
    "$dow": lambda value, wanted, clock: value.astimezone(clock.tz).isoweekday() % 7 in wanted,
    "$more_than_ago": lambda value, wanted, clock: value < clock.now - _days(wanted[0]),
    "$less_than_ago": lambda value, wanted, clock: clock.now - _days(wanted[0]) < value <= clock.now,
    "$is_days_ago": lambda value, wanted, clock: _day(clock.now, clock) - _day(value, clock) == wanted[0],
    "$more_than_future": lambda value, wanted, clock: value > clock.now + _days(wanted[0]),
    "$less_than_future": lambda value, wanted, clock: clock.now <= value < clock.now + _days(wanted[0]),
    "$is_days_in_future": lambda value, wanted, clock: _day(value, clock) - _day(clock.now, clock) == wanted[0],
}
OPERATORS = (*UNTIMED, *TIMED)
# Voucherify's operators that are refused when a rule is saved, with what to write instead.
REFUSED_OPERATORS = {
    "$timeframe": "nothing says which values it takes; use $timeframe_absolute, $timeframe_daily_hours or $dow"
}

MEMBERSHIP = frozenset({"$is", "$is_not", "$in", "$not_in"})
VALUELESS = frozenset({"$has_value", "$is_unknown"})
COMPARISONS = frozenset({"$more_than", "$less_than", "$more_than_or_equal", "$less_than_or_equal"})
TEXTUAL = frozenset({"$contains", "$not_contain", "$starts_with", "$ends_with"})
COUNTS = frozenset({"$count", "$count_more", "$count_less"})
SETS = frozenset({"$not_differ", "$not_intersect"})
DATES = frozenset({"$after", "$before", "$from"})
RELATIVE = frozenset(name for name in TIMED if name.endswith(("_ago", "_future")))
# Which operators each kind of value knows.
KNOWN: Mapping[Values, frozenset[str]] = {
    "number": MEMBERSHIP | VALUELESS | COMPARISONS,
    "ids": MEMBERSHIP | VALUELESS | TEXTUAL | COUNTS | SETS,
    "text": MEMBERSHIP | VALUELESS | TEXTUAL,
    "truth": frozenset({"$is"}),
    "moment": frozenset(TIMED) | VALUELESS,
    "any": frozenset(OPERATORS),
}
ABOUT = {
    "number": "a number",
    "ids": "ids; use $is, $is_not, $in or $not_in",
    "text": "a text",
    "truth": "true or false; use $is",
    "moment": "a moment; use $after, $before, $dow or $timeframe_daily_hours",
}


def normal_operator(operator: str) -> str:
    """The operator as it is written in validation rules."""
    return ALIASES.get(operator, operator)


def holds(operator: str, found: Sequence[Any], wanted: Wanted, clock: Clock = NOWHEN) -> bool:
    """Say whether the operator holds for what was found; one that reads time does for the first value that is one."""
    if operator in UNTIMED:
        return UNTIMED[operator](found, wanted)
    read = [moment(value, clock.tz) for value in found]
    return any(at is not None and TIMED[operator](at, wanted, clock) for at in read)


def wanted_values(operator: str, values: Values, raw: Any) -> Wanted:
    """Check a condition's values; raises ValueError that says what the operator takes here."""
    if operator not in KNOWN[values]:
        compares = "texts" if operator in TEXTUAL else "numbers" if operator in COMPARISONS else "other values"
        raise ValueError(f"compares {compares}, but this rule is about {ABOUT[values]}")
    if operator in VALUELESS:
        return ()
    given = tuple(raw) if isinstance(raw, list) else (raw,)
    if operator in COMPARISONS:
        expected = "one whole number" if values == "number" else "one number"
        if len(given) != 1 or not _fits(given[0], "number" if values == "number" else "any") or not _numeric(given[0]):
            raise ValueError(f"takes {expected}, not {raw!r}")
        return given
    if operator in COUNTS or operator in RELATIVE:
        what = "days" if operator in RELATIVE else "values"
        if len(given) != 1 or not _fits(given[0], "number") or not 0 <= given[0] <= MAX_DAYS:
            raise ValueError(f"takes one whole number of {what} from 0 to {MAX_DAYS}, not {raw!r}")
        return given
    if operator in TIMED:
        return _wanted_times(operator, given, raw)
    if not given:
        raise ValueError("needs at least one value")
    if values == "ids":
        # Voucherify's dashboard writes products as objects; each name of the object counts.
        given = tuple(name for value in given for name in _names(value))
    for value in given:
        if not _fits(value, values) or (operator in TEXTUAL and not isinstance(value, str)):
            raise ValueError(f"takes {'texts' if operator in TEXTUAL else EXPECTED[values]}, not {value!r}")
    return given


EXPECTED = {
    "number": "whole numbers",
    "ids": "ids",
    "text": "texts",
    "truth": "true or false",
    "any": "texts, numbers and true or false",
}


def _wanted_times(operator: str, given: Wanted, raw: Any) -> Wanted:
    if operator in DATES and (len(given) != 1 or moment(given[0], UTC) is None):
        raise ValueError(f"takes one ISO 8601 date such as '2026-03-01T12:00:00Z', not {raw!r}")
    if operator == "$timeframe_absolute" and (len(given) != 2 or None in [moment(one, UTC) for one in given]):
        raise ValueError(f"takes two ISO 8601 dates, the first and the last moment, not {raw!r}")
    if operator == "$timeframe_daily_hours" and not (
        len(given) == 2 and all(isinstance(one, str) and HOUR.fullmatch(one) for one in given)
    ):
        raise ValueError(f"takes two times of the day such as ['09:00', '17:30'], not {raw!r}")
    if operator == "$dow" and not (given and all(_fits(one, "number") and 0 <= one <= 6 for one in given)):
        raise ValueError(f"takes days of the week from 0 (Sunday) to 6 (Saturday), not {raw!r}")
    return given


def found_values(found: Any) -> list[Any]:
    """What was found, as a list: nothing, one value, or the values of a list."""
    if found is None:
        return []
    return list(found) if isinstance(found, list | tuple) else [found]


def _fits(value: Any, values: Values) -> bool:
    if values == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if values in ("ids", "text"):
        return isinstance(value, str) and bool(value)
    if values == "truth":
        return isinstance(value, bool)
    return isinstance(value, str | int | float | bool)


def _names(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return [value]
    return [value[key] for key in ("id", "source_id") if value.get(key)] or [value]
