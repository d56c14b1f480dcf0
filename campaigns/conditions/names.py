"""Pure: the rule names that are known, what each reads and needs; a new rule name is one line in RULES."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from campaigns.conditions.subject import Subject

Group = Literal["customer", "order", "redemption"]
Missing = Literal["amount", "items", "customer"]
# What values a rule compares: whole numbers, ids (of which a subject may have several), or whatever metadata holds.
Values = Literal["number", "ids", "any"]


@dataclass(frozen=True)
class RuleName:
    """One rule name: whose failure it is, what has to be sent for it, and how its value is read."""

    group: Group
    values: Values
    read: Callable[[Subject, str], Any]
    needs: Missing | None = None
    has_property: bool = False


def _count(subject: Subject) -> int:
    return sum(item.quantity for item in subject.items or ())


def _ids(subject: Subject, kind: Literal["product", "sku", "any"]) -> list[str]:
    found: set[str] = set()
    for item in subject.items or ():
        if kind != "sku":
            found |= item.product_ids
        if kind != "product":
            found |= item.sku_ids
    return sorted(found)


RULES: dict[str, RuleName] = {
    "customer.segment": RuleName("customer", "ids", lambda s, _: sorted(s.segments), needs="customer"),
    "customer.metadata": RuleName(
        "customer", "any", lambda s, key: s.customer_metadata.get(key), needs="customer", has_property=True
    ),
    "order.amount": RuleName("order", "number", lambda s, _: s.amount, needs="amount"),
    "order.initial_amount": RuleName(
        "order", "number", lambda s, _: s.amount if s.initial_amount is None else s.initial_amount, needs="amount"
    ),
    "order.items.count": RuleName("order", "number", lambda s, _: _count(s), needs="items"),
    "order.items.any": RuleName("order", "ids", lambda s, _: _ids(s, "any"), needs="items"),
    "product.id": RuleName("order", "ids", lambda s, _: _ids(s, "product"), needs="items"),
    "sku.id": RuleName("order", "ids", lambda s, _: _ids(s, "sku"), needs="items"),
    # An order without metadata, or no order at all, holds no such key: that is an answer, not a missing one.
    "order.metadata": RuleName("order", "any", lambda s, key: s.order_metadata.get(key), has_property=True),
    "redemption.metadata": RuleName(
        "redemption", "any", lambda s, key: s.redemption_metadata.get(key), has_property=True
    ),
    "redemption.count.per_customer": RuleName(
        "redemption", "number", lambda s, _: s.redemptions_per_customer, needs="customer"
    ),
}
ITEM_RULES = frozenset({"order.items.any", "product.id", "sku.id"})

# Older clients write customer_segment; per_customer is the one underscore that belongs into a name.
LEGACY = {name.replace(".", "_"): name for name in RULES}


def normal_name(name: str) -> str:
    """The rule's name as it is written today."""
    return LEGACY.get(name.replace(".", "_"), name)
