"""Reads an order as it was stored, for a page; of a failure it may hold anything, so nothing in it is believed."""

import json
from dataclasses import dataclass
from typing import Any

from voucherify_admin.pages import show

# Voucherify also sends partial sums; for one redeemable they say the same again.
AMOUNTS = {
    "initial_amount": "Initial amount",
    "amount": "Amount",
    "earlier_discounts": "Earlier discounts",
    "total_applied_discount_amount": "Taken off by this attempt",
    "total_amount": "To pay",
}
SHOWN_AT_ZERO = {"amount", "total_amount"}
MAX_LINES = 200
# As long a text as a filter takes.
MAX_ASKED = 500


@dataclass(frozen=True)
class Line:
    """One item in words; amounts are ready to show."""

    product: str
    quantity: str
    price: str
    amount: str
    discount: str


@dataclass(frozen=True)
class OrderInWords:
    """An order for a page. `unread_lines` counts the items that are no objects, or past the first MAX_LINES."""

    reference: str
    lines: list[Line]
    amounts: list[tuple[str, str]]
    metadata: list[tuple[str, str]]
    wire: Any
    unread_lines: int = 0


def in_words(order: Any) -> OrderInWords | None:
    """Return the order for a page, None when none was sent."""
    if not isinstance(order, dict) or not order:
        return None
    items = order.get("items")
    items = items if isinstance(items, list) else []
    lines = [_line(item) for item in items[:MAX_LINES] if isinstance(item, dict)]
    known = {**order, "earlier_discounts": _earlier_discounts(order)}
    shown = {name: known[name] for name in AMOUNTS if known.get(name) is not None}
    amounts = [(AMOUNTS[name], _amount(value)) for name, value in shown.items() if value != 0 or name in SHOWN_AT_ZERO]
    return OrderInWords(
        reference=_text(order.get("source_id") or order.get("id")),
        lines=lines,
        amounts=amounts,
        metadata=pairs(order.get("metadata")),
        wire=order,
        unread_lines=max(0, len(items) - len(lines)),
    )


def pairs(metadata: Any) -> list[tuple[str, str]]:
    """Metadata as (key, value) in words; empty for what is no object."""
    if not isinstance(metadata, dict):
        return []
    return [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in metadata.items()
    ]


def asked_of_metadata(key: str, value: Any) -> tuple[str, str]:
    """The operator and the text by which the list finds this value of a metadata key; a value that no one can type is
    asked for as any value."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    typed = isinstance(value, str | int | float) or value is None
    return ("is", text) if typed and text and text == text.strip() and len(text) <= MAX_ASKED else ("has", "")


def _earlier_discounts(order: dict[str, Any]) -> Any:
    """What was taken off before this attempt: of an order as sent its discount, of a priced one the rest of the sum."""
    total, own = order.get("total_discount_amount"), order.get("total_applied_discount_amount")
    if isinstance(total, int) and isinstance(own, int):
        return total - own
    return order.get("discount_amount")


def _line(item: dict[str, Any]) -> Line:
    product = item.get("product") if isinstance(item.get("product"), dict) else {}
    sku = item.get("sku") if isinstance(item.get("sku"), dict) else {}
    names = (product.get("name"), sku.get("sku"), item.get("source_id"), item.get("product_id"), item.get("sku_id"))
    taken = (
        item.get("total_applied_discount_amount") or item.get("applied_discount_amount") or item.get("discount_amount")
    )
    return Line(
        product=_text(next((name for name in names if name), None)),
        quantity=_text(item.get("quantity")),
        price=_amount(item.get("price")),
        amount=_amount(item.get("amount")),
        discount=_amount(taken) if taken else "—",
    )


def _amount(value: Any) -> str:
    """Whole cents as money; anything else as it was sent."""
    return show.money(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _text(value: Any) -> str:
    return "—" if value is None else str(value)[:200]
