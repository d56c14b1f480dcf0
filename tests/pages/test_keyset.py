"""Pages by position lose no row and show none twice, whatever the times are."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from redemptions.models import Redemption
from tests.factories import make_redemption
from voucherify_admin.pages import keyset

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
FIELDS = [Redemption._meta.get_field("created_at"), Redemption._meta.get_field("id")]


def walk_down(size: int) -> list[keyset.KeysetPage]:
    pages = [keyset.paginate(Redemption.objects.all(), size=size)]
    while pages[-1].older:
        pages.append(keyset.paginate(Redemption.objects.all(), after=pages[-1].older, size=size))
    return pages


def make_rows() -> list[int]:
    """Twenty-three rows of which many share their moment; answers their keys, newest first."""
    for number in range(23):
        make_redemption(created_at=NOON + timedelta(seconds=number // 7))
    return list(Redemption.objects.order_by("-created_at", "-id").values_list("id", flat=True))


@pytest.mark.parametrize("size", [1, 2, 5, 7, 22, 23, 24])
def test_walking_down_meets_each_row_once_though_times_are_equal(size):
    expected = make_rows()
    assert [row.id for page in walk_down(size) for row in page.rows] == expected


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_walking_up_shows_the_pages_of_walking_down(size):
    make_rows()
    down = walk_down(size)
    page = down[-1]
    for expected in reversed(down[:-1]):
        page = keyset.paginate(Redemption.objects.all(), before=page.newer, size=size)
        assert [row.id for row in page.rows] == [row.id for row in expected.rows]
    assert page.newer is None


def test_a_row_that_arrives_meanwhile_moves_nothing_on_the_following_page():
    expected = make_rows()
    first = keyset.paginate(Redemption.objects.all(), size=10)
    make_redemption(created_at=NOON + timedelta(hours=1))
    second = keyset.paginate(Redemption.objects.all(), after=first.older, size=10)
    assert [row.id for row in second.rows] == expected[10:20]


def test_the_top_page_is_full_also_when_it_is_reached_from_below():
    make_rows()
    first = keyset.paginate(Redemption.objects.all(), size=10)
    make_redemption(created_at=NOON + timedelta(hours=1))
    again = keyset.paginate(Redemption.objects.all(), before=first.first, size=10)
    assert len(again.rows) == 10
    assert again.rows[1].id == first.rows[0].id
    assert again.newer is None


def test_a_page_is_one_query_and_counts_nothing(django_assert_num_queries):
    make_rows()
    first = keyset.paginate(Redemption.objects.all(), size=5)
    with django_assert_num_queries(1) as queries:
        keyset.paginate(Redemption.objects.all(), after=first.older, size=5)
    assert "COUNT(" not in queries[0]["sql"].upper()
    assert "ROW(" in queries[0]["sql"]


def test_an_empty_list_has_no_neighbours():
    page = keyset.paginate(Redemption.objects.all())
    assert (page.rows, page.older, page.newer, page.first) == ([], None, None, None)


def sealed(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "garbage",
        "%%%",
        "ąę",
        "A",
        "x" * 5000,
        sealed({"created_at": 1}),
        sealed([]),
        sealed(["2026-11-27T12:00:00+00:00"]),
        sealed(["2026-11-27T12:00:00+00:00", "1", "2"]),
        sealed(["2026-11-27T12:00:00", "1"]),
        sealed(["yesterday", "1"]),
        sealed(["2026-13-45T12:00:00+00:00", "1"]),
        sealed(["2026-11-27T12:00:00+00:00", "one"]),
        sealed(["2026-11-27T12:00:00+00:00", "99999999999999999999999"]),
        sealed(["2026-11-27T12:00:00+00:00", None]),
        sealed(["2026-11-27T12:00:00+00:00", 1]),
        sealed(["0001-01-01T00:00:00+23:59", "1"]),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(cursor):
    with pytest.raises(keyset.BadCursorError):
        list(keyset.paginate(Redemption.objects.all(), after=cursor).rows)


def test_a_cursor_holds_the_moment_to_the_microsecond():
    row = make_redemption(created_at=NOON + timedelta(microseconds=123457))
    cursor = keyset.encode([row.created_at, row.id])
    assert keyset.decode(cursor, FIELDS) == [row.created_at, row.id]
    assert "=" not in cursor
