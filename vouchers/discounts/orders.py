"""Pure: reads an order as it came over the wire and says what is wrong with it; must not price it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# Ten billion in most currencies: beyond it a sender's slip would overflow the sums, and the database's integers.
MAX_WHOLE = 10**12


class OrderError(ValueError):
    """The order cannot be used: which property, what was found there and what was expected."""

    def __init__(self, property: str, found: object, expected: str, about: Literal["order", "amount"] = "order"):
        super().__init__(f"Property {property} should be {expected}")
        self.property = property
        self.found = found
        self.expected = expected
        self.about = about


@dataclass(frozen=True)
class OrderLine:
    """One item of an order; amounts in cents. `ids` are all the names the product is known by, likewise `sku_ids`."""

    ids: frozenset[str]
    sku_ids: frozenset[str]
    quantity: int
    price: int | None
    amount: int | None
    discount_amount: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    wire: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """An order; `amount` is in cents and None when nobody gave it and the items do not tell. No items given is None."""

    amount: int | None
    initial_amount: int | None
    discount_amount: int
    lines: tuple[OrderLine, ...] | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    wire: Mapping[str, Any] = field(default_factory=dict)

    @property
    def remaining(self) -> int | None:
        """What the order still costs after the discounts it came with, in cents; None when its amount is unknown."""
        if self.amount is None:
            return None
        earlier = self.discount_amount + sum(line.discount_amount for line in self.lines or ())
        return max(0, self.amount - earlier)


def parse_order(wire: object) -> Order:
    """Read an order; raises OrderError, about the order's shape first and about its amount only then."""
    if not isinstance(wire, Mapping):
        raise OrderError(".order", wire, "an object")
    items = wire.get("items")
    lines = None
    if items is not None:
        if not isinstance(items, list):
            raise OrderError(".order.items", items, "a list of items")
        lines = tuple(_parse_line(item, f".order.items[{index}]") for index, item in enumerate(items))
    metadata = _object(wire, "metadata", ".order")
    discount_amount = _whole(wire, "discount_amount", ".order") or 0
    initial_amount = _whole(wire, "initial_amount", ".order", about="amount")
    amount = _whole(wire, "amount", ".order", about="amount")
    if amount is None:
        amount = _sum(lines)
    return Order(amount, initial_amount, discount_amount, lines, metadata, wire)


def _parse_line(item: object, where: str) -> OrderLine:
    if not isinstance(item, Mapping):
        raise OrderError(where, item, "an object")
    product = _object(item, "product", where)
    sku = _object(item, "sku", where)
    source_id = item.get("source_id")
    is_sku = item.get("related_object") == "sku"
    ids = _texts(item.get("product_id"), product.get("id"), product.get("source_id"), None if is_sku else source_id)
    sku_ids = _texts(item.get("sku_id"), sku.get("id"), sku.get("source_id"), source_id if is_sku else None)
    if not ids and not sku_ids:
        raise OrderError(where, None, "given a product_id, sku_id or source_id")
    quantity = _whole(item, "quantity", where)
    quantity = 1 if quantity is None else quantity
    price = _first(_whole(item, "price", where), _whole(sku, "price", f"{where}.sku"))
    price = _first(price, _whole(product, "price", f"{where}.product"))
    amount = _whole(item, "amount", where)
    if amount is None and price is not None:
        amount = _bounded(price * quantity, f"{where}.amount", "order")
    discount_amount = _whole(item, "discount_amount", where) or 0
    return OrderLine(ids, sku_ids, quantity, price, amount, discount_amount, _object(item, "metadata", where), item)


def _whole(wire: Mapping[str, Any], name: str, where: str, about: Literal["order", "amount"] = "order") -> int | None:
    value = wire.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OrderError(f"{where}.{name}", value, "a whole number, 0 or more", about)
    return _bounded(value, f"{where}.{name}", about)


def _bounded(value: int, property: str, about: Literal["order", "amount"]) -> int:
    if value > MAX_WHOLE:
        raise OrderError(property, value, f"at most {MAX_WHOLE}", about)
    return value


def _object(wire: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = wire.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise OrderError(f"{where}.{name}", value, "an object")
    return value


def _sum(lines: tuple[OrderLine, ...] | None) -> int | None:
    """The sum of the items, unknown as soon as one of them is."""
    if not lines:
        return None
    amounts = [line.amount for line in lines if line.amount is not None]
    return _bounded(sum(amounts), ".order.amount", "amount") if len(amounts) == len(lines) else None


def _texts(*values: object) -> frozenset[str]:
    return frozenset(value for value in values if isinstance(value, str) and value)


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one
