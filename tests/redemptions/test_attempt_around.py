"""What stands around an attempt: the timeline, the same in the drawer, values as doors, effects of rollbacks."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from redemptions import actions
from redemptions.actions import RollbackRequest
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests.factories import as_json, make_campaign, make_key, make_redemption, make_rollback, make_user, make_voucher
from voucherify_admin.api.models import ApiCall, CallTouch

pytestmark = pytest.mark.django_db

SHOP = Channel("API", "app-1", "Web shop")
IN_DRAWER = {"HX-Request": "true", "HX-Target": "drawer-body"}


@pytest.fixture
def marketing(client):
    client.force_login(make_user("User"))
    return client


def address(attempt: Redemption) -> str:
    return f"/redemptions/{attempt.public_id}/"


def moments(client, attempt: Redemption) -> list[str]:
    return [moment.text for moment in client.get(address(attempt)).context["moments"]]


def touch(code: str, *, object_type: str = "voucher", object_id: str = "", **changes) -> ApiCall:
    """Log a call that touched the voucher, or another object."""
    values = {"request_id": "v-x", "method": "PUT", "path": f"/v1/vouchers/{code}", "endpoint": "/v1/vouchers/{code}"}
    call = ApiCall.objects.create(**{**values, "status": 200, "duration_ms": 5, "channel": "API", **changes})
    CallTouch.objects.create(
        call_id=call.pk, created_at=call.created_at, object_type=object_type, object_id=object_id or code
    )
    return call


def test_the_timeline_tells_call_changes_attempts_and_rollbacks_in_the_order_of_time(client, marketing):
    key = make_key()
    code, how = "SPRING-1", {"content_type": "application/json", "headers": key}
    discount = {"type": "AMOUNT", "amount_off": 1000}
    client.post(f"/v1/vouchers/{code}", as_json({"type": "DISCOUNT_VOUCHER", "discount": discount}), **how)
    client.post(f"/v1/vouchers/{code}/disable", **how)
    client.post(f"/v1/vouchers/{code}/redemption", as_json({}), **how)
    client.post(f"/v1/vouchers/{code}/enable", **how)
    client.post(f"/v1/vouchers/{code}/validate", as_json({}), **how)
    done = client.post(f"/v1/vouchers/{code}/redemption", as_json({"order": {"amount": 5000}}), **how).json()["id"]
    for reason in ("Returned", "Again"):
        client.post(f"/v1/redemptions/{done}/rollback?reason={reason}", **how)
    client.put(f"/v1/vouchers/{code}", as_json({"metadata": {"a": 1}}), **how)

    attempt = Redemption.objects.get(public_id=done)
    assert moments(marketing, attempt) == [
        "Voucher created",
        "Voucher disabled",
        "Same code: failed",
        "Voucher enabled",
        "API call received",
        "Redeemed, later rolled back",
        "Rolled back",
        "Rollback refused",
        "Voucher changed",
    ]
    page = unescape(marketing.get(address(attempt)).content.decode())
    assert "“Returned”; times redeemed 1 → 0 (−1)" in page
    assert "“Again”; " in page
    assert "€10.00 off" in page


def test_moments_say_how_far_from_the_attempt_they_are(marketing):
    now = timezone.now()
    attempt = make_redemption(code="A", created_at=now)
    for apart in (timedelta(seconds=-1), timedelta(minutes=3), timedelta(hours=-30), timedelta(days=4)):
        make_redemption(code="A", created_at=now + apart)
    told = [moment.apart for moment in marketing.get(address(attempt)).context["moments"]]
    assert told == ["30 h before", "1 s before", "", "3 min after", "4 days after"]


def test_a_change_names_the_fields_that_it_set_and_the_campaigns_changes_are_told_too(marketing):
    now = timezone.now()
    campaign = make_campaign()
    attempt = make_redemption(voucher=make_voucher(code="A", campaign=campaign), created_at=now)
    of_campaign = {"object_type": "campaign", "object_id": campaign.public_id}
    path = f"/v1/campaigns/{campaign.public_id}"
    for minutes, changes in enumerate(
        [
            {"request_body": '{"active": true, "metadata": {"a": 1}}'},
            {"request_body": '{"active": tr'},
            {
                "path": f"{path}/disable",
                "method": "POST",
                "endpoint": "/v1/campaigns/{campaign_id}/disable",
                **of_campaign,
            },
        ]
    ):
        touch("A", created_at=now - timedelta(minutes=9 - minutes), **changes)
    # Another voucher of the campaign was created: that is no change of this one.
    created = {"method": "POST", "endpoint": "/v1/vouchers/{code}", "path": "/v1/vouchers/B"}
    touch("B", created_at=now - timedelta(minutes=1), **created, **of_campaign)
    told = [(each.text, each.note) for each in marketing.get(address(attempt)).context["moments"]]
    assert told[:-1] == [("Voucher changed", "active, metadata"), ("Voucher changed", ""), ("Campaign disabled", "")]


def test_only_the_nearest_changes_are_told_and_none_that_was_refused_or_changed_nothing(marketing):
    now = timezone.now()
    voucher = make_voucher(code="BUSY")
    attempt = make_redemption(voucher=voucher, created_at=now)
    for minutes in range(1, 6):
        touch("BUSY", created_at=now - timedelta(minutes=minutes))
        touch(
            "BUSY",
            created_at=now + timedelta(minutes=minutes),
            path="/vouchers/v_1/disable/",
            method="POST",
            endpoint="",
        )
    touch("BUSY", created_at=now, status=400)
    touch("BUSY", created_at=now, method="GET")
    touch("BUSY", created_at=now, method="POST", endpoint="/v1/vouchers/{code}/validate")
    assert moments(marketing, attempt) == ["Voucher changed"] * 3 + ["Redeemed"] + ["Voucher disabled"] * 3


def test_changes_are_told_to_those_who_may_read_the_log_and_people_by_name_to_administrators(client):
    attempt = make_redemption(voucher=make_voucher(code="A"))
    touch("A", created_at=timezone.now(), path="/vouchers/v_1/disable/", endpoint="", user_login="marta", method="POST")
    for role, is_told, is_named in (
        ("Administrator", True, True),
        ("User", True, False),
        ("Viewer", True, False),
        ("Merchant", False, False),
    ):
        client.force_login(make_user(role))
        page = client.get(address(attempt)).content.decode()
        assert ("Voucher disabled" in page, "marta" in page) == (is_told, is_named)


def test_a_busy_voucher_costs_no_more_queries(marketing):
    voucher = make_voucher(code="BUSY")
    attempt = make_redemption(voucher=voucher)

    def queries() -> int:
        touch("BUSY", created_at=timezone.now())
        make_redemption(voucher=voucher)
        with CaptureQueriesContext(connection) as captured:
            marketing.get(address(attempt))
        return len(captured)

    few = queries()
    assert {queries() for _ in range(8)} == {few}


def test_the_drawer_gets_the_same_without_the_frame(marketing):
    now = timezone.now()
    rows = [make_redemption(code="A1", created_at=now - timedelta(minutes=n)) for n in range(3)]
    question = "?code=A1"
    answer = marketing.get(address(rows[1]) + question, headers=IN_DRAWER)
    fragment = answer.content.decode()
    assert "<html" not in fragment
    assert "HX-Target" in answer["Vary"]
    assert 'id="drawer-title"' in fragment
    for rel, row in (("prev", rows[0]), ("next", rows[2])):
        assert f'rel="{rel}" data-drawer-step href="{address(row)}{question}"' in fragment
    page = marketing.get(address(rows[1]) + question).content.decode()
    body = fragment[fragment.index('<div class="attempt">') : fragment.rindex("</div>")].strip()
    assert body.removesuffix("</div>").strip() in page


def test_the_rows_of_the_list_open_in_the_drawer(marketing):
    make_redemption()
    page = marketing.get("/redemptions/").content.decode()
    assert "data-drawer" in page
    assert "js/drawer" in page


@pytest.mark.parametrize(
    "value", ["4", 4, 4.5, True, None, "Kraków & more", "", " blank ", ["a", "b"], {"deep": 1}, "x" * 501, "a,b;c"]
)
def test_each_value_of_the_metadata_leads_to_a_list_that_has_the_attempt(marketing, value):
    attempt = make_redemption(metadata={"till": value})
    make_redemption(metadata={"shop": 1})
    [(key, _, question)] = marketing.get(address(attempt)).context["metadata"]
    assert key == "till"
    listed = marketing.get(f"/redemptions/{question}")
    assert listed.context["errors"] == []
    assert [row.record for row in listed.context["table"].rows] == [attempt]


@pytest.mark.parametrize("key", ["", " till", "k" * 501])
def test_a_key_that_cannot_be_asked_for_is_no_link(marketing, key):
    attempt = make_redemption(metadata={key: 1})
    assert [question for *_, question in marketing.get(address(attempt)).context["metadata"]] == [""]


def test_what_a_rollback_gave_back_is_told_on_both_pages(marketing):
    voucher = make_voucher(type="GIFT_VOUCHER", gift_balance=5000)
    attempt = actions.redeem(RedeemRequest(code=voucher.code, channel=SHOP, order={"amount": 1000}))
    actions.roll_back(RollbackRequest(redemption_id=attempt.public_id, channel=SHOP, reason="Wrong size"))
    told = "times redeemed 1 → 0 (−1), balance of the gift card €40.00 → €50.00 (+€10.00)"
    for page in (address(attempt), f"{address(attempt)}roll-back/"):
        text = marketing.get(page).content.decode()
        assert f"Given back: {told}" in text
        assert "Wrong size" in text


@pytest.mark.parametrize("effects", [{}, {"redeemed_quantity": 5}, {"redeemed_quantity": ["a", "b"]}, {"x": [1]}])
def test_effects_that_cannot_be_read_are_left_out(marketing, effects):
    attempt = make_redemption()
    make_rollback(attempt, effects=effects)
    page = marketing.get(address(attempt)).content.decode()
    assert "Returned" in page
    assert "Given back" not in page


def test_the_call_can_be_copied_as_curl_where_it_was_one_of_the_api(marketing):
    values = {"created_at": timezone.now(), "status": 200, "duration_ms": 5, "method": "POST"}
    by_api = make_redemption(code="A", request_id="v-1")
    ApiCall.objects.create(request_id="v-1", path="/v1/vouchers/A/redemption", channel="API", **values)
    by_hand = make_redemption(code="B", request_id="v-2", channel_type="USER")
    ApiCall.objects.create(request_id="v-2", path="/redeem/", channel="dashboard", user_login="marta", **values)
    page = marketing.get(address(by_api)).content.decode()
    assert "Copy as cURL" in page
    assert "YOUR-APP-TOKEN" in page
    page = marketing.get(address(by_hand)).content.decode()
    assert "Sent from the dashboard" in page
    assert "cURL" not in page
