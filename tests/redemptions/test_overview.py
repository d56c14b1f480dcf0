"""The overview: each number is the number of rows that its link shows, and the page costs the same on a full day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_campaign, make_redemption, make_rollback, make_user, make_voucher
from voucherify_admin.exports.models import Export

pytestmark = pytest.mark.django_db

WARSAW = ZoneInfo("Europe/Warsaw")
NOON = datetime(2026, 11, 20, 12, 0, 30, tzinfo=WARSAW)


@pytest.fixture
def person(client):
    user = make_user("User", time_zone="Europe/Warsaw")
    client.force_login(user)
    return user


def rows_behind(client, url: str) -> int:
    """How many rows the list behind a number shows; the tests keep it under a page."""
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.context["errors"] == []
    return len(answer.context["page"].rows)


@pytest.mark.parametrize("role", ["Administrator", "User", "Viewer", "Merchant"])
def test_each_role_has_it_as_the_first_page(client, role):
    client.force_login(make_user(role))
    page = client.get("/").content.decode()
    assert "Overview" in page
    assert ("Your recent exports" in page) is (role != "Merchant")
    assert ("Recent rollbacks" in page) is (role != "Merchant")


def test_a_stranger_signs_in_first(client):
    assert client.get("/").url.startswith("/account/sign-in/")


@time_machine.travel(NOON, tick=False)
def test_each_number_is_what_the_list_behind_it_shows(client, person):
    midnight = NOON.replace(hour=0, minute=0, second=0)
    week = timedelta(days=7)
    campaign = make_campaign(name="Spring sale")
    for at in (midnight, NOON, midnight - timedelta(seconds=1)):
        make_redemption(created_at=at, campaign=campaign)
    make_rollback(make_redemption(created_at=NOON))
    for at in (NOON, midnight + timedelta(hours=1)):
        make_redemption(created_at=at, failure_code="voucher_expired")
    for at in (
        midnight - week,
        NOON - week - timedelta(seconds=1),
        NOON - week,
        midnight - week - timedelta(seconds=1),
    ):
        make_redemption(created_at=at, failure_code="voucher_disabled")
    shown = client.get("/").context
    numbers = {name: shown[name].number for name in ("attempts", "attempts_before", "succeeded", "failed")}
    assert numbers == {"attempts": 5, "attempts_before": 2, "succeeded": 3, "failed": 2}
    for name in numbers:
        assert rows_behind(client, shown[name].url) == numbers[name], name
    assert (shown["rate"], shown["rate_before"], shown["change"]) == (60, 0, 150)
    assert [(row.label, row.number) for row in shown["reasons"]] == [("Voucher expired", 2)]
    assert [(row.label, row.number) for row in shown["campaigns"]] == [("Spring sale", 3)]
    for row in [*shown["reasons"], *shown["campaigns"]]:
        assert rows_behind(client, row.url) == row.number
    bars = shown["chart"].bars
    assert [bar.total for bar in bars][-1] == 5
    assert len(bars) == 14
    for bar in bars:
        assert rows_behind(client, bar.url) == bar.total


@time_machine.travel(NOON, tick=False)
def test_the_chart_has_a_table_and_no_inline_style(client, person):
    make_redemption(created_at=NOON)
    make_redemption(created_at=NOON, failure_code="voucher_expired")
    page = client.get("/").content.decode()
    assert "<svg" in page
    assert "Fri 20 Nov 2026" in page
    assert " style=" not in page
    assert "Europe/Warsaw" in page


@pytest.mark.parametrize(
    "moment", ["2026-11-20T00:00:00+01:00", "2026-03-29T12:00:00+02:00", "2026-10-25T02:30:00+01:00"]
)
def test_it_opens_at_midnight_and_on_days_when_clocks_change(client, person, moment):
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        make_redemption(created_at=timezone.now())
        client.force_login(person)
        shown = client.get("/").context
        assert shown["attempts"].number == rows_behind(client, shown["attempts"].url) == 1


def test_recent_rollbacks_and_ones_own_exports_are_named(client, person):
    make_rollback(make_redemption(code="BACK-1"), reason="Wrong size")
    mine = Export.objects.create(kind="redemption", owner=person)
    other = Export.objects.create(kind="redemption", owner=make_user("User"))
    page = client.get("/").content.decode()
    assert "BACK-1" in page
    assert "Wrong size" in page
    assert f"/exports/{mine.public_id}/" in page
    assert other.public_id not in page


def test_an_empty_system_says_so(client, person):
    page = client.get("/").content.decode()
    assert "No code was tried in these days." in page
    assert "Nothing failed." in page


def test_a_full_day_costs_no_more_queries(client, person):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        return len(queries)

    make_rollback(make_redemption(voucher=make_voucher(campaign=make_campaign())))
    few = cost()
    for number in range(20):
        make_redemption(
            voucher=make_voucher(campaign=make_campaign()),
            failure_code="voucher_expired",
            created_at=timezone.now() - timedelta(days=number % 10),
        )
        make_rollback(make_redemption())
    assert cost() == few <= 14
