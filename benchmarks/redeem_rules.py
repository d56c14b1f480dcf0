"""One redeem with a rule of twenty clauses against one without rules: times and queries in one run, undone afterwards.

Run by hand, never as a test: `python benchmarks/redeem_rules.py` starts a PostgreSQL of its own; with DATABASE_URL it
takes that one, migrated as it is, and leaves nothing in it.
"""

import os
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
IS_OWN = "DATABASE_URL" not in os.environ
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership, ValidationRule
from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption, new_redemption_id
from vouchers.models import Voucher

HISTORY = 20_000
ROUNDS = 200
SHOP = Channel("API", "benchmark", "Benchmark")
TEN_OFF = {"type": "AMOUNT", "amount_off": 1000, "effect": "APPLY_TO_ORDER"}


def clause(name: str, operator: str, *wanted: object, prop: str | None = None) -> dict:
    return {"name": name, "property": prop, "conditions": {operator: list(wanted)}}


def clauses(static: Segment, filtered: Segment) -> list[dict]:
    """Twenty clauses of every kind, all of them met."""
    many = 10**9
    tea = clause("product.id", "$is", "tea") | {"rules": {"1": clause("product.quantity", "$more_than", 1)}}
    return [
        clause("customer.segment", "$is", static.public_id),
        clause("customer.segment", "$is", filtered.public_id),
        clause("customer.metadata", "$is", "gold", prop="tier"),
        clause("customer.orders.total_count", "$less_than", many),
        clause("order.amount", "$more_than", 100),
        clause("order.total_amount", "$more_than", 100),
        clause("order.items.count", "$more_than", 1),
        clause("order.items.price_each", "$more_than", 1),
        clause("order.items.any", "$is", "tea"),
        clause("order.items.none", "$is", "wine"),
        tea,
        clause("order.metadata", "$is", "web", prop="shop"),
        clause("redemption.metadata", "$is_not", "x", prop="till"),
        clause("redemption.date", "$dow", 0, 1, 2, 3, 4, 5, 6),
        clause("redemption.count.per_customer", "$less_than", many),
        clause("redemption.count.per_customer.monthly", "$less_than", many),
        clause("redemption.count.daily", "$less_than", many),
        clause("campaign.redemptions.count.daily", "$less_than", many),
        clause("campaign.redemptions.customers_count.weekly", "$less_than", many),
        clause("campaign.orders.amount", "$less_than", many * 1000),
    ]


def make(campaign: Campaign, customers: list[Customer]) -> None:
    """Write a history of attempts, the older the further back, a third of them failed."""
    now = timezone.now()
    rows = []
    for number in range(HISTORY):
        at = now - timedelta(minutes=5 * number)
        failed = number % 3 == 2
        rows.append(
            Redemption(
                public_id=new_redemption_id("FAILURE" if failed else "SUCCESS", at),
                created_at=at,
                result="FAILURE" if failed else "SUCCESS",
                status="FAILED" if failed else "SUCCEEDED",
                failure_code="voucher_expired" if failed else "",
                code="HISTORY",
                campaign=campaign,
                customer=customers[number % len(customers)],
                channel_type="API",
                amount=5000,
                order={"amount": 5000},
            )
        )
    Redemption.objects.bulk_create(rows, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE redemptions_redemption")


def request_for(voucher: Voucher) -> RedeemRequest:
    order = {"items": [{"product_id": "tea", "quantity": 2, "price": 2500}], "metadata": {"shop": "web"}}
    return RedeemRequest(code=voucher.code, channel=SHOP, order=order, customer={"source_id": "benchmark-0"})


def milliseconds(voucher: Voucher) -> float:
    started = time.perf_counter()
    attempt = actions.redeem(request_for(voucher))
    took = (time.perf_counter() - started) * 1000
    if attempt.failure_code:
        raise SystemExit(f"Refused: {attempt.sentence}")
    return took


def main() -> None:
    if IS_OWN:
        call_command("migrate", verbosity=0)
    with transaction.atomic():
        campaign = Campaign.objects.create(name="Benchmark of rules")
        customers = [
            Customer(source_id=f"benchmark-{number}", name=f"Customer {number}", metadata={"tier": "gold"})
            for number in range(500)
        ]
        Customer.objects.bulk_create(customers)
        static = Segment.objects.create(name="Static")
        SegmentMembership.objects.bulk_create([SegmentMembership(segment=static, customer=one) for one in customers])
        tier = {"metadata.tier": {"conditions": {"$is": ["gold"]}}}
        filtered = Segment.objects.create(name="Filter", type="auto-update", filter=tier)
        make(campaign, customers)
        plain, ruled = (
            Voucher.objects.create(code=f"BENCHMARK-{name}", campaign=campaign, discount=TEN_OFF)
            for name in ("PLAIN", "RULED")
        )
        rules = {str(number): one for number, one in enumerate(clauses(static, filtered), start=1)}
        rule = ValidationRule.objects.create(name="Twenty clauses", rules=rules)
        rule.full_clean()
        RuleAssignment.objects.create(rule=rule, related_object_type="voucher", related_object_id=ruled.public_id)

        queries = {}
        for voucher in (plain, ruled):
            milliseconds(voucher)
            with CaptureQueriesContext(connection) as captured:
                milliseconds(voucher)
            queries[voucher.code] = len(captured)
        # In turns, so that whatever else the machine does falls on both.
        times: dict[str, list[float]] = {plain.code: [], ruled.code: []}
        for _ in range(ROUNDS):
            for voucher in (plain, ruled):
                times[voucher.code].append(milliseconds(voucher))
        transaction.set_rollback(True)
    medians = {code: statistics.median(each) for code, each in times.items()}
    print(f"{HISTORY:,} attempts of the campaign before, {len(rules)} clauses, {ROUNDS} redeems each, in turns")
    for voucher in (plain, ruled):
        print(f"{voucher.code:<16} {queries[voucher.code]:>3} queries  {medians[voucher.code]:6.2f} ms median")
    print(f"ratio {medians[ruled.code] / medians[plain.code]:.2f}")


if __name__ == "__main__":
    main()
