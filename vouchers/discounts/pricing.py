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
class Cap:
    """What may be taken off the items at some places, in cents: off each of them, off all of them together."""

    places: frozenset[int]
    each: int | None = None
    together: int | None = None


@dataclass(frozen=True)
class DiscountedLine:
    """One item after pricing; amounts in cents.

    `free_quantity` units of it cost nothing; `initial_quantity` says how many were ordered before units were added.
    """

    line: OrderLine
    applied_discount_amount: int = 0
    free_quantity: int = 0
    initial_quantity: int | None = None

    @property
    def discount_amount(self) -> int:
        """All discounts of this item so far, in cents."""
        return self.line.discount_amount + self.applied_discount_amount

    def to_wire(self) -> dict[str, Any]:
        """The item in Voucherify's words."""
        wire = {**_without_amounts(self.line.wire), "object": "order_item", "quantity": self.line.quantity}
        if self.line.price is not None:
            wire["price"] = self.line.price
        if self.free_quantity:
            wire |= {"initial_quantity": self.initial_quantity, "discount_quantity": self.free_quantity}
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
    order: Order,
    discount: Discount | GiftCredits | None,
    *,
    applicable: frozenset[int] | None = None,
    percent_of_discounted: bool = False,
    caps: Sequence[Cap] = (),
) -> DiscountedOrder:
    """Take the discount (or gift credits) off the order; an order of unknown amount is left as it came.

    `applicable` holds the places of the items that a discount on items applies to; None is all of them. A percentage
    is of the amount before any discount, or with `percent_of_discounted` of what earlier ones left. `caps` bound what
    is taken off items, after all else and in the order of the items; units that are added they do not bound.
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
        base = remaining if percent_of_discounted else order.amount or 0
        wanted = _capped(_off_order(base, remaining, discount), _limit_of_all(discount))
        return replace(priced, applied_discount_amount=min(wanted, remaining))
    lines = order.lines or ()
    left = remaining if (limit := _limit_of_all(discount)) is None else min(remaining, limit)
    applied = []
    chosen = [index for index in range(len(lines)) if applicable is None or index in applicable]
    wanted_of_each = _off_lines(
        [lines[index] for index in chosen], discount, percent_of_discounted=percent_of_discounted
    )
    off = dict(zip(chosen, wanted_of_each, strict=True))
    rooms = [cap.together for cap in caps]
    for index, line in enumerate(lines):
        wanted = off.get(index, 0)
        # Neither a line nor the order as a whole may go below zero.
        binding = [number for number, cap in enumerate(caps) if index in cap.places]
        bounds = [bound for number in binding for bound in (caps[number].each, rooms[number]) if bound is not None]
        taken = max(0, min(wanted, (line.amount or 0) - line.discount_amount, left, *bounds))
        left -= taken
        for number in binding:
            room = rooms[number]
            rooms[number] = None if room is None else room - taken
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
            yield from _split(discount.amount_off, amounts, _room(lines))
        case AmountOff(effect=Effect.APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY):
            yield from _split(discount.amount_off, [line.quantity for line in lines], _room(lines))
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
    """What the order, or its items together, may get at most, in cents."""
    match discount:
        case AmountOff() | PercentOff():
            return discount.aggregated_amount_limit
        case GiftCredits():
            return discount.credits
    return None


def _with_units(order: Order, discount: UnitsOff) -> DiscountedOrder:
    """Add the units to the order and take their price off again; of a product without a price, nothing is taken."""
    lines = [DiscountedLine(line) for line in order.lines or ()]
    grown = 0
    for units in discount.units:
        grown += _add_new(lines, units) if units.add_new else _add_missing(lines, units)
    amount = None if order.amount is None and order.lines else (order.amount or 0) + grown
    # The order as a whole may not go below zero either, whatever was taken off it before.
    left = None if amount is None else (order.remaining or 0) + grown
    bounded = []
    for line in lines:
        free = line.applied_discount_amount if left is None else min(line.applied_discount_amount, left)
        left = None if left is None else left - free
        bounded.append(replace(line, applied_discount_amount=free))
    return DiscountedOrder(
        amount=amount,
        initial_amount=order.initial_amount if order.initial_amount is not None else order.amount or 0,
        earlier_discount_amount=order.discount_amount,
        lines=tuple(bounded),
        wire=order.wire,
    )


def _add_new(lines: list[DiscountedLine], units: Units) -> int:
    """Put the units beside what the order holds, free of charge; gives the cents by which the order grew."""
    known = next((line.line for line in lines if units.product_id in line.line.ids), None)
    price = 0 if known is None else _unit_price(known)
    amount = price * units.quantity
    added = OrderLine(
        frozenset({units.product_id}),
        frozenset(),
        units.quantity,
        price,
        amount,
        wire={"product_id": units.product_id},
    )
    lines.append(DiscountedLine(added, amount, units.quantity, 0))
    return amount


def _add_missing(lines: list[DiscountedLine], units: Units) -> int:
    """Fill up to the units and make so many of them free; gives the cents by which the order grew."""
    places = [index for index, line in enumerate(lines) if units.product_id in line.line.ids]
    if not places:
        return _add_new(lines, units)
    missing = max(0, units.quantity - sum(lines[index].line.quantity for index in places))
    first = lines[places[0]]
    grown = missing * _unit_price(first.line)
    lines[places[0]] = replace(
        first,
        line=replace(
            first.line,
            quantity=first.line.quantity + missing,
            amount=None if first.line.amount is None else first.line.amount + grown,
        ),
        initial_quantity=first.initial_quantity if first.initial_quantity is not None else first.line.quantity,
    )
    wanted = units.quantity
    for index in places:
        line = lines[index]
        free = min(wanted, line.line.quantity - line.free_quantity)
        if free <= 0:
            continue
        wanted -= free
        amount = line.line.amount or 0
        share = _share_of(amount, free, line.line.quantity)
        initial = line.initial_quantity if line.initial_quantity is not None else line.line.quantity
        lines[index] = DiscountedLine(
            line.line,
            line.applied_discount_amount + max(0, min(share, amount - line.discount_amount)),
            line.free_quantity + free,
            initial,
        )
    return 0 if first.line.amount is None else grown


def _share_of(amount: int, units: int, quantity: int) -> int:
    """What `units` of `quantity` units cost, half up."""
    return int((Decimal(amount) * units / quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _unit_price(line: OrderLine) -> int:
    if line.price is not None:
        return line.price
    return _share_of(line.amount or 0, 1, line.quantity) if line.quantity else 0


def _percent_of(amount: int, percent: Decimal) -> int:
    return int((amount * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _room(lines: Sequence[OrderLine]) -> list[int]:
    """What each line still costs after the discounts that it came with, in cents."""
    return [max(0, (line.amount or 0) - line.discount_amount) for line in lines]


def _split(total: int, weights: Sequence[int], room: Sequence[int]) -> list[int]:
    """Share the cents by weight, half up; the last line takes the remainder so that the sum is exact.

    What a line has no `room` for goes to the others, from the last on.
    """
    whole, total = sum(weights), min(total, sum(room))
    if not whole:
        return [0 for _ in weights]
    shares: list[int] = []
    for weight in weights[:-1]:
        share = int((Decimal(total) * weight / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        shares.append(min(share, total - sum(shares)))
    shares = [min(share, most) for share, most in zip([*shares, total - sum(shares)], room, strict=True)]
    for index in reversed(range(len(shares))):
        shares[index] += min(total - sum(shares), room[index] - shares[index])
    return shares


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
