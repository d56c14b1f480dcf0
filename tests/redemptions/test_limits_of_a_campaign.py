"""Limits over several vouchers stay exact when many redeem at once, and who has no such rule waits for nobody."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests import factories

API = Channel("API", "app-1", "Web shop")
THREADS = 30


def at_most(name: str, number: int) -> dict[str, Any]:
    return {"1": {"name": name, "conditions": {"$less_than_or_equal": [number]}}}


def redeem(code: str, source_id: str = "ann", amount: int = 1000) -> str:
    try:
        request = RedeemRequest(
            code=code, channel=API, order={"amount": amount}, customer={"source_id": source_id} if source_id else None
        )
        attempt = actions.redeem(request)
        return attempt.failure_code or "SUCCESS"
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("on", ["campaign", "voucher"])
@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("campaign.redemptions.count", 7, 7),
        ("campaign.redemptions.count.daily", 7, 7),
        ("campaign.redemptions.customers_count", 7, 7),
        ("campaign.orders.amount", 7999, 7),
        ("campaign.orders.amount_discounted", 4500, 4),
    ],
)
def test_thirty_at_once_with_six_codes_of_a_campaign_use_it_exactly_as_often_as_it_may_be(name, limit, expected, on):
    campaign = factories.make_campaign()
    vouchers = [factories.make_voucher(campaign=campaign) for _ in range(6)]
    for each in [campaign] if on == "campaign" else vouchers:
        factories.make_rule(at_most(name, limit), on=each)

    with ThreadPoolExecutor(THREADS) as pool:
        codes = [vouchers[number % 6].code for number in range(THREADS)]
        results = list(pool.map(redeem, codes, [f"customer-{number}" for number in range(THREADS)]))

    assert results.count("SUCCESS") == expected
    assert results.count("redemption_rules_violated") == THREADS - expected
    assert Redemption.objects.filter(status="SUCCEEDED").count() == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "limit", "expected"),
    [
        ("redemption.count.per_customer", 2, 4),
        ("redemption.count.per_customer.monthly", 2, 4),
        ("redemption.orders.amount.per_customer", 2999, 4),
        ("customer.orders.total_count", 1, 4),
    ],
)
def test_two_customers_at_once_with_many_codes_use_the_campaign_as_often_as_each_may(name, limit, expected):
    campaign = factories.make_campaign()
    vouchers = [factories.make_voucher(campaign=campaign) for _ in range(6)]
    factories.make_rule(at_most(name, limit), on=campaign)

    with ThreadPoolExecutor(THREADS) as pool:
        codes = [vouchers[number % 6].code for number in range(THREADS)]
        results = list(pool.map(redeem, codes, ["ann" if number % 2 else "bob" for number in range(THREADS)]))

    assert results.count("SUCCESS") == expected
    counts = [Redemption.objects.filter(status="SUCCEEDED", customer_source_id=one).count() for one in ("ann", "bob")]
    assert counts == [2, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "on", "locked"),
    [
        (None, "campaign", set()),
        ("order.amount", "campaign", set()),
        ("redemption.count", "voucher", set()),
        ("redemption.count.per_customer", "voucher", set()),
        ("redemption.count.per_customer", "campaign", {"campaigns_customer"}),
        ("customer.orders.total_count", "voucher", {"campaigns_customer"}),
        ("redemption.count.daily", "campaign", {"campaigns_campaign"}),
        ("campaign.redemptions.count", "voucher", {"campaigns_campaign"}),
    ],
)
def test_rows_are_locked_only_for_rules_that_count_more_than_the_voucher(name, on, locked):
    campaign = factories.make_campaign()
    voucher = factories.make_voucher(campaign=campaign)
    factories.make_customer(source_id="ann")
    if name:
        factories.make_rule(at_most(name, 10_000), on=campaign if on == "campaign" else voucher)

    with CaptureQueriesContext(connection) as captured:
        request = RedeemRequest(code=voucher.code, channel=API, order={"amount": 1}, customer={"source_id": "ann"})
        assert actions.redeem(request).result == "SUCCESS"

    locks = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]
    assert {table for table in ("campaigns_customer", "campaigns_campaign") for sql in locks if table in sql} == locked
    # Customer, campaign, voucher: in this order, so that no two wait for each other.
    order = [sql for query in captured if "FOR " in (sql := query["sql"]) and "UPDATE" in sql]
    assert "vouchers_voucher" in order[-1]


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_clauses():
    def queries(copies: int) -> int:
        campaign = factories.make_campaign()
        voucher = factories.make_voucher(campaign=campaign)
        names = (
            "redemption.count.per_customer",
            "campaign.redemptions.count.daily",
            "campaign.orders.amount",
            "customer.orders.total_count",
            "order.amount",
        )
        segments = [factories.make_segment(filter={"name": {"conditions": {"$is": ["x"]}}}, type="passive")]
        clauses = [next(iter(at_most(name, 10**6).values())) for name in names * copies]
        clauses += [{"name": "customer.segment", "conditions": {"$is_not": [segments[0].public_id]}}] * copies
        factories.make_rule({str(number): clause for number, clause in enumerate(clauses)}, on=voucher)
        with CaptureQueriesContext(connection) as captured:
            request = RedeemRequest(code=voucher.code, channel=API, order={"amount": 1}, customer={"source_id": "ann"})
            attempt = actions.redeem(request)
        assert attempt.result == "SUCCESS", attempt.facts
        return len(captured)

    queries(1)  # which also creates the customer
    assert queries(1) == queries(8)
