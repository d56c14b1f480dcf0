"""A rule that lists products: the discount is taken off those items, and a code that fits none is refused."""

from typing import Any

import pytest

from redemptions.models import Redemption
from tests import factories
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

CODE = "TEA-10"
TEA = {"product_id": "tea", "quantity": 2, "price": 1000}
GREEN = {"product_id": "tea", "sku_id": "green", "quantity": 1, "price": 500}
CUP = {"product_id": "cup", "quantity": 1, "price": 3000}
PERCENT = {"type": "PERCENT", "percent_off": 10}
AMOUNT = {"type": "AMOUNT", "amount_off": 600}
SPLIT = {"type": "AMOUNT", "amount_off": 600, "effect": "APPLY_TO_ITEMS_PROPORTIONALLY"}


@pytest.fixture
def redeem(client):
    headers = factories.make_key()

    def send(body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(f"/v1/vouchers/{CODE}/redemption", body, content_type="application/json", headers=headers)
        return answer.json()

    return send


def product(name: str, **more: Any) -> dict[str, Any]:
    return {"object": "product", "id": name, **more}


def discounts(answer: dict[str, Any]) -> list[int]:
    return [item.get("applied_discount_amount", 0) for item in answer["order"]["items"]]


@pytest.mark.parametrize(
    ("applicable_to", "discount", "expected"),
    [
        ({}, PERCENT, None),
        ({"included_all": True}, PERCENT, None),
        ({"included": [product("tea")]}, PERCENT, [200, 50, 0]),
        ({"included": [product("tea", strict=True)]}, PERCENT, [200, 0, 0]),
        ({"included": [{"object": "sku", "source_id": "green"}]}, PERCENT, [0, 50, 0]),
        ({"included": [product("tea"), product("cup")]}, PERCENT, [200, 50, 300]),
        ({"excluded": [product("tea")]}, PERCENT, [0, 0, 300]),
        ({"included_all": True, "excluded": [product("cup")]}, PERCENT, [200, 50, 0]),
        ({"included": [product("tea")], "excluded": [{"object": "sku", "id": "green"}]}, PERCENT, [200, 0, 0]),
        ({"included": [product("tea")]}, AMOUNT, [600, 500, 0]),
        ({"included": [product("tea")]}, SPLIT, [480, 120, 0]),
        ({"included": [product("tea")]}, {"type": "FIXED", "fixed_amount": 400}, [1200, 100, 0]),
        ({"included": [product("tea", amount_limit=199)]}, PERCENT, [199, 50, 0]),
        ({"included": [product("tea", amount_limit=200), product("cup")]}, PERCENT, [200, 50, 300]),
        ({"included": [product("tea", aggregated_amount_limit=249)]}, PERCENT, [200, 49, 0]),
        ({"included": [product("tea", aggregated_amount_limit=100), product("cup")]}, PERCENT, [100, 0, 300]),
        (
            {"included": [product("tea", aggregated_amount_limit=700), {"object": "sku", "id": "green"}]},
            AMOUNT,
            [600, 100, 0],
        ),
        ({"included": [product("tea", amount_limit=100, aggregated_amount_limit=150)]}, SPLIT, [100, 50, 0]),
    ],
)
def test_the_discount_is_taken_off_the_listed_products_alone(redeem, applicable_to, discount, expected):
    voucher = factories.make_voucher(code=CODE, discount=discount)
    factories.make_rule({}, on=voucher, applicable_to=applicable_to)

    answer = redeem({"order": {"items": [TEA, GREEN, CUP]}})

    order = answer["order"]
    if expected is None:
        assert (order["discount_amount"], order["total_amount"]) == (550, 4950)
    else:
        assert discounts(answer) == expected
        assert "discount_amount" not in order
        assert order["total_discount_amount"] == sum(expected)
        assert order["total_amount"] == 5500 - sum(expected)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"name": "product.id", "conditions": {"$is": ["tea"]}, "applies": True}, [200, 50, 0]),
        ({"name": "product.id", "conditions": {"$is": ["tea"]}, "applies": False}, [0, 0, 300]),
        ({"name": "sku.id", "conditions": {"$in": ["green"]}, "applies": True}, [0, 50, 0]),
        (
            {"name": "product.metadata", "property": "kind", "conditions": {"$is": ["china"]}, "applies": True},
            [0, 0, 300],
        ),
    ],
)
def test_a_rule_inside_a_products_rule_says_the_same_in_the_older_way(redeem, rules, expected):
    voucher = factories.make_voucher(code=CODE, discount=PERCENT)
    name = f"{rules['name'].removesuffix('.id')}.discount_applicable"
    inner = {"name": name, "conditions": {"$is": [rules.pop("applies")]}}
    factories.make_rule({"1": {**rules, "rules": {"1": inner}}}, on=voucher)
    china = {**CUP, "product": {"metadata": {"kind": "china"}}}

    assert discounts(redeem({"order": {"items": [TEA, GREEN, china]}})) == expected


def test_two_rules_have_to_agree(redeem):
    campaign = factories.make_campaign()
    voucher = factories.make_voucher(code=CODE, discount=PERCENT, campaign=campaign)
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})
    factories.make_rule({}, on=campaign, applicable_to={"excluded": [{"object": "sku", "id": "green"}]})
    assert discounts(redeem({"order": {"items": [TEA, GREEN, CUP]}})) == [200, 0, 0]


@pytest.mark.parametrize(
    ("applicable_to", "sentence"),
    [
        (
            {"included": [product("tea"), {"object": "sku", "id": "green"}]},
            "The discount of rule “Teas” applies to “green” or “tea”, and the order holds none of it.",
        ),
        ({"excluded": [product("cup")]}, "Rule “Teas” keeps the discount from every item of the order."),
    ],
)
def test_an_order_without_any_of_them_is_refused_and_the_code_is_kept(client, redeem, applicable_to, sentence):
    voucher = factories.make_voucher(code=CODE, discount=PERCENT)
    factories.make_rule({}, on=voucher, applicable_to=applicable_to, name="Teas")

    answer = redeem({"order": {"items": [CUP]}})

    assert (answer["code"], answer["key"]) == (400, "order_rules_violated")
    attempt = Redemption.objects.get(public_id=answer["resource_id"])
    assert (attempt.facts["clause"], attempt.facts["found"]) == ("applicable_to", ["cup"])
    assert attempt.sentence == sentence
    assert attempt.short_reason == "Applies to no item of the order"
    assert attempt.line_for_customer == f"The code {CODE} does not apply to anything in your basket."
    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 0
    client.force_login(factories.make_user("Viewer"))
    assert sentence in client.get(f"/redemptions/{attempt.public_id}/").content.decode()


def test_without_items_nothing_tells_whether_the_products_are_there(redeem):
    voucher = factories.make_voucher(code=CODE, discount=PERCENT)
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})
    assert redeem({"order": {"amount": 5000}})["key"] == "missing_order_items"


@pytest.mark.parametrize(
    ("balance", "credits", "taken"), [(3000, None, 2000), (2000, None, 2000), (3000, 1500, 1500), (1999, None, None)]
)
def test_a_gift_card_pays_for_the_listed_products_alone(redeem, balance, credits, taken):
    voucher = factories.make_voucher(code=CODE, type="GIFT_VOUCHER", gift_balance=balance)
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})

    answer = redeem({"order": {"items": [CUP, TEA]}, **({"gift": {"credits": credits}} if credits else {})})

    voucher.refresh_from_db()
    if taken is None:
        assert answer["key"] == "gift_amount_exceeded"
        assert Redemption.objects.get().facts["asked"] == 2000
    else:
        assert answer["gift"]["amount"] == taken
        assert discounts(answer) == [0, taken]
    assert voucher.gift_balance == balance - (taken or 0)


def test_free_units_are_not_kept_from_anything(redeem):
    units = {"type": "UNIT", "unit_off": 1, "unit_type": "biscuit", "effect": "ADD_NEW_ITEMS"}
    voucher = factories.make_voucher(code=CODE, discount=units)
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})
    assert [item["product_id"] for item in redeem({"order": {"items": [CUP]}})["order"]["items"]] == ["cup", "biscuit"]


def test_the_vouchers_page_says_what_the_discount_applies_to(client):
    voucher = factories.make_voucher(code=CODE)
    kept = {"included": [product("tea")], "excluded": [{"object": "sku", "id": "green"}]}
    factories.make_rule({}, on=voucher, applicable_to=kept)
    factories.make_rule({}, on=voucher, applicable_to={"excluded": [product("cup")]})
    client.force_login(factories.make_user("Viewer"))
    page = client.get(f"/vouchers/{CODE}/").content.decode()
    assert "the discount applies only to “tea”, not to “green”" in page
    assert "the discount does not apply to “cup”" in page


@pytest.mark.parametrize(("balance", "status"), [(750, "SUCCEEDED"), (749, "FAILED")])
def test_a_gift_card_need_hold_no_more_than_a_limit_lets_it_pay(redeem, balance, status):
    voucher = factories.make_voucher(code=CODE, type="GIFT_VOUCHER", gift_balance=balance)
    listed = [product("tea", aggregated_amount_limit=700), product("cup", amount_limit=50)]
    factories.make_rule({}, on=voucher, applicable_to={"included": listed})

    redeem({"order": {"items": [TEA, GREEN, CUP]}})

    attempt = Redemption.objects.get()
    assert attempt.status == status
    if status == "FAILED":
        assert (attempt.failure_code, attempt.facts["asked"]) == ("gift_amount_exceeded", 750)
    else:
        assert attempt.gift_amount == 750


@pytest.mark.parametrize(
    ("effect", "on_order", "on_items"),
    [
        # Named, the effect stands: 10 % of 55.00, whatever the rule lists.
        ("APPLY_TO_ORDER", 550, [0, 0, 0]),
        ("APPLY_TO_ITEMS", None, [200, 50, 0]),
        (None, None, [200, 50, 0]),
    ],
)
def test_a_discount_that_names_its_effect_goes_where_it_says(client, redeem, effect, on_order, on_items):
    headers = factories.make_key()
    discount = {"type": "PERCENT", "percent_off": 10, **({"effect": effect} if effect else {})}
    made = client.post(
        f"/v1/vouchers/{CODE}",
        {"type": "DISCOUNT_VOUCHER", "discount": discount},
        content_type="application/json",
        headers=headers,
    ).json()
    assert made["discount"] == discount, "an effect that nobody named is not made up"
    voucher = Voucher.objects.get(code=CODE)
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})

    answer = redeem({"order": {"items": [TEA, GREEN, CUP]}})

    assert answer["order"].get("discount_amount") == on_order
    assert discounts(answer) == on_items


def test_a_discount_on_the_order_needs_none_of_the_listed_products(redeem):
    voucher = factories.make_voucher(code=CODE, discount={**PERCENT, "effect": "APPLY_TO_ORDER"})
    factories.make_rule({}, on=voucher, applicable_to={"included": [product("tea")]})
    assert redeem({"order": {"amount": 5000}})["order"]["discount_amount"] == 500
    assert redeem({"order": {"items": [CUP]}})["order"]["discount_amount"] == 300
