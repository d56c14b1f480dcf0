"""Two reasons at their boundaries, by API, as a redeemable and by hand: code, status, facts, sentence."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from voucherify import models as sdk

from redemptions.models import Redemption
from tests import factories
from tests.factories import make_campaign, make_key, make_user, make_voucher
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

# A Monday; the clocks of Warsaw go forward on the Sunday before.
MONDAY = datetime(2026, 3, 30, 0, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
WARSAW = "Europe/Warsaw"
LUNCH = {"daily": [{"start_time": "12:00", "expiration_time": "14:00", "days_of_week": [1, 2, 3, 4, 5]}]}


@pytest.fixture(autouse=True)
def warsaw(settings):
    settings.TIME_ZONE = WARSAW
    settings.CURRENCY = "EUR"


def post(path: str, body: dict):
    client = Client(headers=make_key())
    return client.post(f"/v1{path}", factories.as_json(body), content_type="application/json")


def by_api(body: dict) -> tuple[int, dict]:
    response = post("/vouchers/CODE/redemption", body)
    return response.status_code, response.json()


def as_redeemable(body: dict) -> tuple[int, dict]:
    redeemable = {"object": "voucher", "id": "CODE", **({"gift": body["gift"]} if "gift" in body else {})}
    rest = {name: value for name, value in body.items() if name != "gift"}
    response = post("/redemptions", {"redeemables": [redeemable], **rest})
    return response.status_code, response.json()


def by_hand(body: dict) -> tuple[int, dict]:
    client = Client()
    client.force_login(make_user("Merchant"))
    form = {"code": "CODE", "redeem": "1", "amount": f"{body['order']['amount'] / 100:.2f}"}
    if "gift" in body:
        form["credits"] = f"{body['gift']['credits'] / 100:.2f}"
    response = client.post("/redeem/", form)
    attempt = Redemption.objects.get()
    return response.status_code, {"key": attempt.failure_code or None, "resource_id": attempt.public_id}


# The local time of the attempt, and whether the code is open then.
LUNCHTIMES = [
    (timedelta(hours=10) - TICK, False),
    (timedelta(hours=10), True),
    (timedelta(hours=12), True),
    (timedelta(hours=12) + TICK, False),
    # On Saturday the same hour is closed.
    (timedelta(days=5, hours=11), False),
]


@pytest.mark.parametrize("way", [by_api, as_redeemable, by_hand])
@pytest.mark.parametrize(("since_midnight", "is_open"), LUNCHTIMES)
def test_a_code_works_at_its_hours_in_the_projects_zone_and_at_no_other(way, since_midnight, is_open):
    make_voucher(code="CODE", validity_hours=LUNCH)
    with time_machine.travel(MONDAY + since_midnight, tick=False):
        status, answer = way({"order": {"amount": 5000}})

    attempt = Redemption.objects.get()
    assert (attempt.failure_code == "") is is_open
    assert Voucher.objects.get().redeemed_quantity == (1 if is_open else 0)
    if is_open:
        return
    assert answer["key"] == attempt.failure_code == "voucher_not_active_now"
    assert answer["resource_id"] == attempt.public_id
    if way is not by_hand:
        assert (status, answer["message"], answer["details"]) == (400, "voucher not active now", "CODE")
    assert attempt.facts["open"] == "from 12:00 to 14:00 on Mondays to Fridays"
    assert attempt.facts["time_zone"] == WARSAW
    # Summer time: noon in Warsaw is ten o'clock UTC.
    following = {0: "2026-03-30" if since_midnight < timedelta(hours=11) else "2026-03-31", 5: "2026-04-06"}
    day = following[since_midnight.days]
    assert attempt.facts["opens_at"] == f"{day}T10:00:00+00:00"


def test_the_sentence_says_when_it_is_open_next(client):
    make_voucher(code="CODE", validity_day_of_week=[2])
    with time_machine.travel(MONDAY + timedelta(hours=9), tick=False):
        _, answer = by_api({})
    attempt = Client(headers=make_key()).get(f"/v1/redemptions/{answer['resource_id']}").json()
    sdk.RedemptionsGetResponseBody.from_dict(attempt)
    assert attempt["failure_sentence"] == (
        "Voucher CODE is open only on Tuesdays (Europe/Warsaw); next 30 Mar 2026 22:00 UTC."
    )
    client.force_login(make_user("User"))
    page = client.get(f"/redemptions/{answer['resource_id']}/").content.decode()
    assert "Opens next" in page
    assert "next 31 Mar 2026 00:00 Europe/Warsaw." in page


def test_a_campaigns_days_bind_its_vouchers_and_the_next_opening_is_one_of_both(client):
    campaign = make_campaign(name="Lunch", validity_day_of_week=[3])
    make_voucher(code="CODE", campaign=campaign, validity_hours=LUNCH)
    with time_machine.travel(MONDAY + timedelta(hours=10, minutes=30), tick=False):
        validated = post("/vouchers/CODE/validate", {}).json()
        by_api({})
    assert (validated["valid"], validated["reason"]) == (False, "voucher not active now")
    facts = Redemption.objects.get().facts
    assert (facts["of"], facts["name"], facts["opens_at"]) == ("campaign", "Lunch", "2026-04-01T10:00:00+00:00")


def test_after_its_last_opening_nothing_is_promised():
    make_voucher(code="CODE", validity_day_of_week=[2], expiration_date=MONDAY + timedelta(hours=12))
    with time_machine.travel(MONDAY + timedelta(hours=10), tick=False):
        by_api({})
    attempt = Redemption.objects.get()
    assert "opens_at" not in attempt.facts
    assert attempt.sentence.endswith("(Europe/Warsaw), and will not be again.")
    assert "contact us" in attempt.line_for_customer


CREDITS = [
    ({"gift": {"credits": 2000}, "order": {"amount": 9000}}, None),
    ({"gift": {"credits": 2001}, "order": {"amount": 9000}}, (2001, "gift.credits")),
    ({"gift": {"credits": 99900}, "order": {"amount": 100}}, (99900, "gift.credits")),
    ({"order": {"amount": 2000}}, None),
    ({"order": {"amount": 2001}}, (2001, "order.amount")),
]


@pytest.mark.parametrize("way", [by_api, as_redeemable, by_hand])
@pytest.mark.parametrize(("body", "refused"), CREDITS, ids=["all", "a cent more", "far more", "an order", "a dearer"])
def test_a_gift_card_gives_what_it_holds_and_no_cent_more(way, body, refused):
    if way is by_hand and "gift" not in body:
        body = {**body, "gift": {"credits": body["order"]["amount"]}}
        refused = refused and (refused[0], "gift.credits")
    make_voucher(code="CODE", type="GIFT_VOUCHER", gift_balance=2000)
    status, answer = way(body)

    attempt, card = Redemption.objects.get(), Voucher.objects.get()
    if refused is None:
        assert (attempt.gift_amount, card.gift_balance) == (2000, 0)
        return
    assert card.gift_balance == 2000
    assert answer["key"] == attempt.failure_code == "gift_amount_exceeded"
    assert answer["resource_id"] == attempt.public_id
    if way is not by_hand:
        assert (status, answer["message"], answer["details"]) == (400, "gift amount exceeded", "CODE")
    assert (attempt.facts["asked"], attempt.facts["asked_by"], attempt.facts["balance"]) == (*refused, 2000)
    told = Client(headers=make_key()).get(f"/v1/redemptions/{attempt.public_id}").json()["failure_sentence"]
    assert "€20.00" in told
    assert f"€{refused[0] / 100:.2f}" in told
