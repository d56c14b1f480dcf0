"""A customer's activity over the API: one list made of what is on record, in pages that miss nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from voucherify import models as sdk

from campaigns.models import Customer
from redemptions.models import Order
from tests.factories import (
    as_json,
    make_campaign,
    make_customer,
    make_key,
    make_redemption,
    make_rollback,
    make_voucher,
)
from voucherify_admin.ids import new_id
from vouchers.models import Publication

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def call(client):
    headers = make_key("Viewer")

    def send(path: str, headers=headers):
        return client.get(f"/v1/customers/{path}", headers=headers)

    return send


@pytest.fixture
def ewa() -> Customer:
    """A customer with one event of each kind, an hour apart."""
    hours = [DAY + timedelta(hours=number) for number in range(7)]
    customer = make_customer(source_id="ewa", created_at=hours[0])
    spring = make_campaign(name="Spring", public_id="camp_spring")
    voucher = make_voucher(code="SPRING-1", campaign=spring)
    given = Publication.objects.create(
        customer=customer,
        customer_public_id=customer.public_id,
        campaign=spring,
        codes=["SPRING-1"],
        created_at=hours[1],
    )
    given.vouchers.add(voucher)
    Order.objects.create(
        customer=customer, content={"amount": 5000}, created_at=hours[2], public_id=new_id("ord_", hours[2])
    )
    make_redemption(customer=customer, created_at=hours[3], failure_code="voucher_expired", request_id="v-1")
    made = make_redemption(customer=customer, voucher=voucher, created_at=hours[4])
    make_rollback(made, created_at=hours[5])
    make_rollback_refused(made, hours[6])
    make_redemption(customer=make_customer())
    return customer


def make_rollback_refused(redemption, at) -> None:
    make_rollback(
        redemption, created_at=at, result="FAILURE", failure_code="already_rolled_back", public_id=new_id("rrf_")
    )


TYPES = [
    "customer.redemption.rollback.failed",
    "customer.redemption.rollback.succeeded",
    "customer.redemption.succeeded",
    "customer.redemption.failed",
    "customer.order.created",
    "customer.publication.succeeded",
    "customer.created",
]


def test_all_that_is_on_record_is_told_newest_first(call, ewa):
    body = call("ewa/activity").json()
    sdk.CustomersActivityListResponseBody.from_dict(body)
    assert [event["type"] for event in body["data"]] == TYPES
    assert (body["object"], body["data_ref"], body["has_more"]) == ("list", "data", False)
    assert "more_starting_after" not in body
    assert all(event["id"].startswith("evcus_") and len(event["id"]) == 24 for event in body["data"])
    undone, failed = body["data"][1], body["data"][3]
    assert undone["data"]["redemption_rollback"]["reason"] == "Returned"
    assert undone["data"]["voucher"]["code"] == "SPRING-1"
    assert (failed["group_id"], failed["data"]["redemption"]["failure_code"]) == ("v-1", "voucher_expired")
    assert body["data"][4]["data"]["order"]["amount"] == 5000
    assert body["data"][5]["data"]["publication"]["voucher"]["code"] == "SPRING-1"
    assert body["data"][6]["data"]["customer"]["source_id"] == "ewa"
    assert call("ewa/activity").json() == body, "the same ids from call to call"
    assert call("nobody/activity").status_code == 404


@pytest.mark.parametrize("order", ["-created_at", "created_at"])
def test_pages_miss_nothing_though_much_happened_at_once(call, order):
    ewa = make_customer(source_id="ewa", created_at=DAY)
    for number in range(4):
        made = make_redemption(customer=ewa, created_at=DAY)
        make_rollback(made, created_at=DAY)
        Order.objects.create(customer=ewa, created_at=DAY + timedelta(minutes=number // 3))
    whole = [event["id"] for event in call(f"ewa/activity?limit=100&order={order}").json()["data"]]
    assert len(set(whole)) == 13
    for limit in (1, 3, 12):
        seen, after = [], ""
        while True:
            page = call(f"ewa/activity?limit={limit}&order={order}{after}").json()
            assert len(page["data"]) <= limit
            seen += [event["id"] for event in page["data"]]
            if not page["has_more"]:
                break
            after = f"&starting_after_id={page['more_starting_after']}"
        assert seen == whole


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("category=ACTION", [0, 1, 2, 3, 4, 6]),
        ("category=EFFECT", [5]),
        ("type=customer.redemption.failed", [3]),
        ("type=customer.redemption.failed,customer.created", [3, 6]),
        ("type=customer.redemption.failed&type=customer.redemption.succeeded", [2, 3]),
        ("type=customer.segment.entered", []),
        ("campaign_id=camp_spring", [0, 1, 2, 5]),
        ("campaign_type=DISCOUNT_COUPONS", [0, 1, 2, 5]),
        ("campaign_type=GIFT_VOUCHERS", []),
        ("start_date=2026-05-01T16:00:00Z", [0, 1, 2]),
        ("end_date=2026-05-01T13:00:00Z", [6]),
        ("start_date=2026-05-01&end_date=2026-05-02&category=None", [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_it_is_narrowed_by_what_is_asked(call, ewa, query, places):
    body = call(f"ewa/activity?{query}").json()
    assert [event["type"] for event in body["data"]] == [TYPES[place] for place in places]


@pytest.mark.parametrize(
    "query",
    ["category=FUN", "type=redemption.failed", "start_date=soon", "order=type", "limit=0", "starting_after_id=evcus_1"],
)
def test_what_cannot_be_understood_is_refused(call, ewa, query):
    response = call(f"ewa/activity?{query}")
    assert (response.status_code, response.json()["key"]) == (400, "invalid_query_params")


def test_more_events_ask_no_more_queries(call, ewa):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert call("ewa/activity?limit=100").status_code == 200
        return len(captured)

    few = queries()
    voucher = make_voucher(campaign=make_campaign(), holder=ewa)
    for _ in range(10):
        make_rollback(make_redemption(customer=ewa, voucher=voucher))
    assert queries() == few


def test_a_merchants_key_sees_none_of_it(client, call, ewa):
    assert call("ewa/activity", headers=make_key("Merchant")).status_code == 403


def test_a_redemption_with_a_new_customer_reads_as_it_happened(client, call):
    make_voucher(code="TEN")
    body = {"customer": {"source_id": "new"}, "order": {"amount": 4000}}
    client.generic(
        "POST",
        "/v1/vouchers/TEN/redemption",
        data=as_json(body),
        content_type="application/json",
        headers=make_key(),
    )
    types = [event["type"] for event in call("new/activity?order=created_at").json()["data"]]
    assert types == ["customer.created", "customer.order.created", "customer.redemption.succeeded"]
