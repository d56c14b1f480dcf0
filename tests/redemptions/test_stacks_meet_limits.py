"""Where several codes on one order meet limits over their campaign, and webhooks that listen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from campaigns.models import ValidationRule
from redemptions import actions
from redemptions.actions import RollbackRequest
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests import factories
from voucherify_admin.webhooks.models import EVENTS, Delivery, Target
from vouchers.models import Voucher

API = Channel("API", "app-1", "Web shop")


def at_most(name: str, number: int) -> dict[str, Any]:
    return {"1": {"name": name, "conditions": {"$less_than_or_equal": [number]}}}


def requests(*codes: str, source_id: str = "ann") -> list[RedeemRequest]:
    customer = {"source_id": source_id}
    return [RedeemRequest(code=code, channel=API, order={"amount": 5000}, customer=customer) for code in codes]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "limit", "used"),
    [
        ("campaign.redemptions.count", 1, 1),
        ("campaign.redemptions.count", 2, 2),
        # It is one order of 50.00, however many codes.
        ("campaign.orders.amount", 4999, 0),
        ("campaign.orders.amount", 5000, 2),
        ("redemption.orders.amount.per_customer", 4999, 0),
        ("redemption.orders.amount.per_customer", 5000, 2),
        ("customer.orders.total_amount", 0, 2),
        ("customer.orders.total_count", 0, 2),
        # 10.00 off by each code.
        ("campaign.orders.amount_discounted", 1999, 1),
        ("campaign.orders.amount_discounted", 2000, 2),
        # It is one customer, however many codes.
        ("campaign.redemptions.customers_count", 1, 2),
    ],
)
def test_a_limit_over_the_campaign_counts_the_codes_before_it_on_the_same_order(name, limit, used):
    campaign = factories.make_campaign()
    factories.make_rule(at_most(name, limit), on=campaign)
    codes = [factories.make_voucher(campaign=campaign).code for _ in range(2)]

    stack = actions.redeem_stack(requests(*codes))

    assert [child.code for child in stack.redeemed] == codes[:used]
    assert {child.failure_code for child in stack.refused} <= {"redemption_rules_violated"}
    assert len(stack.redeemed) + len(stack.refused) == 2


def room_left(code: str, name: str, rule: ValidationRule, *, amount: int = 1000) -> int:
    """What the rule counts for one more order of 10.00, as its refusal tells it."""
    rule.rules = at_most(name, -1)
    rule.save()
    customer = {"source_id": "ann"}
    decision = actions.validate(RedeemRequest(code=code, channel=API, order={"amount": amount}, customer=customer))
    return decision.compared["found"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("campaign.orders.amount", 1000, 6000),
        ("redemption.orders.amount.per_customer", 1000, 6000),
        ("redemption.orders.amount.per_customer.daily", 1000, 6000),
        ("customer.orders.total_amount", 0, 5000),
        ("customer.orders.total_count", 0, 1),
        ("campaign.orders.amount_discounted", 1000, 4000),
        ("campaign.redemptions.count", 1, 4),
    ],
)
def test_an_order_with_three_codes_of_a_campaign_is_one_order_until_it_is_rolled_back(client, name, before, after):
    campaign = factories.make_campaign()
    rule = factories.make_rule({}, on=campaign)
    codes = [factories.make_voucher(campaign=campaign).code for _ in range(3)]
    assert room_left(codes[0], name, rule) == before
    rule.rules = {}
    rule.save()

    stack = actions.redeem_stack(requests(*codes, "NONE"))
    assert len(stack.redeemed) == 3

    assert room_left(codes[0], name, rule) == after
    keys = factories.make_key()
    summary = client.get(f"/v1/campaigns/{campaign.public_id}/summary", headers=keys).json()
    assert (summary["orders_amount"], summary["orders_rolledback_amount"]) == (5000, 0)

    actions.roll_back_stack(RollbackRequest(redemption_id=stack.parent.public_id, channel=API))

    assert room_left(codes[0], name, rule) == before
    summary = client.get(f"/v1/campaigns/{campaign.public_id}/summary", headers=keys).json()
    assert (summary["orders_amount"], summary["orders_rolledback_amount"]) == (5000, 5000)


@pytest.mark.django_db
def test_an_order_with_codes_of_two_campaigns_counts_once_in_each():
    campaigns = [factories.make_campaign() for _ in range(2)]
    rules = [factories.make_rule({}, on=campaign) for campaign in campaigns]
    codes = [factories.make_voucher(campaign=campaigns[number % 2]).code for number in range(4)]
    actions.redeem_stack(requests(*codes))
    actions.redeem(RedeemRequest(code=codes[0], channel=API, order={"amount": 700}))
    assert room_left(codes[0], "campaign.orders.amount", rules[0]) == 6700
    assert room_left(codes[1], "campaign.orders.amount", rules[1]) == 6000


@pytest.mark.django_db(transaction=True)
def test_many_orders_at_once_with_two_codes_each_use_the_campaign_exactly_as_often_as_it_may_be():
    campaign = factories.make_campaign()
    factories.make_rule(at_most("campaign.redemptions.count", 7), on=campaign)
    codes = [factories.make_voucher(campaign=campaign).code for _ in range(4)]

    def order(number: int) -> int:
        pair = [codes[number % 4], codes[(number + 1) % 4]]
        try:
            # Every other one names them the other way round: no two may wait for each other.
            return len(actions.redeem_stack(requests(*(pair if number % 2 else pair[::-1]))).redeemed)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        used = sum(pool.map(order, range(16)))

    assert used == 7
    assert Redemption.objects.filter(status="SUCCEEDED", campaign=campaign).count() == 7
    assert sum(Voucher.objects.values_list("redeemed_quantity", flat=True)) == 7


@pytest.mark.django_db
def test_an_order_and_each_of_its_codes_are_told_to_webhooks_and_so_are_their_rollbacks():
    Target.objects.create(name="Accounts", url="https://hooks.example.com/", events=[event for event, _ in EVENTS])
    good = factories.make_voucher(code="GOOD")

    stack = actions.redeem_stack(requests("GOOD", "NONE"))

    told = dict(Delivery.objects.values_list("entity_id", "event_type"))
    assert told[stack.parent.public_id] == "redemption.succeeded"
    assert told[stack.redeemed[0].public_id] == "redemption.succeeded"
    assert told[stack.refused[0].public_id] == "redemption.failed"

    undone = actions.roll_back_stack(RollbackRequest(redemption_id=stack.parent.public_id, channel=API))

    told = dict(Delivery.objects.values_list("entity_id", "event_type"))
    assert told[undone.parent.public_id] == "redemption.rollback.succeeded"
    assert told[undone.rollbacks[0].public_id] == "redemption.rollback.succeeded"
    good.refresh_from_db()
    assert good.redeemed_quantity == 0
