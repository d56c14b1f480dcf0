"""Orders over /v1, and what redeeming and rolling back does to them."""

import pytest
from voucherify import models as sdk

from redemptions.models import Order, Redemption
from tests.factories import as_json, make_customer, make_key, make_rule, make_voucher

pytestmark = pytest.mark.django_db

ITEMS = [{"product_id": "tea", "quantity": 2, "price": 2500}, {"product_id": "cup", "quantity": 1, "price": 1000}]


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def redeem(call, code: str, order: dict):
    return call("POST", f"/vouchers/{code}/redemption", {"order": order})


def test_an_order_is_created_changed_and_found_by_both_of_its_ids(call):
    sent = {"source_id": "o/1", "items": ITEMS, "metadata": {"till": 4}, "customer": {"source_id": "shop-1"}}
    made = call("POST", "/orders", sent).json()

    assert sdk.OrdersCreateResponseBody.from_dict(made).amount == 6000
    assert (made["status"], made["total_amount"], made["items"][0]["subtotal_amount"]) == ("CREATED", 6000, 5000)
    assert made["customer"]["id"] == made["customer_id"]
    assert call("GET", "/orders/o%2F1").json() == made
    changed = call("PUT", f"/orders/{made['id']}", {"status": "PAID", "metadata": {"a": 1}}).json()
    assert (changed["status"], changed["metadata"], changed["amount"]) == ("PAID", {"till": 4, "a": 1}, 6000)
    assert call("PUT", "/orders/o%2F1", {"items": ITEMS[:1]}).json()["amount"] == 5000
    assert call("POST", "/orders", {"source_id": "o/1", "amount": 100, "items": []}).json()["id"] == made["id"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ({"items": [{"quantity": 1}]}, "invalid_order"),
        ({"items": [{"product_id": "tea", "quantity": -1}]}, "invalid_order"),
        ({"amount": -1}, "invalid_payload"),
        ({"status": "PROCESSING"}, "invalid_payload"),
        ({"customer": {"id": "cust_none"}}, "not_found"),
    ],
)
def test_an_order_that_cannot_be_is_refused(call, order, key):
    response = call("POST", "/orders", order)
    assert response.json()["key"] == key
    assert not Order.objects.exists()


def test_orders_are_listed_with_filters(call):
    customer = make_customer(source_id="shop-1")
    for number in range(3):
        call("POST", "/orders", {"source_id": f"o{number}", "amount": 100 * number, "metadata": {"n": number}})
    call("PUT", "/orders/o1", {"customer": {"id": customer.public_id}})

    answer = call("GET", "/orders").json()
    assert sdk.OrdersListResponseBody.from_dict(answer).total == 3
    assert [one["source_id"] for one in answer["orders"]] == ["o2", "o1", "o0"]
    assert call("GET", "/orders?customer=shop-1").json()["orders"][0]["source_id"] == "o1"
    assert call("GET", "/orders?filters[metadata.n][conditions][$is]=2").json()["total"] == 1
    assert call("GET", "/orders?filters[amount][conditions][$more_than]=0").json()["total"] == 2
    assert call("GET", "/orders/none").status_code == 404


def test_a_redemption_keeps_its_order_and_a_rollback_cancels_it(call):
    voucher = make_voucher()
    used = redeem(call, voucher.code, {"source_id": "o1", "items": ITEMS, "metadata": {"till": 4}}).json()

    order = call("GET", "/orders/o1").json()
    assert order["id"] == used["order"]["id"]
    assert (order["status"], order["discount_amount"], order["total_amount"]) == ("PAID", 1000, 5000)
    assert order["redemptions"][used["id"]]["related_object_id"] == voucher.public_id
    assert order["metadata"] == {"till": 4}

    undone = call("POST", f"/redemptions/{used['id']}/rollback?reason=no").json()
    order = call("GET", "/orders/o1").json()
    assert (order["status"], order["total_amount"]) == ("CANCELED", 6000)
    assert "discount_amount" not in order
    assert order["redemptions"][used["id"]]["rollback_id"] == undone["id"]
    again = redeem(call, voucher.code, {"id": order["id"]}).json()
    assert (again["order"]["status"], again["order"]["total_amount"]) == ("PAID", 5000)


def test_a_known_order_need_not_be_sent_again_and_keeps_its_earlier_discounts(call):
    made = call("POST", "/orders", {"source_id": "o1", "amount": 6000}).json()
    first = redeem(call, make_voucher().code, {"id": made["id"]}).json()
    second = redeem(call, make_voucher().code, {"source_id": "o1"}).json()

    assert first["order"]["total_amount"] == 5000
    assert (second["order"]["total_amount"], second["order"]["applied_discount_amount"]) == (4000, 1000)
    assert len(call("GET", "/orders/o1").json()["redemptions"]) == 2
    # Sent anew it counts as it is sent.
    assert (
        redeem(call, make_voucher().code, {"source_id": "o1", "amount": 9000}).json()["order"]["total_amount"] == 8000
    )
    assert Order.objects.count() == 1


def test_a_known_orders_amount_is_what_rules_are_asked_of(call):
    voucher = make_voucher()
    make_rule({"1": {"name": "order.amount", "conditions": {"$more_than": [5000]}}, "logic": "1"}, on=voucher)
    call("POST", "/orders", {"source_id": "small", "amount": 4000})
    response = redeem(call, voucher.code, {"source_id": "small"})
    assert response.json()["key"] == "order_rules_violated"
    assert call("GET", "/orders/small").json()["redemptions"] == {}


def test_an_unknown_order_is_an_attempt_that_failed_and_says_which(call):
    voucher = make_voucher()
    response = redeem(call, voucher.code, {"id": "ord_none", "amount": 5000})
    assert (response.status_code, response.json()["key"]) == (400, "invalid_order")
    attempt = Redemption.objects.get()
    assert attempt.facts["found"] == "ord_none"
    assert "ord_none" in attempt.sentence
    assert call("POST", f"/vouchers/{voucher.code}/validate", {"order": {"id": "ord_none"}}).json()["valid"] is False
    assert not Order.objects.exists()


def test_a_merchant_sees_orders_and_changes_none(call):
    keys = make_key("Merchant")
    assert call("GET", "/orders", headers=keys).status_code == 200
    assert call("POST", "/orders", {}, headers=keys).status_code == 403


@pytest.mark.parametrize("odd", [None, 5, "", {}])
def test_an_id_that_is_none_counts_as_not_sent(call, odd):
    answer = redeem(call, make_voucher().code, {"id": odd, "source_id": odd, "amount": 5000})
    assert answer.status_code == 200
    assert answer.json()["order"]["id"] == Order.objects.get().public_id


def test_several_codes_on_a_known_order_are_kept_as_one_and_canceled_as_one(call):
    made = call("POST", "/orders", {"source_id": "o1", "amount": 6000}).json()
    redeemables = [{"object": "voucher", "id": make_voucher().code} for _ in range(2)]
    answer = call("POST", "/redemptions", {"redeemables": redeemables, "order": {"id": made["id"]}}).json()

    parent = answer["parent_redemption"]["id"]
    order = call("GET", "/orders/o1").json()
    assert (order["total_amount"], order["status"]) == (4000, "PAID")
    assert list(order["redemptions"]) == [parent]
    assert order["redemptions"][parent]["stacked"] == [one["id"] for one in answer["redemptions"]]
    call("POST", f"/redemptions/{parent}/rollbacks", {})
    order = call("GET", "/orders/o1").json()
    assert (order["total_amount"], order["status"]) == (6000, "CANCELED")
    assert order["redemptions"][parent]["rollback_id"]
    valid = {"redeemables": redeemables, "order": {"id": "ord_none"}}
    refused = call("POST", "/validations", valid).json()
    assert refused["valid"] is False
    assert refused["inapplicable_redeemables"][0]["result"]["error"]["key"] == "invalid_order"
