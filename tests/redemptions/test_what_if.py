"""A failed attempt thought through again by today's voucher, rules and customer, without a trace."""

from datetime import timedelta

import pytest
from django.utils import timezone

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests import factories
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db
API = Channel("API", "app-1", "Web shop")


def failed(code: str, **changes) -> Redemption:
    attempt = actions.redeem(RedeemRequest(code=code, channel=API, **changes))
    assert attempt.result == "FAILURE"
    return attempt


def page(client, attempt: Redemption, role: str = "Viewer") -> str:
    client.force_login(factories.make_user(role))
    answer = client.get(f"/redemptions/{attempt.public_id}/what-if/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_expired_code_that_was_extended_since_would_be_redeemed(client):
    factories.make_voucher(code="OLD", expiration_date=timezone.now() - timedelta(days=1))
    attempt = failed("OLD", order={"amount": 5000})
    Voucher.objects.update(expiration_date=timezone.now() + timedelta(days=1))

    text = page(client, attempt)

    assert "Today it would be redeemed" in text
    assert "€10.00 would be taken off the order of €50.00" in text
    assert Redemption.objects.count() == 1
    assert Voucher.objects.get().redeemed_quantity == 0


def test_a_code_that_still_fails_says_so_and_shows_what_changed(client):
    voucher = factories.make_voucher(code="FULL", quantity=2, redeemed_quantity=2)
    attempt = failed("FULL")
    assert "Today it would fail just the same" in page(client, attempt)

    voucher.quantity, voucher.redeemed_quantity = 5, 5
    voucher.save()

    text = page(client, attempt)
    assert "Today it would fail: Redemption quantity exceeded" in text
    assert "<b>5</b>" in text


def test_todays_customer_counts_and_not_the_one_of_then(client):
    segment = factories.make_segment(name="VIP")
    voucher = factories.make_voucher(code="VIPS")
    factories.make_rule(
        {"1": {"name": "customer.segment", "conditions": {"$is": [segment.public_id]}}}, on=voucher, name="VIPs only"
    )
    attempt = failed("VIPS", customer={"source_id": "s1", "name": "Ada"})
    assert not actions.reconsider(attempt).accepted

    segment.memberships.create(customer=attempt.customer)

    assert actions.reconsider(attempt).accepted


def test_the_credits_that_were_asked_for_then_are_asked_for_again():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=1000)
    attempt = failed("GIFT", gift_credits=3000)

    assert actions.reconsider(attempt).compared["asked"] == 3000

    Voucher.objects.update(gift_balance=4000)
    decision = actions.reconsider(attempt)
    assert (decision.accepted, decision.gift_amount) == (True, 3000)


def test_a_request_that_could_not_be_read_then_cannot_be_read_today():
    factories.make_voucher(code="ANY")
    attempt = failed("ANY", customer={"id": "cust_nobody"})

    assert actions.reconsider(attempt).reason == "invalid_payload"


def test_an_attempt_whose_customer_is_gone_can_still_be_thought_through(client):
    voucher = factories.make_voucher(code="ANY", is_active=False)
    attempt = failed("ANY", customer={"source_id": "s1", "metadata": {"tier": "gold"}})
    attempt.customer.delete()
    factories.make_rule(
        {"1": {"name": "customer.metadata", "property": "tier", "conditions": {"$is": ["gold"]}}}, on=voucher
    )
    Voucher.objects.update(is_active=True)

    assert "Today it would be redeemed" in page(client, Redemption.objects.get())


def test_a_success_has_no_such_page_and_a_failure_leads_to_it(client):
    factories.make_voucher(code="ANY")
    success = actions.redeem(RedeemRequest(code="ANY", channel=API))
    client.force_login(factories.make_user("Viewer"))

    assert client.get(f"/redemptions/{success.public_id}/what-if/").status_code == 404
    address = f"/redemptions/{failed('NONE').public_id}/"
    assert f'href="{address}what-if/"' in client.get(address).content.decode()
