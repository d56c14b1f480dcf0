"""Pure: the known values that rules are held against; must not decide anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from campaigns.conditions.tallies import Tally


@dataclass(frozen=True)
class Item:
    """One order item; `product_ids` and `sku_ids` hold each name it is known by, amounts are in cents.

    `index` is its place in the order. `product_metadata` is what the order says of the product itself.
    """

    product_ids: frozenset[str] = frozenset()
    sku_ids: frozenset[str] = frozenset()
    quantity: int = 1
    price: int | None = None
    amount: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    product_metadata: Mapping[str, Any] = field(default_factory=dict)
    index: int = 0

    @property
    def cost(self) -> int:
        """What the item costs in all, in cents; 0 when the order does not tell."""
        return self.amount if self.amount is not None else (self.price or 0) * self.quantity


@dataclass(frozen=True)
class Subject:
    """What is known of one attempt. None says that it was not sent, which is not the same as empty.

    Amounts are in cents. `tallies` count this attempt too. `api_key` and `user_login` are None where the attempt was
    made another way. Inside a rule on items `items` are those the rule speaks of one by one, `matched` all of them
    together, `whole` those of the whole order.
    """

    amount: int | None = None
    initial_amount: int | None = None
    total_amount: int | None = None
    items: tuple[Item, ...] | None = None
    matched: tuple[Item, ...] | None = None
    whole: tuple[Item, ...] | None = None
    order_metadata: Mapping[str, Any] = field(default_factory=dict)
    customer: bool = False
    segments: frozenset[str] = frozenset()
    customer_metadata: Mapping[str, Any] = field(default_factory=dict)
    customer_fields: Mapping[str, Any] = field(default_factory=dict)
    redemption_metadata: Mapping[str, Any] = field(default_factory=dict)
    gift_amount: int | None = None
    api_key: str | None = None
    user_login: str | None = None
    tallies: Mapping[Tally, int] = field(default_factory=dict)
    now: datetime | None = None
    tz: tzinfo = UTC

    @property
    def together(self) -> tuple[Item, ...]:
        """The items that sums are made of."""
        return (self.items or ()) if self.matched is None else self.matched
