"""Pure: the rule names that are known, what each reads and needs; a new rule name is one line in RULES."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from campaigns.conditions.subject import Item, Subject
from campaigns.conditions.tallies import PERIODS, Per, Scope, Tally

Group = Literal["customer", "order", "redemption"]
Missing = Literal["amount", "items", "customer"]
# What values a rule compares: whole numbers, ids (of which a subject may have several), texts, true or false, moments,
# or whatever metadata holds.
Values = Literal["number", "ids", "text", "truth", "moment", "any"]


@dataclass(frozen=True)
class RuleName:
    """One rule name: whose failure it is, what has to be sent for it, and how its value is read.

    `label` says in words what it looks at, `money` that its numbers are cents. `narrows`: rules nested in it speak of
    the items that match it. `quantifier`: it is held against items one by one. `each`: every value found has to hold.
    """

    group: Group
    values: Values
    read: Callable[[Subject, str], Any]
    label: str
    needs: Missing | None = None
    has_property: bool = False
    money: bool = False
    narrows: bool = False
    quantifier: bool = False
    each: bool = False
    tally: Tally | None = None
    applies_discount: bool = False

    @property
    def required(self) -> tuple[Missing, ...]:
        """All that has to be sent: a sum of orders counts this order too, so it needs its amount besides."""
        of_amounts = self.tally is not None and self.tally.what in ("amount", "discount")
        every: tuple[Missing | None, ...] = ("amount" if of_amounts else None, self.needs)
        return tuple(dict.fromkeys(one for one in every if one is not None))


def _count(subject: Subject) -> int:
    return sum(item.quantity for item in subject.items or ())


def item_ids(items: Iterable[Item], kind: Literal["product", "sku", "any"] = "any") -> list[str]:
    """Every name by which these items are known, in alphabetical order."""
    found: set[str] = set()
    for item in items:
        if kind != "sku":
            found |= item.product_ids
        if kind != "product":
            found |= item.sku_ids
    return sorted(found)


def extreme(items: tuple[Item, ...], name: str) -> tuple[Item, ...]:
    """The items that a quantifier chooses from: those of the lowest or the highest unit price, or all."""
    if name not in ("order.items.cheapest", "order.items.most_expensive"):
        return items
    prices = [item.price for item in items if item.price is not None]
    if not prices:
        return ()
    best = min(prices) if name == "order.items.cheapest" else max(prices)
    return tuple(item for item in items if item.price == best)


def _skus(subject: Subject) -> list[Item]:
    return [item for item in subject.items or () if item.sku_ids]


def _prices(items: Iterable[Item]) -> list[int]:
    return sorted(item.price for item in items if item.price is not None)


def _metadata(values: Iterable[Any]) -> list[Any]:
    """The values of one key in several objects, lists taken apart."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found += value
        elif value is not None:
            found.append(value)
    return found


def _item_metadata(subject: Subject, key: str) -> list[Any]:
    return _metadata(item.metadata.get(key) for item in subject.items or ())


def _customer(values: Values, field: str, label: str, *, money: bool = False) -> RuleName:
    return RuleName("customer", values, lambda s, _: s.customer_fields.get(field), label, needs="customer", money=money)


def _quantifier(name: str, label: str) -> RuleName:
    return RuleName(
        "order",
        "ids",
        lambda s, _: item_ids(extreme(s.items or (), name)),
        label,
        needs="items",
        quantifier=True,
    )


def _items(values: Values, read: Callable[[Subject, str], Any], label: str, **more: Any) -> RuleName:
    return RuleName("order", values, read, label, needs="items", **more)


def _applies(label: str) -> RuleName:
    # What it says is read by `discounted_items`; as a condition it is always met.
    return _items("truth", lambda s, _: None, label, applies_discount=True)


def _tally(
    what: Literal["count", "customers", "amount", "discount"],
    of: Scope,
    label: str,
    *,
    per: Per | None = None,
    period: Literal["daily", "weekly", "monthly"] | None = None,
) -> RuleName:
    tally = Tally(what, of, per, period)
    by_customer = per == "customer" or what == "customers"
    money = what in ("amount", "discount")
    return RuleName(
        "redemption",
        "number",
        lambda s, _: s.tallies.get(tally),
        label,
        needs="customer" if by_customer else "amount" if money else None,
        money=money,
        tally=tally,
    )


WITHIN = {"daily": " today", "weekly": " this week", "monthly": " this month"}


def _by_period(
    name: str, what: Literal["count", "customers", "amount"], of: Scope, label: str, *, per: Per | None = None
) -> dict[str, RuleName]:
    """The rule in total, and for the current day, week and month."""
    return {name: _tally(what, of, label, per=per)} | {
        f"{name}.{period}": _tally(what, of, f"{label}{WITHIN[period]}", per=per, period=period) for period in PERIODS
    }


RULES: dict[str, RuleName] = {
    "customer.segment": RuleName(
        "customer", "ids", lambda s, _: sorted(s.segments), "the customer's segments", needs="customer"
    ),
    "customer.metadata": RuleName(
        "customer",
        "any",
        lambda s, key: s.customer_metadata.get(key),
        "the customer's metadata",
        needs="customer",
        has_property=True,
    ),
    "customer.name": _customer("text", "name", "the customer's name"),
    "customer.email": _customer("text", "email", "the customer's e-mail address"),
    "customer.source_id": _customer("text", "source_id", "the customer's source id"),
    "customer.address.city": _customer("text", "city", "the customer's city"),
    "customer.address.country": _customer("text", "country", "the customer's country"),
    "customer.created_at": _customer("moment", "created_at", "the moment at which the customer was first seen"),
    "customer.orders.total_count": _customer("number", "orders_count", "the number of the customer's earlier orders"),
    "customer.orders.total_amount": _customer(
        "number", "orders_amount", "the sum of the customer's earlier orders", money=True
    ),
    "order.amount": RuleName(
        "order", "number", lambda s, _: s.amount, "the order's amount", needs="amount", money=True
    ),
    "order.total_amount": RuleName(
        "order",
        "number",
        lambda s, _: s.amount if s.total_amount is None else s.total_amount,
        "the order's amount after the discount",
        needs="amount",
        money=True,
    ),
    "order.initial_amount": RuleName(
        "order",
        "number",
        lambda s, _: s.amount if s.initial_amount is None else s.initial_amount,
        "the order's initial amount",
        needs="amount",
        money=True,
    ),
    # An order without metadata, or no order at all, holds no such key: that is an answer, not a missing one.
    "order.metadata": RuleName(
        "order", "any", lambda s, key: s.order_metadata.get(key), "the order's metadata", has_property=True
    ),
    "order.items.count": _items("number", lambda s, _: _count(s), "the number of items"),
    "order.items.price_any": _items(
        "number", lambda s, _: _prices(s.items or ()), "the price of one of the items", money=True
    ),
    "order.items.price_each": _items(
        "number",
        lambda s, _: [item.price for item in s.items or ()],
        "the price of each item",
        money=True,
        each=True,
    ),
    "order.items.metadata_any": _items("any", _item_metadata, "the metadata of one of the items", has_property=True),
    "order.items.metadata_each": _items(
        "any",
        lambda s, key: [item.metadata.get(key) for item in s.items or ()],
        "the metadata of each item",
        has_property=True,
        each=True,
    ),
    "order.items.any": _quantifier("order.items.any", "the order's items"),
    "order.items.every": _quantifier("order.items.every", "every item of the order"),
    "order.items.none": _quantifier("order.items.none", "the items that the order must not hold"),
    "order.items.cheapest": _quantifier("order.items.cheapest", "the cheapest item of the order"),
    "order.items.most_expensive": _quantifier("order.items.most_expensive", "the most expensive item of the order"),
    "order.items.quantity": _items(
        "number", lambda s, _: [item.quantity for item in s.items or ()], "the quantity of the item"
    ),
    "order.items.aggregated_quantity": _items(
        "number", lambda s, _: sum(item.quantity for item in s.together), "the quantity of those items together"
    ),
    "order.items.price": _items("number", lambda s, _: _prices(s.items or ()), "the price of the item", money=True),
    "order.items.aggregated_amount": _items(
        "number", lambda s, _: sum(item.cost for item in s.together), "the amount of those items together", money=True
    ),
    "order.items.metadata": _items("any", _item_metadata, "the metadata of the item", has_property=True),
    "product.id": _items("ids", lambda s, _: item_ids(s.items or (), "product"), "the order's products", narrows=True),
    "product.price": _items(
        "number", lambda s, _: _prices(s.items or ()), "the price of the product", money=True, narrows=True
    ),
    "product.quantity": _items("number", lambda s, _: _count(s), "the quantity of the product"),
    "product.discount_applicable": _applies("whether the discount applies to the product"),
    "product.metadata": _items(
        "any",
        lambda s, key: _metadata(item.product_metadata.get(key) for item in s.items or ()),
        "the product's metadata",
        has_property=True,
        narrows=True,
    ),
    "product.metadata.aggregated_quantity": _items(
        "number", lambda s, _: _count(s), "the quantity of those products together"
    ),
    "product.metadata.aggregated_amount": _items(
        "number",
        lambda s, _: sum(item.cost for item in s.items or ()),
        "the amount of those products together",
        money=True,
    ),
    "product.metadata.discount_applicable": _applies("whether the discount applies to those products"),
    "product.metadata.match_all": _items(
        "truth",
        lambda s, _: bool(s.items) and len(s.items or ()) == len(s.whole if s.whole is not None else s.items or ()),
        "whether all products match",
    ),
    "sku.id": _items("ids", lambda s, _: item_ids(s.items or (), "sku"), "the order's SKUs", narrows=True),
    "sku.price": _items("number", lambda s, _: _prices(_skus(s)), "the price of the SKU", money=True, narrows=True),
    "sku.quantity": _items("number", lambda s, _: sum(item.quantity for item in _skus(s)), "the quantity of the SKU"),
    "sku.discount_applicable": _applies("whether the discount applies to the SKU"),
    "campaign.orders.amount": _tally("amount", "campaign", "the sum of the campaign's orders"),
    "campaign.orders.amount_discounted": _tally("discount", "campaign", "the sum of the campaign's discounts"),
    **_by_period("campaign.redemptions.count", "count", "campaign", "the number of the campaign's redemptions"),
    **_by_period(
        "campaign.redemptions.customers_count", "customers", "campaign", "the number of the campaign's customers"
    ),
    **_by_period("redemption.count", "count", "assigned", "the number of redemptions"),
    **_by_period(
        "redemption.count.per_customer",
        "count",
        "assigned",
        "the number of redemptions of the customer",
        per="customer",
    ),
    "redemption.count.per_api_key": _tally("count", "assigned", "the number of redemptions by the API key", per="key"),
    "redemption.count.per_user": _tally("count", "assigned", "the number of redemptions by the user", per="user"),
    **_by_period(
        "redemption.orders.amount.per_customer",
        "amount",
        "assigned",
        "the sum of the customer's orders",
        per="customer",
    ),
    "redemption.gift.amount": RuleName(
        "redemption", "number", lambda s, _: s.gift_amount, "the credits taken from the gift card", money=True
    ),
    "redemption.api_key": RuleName(
        "redemption", "ids", lambda s, _: [s.api_key] if s.api_key else [], "the API key of the redemption"
    ),
    "redemption.user.login": RuleName(
        "redemption", "text", lambda s, _: s.user_login, "the user who redeems in the dashboard"
    ),
    "redemption.date": RuleName(
        "redemption", "moment", lambda s, _: None if s.now is None else s.now.isoformat(), "the moment of redemption"
    ),
    "redemption.metadata": RuleName(
        "redemption",
        "any",
        lambda s, key: s.redemption_metadata.get(key),
        "the redemption's metadata",
        has_property=True,
    ),
}
QUANTIFIERS = frozenset(name for name, rule in RULES.items() if rule.quantifier)
ITEM_RULES = frozenset({*QUANTIFIERS, "product.id", "sku.id"})

# Voucherify's names that are refused when a rule is saved, with what stands in the way.
REFUSED = {
    "redemption.reward.pay_with_points.points_used": "there are no loyalty points here",
    "publication.redeemable_by_linked_customer": "publications do not bind redemptions here",
    "custom_event.metadata": "there are no custom events here",
}

# Older clients write customer_segment; per_customer is the one underscore that belongs into a name.
LEGACY = {name.replace(".", "_"): name for name in RULES}


def normal_name(name: str) -> str:
    """The rule's name as it is written today."""
    return LEGACY.get(name.replace(".", "_"), name)


def label_of(name: str, prop: str | None = None) -> str:
    """What a rule looks at, in words: “the order's amount”, “the customer's metadata “tier””."""
    label = RULES[name].label if name in RULES else name
    return f"{label} “{prop}”" if prop else label
