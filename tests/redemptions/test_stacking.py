"""What several discounts on one order come to: each on what the one before left, and the whole their exact sum."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from redemptions.engine import Channel, Decision, Facts, RedeemRequest, VoucherFacts, combined_order, decide
from vouchers.discounts import parse_discount

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REQUEST = RedeemRequest(code="A", channel=Channel("API", "app-1", "Web shop"))

cents = st.integers(0, 20_000)
order_or_items = st.sampled_from(["APPLY_TO_ORDER", "APPLY_TO_ITEMS"])
vouchers = st.one_of(
    st.builds(lambda off, effect: {"type": "AMOUNT", "amount_off": off, "effect": effect}, cents, order_or_items),
    st.builds(
        lambda off, effect: {"type": "PERCENT", "percent_off": off, "effect": effect},
        st.integers(0, 100),
        order_or_items,
    ),
    st.builds(lambda price, effect: {"type": "FIXED", "fixed_amount": price, "effect": effect}, cents, order_or_items),
    st.builds(
        lambda units, new: {
            "type": "UNIT",
            "unit_off": units,
            "unit_type": "p0",
            "effect": "ADD_NEW_ITEMS" if new else "ADD_MISSING_ITEMS",
        },
        st.integers(1, 5),
        st.booleans(),
    ),
    # A gift card that holds so much and is asked for all of it.
    cents.map(lambda balance: {"credits": balance + 1}),
)
items = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5_000)), min_size=1, max_size=4)


def run(discounts: list[dict[str, Any]], order: dict[str, Any], *, of_discounted: bool) -> list[Decision]:
    decisions: list[Decision] = []
    for wire in discounts:
        credits = wire.get("credits")
        voucher = (
            VoucherFacts("v_1", "A", gift_balance=credits)
            if credits
            else VoucherFacts("v_1", "A", discount=parse_discount(wire))
        )
        request = replace(REQUEST, order=order, gift_credits=credits)
        decision = decide(Facts(NOW, request, voucher, percent_of_discounted=of_discounted))
        assert decision.accepted, decision.compared
        assert decision.order is not None
        order = decision.order
        decisions.append(decision)
    return decisions


@given(st.lists(vouchers, min_size=1, max_size=5), items, st.booleans())
def test_the_whole_is_the_sum_of_its_parts_and_never_below_zero(discounts, lines, of_discounted) -> None:
    wire = {"items": [{"product_id": f"p{n}", "quantity": q, "price": p} for n, (q, p) in enumerate(lines)]}

    decisions = run(discounts, wire, of_discounted=of_discounted)

    order = combined_order(decisions)
    assert order is not None
    applied = sum(decision.discount_amount for decision in decisions)
    assert order["total_applied_discount_amount"] == applied == order["total_discount_amount"]
    assert order["total_amount"] == order["amount"] - applied >= 0
    assert order["amount"] == sum(line["amount"] for line in order["items"])
    of_items = sum(line.get("applied_discount_amount", 0) for line in order["items"])
    assert of_items == order.get("items_applied_discount_amount", 0) == order.get("items_discount_amount", 0)
    assert order.get("applied_discount_amount", 0) + of_items == applied
    assert all(line.get("discount_amount", 0) <= line["amount"] for line in order["items"])


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5), st.integers(0, 10**9))
def test_percentages_of_the_initial_amount_do_not_depend_on_their_order(percents, amount) -> None:
    def total(order_of: list[int]) -> int:
        discounts = [{"type": "PERCENT", "percent_off": percent} for percent in order_of]
        combined = combined_order(run(discounts, {"amount": amount}, of_discounted=False))
        assert combined is not None
        return int(combined["total_amount"])

    assert total(percents) == total(percents[::-1])


def test_without_an_order_there_is_none_to_combine() -> None:
    assert combined_order([Decision(), Decision(gift_amount=5)]) is None
