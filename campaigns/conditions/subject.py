"""Pure: the known values that rules are held against; must not decide anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One order item; `product_ids` and `sku_ids` hold each name it is known by, amounts are in cents."""

    product_ids: frozenset[str] = frozenset()
    sku_ids: frozenset[str] = frozenset()
    quantity: int = 1
    price: int | None = None
    amount: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What is known of one attempt. None says that it was not sent, which is not the same as empty.

    Amounts are in cents. `redemptions_per_customer` counts the successful ones and the one being decided.
    """

    amount: int | None = None
    initial_amount: int | None = None
    items: tuple[Item, ...] | None = None
    order_metadata: Mapping[str, Any] = field(default_factory=dict)
    customer: bool = False
    segments: frozenset[str] = frozenset()
    customer_metadata: Mapping[str, Any] = field(default_factory=dict)
    redemption_metadata: Mapping[str, Any] = field(default_factory=dict)
    redemptions_per_customer: int = 1
