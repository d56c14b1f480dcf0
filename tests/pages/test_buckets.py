"""The bars of a histogram: which kind fits, and where each begins, the clock's change included."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voucherify_admin.pages.explorer import buckets
from voucherify_admin.pages.explorer.buckets import BARS, BUCKETS, Bucket
from voucherify_admin.pages.explorer.drawing import labels, stretch_words

WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = [WARSAW, UTC, *(ZoneInfo(name) for name in ("Asia/Kolkata", "America/Havana", "Australia/Lord_Howe"))]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 3, 12, 20, tzinfo=UTC)


def bucket(name: str) -> Bucket:
    return next(each for each in BUCKETS if each.name == name)


@pytest.mark.parametrize(
    ("stretch", "name"),
    [
        (HOUR, "minute"),
        (6 * HOUR, "5 minutes"),
        (DAY, "15 minutes"),
        (3 * DAY, "hour"),
        (7 * DAY, "3 hours"),
        (90 * DAY, "day"),
        (365 * DAY, "week"),
        (5 * 365 * DAY, "month"),
        (20 * 365 * DAY, "quarter"),
        (80 * 365 * DAY, "year"),
    ],
)
def test_a_fitting_bucket_is_chosen(stretch, name):
    assert buckets.fitting(NOW - stretch, NOW).name == name


def test_the_day_on_which_the_clocks_go_back_has_25_hours():
    start, end = datetime(2026, 10, 24, tzinfo=WARSAW), datetime(2026, 10, 27, tzinfo=WARSAW)
    days = buckets.edges(start, end, bucket("day"), WARSAW)
    assert [later - earlier for earlier, later in itertools.pairwise(days)] == [DAY, DAY + HOUR, DAY]
    hours = buckets.edges(
        datetime(2026, 10, 25, tzinfo=WARSAW), datetime(2026, 10, 26, tzinfo=WARSAW), bucket("hour"), WARSAW
    )
    assert len(hours) - 1 == 25
    words = [stretch_words(a, b, bucket("hour"), WARSAW) for a, b in itertools.pairwise(hours)]
    assert words[1:4] == ["25 Oct 01:00–02:00", "25 Oct 02:00–02:00 (CEST)", "25 Oct 02:00–03:00 (CET)"]
    assert len(set(words)) == 25


def test_the_day_on_which_the_clocks_go_forward_has_23_hours():
    start, end = datetime(2026, 3, 29, tzinfo=WARSAW), datetime(2026, 3, 30, tzinfo=WARSAW)
    assert len(buckets.edges(start, end, bucket("hour"), WARSAW)) - 1 == 23
    three = buckets.edges(start, end, bucket("3 hours"), WARSAW)
    assert [edge.astimezone(WARSAW).hour for edge in three] == [0, 3, 6, 9, 12, 15, 18, 21, 0]


def test_weeks_begin_on_monday_and_months_on_the_first():
    weeks = buckets.edges(
        datetime(2026, 11, 4, tzinfo=WARSAW), datetime(2026, 11, 20, tzinfo=WARSAW), bucket("week"), WARSAW
    )
    assert [str(edge.astimezone(WARSAW)) for edge in weeks] == [
        f"2026-11-{day:02} 00:00:00+01:00" for day in (2, 9, 16, 23)
    ]
    quarters = buckets.edges(
        datetime(2026, 11, 4, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC), bucket("quarter"), UTC
    )
    assert [str(edge.date()) for edge in quarters] == ["2026-10-01", "2027-01-01", "2027-04-01"]
    assert stretch_words(weeks[0], weeks[1], bucket("week"), WARSAW) == "2 Nov – 8 Nov 2026"


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    st.floats(60, 20 * 365 * 86400),
    st.sampled_from(ZONES),
)
def test_buckets_follow_each_other_without_a_gap_and_are_made_of_whole_cells(moment, seconds, zone):
    start = moment.replace(tzinfo=UTC)
    end = start + timedelta(seconds=seconds)
    kind = buckets.fitting(start, end)
    edges = buckets.edges(start, end, kind, zone)
    assert edges[0] <= start
    assert edges[-1] >= end
    assert edges == sorted(set(edges))
    assert len(edges) <= BARS + 3
    size = buckets.cell(start, end, zone).total_seconds()
    assert not [edge for edge in edges if edge.timestamp() % size]
    for earlier, later in itertools.pairwise(edges):
        assert buckets.floor(earlier, kind, zone) == earlier
        assert buckets.floor(later - timedelta(microseconds=1), kind, zone) == earlier
    places = buckets.ticks(edges, kind, zone)
    assert 1 <= len(places) <= 7
    assert all(words for _, words in labels(edges, places, kind, zone, one_day=False))
