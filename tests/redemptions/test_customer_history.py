"""What customers did: in the summaries of the API, and as what segments ask for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Customer, Segment
from redemptions.models import Order
from tests.factories import (
    as_json,
    make_customer,
    make_key,
    make_redemption,
    make_rollback,
    make_rule,
    make_segment,
    make_user,
    make_voucher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def make_order(customer: Customer, amount: int, **changes) -> Order:
    values = {"status": "PAID", "amount": amount, "total_amount": amount, **changes}
    return Order.objects.create(customer=customer, **values)


NOTHING = {
    "redemptions": {
        "total_redeemed": 0,
        "total_failed": 0,
        "total_succeeded": 0,
        "total_rolled_back": 0,
        "total_rollback_failed": 0,
        "total_rollback_succeeded": 0,
        "gift": {"redeemed_amount": 0, "amount_to_go": 0},
        "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
    },
    "orders": {
        "total_amount": 0,
        "total_count": 0,
        "average_amount": 0,
        "last_order_amount": 0,
        "last_order_date": None,
    },
}


def test_a_customer_who_did_nothing_has_zeros(call):
    made = call("POST", "/customers", {"source_id": "new"}).json()
    assert made["summary"] == NOTHING
    assert call("PUT", "/customers/new", {"name": "Ewa"}).json()["summary"] == NOTHING
    assert call("POST", "/customers").json()["summary"] == NOTHING


def test_a_summary_counts_what_a_customer_redeemed_and_bought(call):
    ewa = make_customer(source_id="ewa")
    card = make_voucher(type="GIFT_VOUCHER", gift_balance=1500, gift_amount=5000, holder=ewa)
    make_redemption(customer=ewa, voucher=card, gift_amount=700)
    make_redemption(customer=ewa)
    make_redemption(customer=ewa, failure_code="voucher_expired")
    make_rollback(make_redemption(customer=ewa, gift_amount=300))
    parent = make_redemption(customer=ewa, facts={"stacked": ["A", "B"]}, code="")
    make_redemption(customer=ewa, parent=parent)
    make_redemption(customer=ewa, parent=parent)
    make_redemption(customer=make_customer())
    day = datetime(2026, 5, 1, 12, tzinfo=UTC)
    make_order(ewa, 5000, created_at=day)
    make_order(ewa, 2001, total_amount=1000, status="FULFILLED", created_at=day + timedelta(days=1))
    make_order(ewa, 9999, status="CANCELED", created_at=day + timedelta(days=2))
    make_order(ewa, 9999, status="CREATED", created_at=day + timedelta(days=2))

    body = call("GET", "/customers/ewa").json()

    sdk.CustomersGetResponseBody.from_dict(body)
    assert body["summary"] == {
        "redemptions": {
            "total_redeemed": 5,
            "total_failed": 1,
            "total_succeeded": 5,
            "total_rolled_back": 1,
            "total_rollback_failed": 0,
            "total_rollback_succeeded": 1,
            "gift": {"redeemed_amount": 700, "amount_to_go": 1500},
            "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
        },
        "orders": {
            "total_amount": 6000,
            "total_count": 2,
            "average_amount": 3000,
            "last_order_amount": 1000,
            "last_order_date": "2026-05-02T12:00:00.000Z",
        },
    }
    listed = call("GET", "/customers").json()
    sdk.CustomersListResponseBody.from_dict(listed)
    assert {one["id"]: one["summary"] for one in listed["customers"]}[ewa.public_id] == body["summary"]
    scrolled = call("GET", "/customers?starting_after=2200-01-01").json()["customers"]
    assert body["summary"] in [one["summary"] for one in scrolled]
    assert call("PUT", "/customers/ewa", {"name": "E"}).json()["summary"] == body["summary"]


def test_a_redemption_with_an_order_counts_as_both(call):
    make_voucher(code="TEN")
    customer = {"source_id": "ewa"}
    made = call("POST", "/vouchers/TEN/redemption", {"customer": customer, "order": {"amount": 4000}}).json()
    summary = call("GET", "/customers/ewa").json()["summary"]
    assert summary["redemptions"]["total_succeeded"] == 1
    assert (summary["orders"]["total_count"], summary["orders"]["total_amount"]) == (1, 3000)
    call("POST", f"/redemptions/{made['id']}/rollback")
    summary = call("GET", "/customers/ewa").json()["summary"]
    assert summary["redemptions"]["total_rolled_back"] == 1
    assert summary["orders"] == NOTHING["orders"]


def test_a_list_of_more_customers_asks_no_more_queries(call):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert call("GET", "/customers?limit=100").status_code == 200
        return len(captured)

    for _ in range(2):
        make_redemption(customer=make_customer())
    few = queries()
    for _ in range(20):
        make_rollback(make_redemption(customer=make_customer()))
        make_order(make_customer(), 100)
    assert queries() == few


COUNT, AMOUNT, LAST = (f"summary.orders.{name}" for name in ("total_count", "total_amount", "last_order_date"))


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ({COUNT: {"conditions": {"$more_than_or_equal": [2]}}}, "Ada"),
        ({COUNT: {"conditions": {"$is": [0]}}}, "Cy"),
        ({COUNT: {"conditions": {"$is_not": [2]}}}, "Bo Cy"),
        ({COUNT: {"conditions": {"$in": [0, 1]}}}, "Bo Cy"),
        ({AMOUNT: {"conditions": {"$more_than": [2999]}}}, "Ada"),
        ({AMOUNT: {"conditions": {"$less_than": [3000]}}}, "Bo Cy"),
        ({LAST: {"conditions": {"$more_than_ago": [30]}}}, "Bo"),
        ({LAST: {"conditions": {"$less_than_ago": [30]}}}, "Ada"),
        ({LAST: {"conditions": {"$after": ["2020-01-01"]}}}, "Ada Bo"),
        ({LAST: {"conditions": {"$is_unknown": [""]}}}, "Cy"),
        ({"summary.redemptions.total_succeeded": {"conditions": {"$more_than": [0]}}}, "Cy"),
        ({"summary.redemptions.total_failed": {"conditions": {"$is": [1]}}}, "Bo"),
        ({"summary.redemptions.total_rolled_back": {"conditions": {"$is": [0]}}}, "Ada Bo Cy"),
        ({COUNT: {"conditions": {"$more_than": [0]}}, "name": {"conditions": {"$is": ["Bo"]}}}, "Bo"),
        ({"junction": "or", COUNT: {"conditions": {"$is": [0]}}, AMOUNT: {"conditions": {"$is": [3000]}}}, "Ada Cy"),
    ],
)
def test_a_segment_asks_for_what_customers_did_in_the_list_and_for_one_customer(call, filter, names):
    ada, bo, cy = (make_customer(name=name) for name in ("Ada", "Bo", "Cy"))
    now = timezone.now()
    make_order(ada, 1000, created_at=now - timedelta(days=90))
    make_order(ada, 2000, created_at=now - timedelta(days=9))
    make_order(bo, 2999, created_at=now - timedelta(days=60))
    make_order(cy, 9000, status="CREATED")
    make_redemption(customer=bo, failure_code="voucher_expired")
    make_redemption(customer=cy)

    made = call("POST", "/segments", {"name": "S", "type": "auto-update", "filter": filter}).json()

    listed = call("GET", f"/customers?segment_id={made['id']}&order=name").json()["customers"]
    assert " ".join(customer["name"] for customer in listed) == names
    alone = [one.name for one in Customer.objects.order_by("name") if Segment.objects.all().holding(one)]
    assert " ".join(alone) == names


def test_a_rule_for_such_a_segment_decides_at_the_till_and_the_sentence_names_it(call):
    regular = make_customer(source_id="regular")
    for _ in range(3):
        make_order(regular, 1000)
    filter = {COUNT: {"conditions": {"$more_than_equal": [3]}}}
    segment = make_segment(name="Regulars", type="auto-update", filter=filter)
    voucher = make_voucher(code="THANKS")
    make_rule({"1": {"name": "customer.segment", "conditions": {"$is": [segment.public_id]}}}, on=voucher)
    refused = call("POST", "/vouchers/THANKS/redemption", {"customer": {"source_id": "new"}})
    assert refused.json()["key"] == "customer_rules_violated"
    assert call("POST", "/vouchers/THANKS/redemption", {"customer": {"source_id": "regular"}}).status_code == 200


def test_a_customers_segments_are_told_whether_listed_or_by_filter(call):
    gold = make_customer(source_id="gold", metadata={"tier": "gold"})
    make_order(gold, 1000)
    listed = make_segment(gold, name="Listed")
    filters = {
        "Gold": {"metadata.tier": {"conditions": {"$is": ["gold"]}}},
        "Buyers": {COUNT: {"conditions": {"$more_than": [0]}}},
        "Silver": {"metadata.tier": {"conditions": {"$is": ["silver"]}}},
    }
    for name, filter in filters.items():
        make_segment(name=name, type="auto-update", filter=filter)
    make_segment(name="Others")
    body = call("GET", "/customers/gold/segments").json()
    assert [one["name"] for one in body["data"]] == ["Buyers", "Gold", listed.name]
    assert body["total"] == 3


def test_the_customers_page_loads_the_numbers_which_are_a_page_of_their_own_too(client):
    ewa = make_customer(name="Ewa")
    make_redemption(customer=ewa)
    make_rollback(make_redemption(customer=ewa))
    make_redemption(customer=ewa, failure_code="voucher_expired")
    make_order(ewa, 1234567)
    client.force_login(make_user("Viewer"))
    address = reverse("redemptions:customer_figures", args=[ewa.public_id])
    assert (
        f'hx-get="{address}"' in client.get(reverse("campaigns:customer_detail", args=[ewa.public_id])).content.decode()
    )
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    for text in ("1 rolled back", "€12,345.67", "1 paid order,", "Last order"):
        assert text in part
    assert "<html" not in part
    assert part.strip() in client.get(address).content.decode()
    client.force_login(make_user("Merchant"))
    assert client.get(address).status_code == 403
