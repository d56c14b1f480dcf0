"""When an offer is open besides its dates: boundaries, changing clocks, the next opening, what cannot be kept."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.validity import ALWAYS, InvalidValidity, Schedule, in_words, is_open, next_open, parse_validity

WARSAW = ZoneInfo("Europe/Warsaw")
TICK = timedelta(microseconds=1)


def at(text: str, zone: ZoneInfo = WARSAW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def hours(*periods: tuple[str, str], days: list[int] | None = None) -> Schedule:
    daily: list[dict[str, Any]] = [{"start_time": start, "expiration_time": end} for start, end in periods]
    for period in daily if days else ():
        period["days_of_week"] = days
    return Schedule(parse_validity(None, None, {"daily": daily}))


def every(interval: str, duration: str, start: datetime, days: list[int] | None = None) -> Schedule:
    return Schedule(parse_validity({"interval": interval, "duration": duration}, days), start)


NOON = hours(("12:00", "14:00"))
START = at("2026-03-02T10:00")
TWO_DAYS = every("P2D", "PT1H", START)


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        (Schedule(ALWAYS), at("2026-03-02T00:00"), True),
        (NOON, at("2026-03-02T12:00") - TICK, False),
        (NOON, at("2026-03-02T12:00"), True),
        (NOON, at("2026-03-02T14:00"), True),
        (NOON, at("2026-03-02T14:00") + TICK, False),
        # The same hour by another clock is another hour.
        (NOON, at("2026-03-02T12:00", ZoneInfo("UTC")), True),
        (NOON, at("2026-03-02T10:30", ZoneInfo("UTC")), False),
        (hours(("22:00", "24:00")), at("2026-03-03T00:00") - TICK, True),
        (hours(("22:00", "24:00")), at("2026-03-03T00:00"), False),
        (hours(("12:00", "14:00"), days=[0]), at("2026-03-01T13:00"), True),
        (hours(("12:00", "14:00"), days=[0]), at("2026-03-02T13:00"), False),
        (Schedule(parse_validity(None, [1])), at("2026-03-02T00:00"), True),
        (Schedule(parse_validity(None, [1])), at("2026-03-02T00:00") - TICK, False),
        (Schedule(parse_validity(None, [1])), at("2026-03-03T00:00"), False),
        # 23:30 is still Saturday in Warsaw, though it is Sunday elsewhere.
        (Schedule(parse_validity(None, [6])), at("2026-03-07T23:30"), True),
        (TWO_DAYS, START - TICK, False),
        (TWO_DAYS, START, True),
        (TWO_DAYS, START + timedelta(hours=1), True),
        (TWO_DAYS, START + timedelta(hours=1) + TICK, False),
        (TWO_DAYS, START + timedelta(days=1), False),
        (TWO_DAYS, START + timedelta(days=2), True),
        # An opening keeps its time of day when clocks change (29 March and 25 October 2026) …
        (TWO_DAYS, at("2026-03-30T10:00"), True),
        (TWO_DAYS, at("2026-03-30T10:00") - TICK, False),
        (TWO_DAYS, at("2026-10-26T10:00"), True),
        # … but 48 hours are 48 hours.
        (every("PT48H", "PT1H", START), at("2026-03-30T11:00"), True),
        (every("PT48H", "PT1H", START), at("2026-03-30T10:59"), False),
        (every("P1M", "P1D", at("2026-01-31T00:00")), at("2026-02-28T12:00"), True),
        (every("P1M", "P1D", at("2026-01-31T00:00")), at("2026-03-31T12:00"), True),
        (every("P1M", "P1D", at("2026-01-31T00:00")), at("2026-03-30T12:00"), False),
        (every("P1D", "PT2H", START, days=[2]), at("2026-03-03T11:00"), True),
        (every("P1D", "PT2H", START, days=[2]), at("2026-03-04T11:00"), False),
        # The hour that comes twice is open twice, the one that never comes is not.
        (hours(("02:00", "02:59")), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        (hours(("02:00", "02:59")), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
        (hours(("02:00", "02:59")), datetime(2026, 3, 29, 1, 30, tzinfo=UTC), False),
    ],
)
def test_open_or_not_at_the_boundary(schedule: Schedule, moment: datetime, expected: bool) -> None:
    zone = ZoneInfo("UTC") if moment.tzinfo == ZoneInfo("UTC") else WARSAW
    assert is_open([schedule], moment, zone) is expected


@pytest.mark.parametrize(
    ("schedules", "moment", "expected"),
    [
        ([NOON], at("2026-03-02T13:00"), at("2026-03-02T13:00")),
        ([NOON], at("2026-03-02T11:00"), at("2026-03-02T12:00")),
        ([NOON], at("2026-03-02T15:00"), at("2026-03-03T12:00")),
        # The clocks go forward in that night.
        ([NOON], at("2026-03-28T15:00"), at("2026-03-29T12:00")),
        ([hours(("02:10", "02:50"))], at("2026-03-28T12:00"), at("2026-03-30T02:10")),
        ([hours(("09:00", "10:00"), ("18:00", "20:00"), days=[1])], at("2026-03-02T11:00"), at("2026-03-02T18:00")),
        ([Schedule(parse_validity(None, [1, 3]))], at("2026-03-03T11:00"), at("2026-03-04T00:00")),
        ([TWO_DAYS], START - timedelta(days=9), START),
        ([TWO_DAYS], at("2026-03-29T12:00"), at("2026-03-30T10:00")),
        ([NOON, Schedule(parse_validity(None, [5]))], at("2026-03-02T13:00"), at("2026-03-06T12:00")),
        ([Schedule(parse_validity(None, [2])), Schedule(parse_validity(None, [5]))], START, None),
        ([every("P7D", "PT1H", START, days=[3])], START, None),
        ([Schedule(parse_validity({"interval": "P1D", "duration": "PT1H"}), None)], START, None),
    ],
)
def test_the_next_opening(schedules: list[Schedule], moment: datetime, expected: datetime | None) -> None:
    assert next_open(schedules, moment, WARSAW) == expected


DAYS = st.none() | st.lists(st.integers(0, 6), min_size=1, max_size=4)
CLOCK = st.sampled_from(["00:00", "02:30", "09:00", "12:15", "23:59"])


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    if draw(st.booleans()):
        start, end = sorted(draw(st.lists(CLOCK, min_size=2, max_size=2, unique=True)))
        period = {"start_time": start, "expiration_time": end, "days_of_week": draw(DAYS)}
        return Schedule(parse_validity(None, None, {"daily": [period]}))
    frame = draw(st.none() | st.sampled_from([("PT5H", "PT1H"), ("P3D", "PT30M"), ("P1M", "P1D"), ("P1DT1H", "PT9H")]))
    frame_wire = frame and {"interval": frame[0], "duration": frame[1]}
    return Schedule(parse_validity(frame_wire, draw(DAYS)), START)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    schedules(),
    st.datetimes(datetime(2026, 2, 1), datetime(2027, 2, 1)),
    st.sampled_from(["UTC", "Europe/Warsaw", "America/St_Johns", "Pacific/Apia"]),
)
def test_what_is_called_the_next_opening_is_one_and_nothing_before_it_is(schedule, moment, name):
    zone, now = ZoneInfo(name), moment.replace(tzinfo=UTC)
    following = next_open([schedule], now, zone)
    if following is None:
        return
    assert following >= now
    assert is_open([schedule], following, zone)
    if is_open([schedule], now, zone):
        assert following == now
    else:
        for part in range(1, 8):
            assert not is_open([schedule], now + (following - now) * part / 8, zone)
        assert not is_open([schedule], following - TICK, zone)


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ({}, ""),
        ({"day_of_week": [5, 1, 2, 3, 4]}, "on Mondays to Fridays"),
        ({"day_of_week": [0, 6]}, "on Saturdays and Sundays"),
        ({"day_of_week": [0, 1, 3]}, "on Mondays, Wednesdays and Sundays"),
        ({"timeframe": {"interval": "P2D", "duration": "PT1H"}}, "for 1 hour every 2 days from the start date on"),
        ({"timeframe": {"interval": "P1D", "duration": "PT1H30M"}, "day_of_week": [1]},
         "for 1 hour 30 minutes every day from the start date on, on Mondays"),
        ({"hours": {"daily": [{"start_time": "12:00", "expiration_time": "14:00"}]}}, "from 12:00 to 14:00"),
        ({"hours": {"daily": [{"expiration_time": "09:00", "days_of_week": [1]}, {"start_time": "20:00"}]}},
         "from 00:00 to 09:00 on Mondays, from 20:00 to 24:00"),
    ],
)  # fmt: skip
def test_it_is_told_in_words(wire: dict[str, Any], words: str) -> None:
    assert in_words(parse_validity(**wire)) == words


def daily(**period: Any) -> dict[str, Any]:
    return {"hours": {"daily": [period]}}


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"timeframe": []}, r"\.validity_timeframe should be an object"),
        ({"timeframe": {"duration": "PT1H"}}, r"\.interval should be an ISO 8601 duration such as P2D, not left out"),
        ({"timeframe": {"interval": "2 days", "duration": "PT1H"}}, "not “2 days”"),
        ({"timeframe": {"interval": "P", "duration": "PT1H"}}, "not “P”"),
        ({"timeframe": {"interval": "PT", "duration": "PT1H"}}, "not “PT”"),
        ({"timeframe": {"interval": "P1D", "duration": "PT0S"}}, "a minute"),
        ({"timeframe": {"interval": "P900Y", "duration": "PT1H"}}, "a hundred years"),
        ({"timeframe": {"interval": "P1D", "duration": "PT1H"}, "starts": False}, "start_date is required"),
        ({"day_of_week": []}, "at least one of them"),
        ({"day_of_week": [7]}, r"from 0 \(Sunday\) to 6"),
        ({"day_of_week": [True]}, "from 0"),
        ({"hours": {"daily": []}}, "1 to 50 periods"),
        (daily(start_time="9:00"), r"daily\[0\].start_time should be a time of the day such as 09:30, not “9:00”"),
        (daily(start_time="24:00"), "start_time should be"),
        (daily(expiration_time="25:00"), "to 24:00, not “25:00”"),
        (daily(start_time="22:00", expiration_time="02:00"), "past midnight goes on in a second period"),
        (daily(days_of_week=[9]), r"daily\[0\].days_of_week should be"),
        ({"hours": {"daily": [{"expiration_time": "12:00"}, {"start_time": "11:59"}]}}, "overlap on Sunday"),
        ({**daily(), "day_of_week": [1]}, "cannot be combined"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_property(wire: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValidity, match=message):
        parse_validity(**wire)
