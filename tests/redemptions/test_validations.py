"""Validations of one and several codes, and sessions that keep codes: shapes, what is written, who is kept out."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from voucherify import ValidationsValidateResponseBody

from campaigns.models import Customer
from redemptions.models import Redemption, SessionLock
from tests import factories
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers=factories.make_key())


def post(client: Client, path: str, body=None):
    return client.post(path, body or {}, content_type="application/json")


def validate(client: Client, *codes, **body):
    redeemables = [{"object": "voucher", **(code if isinstance(code, dict) else {"id": code})} for code in codes]
    answer = post(client, "/v1/validations", {"redeemables": redeemables, **body})
    if answer.status_code == 200:
        ValidationsValidateResponseBody.from_dict(answer.json())
    return answer


def redeem(client: Client, code: str, session: str = "", **body):
    if session:
        body["session"] = {"type": "LOCK", "key": session}
    return post(client, f"/v1/vouchers/{code}/redemption", body)


def test_a_validation_of_several_says_what_redeeming_would_do_and_writes_nothing(client):
    factories.make_voucher(code="TEN", metadata={"shop": "1"}, campaign=factories.make_campaign(name="Spring"))
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=700)

    with CaptureQueriesContext(connection) as captured:
        answer = validate(
            client,
            "TEN",
            {"id": "GIFT", "gift": {"credits": 500}},
            order={"amount": 5000},
            customer={"source_id": "new"},
            tracking_id="t",
        )

    body = answer.json()
    assert (body["valid"], body["tracking_id"], body["order"]["total_amount"]) == (True, "t", 3500)
    assert "inapplicable_redeemables" not in body
    ten, gift = body["redeemables"]
    assert (ten["status"], ten["id"], ten["result"]["discount"]["amount_off"]) == ("APPLICABLE", "TEN", 1000)
    assert (ten["metadata"], ten["campaign_name"]) == ({"shop": "1"}, "Spring")
    assert (gift["order"]["applied_discount_amount"], gift["result"]["gift"]["credits"]) == (500, 500)
    assert body["stacking_rules"]["redeemables_application_mode"] == "PARTIAL"
    assert not any("FOR UPDATE" in query["sql"] for query in captured)
    assert not Redemption.objects.exists()
    assert not Customer.objects.exists()
    assert not SessionLock.objects.exists()
    assert body["order"] == {
        name: value
        for name, value in redeemed_order(client, "TEN", {"id": "GIFT", "gift": {"credits": 500}}).items()
        if name in body["order"]
    }


def redeemed_order(client: Client, *codes) -> dict:
    redeemables = [{"object": "voucher", **(code if isinstance(code, dict) else {"id": code})} for code in codes]
    return post(client, "/v1/redemptions", {"redeemables": redeemables, "order": {"amount": 5000}}).json()["order"]


def test_some_refused_leave_a_valid_rest(client):
    factories.make_voucher(code="TEN")

    body = validate(client, "TEN", "NONE", order={"amount": 5000}).json()

    assert body["valid"] is True
    assert [one["id"] for one in body["redeemables"]] == ["TEN"]
    refused = body["inapplicable_redeemables"]
    assert [(one["id"], one["result"]["details"]["key"]) for one in refused] == [("NONE", "not_found")]
    assert refused[0]["result"]["error"]["code"] == 404


def test_where_none_applies_the_refused_stand_in_both_lists(client):
    factories.make_voucher(code="OFF", is_active=False)

    for codes in (["OFF"], ["OFF", "NONE"]):
        body = validate(client, *codes, order={"amount": 5000}).json()
        assert body["valid"] is False
        assert body["redeemables"] == body["inapplicable_redeemables"]
        assert [one["status"] for one in body["redeemables"]] == ["INAPPLICABLE"] * len(codes)
        assert "order" not in body


def test_in_mode_all_the_applicable_ones_are_skipped(client, settings):
    settings.STACKING_MODE = "ALL"
    factories.make_voucher(code="TEN")

    body = validate(client, "TEN", "NONE").json()

    assert body["valid"] is False
    assert [one["id"] for one in body["redeemables"]] == ["NONE"]
    skipped = body["skipped_redeemables"]
    assert [(one["id"], one["result"]["details"]["key"]) for one in skipped] == [("TEN", "preceding_validation_failed")]


@pytest.mark.parametrize(
    ("redeemables", "key"),
    [
        ([], "invalid_payload"),
        ([{"object": "voucher", "id": "A"}] * 2, "duplicated_redeemables"),
        ([{"object": "promotion_tier", "id": "p"}], "invalid_payload"),
    ],
)
def test_what_does_not_fit_is_a_400_and_no_attempt(client, redeemables, key):
    answer = post(client, "/v1/validations", {"redeemables": redeemables})

    assert (answer.status_code, answer.json()["key"]) == (400, key)
    assert not Redemption.objects.exists()


def test_a_session_keeps_the_last_use_until_it_redeems_it(client):
    factories.make_voucher(code="ONE", quantity=1)
    session = {"type": "LOCK", "key": "cart-1", "ttl": 5, "ttl_unit": "MINUTES"}

    kept = validate(client, "ONE", session=session)
    assert kept.json()["session"] == session
    assert validate(client, "ONE", session=session).json()["valid"], "its own lock keeps nobody out"

    other = validate(client, "ONE", session={"type": "LOCK", "key": "cart-2"}).json()
    assert other["redeemables"][0]["result"]["error"]["key"] == "quantity_exceeded"
    refused = redeem(client, "ONE").json()
    assert refused["key"] == "quantity_exceeded"
    attempt = Redemption.objects.get(public_id=refused["resource_id"])
    assert attempt.facts["locked"] == 1
    assert attempt.sentence == "Limit 1, used 0, kept by other sessions 1."

    done = redeem(client, "ONE", session="cart-1")
    assert (done.status_code, done.json()["session"]) == (200, {"key": "cart-1"})
    assert not SessionLock.objects.exists()
    assert redeem(client, "ONE", session="cart-1").json()["key"] == "quantity_exceeded"


def test_a_session_keeps_the_credits_of_a_gift_card(client):
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    validate(client, {"id": "GIFT", "gift": {"credits": 3000}}, session={"type": "LOCK", "key": "a"})

    refused = redeem(client, "GIFT", gift={"credits": 2500}).json()

    assert refused["key"] == "gift_amount_exceeded"
    attempt = Redemption.objects.get(public_id=refused["resource_id"])
    assert attempt.facts["locked_credits"] == 3000
    assert attempt.sentence == (
        "€25.00 was asked for, the balance is €50.00, of which €30.00 is kept by other sessions."
    )
    assert "€20.00" in attempt.line_for_customer
    assert redeem(client, "GIFT", gift={"credits": 2000}).status_code == 200
    assert redeem(client, "GIFT", session="a", gift={"credits": 3000}).status_code == 200
    assert Voucher.objects.get().gift_balance == 0


def test_what_a_session_keeps_can_be_released_or_runs_out(client):
    factories.make_voucher(code="a/b", quantity=1)
    validate(client, "a/b", session={"type": "LOCK", "key": "cart"})

    assert client.delete("/v1/vouchers/a%2Fb/sessions/cart").status_code == 204
    gone = client.delete("/v1/vouchers/a%2Fb/sessions/cart")
    assert (gone.status_code, gone.json()["resource_type"]) == (404, "session")
    assert client.delete("/v1/vouchers/NONE/sessions/cart").json()["resource_type"] == "voucher"

    validate(client, "a/b", session={"type": "LOCK", "key": "cart", "ttl": 1, "ttl_unit": "HOURS"})
    assert redeem(client, "a%2Fb").status_code == 400
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.delete("/v1/vouchers/a%2Fb/sessions/cart").status_code == 404
        assert redeem(client, "a%2Fb").status_code == 200


def test_a_session_without_a_key_gets_one_and_seven_days(client):
    factories.make_voucher(code="ONE", quantity=1)

    one = post(client, "/v1/vouchers/ONE/validate", {"session": {"type": "LOCK"}}).json()

    assert one["valid"]
    assert one["session"]["key"].startswith("ssn_")
    assert (one["session"]["ttl"], one["session"]["ttl_unit"]) == (7, "DAYS")
    lock = SessionLock.objects.get()
    assert timedelta(days=6) < lock.expires_at - timezone.now() <= timedelta(days=7)


def test_a_refused_validation_keeps_nothing(client, settings):
    settings.STACKING_MODE = "ALL"
    factories.make_voucher(code="TEN")

    body = validate(client, "TEN", "NONE", session={"type": "LOCK", "key": "cart"}).json()

    assert "session" not in body
    assert not SessionLock.objects.exists()


def test_a_stack_redeems_what_its_session_kept(client):
    for code in ("A", "B"):
        factories.make_voucher(code=code, quantity=1)
    session = {"type": "LOCK", "key": "cart"}
    validate(client, "A", "B", session=session)
    assert SessionLock.objects.count() == 2

    redeemables = [{"object": "voucher", "id": code} for code in ("A", "B")]
    answer = post(client, "/v1/redemptions", {"redeemables": redeemables, "session": session})

    assert [one["session"] for one in answer.json()["redemptions"]] == [{"key": "cart"}] * 2
    assert not SessionLock.objects.exists()
