"""What holds of every discount on every order: sums agree to the cent, and nothing costs less than nothing."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vouchers.discounts import Cap, Effect, GiftCredits, parse_discount, parse_order, price_order

CENTS = st.integers(0, 20_000)
EFFECTS = [effect.value for effect in Effect if effect.value.startswith("APPLY")]
PRODUCTS = st.sampled_from(["tea", "cup", "pot"])


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    item: dict[str, Any] = {"product_id": draw(PRODUCTS), "quantity": draw(st.integers(0, 5))}
    if draw(st.booleans()):
        item["price"] = draw(CENTS)
        amount = item["price"] * item["quantity"]
    else:
        amount = item["amount"] = draw(CENTS) if item["quantity"] else 0
    if draw(st.booleans()):
        item["discount_amount"] = draw(st.integers(0, amount))
    return item


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order as a shop may send it: what was taken off before is no more than it cost."""
    if draw(st.booleans()):
        amount = draw(CENTS)
        return {"amount": amount, "discount_amount": draw(st.integers(0, amount))}
    lines = draw(st.lists(items(), min_size=1, max_size=5))
    sums = [line.get("amount", line.get("price", 0) * line["quantity"]) for line in lines]
    left = sum(sums) - sum(line.get("discount_amount", 0) for line in lines)
    return {"items": lines, "discount_amount": draw(st.integers(0, left))}


LIMITS = st.fixed_dictionaries({}, optional={"aggregated_amount_limit": CENTS})
AMOUNT = st.builds(
    lambda cents, effect, more: {"type": "AMOUNT", "amount_off": cents, "effect": effect, **more},
    CENTS,
    st.sampled_from(EFFECTS),
    LIMITS,
)
PERCENT = st.builds(
    lambda percent, effect, limit, more: {
        "type": "PERCENT",
        "percent_off": percent,
        "effect": effect,
        "amount_limit": limit,
        **more,
    },
    st.sampled_from([0, 1, 12.5, 33.33, 50, 99.99, 100]),
    st.sampled_from(EFFECTS[:2]),
    st.none() | CENTS,
    LIMITS,
)
FIXED = st.builds(
    lambda cents, effect: {"type": "FIXED", "fixed_amount": cents, "effect": effect},
    CENTS,
    st.sampled_from(EFFECTS[:2]),
)
UNIT = st.builds(
    lambda units, product, effect: {"type": "UNIT", "unit_off": units, "unit_type": product, "effect": effect},
    st.integers(1, 6),
    PRODUCTS,
    st.sampled_from(["ADD_MISSING_ITEMS", "ADD_NEW_ITEMS"]),
)
UNITS = st.builds(
    lambda units: {"type": "UNIT", "effect": "ADD_MANY_ITEMS", "units": units}, st.lists(UNIT, min_size=1, max_size=3)
)
DISCOUNTS = st.one_of(AMOUNT, PERCENT, FIXED, UNIT, UNITS).map(parse_discount)
GIFTS = st.builds(GiftCredits, st.none() | CENTS, st.sampled_from([Effect.APPLY_TO_ORDER, Effect.APPLY_TO_ITEMS]))


@settings(max_examples=400, derandomize=True, deadline=None)
@given(orders(), DISCOUNTS | GIFTS)
def test_totals_are_the_sums_of_the_lines_and_nothing_falls_below_zero(wire, discount):
    order = parse_order(wire)
    priced = price_order(order, discount)
    assert priced.amount is not None
    lines = priced.lines or ()
    if order.lines is not None:
        assert priced.amount == sum(line.line.amount or 0 for line in lines)
    assert priced.items_discount_amount == sum(line.discount_amount for line in lines)
    assert priced.total_discount_amount == priced.discount_amount + priced.items_discount_amount
    # Without any help of a cut at zero.
    assert priced.total_amount == priced.amount - priced.total_discount_amount >= 0
    assert priced.applied_discount_amount >= 0
    for line in lines:
        assert line.applied_discount_amount >= 0
        assert line.discount_amount <= (line.line.amount or 0)
        assert line.free_quantity <= line.line.quantity
    wire_out = priced.to_wire()
    assert wire_out["total_amount"] == wire_out["amount"] - wire_out["total_discount_amount"]
    for item in wire_out.get("items", []):
        assert item["subtotal_amount"] == item["amount"] - item.get("discount_amount", 0) >= 0


@settings(max_examples=200, derandomize=True, deadline=None)
@given(orders(), AMOUNT | PERCENT)
def test_limits_hold(wire, discount):
    priced = price_order(parse_order(wire), parse_discount(discount))
    if "aggregated_amount_limit" in discount:
        assert priced.total_applied_discount_amount <= discount["aggregated_amount_limit"]
    if discount.get("amount_limit") is not None:
        assert priced.applied_discount_amount <= discount["amount_limit"]
        assert all(line.applied_discount_amount <= discount["amount_limit"] for line in priced.lines or ())


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5000)), min_size=1, max_size=12),
    st.integers(0, 20_000),
    st.sampled_from(["APPLY_TO_ITEMS_PROPORTIONALLY", "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY"]),
)
def test_a_proportional_split_loses_no_cent(lines, cents, effect):
    wire = {
        "items": [
            {"product_id": f"p{number}", "quantity": quantity, "price": price}
            for number, (quantity, price) in enumerate(lines)
        ]
    }
    order = parse_order(wire)
    assert order.amount is not None
    priced = price_order(order, parse_discount({"type": "AMOUNT", "amount_off": cents, "effect": effect}))
    assert priced.items_applied_discount_amount == min(cents, order.amount)


@pytest.mark.parametrize(
    ("prices", "cents", "taken"),
    [
        ([34, 44, 218, 1], 92, [11, 14, 67, 0]),
        # Ten shares of 7.45 are rounded down, and the last item costs too little for what is left.
        ([149] * 10 + [1], 75, [7] * 9 + [11, 1]),
        ([1, 1], 1, [1, 0]),
        ([0, 0], 5, [0, 0]),
    ],
)
def test_a_remainder_that_the_last_item_cannot_take_goes_to_those_before_it(prices, cents, taken):
    items = [{"product_id": f"p{number}", "quantity": 1, "price": price} for number, price in enumerate(prices)]
    discount = {"type": "AMOUNT", "amount_off": cents, "effect": "APPLY_TO_ITEMS_PROPORTIONALLY"}
    priced = price_order(parse_order({"items": items}), parse_discount(discount))
    assert [line.applied_discount_amount for line in priced.lines or ()] == taken


@settings(max_examples=200, derandomize=True, deadline=None)
@given(orders(), UNIT | UNITS)
def test_units_that_are_added_make_an_order_no_dearer(wire, discount):
    before = parse_order(wire)
    after = price_order(before, parse_discount(discount))
    assert after.total_amount is not None
    assert before.remaining is not None
    assert after.total_amount <= before.remaining


@settings(max_examples=200, derandomize=True, deadline=None)
@given(orders(), GIFTS)
def test_a_gift_card_gives_what_is_asked_and_no_more_than_the_order_costs(wire, gift):
    order = parse_order(wire)
    priced = price_order(order, gift)
    if gift.effect is Effect.APPLY_TO_ORDER:
        asked = order.remaining if gift.credits is None else gift.credits
        assert priced.total_applied_discount_amount == min(asked or 0, order.remaining or 0)
    elif gift.credits is not None:
        assert priced.total_applied_discount_amount <= gift.credits


CAPS = st.lists(
    st.builds(Cap, st.frozensets(st.integers(0, 4)), st.none() | CENTS, st.none() | CENTS), min_size=1, max_size=3
)
BY_ITEM = st.one_of(AMOUNT, PERCENT, FIXED).map(parse_discount) | GIFTS


@settings(max_examples=300, derandomize=True, deadline=None)
@given(orders(), BY_ITEM, CAPS)
def test_caps_hold_for_each_item_and_together_and_never_give_more(wire, discount, caps):
    order = parse_order(wire)
    free, priced = price_order(order, discount), price_order(order, discount, caps=caps)

    taken = [line.applied_discount_amount for line in priced.lines or ()]
    for cap in caps:
        own = [cents for place, cents in enumerate(taken) if place in cap.places]
        assert cap.each is None or all(cents <= cap.each for cents in own)
        assert cap.together is None or sum(own) <= cap.together or not own
    assert priced.total_applied_discount_amount <= free.total_applied_discount_amount
    assert priced.total_amount == priced.amount - priced.total_discount_amount >= 0
    generous = [Cap(cap.places, 10**13, 10**13) for cap in caps]
    assert price_order(order, discount, caps=generous) == free
