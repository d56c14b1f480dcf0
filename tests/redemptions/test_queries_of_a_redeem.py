"""How many queries one redeem asks, and that it stays so; which one is too many stands in the message."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from tests import factories

pytestmark = pytest.mark.django_db

API = Channel("API", "app-1", "Web shop")
BODY = {"order": {"amount": 5000}, "customer": {"source_id": "ann"}, "metadata": {"till": "4"}}


def asked_by(act: Callable[[], Any]) -> list[str]:
    """The statements of `act`, BEGIN, COMMIT and savepoints among them."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured]


def assert_at_most(number: int, statements: list[str]) -> None:
    listed = "\n".join(f"{place:>3} {sql[:160]}" for place, sql in enumerate(statements, start=1))
    assert len(statements) <= number, f"{len(statements)} queries, {number} would do:\n{listed}"


def redeem(code: str, **more: Any) -> Callable[[], None]:
    def act() -> None:
        attempt = actions.redeem(RedeemRequest(**{"code": code, "channel": API, **BODY, **more}))
        assert attempt.result == "SUCCESS", attempt.sentence

    return act


def test_a_plain_redeem_asks_nine():
    """BEGIN, customer, rules, voucher with its lock, attempt, voucher's counters, webhooks, order, COMMIT.

    Inside a test's own transaction BEGIN and COMMIT are a savepoint and its release: as many.
    """
    voucher = factories.make_voucher(campaign=factories.make_campaign())
    factories.make_customer(source_id="ann")
    statements = asked_by(redeem(voucher.code))
    assert_at_most(9, statements)
    # There is nothing that could fail by halves.
    assert sum(sql.startswith("SAVEPOINT") for sql in statements) == 1


def test_a_new_customer_costs_three_more_and_an_order_that_is_called_by_name_four():
    """The customer's row, a second look who was quicker, and whether a webhook is to be told of a new customer."""
    voucher = factories.make_voucher()
    assert_at_most(12, asked_by(redeem(voucher.code)))
    named = {"order": {"amount": 5000, "source_id": "cart-7"}}
    assert_at_most(13, asked_by(redeem(voucher.code, **named)))
    assert_at_most(11, asked_by(redeem(voucher.code, **named)))


def test_a_gift_card_costs_two_more():
    """What sessions keep of it, and the transaction."""
    voucher = factories.make_voucher(type="GIFT_VOUCHER", gift_balance=9000)
    factories.make_customer(source_id="ann")
    assert_at_most(11, asked_by(redeem(voucher.code)))


def test_over_http_the_key_the_answers_rules_and_the_call_log_are_one_each(client):
    voucher = factories.make_voucher(campaign=factories.make_campaign())
    factories.make_customer(source_id="ann")
    headers = factories.make_key()

    def call() -> None:
        answer = client.post(
            f"/v1/vouchers/{voucher.code}/redemption", BODY, content_type="application/json", headers=headers
        )
        assert answer.status_code == 200, answer.content

    assert_at_most(12, asked_by(call))


def test_all_counts_of_a_rule_are_one_query():
    campaign = factories.make_campaign()
    voucher = factories.make_voucher(campaign=campaign)
    factories.make_customer(source_id="ann")
    names = [
        f"{name}{period}"
        for name in ("redemption.count.per_customer", "redemption.orders.amount.per_customer")
        for period in ("", ".daily", ".weekly", ".monthly")
    ]
    names += ["redemption.count.daily", "campaign.redemptions.count", "campaign.orders.amount"]
    names += ["campaign.redemptions.customers_count", "redemption.count.per_api_key"]
    rules = {str(place): {"name": name, "conditions": {"$less_than": [10**9]}} for place, name in enumerate(names)}
    factories.make_rule(rules, on=campaign)
    # Besides the plain nine: the customer's lock, the campaign's lock, the counts.
    assert_at_most(12, asked_by(redeem(voucher.code)))


def test_more_codes_on_one_order_read_their_rules_and_vouchers_together():
    codes = [factories.make_voucher(campaign=factories.make_campaign()).code for _ in range(6)]
    factories.make_customer(source_id="ann")

    def stack(count: int) -> Callable[[], None]:
        def act() -> None:
            requests = [RedeemRequest(code=code, channel=API, **BODY) for code in codes[:count]]
            assert len(actions.redeem_stack(requests).redeemed) == count

        return act

    three, six = asked_by(stack(3)), asked_by(stack(6))
    reading = [[sql for sql in each if sql.startswith(("SELECT", "("))] for each in (three, six)]
    asks_webhooks = [sum("webhooks_target" in sql for sql in each) for each in reading]
    assert len(reading[0]) - asks_webhooks[0] == len(reading[1]) - asks_webhooks[1]
