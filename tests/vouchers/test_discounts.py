"""What each kind of discount takes off an order, to the cent."""

from typing import Any

import pytest

from vouchers.discounts import Effect, GiftCredits, OrderError, parse_discount, parse_order, price_order

ITEMS = [
    {"product_id": "prod_a", "quantity": 2, "price": 1000},
    {"product_id": "prod_b", "quantity": 3, "price": 1500},
    {"product_id": "prod_c", "quantity": 3, "price": 2000},
]


def price(order: dict[str, Any], discount: dict[str, Any] | GiftCredits) -> dict[str, Any]:
    parsed = discount if isinstance(discount, GiftCredits) else parse_discount(discount)
    return price_order(parse_order(order), parsed).to_wire()


def amount_off(cents: int, effect: str = "APPLY_TO_ORDER", **more: Any) -> dict[str, Any]:
    return {"type": "AMOUNT", "amount_off": cents, "effect": effect, **more}


def percent_off(percent: float, effect: str = "APPLY_TO_ORDER", **more: Any) -> dict[str, Any]:
    return {"type": "PERCENT", "percent_off": percent, "effect": effect, **more}


def fixed(cents: int, effect: str = "APPLY_TO_ORDER") -> dict[str, Any]:
    return {"type": "FIXED", "fixed_amount": cents, "effect": effect}


@pytest.mark.parametrize(
    ("order", "discount", "taken"),
    [
        ({"amount": 5000}, amount_off(1000), 1000),
        ({"amount": 1000}, amount_off(1000), 1000),
        ({"amount": 999}, amount_off(1000), 999),
        ({"amount": 0}, amount_off(1000), 0),
        ({"amount": 5000, "discount_amount": 4500}, amount_off(1000), 500),
        ({"items": ITEMS}, amount_off(1000), 1000),
        ({"amount": 5000}, percent_off(10), 500),
        ({"amount": 5000}, percent_off(10, amount_limit=300), 300),
        ({"amount": 5000}, percent_off(100), 5000),
        ({"amount": 333}, percent_off(12.5), 42),
        ({"amount": 1005}, percent_off(10), 101),
        ({"amount": 1004}, percent_off(10), 100),
        ({"amount": 5000}, fixed(3999), 1001),
        ({"amount": 5000}, fixed(5001), 0),
        ({"amount": 5000}, GiftCredits(2000), 2000),
        ({"amount": 5000}, GiftCredits(6000), 5000),
        ({"amount": 5000, "discount_amount": 100}, GiftCredits(None), 4900),
        ({}, amount_off(1000), 0),
    ],
)
def test_a_discount_on_the_order(order: dict[str, Any], discount: dict[str, Any] | GiftCredits, taken: int) -> None:
    parsed = discount if isinstance(discount, GiftCredits) else parse_discount(discount)
    priced = price_order(parse_order(order), parsed)
    assert priced.applied_discount_amount == priced.total_applied_discount_amount == taken
    assert priced.total_amount is None or priced.total_amount >= 0


@pytest.mark.parametrize(
    ("discount", "taken"),
    [
        (amount_off(1000, "APPLY_TO_ITEMS"), [1000, 1000, 1000]),
        (amount_off(2500, "APPLY_TO_ITEMS"), [2000, 2500, 2500]),
        (amount_off(1000, "APPLY_TO_ITEMS", aggregated_amount_limit=1500), [1000, 500, 0]),
        (amount_off(1000, "APPLY_TO_ITEMS_BY_QUANTITY"), [2000, 3000, 3000]),
        (amount_off(1000, "APPLY_TO_ITEMS_PROPORTIONALLY"), [160, 360, 480]),
        (amount_off(1001, "APPLY_TO_ITEMS_PROPORTIONALLY"), [160, 360, 481]),
        (amount_off(99999, "APPLY_TO_ITEMS_PROPORTIONALLY"), [2000, 4500, 6000]),
        (amount_off(1000, "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY"), [250, 375, 375]),
        (amount_off(100, "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY"), [25, 38, 37]),
        (percent_off(10, "APPLY_TO_ITEMS"), [200, 450, 600]),
        (percent_off(10, "APPLY_TO_ITEMS", amount_limit=400), [200, 400, 400]),
        (percent_off(10, "APPLY_TO_ITEMS", aggregated_amount_limit=700), [200, 450, 50]),
        (fixed(1200, "APPLY_TO_ITEMS"), [0, 900, 2400]),
    ],
)
def test_a_discount_on_the_items(discount: dict[str, Any], taken: list[int]) -> None:
    priced = price_order(parse_order({"items": ITEMS}), parse_discount(discount))
    assert [line.applied_discount_amount for line in priced.lines or ()] == taken
    assert priced.applied_discount_amount == 0
    assert priced.items_applied_discount_amount == priced.total_discount_amount == sum(taken)
    assert priced.total_amount == 12500 - sum(taken)


def test_gift_credits_on_items_are_used_line_after_line() -> None:
    priced = price_order(parse_order({"items": ITEMS}), GiftCredits(3000, Effect.APPLY_TO_ITEMS))
    assert [line.applied_discount_amount for line in priced.lines or ()] == [2000, 1000, 0]


def test_items_never_take_more_than_the_order_still_costs() -> None:
    wire = price({"items": ITEMS, "discount_amount": 12000}, amount_off(400, "APPLY_TO_ITEMS"))
    assert wire["items_applied_discount_amount"] == 500
    assert wire["total_amount"] == 0


def test_an_order_level_discount_shows_no_item_fields() -> None:
    order = {"amount": 5000, "discount_amount": 200, "source_id": "web-1", "metadata": {"shop": "Oslo"}}
    assert price(order, amount_off(1000)) == {
        "object": "order",
        "source_id": "web-1",
        "metadata": {"shop": "Oslo"},
        "amount": 5000,
        "discount_amount": 1200,
        "applied_discount_amount": 1000,
        "total_discount_amount": 1200,
        "total_applied_discount_amount": 1000,
        "total_amount": 3800,
    }


def test_an_item_level_discount_shows_no_order_fields() -> None:
    wire = price({"items": [{"product_id": "prod_a", "quantity": 2, "price": 1000}]}, amount_off(300, "APPLY_TO_ITEMS"))
    assert wire == {
        "object": "order",
        "amount": 2000,
        "items_discount_amount": 300,
        "items_applied_discount_amount": 300,
        "total_discount_amount": 300,
        "total_applied_discount_amount": 300,
        "total_amount": 1700,
        "items": [
            {
                "object": "order_item",
                "product_id": "prod_a",
                "quantity": 2,
                "price": 1000,
                "amount": 2000,
                "discount_amount": 300,
                "applied_discount_amount": 300,
                "subtotal_amount": 1700,
            }
        ],
    }


def test_missing_units_are_added_and_cost_nothing() -> None:
    discount = {"type": "UNIT", "unit_off": 4, "unit_type": "prod_a"}
    wire = price({"items": ITEMS[:1]}, discount)
    assert (wire["items"][0]["quantity"], wire["items"][0]["subtotal_amount"]) == (4, 0)
    assert (wire["initial_amount"], wire["amount"], wire["total_amount"]) == (2000, 4000, 0)
    added = price({"amount": 700}, discount)
    assert added["items"][0]["product_id"] == "prod_a"
    assert (added["amount"], added["total_amount"]) == (700, 700)


def test_new_units_stand_beside_those_of_the_order() -> None:
    wire = price(
        {"items": ITEMS[:1]}, {"type": "UNIT", "unit_off": 1, "unit_type": "prod_a", "effect": "ADD_NEW_ITEMS"}
    )
    assert [item["quantity"] for item in wire["items"]] == [2, 1]
    assert (wire["amount"], wire["total_discount_amount"], wire["total_amount"]) == (3000, 1000, 2000)


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (None, "Property .discount should be an object"),
        ({}, "discount.type should be one of AMOUNT, PERCENT, FIXED, UNIT, not None"),
        ({"type": "BOGOF"}, "not 'BOGOF'"),
        ({"type": "AMOUNT"}, "discount.amount_off should be a whole number of cents"),
        (amount_off(-1), "0 or more, not -1"),
        (amount_off(True), "not True"),
        (amount_off(10.5), "not 10.5"),  # type: ignore[arg-type]
        (amount_off(5, "EVERYWHERE"), "discount.effect of type AMOUNT should be one of APPLY_TO_ORDER"),
        (percent_off(101), "percent_off should be a number from 0 to 100"),
        (percent_off(float("nan")), "from 0 to 100"),
        (percent_off(10, "APPLY_TO_ITEMS_BY_QUANTITY"), "of type PERCENT should be one of"),
        (percent_off(10, amount_limit="5"), "amount_limit should be a whole number of cents"),
        ({"type": "FIXED"}, "fixed_amount should be a whole number"),
        ({"type": "UNIT", "unit_off": 1}, "unit_type should be the id of a product"),
        ({"type": "UNIT", "unit_off": 0, "unit_type": "prod_a"}, "unit_off should be a whole number of units"),
        ({"type": "UNIT", "effect": "ADD_MANY_ITEMS"}, "discount.units should be a list"),
        ({"type": "UNIT", "unit_off": 10_001, "unit_type": "prod_a"}, "from 1 to 10000"),
        (
            {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": [{"unit_off": 1, "unit_type": "a"}] * 31},
            "30 units at the most",
        ),
        (
            {
                "type": "UNIT",
                "effect": "ADD_MANY_ITEMS",
                "units": [{"unit_off": 1, "unit_type": "a", "effect": "REPLACE_ITEMS"}],
            },
            "units\\[0\\].effect should be one of ADD_MISSING_ITEMS",
        ),
        ({"type": "AMOUNT", "amount_off_formula": "ORDER_AMOUNT"}, "by formula are not supported"),
    ],
)
def test_a_discount_that_cannot_be_used_is_refused_by_property(wire: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_discount(wire)


@pytest.mark.parametrize(
    ("order", "property", "about"),
    [
        ("100", ".order", "order"),
        ({"items": {}}, ".order.items", "order"),
        ({"items": [5]}, ".order.items[0]", "order"),
        ({"items": [{"quantity": 1}]}, ".order.items[0]", "order"),
        ({"items": [{"product_id": "a", "quantity": -1}]}, ".order.items[0].quantity", "order"),
        ({"items": [{"product_id": "a"}, {"sku_id": "a", "quantity": 1.5}]}, ".order.items[1].quantity", "order"),
        ({"items": [{"source_id": "a", "price": "5"}]}, ".order.items[0].price", "order"),
        ({"metadata": []}, ".order.metadata", "order"),
        ({"amount": -1}, ".order.amount", "amount"),
        ({"amount": 10.0}, ".order.amount", "amount"),
        ({"amount": True}, ".order.amount", "amount"),
        ({"amount": "10"}, ".order.amount", "amount"),
        ({"amount": 10**12 + 1}, ".order.amount", "amount"),
        ({"items": [{"sku_id": "a", "quantity": 10**7, "price": 10**7}]}, ".order.items[0].amount", "order"),
        ({"items": [{"sku_id": "a", "amount": 10**12}] * 2}, ".order.amount", "amount"),
        ({"amount": -1, "items": [5]}, ".order.items[0]", "order"),
    ],
)
def test_an_order_that_cannot_be_used_is_refused_by_property(order: object, property: str, about: str) -> None:
    with pytest.raises(OrderError) as refused:
        parse_order(order)
    assert (refused.value.property, refused.value.about) == (property, about)


def test_an_amount_is_the_sum_of_the_items_unless_one_of_them_is_unknown() -> None:
    assert parse_order({"items": ITEMS}).amount == 12500
    assert parse_order({"items": [*ITEMS, {"product_id": "prod_d"}]}).amount is None
    assert parse_order({"items": [{"product_id": "a", "quantity": 2, "product": {"price": 150}}]}).amount == 300
    assert parse_order({"amount": 7, "items": ITEMS}).amount == 7
    assert parse_order({"items": []}).amount is None


def test_missing_units_count_what_several_items_hold() -> None:
    items = [ITEMS[0], ITEMS[1], {"product_id": "prod_a", "quantity": 1, "price": 1000}]
    wire = price({"items": items}, {"type": "UNIT", "unit_off": 4, "unit_type": "prod_a"})
    assert [item["quantity"] for item in wire["items"]] == [3, 3, 1]
    assert [item.get("discount_quantity") for item in wire["items"]] == [3, None, 1]
    assert [item.get("initial_quantity") for item in wire["items"]] == [2, None, 1]
    assert (wire["amount"], wire["total_discount_amount"], wire["total_amount"]) == (8500, 4000, 4500)


def test_fewer_units_than_the_order_holds_are_free_and_none_is_added() -> None:
    wire = price({"items": ITEMS}, {"type": "UNIT", "unit_off": 1, "unit_type": "prod_b"})
    assert [item["quantity"] for item in wire["items"]] == [2, 3, 3]
    assert (wire["amount"], wire["total_discount_amount"], wire["items"][1]["discount_quantity"]) == (12500, 1500, 1)


def test_many_units_are_added_each_in_its_own_way() -> None:
    units = [
        {"unit_off": 3, "unit_type": "prod_a"},
        {"unit_off": 1, "unit_type": "prod_b", "effect": "ADD_NEW_ITEMS"},
        {"unit_off": 2, "unit_type": "prod_x", "effect": "ADD_MISSING_ITEMS"},
    ]
    wire = price({"items": ITEMS[:2]}, {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": units})
    assert [(item["product_id"], item["quantity"]) for item in wire["items"]] == [
        ("prod_a", 3),
        ("prod_b", 3),
        ("prod_b", 1),
        ("prod_x", 2),
    ]
    assert (wire["initial_amount"], wire["amount"], wire["total_discount_amount"]) == (6500, 9000, 4500)


def test_units_take_no_more_than_the_order_still_costs() -> None:
    wire = price({"items": ITEMS[:1], "discount_amount": 1900}, {"type": "UNIT", "unit_off": 2, "unit_type": "prod_a"})
    assert (wire["items_applied_discount_amount"], wire["total_amount"]) == (100, 0)


def test_an_order_of_unknown_amount_stays_one() -> None:
    items = [{"product_id": "prod_a", "quantity": 1}]
    wire = price({"items": items}, {"type": "UNIT", "unit_off": 2, "unit_type": "prod_a"})
    assert wire["items"][0]["quantity"] == 2
    assert "amount" not in wire


@pytest.mark.parametrize(("limit", "taken"), [(300, 300), (500, 500), (501, 500), (0, 0)])
def test_the_limit_of_all_holds_on_the_order_too(limit: int, taken: int) -> None:
    for discount in (amount_off(500), percent_off(10)):
        wire = price({"amount": 5000}, {**discount, "aggregated_amount_limit": limit})
        assert wire["total_discount_amount"] == taken
