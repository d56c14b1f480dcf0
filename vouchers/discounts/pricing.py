"""Pure: what a discount takes off an order, in whole cents, never below zero."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from vouchers.discounts.kinds import (
    AmountOff,
    Discount,
    Effect,
    FixedPrice,
    GiftCredits,
    PercentOff,
    Units,
    UnitsOff,
)
from vouchers.discounts.orders import Order, OrderLine


@dataclass(frozen=True)
class DiscountedLine:
    """One item after pricing; amounts in cents."""

    line: OrderLine
    applied_discount_amount: int = 0

    @property
    def discount_amount(self) -> int:
        """All discounts of this item so far, in cents."""
        return self.line.discount_amount + self.applied_discount_amount

    def to_wire(self) -> dict[str, Any]:
        """The item in Voucherify's words."""
        wire = {**_without_amounts(self.line.wire), "object": "order_item", "quantity": self.line.quantity}
        if self.line.price is not None:
            wire["price"] = self.line.price
        if self.line.amount is not None:
            wire["amount"] = self.line.amount
            if self.discount_amount:
                wire["discount_amount"] = self.discount_amount
                wire["applied_discount_amount"] = self.applied_discount_amount
            wire["subtotal_amount"] = max(0, self.line.amount - self.discount_amount)
        return wire


@dataclass(frozen=True)
class DiscountedOrder:
    """An order after one discount; `amount` (cents) is None when it was never known."""

    amount: int | None
    initial_amount: int | None
    earlier_discount_amount: int = 0
    applied_discount_amount: int = 0
    lines: tuple[DiscountedLine, ...] | None = None
    wire: Mapping[str, Any] = field(default_factory=dict)

    @property
    def discount_amount(self) -> int:
        """Discounts on the order itself so far, in cents."""
        return self.earlier_discount_amount + self.applied_discount_amount

    @property
    def items_discount_amount(self) -> int:
        """Discounts on the items so far, in cents."""
        return sum(line.discount_amount for line in self.lines or ())

    @property
    def items_applied_discount_amount(self) -> int:
        """Discounts on the items by this request, in cents."""
        return sum(line.applied_discount_amount for line in self.lines or ())

    @property
    def total_discount_amount(self) -> int:
        """All discounts so far, in cents."""
        return self.discount_amount + self.items_discount_amount

    @property
    def total_applied_discount_amount(self) -> int:
        """All discounts of this request, in cents."""
        return self.applied_discount_amount + self.items_applied_discount_amount

    @property
    def total_amount(self) -> int | None:
        """What is left to pay, in cents, never below 0."""
        return None if self.amount is None else max(0, self.amount - self.total_discount_amount)

    def to_wire(self) -> dict[str, Any]:
        """The order in Voucherify's words; levels without any discount are left out."""
        wire = {**_without_amounts(self.wire), "object": "order"}
        if self.amount is not None:
            wire["amount"] = self.amount
            if self.initial_amount is not None and self.initial_amount != self.amount:
                wire["initial_amount"] = self.initial_amount
            if self.discount_amount:
                wire["discount_amount"] = self.discount_amount
                wire["applied_discount_amount"] = self.applied_discount_amount
            if self.items_discount_amount:
                wire["items_discount_amount"] = self.items_discount_amount
                wire["items_applied_discount_amount"] = self.items_applied_discount_amount
            wire["total_discount_amount"] = self.total_discount_amount
            wire["total_applied_discount_amount"] = self.total_applied_discount_amount
            wire["total_amount"] = self.total_amount
        if self.lines is not None:
            wire["items"] = [line.to_wire() for line in self.lines]
        return wire


def price_order(
    order: Order, discount: Discount | GiftCredits | None, *, percent_of_discounted: bool = False
) -> DiscountedOrder:
    """Take the discount (or gift credits) off the order; an order of unknown amount is left as it came.

    A percentage is of the amount before any discount, or with `percent_of_discounted` of what earlier ones left.
    """
    if isinstance(discount, UnitsOff):
        return _with_units(order, discount)
    priced = DiscountedOrder(
        amount=order.amount,
        initial_amount=order.initial_amount,
        earlier_discount_amount=order.discount_amount,
        lines=None if order.lines is None else tuple(DiscountedLine(line) for line in order.lines),
        wire=order.wire,
    )
    remaining = order.remaining
    if discount is None or remaining is None:
        return priced
    if not discount.effect.needs_items:
        return replace(
            priced,
            applied_discount_amount=min(
                _off_order(remaining if percent_of_discounted else order.amount or 0, remaining, discount), remaining
            ),
        )
    lines = order.lines or ()
    left = remaining if (limit := _limit_of_all(discount)) is None else min(remaining, limit)
    applied = []
    wanted_of_each = _off_lines(lines, discount, percent_of_discounted=percent_of_discounted)
    for line, wanted in zip(lines, wanted_of_each, strict=True):
        # Neither a line nor the order as a whole may go below zero.
        taken = max(0, min(wanted, (line.amount or 0) - line.discount_amount, left))
        left -= taken
        applied.append(DiscountedLine(line, taken))
    return replace(priced, lines=tuple(applied) if order.lines is not None else None)


def _off_order(amount: int, remaining: int, discount: Discount | GiftCredits) -> int:
    match discount:
        case AmountOff():
            return discount.amount_off
        case PercentOff():
            return _capped(_percent_of(amount, discount.percent_off), discount.amount_limit)
        case FixedPrice():
            return max(0, remaining - discount.fixed_amount)
        case GiftCredits():
            return remaining if discount.credits is None else discount.credits
    return 0


def _off_lines(
    lines: Sequence[OrderLine], discount: Discount | GiftCredits, *, percent_of_discounted: bool
) -> Iterator[int]:
    amounts = [line.amount or 0 for line in lines]
    match discount:
        case AmountOff(effect=Effect.APPLY_TO_ITEMS_BY_QUANTITY):
            yield from (discount.amount_off * line.quantity for line in lines)
        case AmountOff(effect=Effect.APPLY_TO_ITEMS_PROPORTIONALLY):
            yield from _split(min(discount.amount_off, sum(amounts)), amounts)
        case AmountOff(effect=Effect.APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY):
            yield from _split(min(discount.amount_off, sum(amounts)), [line.quantity for line in lines])
        case AmountOff():
            yield from (discount.amount_off for _ in lines)
        case PercentOff():
            if percent_of_discounted:
                amounts = [amount - line.discount_amount for line, amount in zip(lines, amounts, strict=True)]
            bases = (max(0, amount) for amount in amounts)
            yield from (_capped(_percent_of(base, discount.percent_off), discount.amount_limit) for base in bases)
        case FixedPrice():
            for line, amount in zip(lines, amounts, strict=True):
                yield max(0, amount - line.discount_amount - discount.fixed_amount * line.quantity)
        case _:
            # Gift credits: line after line until they are used up.
            yield from amounts


def _limit_of_all(discount: Discount | GiftCredits) -> int | None:
    """What the items together may get at most, in cents."""
    match discount:
        case AmountOff() | PercentOff():
            return discount.aggregated_amount_limit
        case GiftCredits():
            return discount.credits
    return None


def _with_units(order: Order, discount: UnitsOff) -> DiscountedOrder:
    """Add the missing units to the order and take their price off again."""
    lines = [DiscountedLine(line) for line in order.lines or ()]
    amount = order.amount or 0
    for units in discount.units:
        amount += _add_units(lines, units)
    # Earlier discounts may have left less than the units are worth.
    left = max(0, amount - order.discount_amount - sum(line.line.discount_amount for line in lines))
    for place, line in enumerate(lines):
        taken = min(line.applied_discount_amount, left)
        left -= taken
        lines[place] = replace(line, applied_discount_amount=taken)
    return DiscountedOrder(
        amount=amount,
        initial_amount=order.initial_amount if order.initial_amount is not None else order.amount or 0,
        earlier_discount_amount=order.discount_amount,
        lines=tuple(lines),
        wire=order.wire,
    )


def _add_units(lines: list[DiscountedLine], units: Units) -> int:
    """Put the units into the lines; gives the cents by which the order grew."""
    index = next((i for i, line in enumerate(lines) if units.product_id in line.line.ids), None)
    price = 0 if index is None else _unit_price(lines[index].line)
    if index is None or units.add_new:
        wire = {"product_id": units.product_id}
        added = OrderLine(
            frozenset({units.product_id}), frozenset(), units.quantity, price, price * units.quantity, wire=wire
        )
        lines.append(DiscountedLine(added, price * units.quantity))
        return price * units.quantity
    line = lines[index].line
    missing = max(0, units.quantity - line.quantity)
    amount = (line.amount or 0) + missing * price
    free = min(units.quantity * price, amount - lines[index].discount_amount)
    lines[index] = DiscountedLine(
        replace(line, quantity=line.quantity + missing, amount=amount),
        lines[index].applied_discount_amount + max(0, free),
    )
    return missing * price


def _unit_price(line: OrderLine) -> int:
    if line.price is not None:
        return line.price
    return (line.amount or 0) // line.quantity if line.quantity else 0


def _percent_of(amount: int, percent: Decimal) -> int:
    return int((amount * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _split(total: int, weights: Sequence[int]) -> list[int]:
    """Share the cents by weight, half up; the last line takes the remainder so that the sum is exact."""
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    shares: list[int] = []
    for weight in weights[:-1]:
        share = int((Decimal(total) * weight / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        shares.append(min(share, total - sum(shares)))
    return [*shares, total - sum(shares)]


def _capped(amount: int, limit: int | None) -> int:
    return amount if limit is None else min(amount, limit)


# What a caller sent of these is computed anew, so that an answer never mixes the caller's sums with ours.
COMPUTED = frozenset(
    {
        "amount",
        "initial_amount",
        "discount_amount",
        "applied_discount_amount",
        "items_discount_amount",
        "items_applied_discount_amount",
        "total_discount_amount",
        "total_applied_discount_amount",
        "total_amount",
        "subtotal_amount",
        "items",
    }
)


def _without_amounts(wire: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wire.items() if name not in COMPUTED}
