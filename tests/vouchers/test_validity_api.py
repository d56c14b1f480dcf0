"""Hours, days and recurring periods of vouchers and campaigns: set, echoed, changed, taken away, refused; on pages."""

from datetime import UTC, datetime

import pytest
import time_machine
from voucherify import models as sdk

from campaigns.models import Campaign
from tests import factories
from tests.factories import make_campaign, make_key, make_user, make_voucher
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

TEN_OFF = {"type": "AMOUNT", "amount_off": 1000}
FRAME = {"interval": "P2D", "duration": "PT1H"}
HOURS = {"daily": [{"start_time": "12:00", "expiration_time": "14:00", "days_of_week": [1, 2]}]}
START = "2026-03-02T10:00:00.000Z"


@pytest.fixture
def call(client):
    """Send JSON to /v1 and return the answer."""
    headers = make_key()

    def send(method: str, path: str, body=None):
        data = b"" if body is None else factories.as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def validity(body: dict) -> tuple:
    return body.get("validity_timeframe"), body.get("validity_day_of_week"), body.get("validity_hours")


def test_a_voucher_echoes_what_was_set_and_loses_what_is_null(call):
    sent = {"discount": TEN_OFF, "start_date": START, "validity_timeframe": FRAME, "validity_day_of_week": [1, 0]}
    body = call("POST", "/vouchers/CODE", sent).json()
    sdk.VouchersCreateResponseBody.from_dict(body)
    assert validity(body) == (FRAME, [1, 0], None)
    assert validity(call("PUT", "/vouchers/CODE", {"category": "x"}).json()) == (FRAME, [1, 0], None)
    changes = {"validity_timeframe": None, "validity_day_of_week": None, "validity_hours": HOURS}
    body = call("PUT", "/vouchers/CODE", changes).json()
    sdk.VouchersUpdateResponseBody.from_dict(body)
    assert validity(body) == (None, None, HOURS)
    sdk.VouchersGetResponseBody.from_dict(call("GET", "/vouchers/CODE").json())
    assert validity(call("PUT", "/vouchers/CODE", {"validity_hours": None}).json()) == (None, None, None)
    row = Voucher.objects.get()
    assert (row.validity_timeframe, row.validity_day_of_week, row.validity_hours) == (None, None, None)


def test_a_campaign_echoes_what_was_set_and_leaves_out_what_is_not(call):
    template = {"discount": TEN_OFF, "validity_hours": HOURS}
    body = call(
        "POST",
        "/campaigns",
        {"name": "Lunch", "voucher": template, "vouchers_count": 2, "validity_day_of_week": [1, 2, 3]},
    ).json()
    sdk.CampaignsCreateResponseBody.from_dict(body)
    assert (body["validity_day_of_week"], body["voucher"]["validity_hours"]) == ([1, 2, 3], HOURS)
    assert not {"validity_timeframe", "validity_hours"} & body.keys()
    assert list(Voucher.objects.values_list("validity_hours", flat=True)) == [HOURS, HOURS]
    one = call("POST", "/campaigns/Lunch/vouchers/ONE", {}).json()
    assert validity(one) == (None, None, HOURS)

    body = call("PUT", "/campaigns/Lunch", {"start_date": START, "validity_timeframe": FRAME}).json()
    sdk.CampaignsUpdateResponseBody.from_dict(body)
    assert validity(body) == (FRAME, [1, 2, 3], None)
    body = call("PUT", "/campaigns/Lunch", {"validity_timeframe": None, "validity_day_of_week": None}).json()
    assert validity(body) == (None, None, None)
    sdk.CampaignsGetResponseBody.from_dict(call("GET", "/campaigns/Lunch").json())


REFUSED = [
    ({"validity_timeframe": FRAME}, "Property .start_date is required with .validity_timeframe"),
    ({"validity_timeframe": {"interval": "daily", "duration": "PT1H"}, "start_date": START}, "an ISO 8601 duration"),
    ({"validity_timeframe": "P1D"}, "Property .validity_timeframe must be object"),
    ({"validity_day_of_week": [7]}, "Property .validity_day_of_week should be a list of days from 0 (Sunday)"),
    ({"validity_day_of_week": ["1"]}, "Property .validity_day_of_week[0]"),
    ({"validity_hours": HOURS, "validity_day_of_week": [1]}, "cannot be combined"),
    (
        {"validity_hours": {"daily": [{"start_time": "14:00", "expiration_time": "12:00"}]}},
        "be after .start_time",
    ),
    ({"validity_hours": {"daily": [{"start_time": 12}]}}, "Property .validity_hours.daily[0].start_time"),
]


@pytest.mark.parametrize(("limits", "details"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_kept_is_refused_and_nothing_is_saved(call, limits, details):
    make_voucher(code="OLD")
    make_campaign(name="Old")
    for method, path, body in (
        ("POST", "/vouchers/NEW", {"discount": TEN_OFF, **limits}),
        ("POST", "/campaigns", {"name": "New", "voucher": {"discount": TEN_OFF}, **limits}),
        ("POST", "/campaigns", {"name": "New", "voucher": {"discount": TEN_OFF, **limits}}),
        ("PUT", "/vouchers/OLD", limits),
        ("PUT", "/campaigns/Old", limits),
    ):
        response = call(method, path, body)
        assert response.status_code == 400, (path, response.content)
        told = response.json()["details"]
        assert details in told or details.replace("Property .", "Property .voucher.") in told
    assert (Voucher.objects.get().code, Campaign.objects.get().name) == ("OLD", "Old")
    assert validity(call("GET", "/vouchers/OLD").json()) == (None, None, None)


def test_the_start_date_cannot_be_taken_away_while_periods_are_counted_from_it(call):
    start = datetime(2026, 3, 2, tzinfo=UTC)
    make_voucher(code="CODE", start_date=start, validity_timeframe=FRAME)
    make_campaign(name="Old", start_date=start, validity_timeframe=FRAME)
    for path in ("/vouchers/CODE", "/campaigns/Old"):
        response = call("PUT", path, {"start_date": None})
        assert (response.status_code, ".start_date is required" in response.json()["details"]) == (400, True)


def test_pages_tell_the_hours_and_when_it_is_open_next(client):
    campaign = make_campaign(name="Lunch", validity_day_of_week=[3])
    make_voucher(code="CODE", campaign=campaign, validity_hours=HOURS)
    client.force_login(make_user("Viewer"))
    with time_machine.travel(datetime(2026, 3, 2, 11, 0, tzinfo=UTC), tick=False):
        page = client.get("/vouchers/CODE/").content.decode()
        assert "Closed now" in page
        assert "from 12:00 to 14:00 on Mondays and Tuesdays, UTC time" in page
        assert "on Wednesdays, UTC time" in page
        # Mondays and Tuesdays of the one, Wednesdays of the other: together never.
        assert "it will not be again" in page
        campaign.validity_day_of_week = None
        campaign.save()
        page = client.get("/vouchers/CODE/").content.decode()
        assert "It would be refused now: the voucher is open only from 12:00 to 14:00" in page
        assert "next 2 Mar 2026 12:00:00." in page
        campaign.validity_day_of_week = [2]
        campaign.save()
        page = client.get(f"/campaigns/{campaign.public_id}/").content.decode()
        assert "on Tuesdays, UTC time" in page
        assert "next 3 Mar 2026 00:00:00." in page
    with time_machine.travel(datetime(2026, 3, 3, 12, 0, tzinfo=UTC), tick=False):
        assert "It can be redeemed now" in client.get("/vouchers/CODE/").content.decode()
