"""Pure: to which items of an order a rule lets a discount apply; takes nothing off any of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from campaigns.conditions.clauses import InvalidRule, RuleSet
from campaigns.conditions.evaluation import matching
from campaigns.conditions.subject import Item, Subject

# What else an entry may say, with the value that changes nothing; anything else is refused, not passed over.
HARMLESS: Mapping[str, Any] = {"effect": "APPLY_TO_EVERY", "skip_initially": 0, "repeat": 1, "target": "ITEM"}
# What a discount may take off the items of one entry, in cents: off each of them, off all of them together.
LIMITS = ("amount_limit", "aggregated_amount_limit")
MOST_CENTS = 10**12
KEPT = frozenset({"object", "id", "source_id", "strict", "product_id", "product_source_id"})


@dataclass(frozen=True)
class Product:
    """One product or SKU that is listed, by each of its names; `strict`: the product itself, none of its SKUs.

    The limits are cents that a discount may take off each item that it covers, and off all of them together.
    """

    ids: frozenset[str]
    is_sku: bool = False
    strict: bool = False
    amount_limit: int | None = None
    aggregated_amount_limit: int | None = None

    def covers(self, item: Item) -> bool:
        """Whether the order's item is this product or SKU."""
        if self.is_sku:
            return bool(self.ids & item.sku_ids)
        return bool(self.ids & item.product_ids) and not (self.strict and item.sku_ids)


@dataclass(frozen=True)
class ApplicableTo:
    """The products that a discount applies to: all or those included, without those excluded."""

    included_all: bool = True
    included: tuple[Product, ...] = ()
    excluded: tuple[Product, ...] = ()

    @property
    def restricts(self) -> bool:
        """Whether any item could be left out."""
        return bool(self.excluded) or not self.included_all

    def covers(self, item: Item) -> bool:
        """Whether the discount applies to this item."""
        if any(product.covers(item) for product in self.excluded):
            return False
        return self.included_all or any(product.covers(item) for product in self.included)

    def limits(self, items: tuple[Item, ...]) -> list[tuple[frozenset[int], int | None, int | None]]:
        """Return for each entry with a limit the `index` of its items, and the cents for each and for all of them."""
        return [
            (
                frozenset(item.index for item in items if product.covers(item)),
                product.amount_limit,
                product.aggregated_amount_limit,
            )
            for product in self.included
            if product.amount_limit is not None or product.aggregated_amount_limit is not None
        ]


def parse_applicable_to(wire: object) -> ApplicableTo:
    """Read Voucherify's `applicable_to`; raises InvalidRule for whatever could not be heeded later."""
    if not wire:
        return ApplicableTo()
    if not isinstance(wire, Mapping):
        raise InvalidRule("Property .applicable_to should be an object with included, excluded and included_all")
    included = _products(wire.get("included"), ".applicable_to.included", may_limit=True)
    excluded = _products(wire.get("excluded"), ".applicable_to.excluded")
    all_of_them = wire.get("included_all")
    if not isinstance(all_of_them, bool | None):
        raise InvalidRule("Property .applicable_to.included_all should be true or false")
    if all_of_them is False and not included:
        raise InvalidRule(
            "Property .applicable_to.included should list the products that the discount applies to, "
            "as .included_all is false"
        )
    if all_of_them and any(product.amount_limit or product.aggregated_amount_limit for product in included):
        raise InvalidRule("Property .applicable_to.included may limit amounts only where .included_all is false")
    # Voucherify: with included_all the list of included ones adds nothing.
    return ApplicableTo(bool(all_of_them) or not included, included, excluded)


def _products(wire: object, where: str, *, may_limit: bool = False) -> tuple[Product, ...]:
    if wire is None:
        return ()
    # Voucherify answers with lists in an envelope, and clients send back what they were answered.
    if isinstance(wire, Mapping) and wire.get("object") == "list":
        wire = wire.get("data")
    if not isinstance(wire, list):
        raise InvalidRule(f"Property {where} should be a list of products and SKUs")
    return tuple(_product(one, f"{where}[{index}]", may_limit=may_limit) for index, one in enumerate(wire))


def _product(wire: object, where: str, *, may_limit: bool) -> Product:
    if not isinstance(wire, Mapping):
        raise InvalidRule(f"Property {where} should be an object such as {{'object': 'product', 'id': '…'}}")
    kind = wire.get("object", "product")
    if kind not in ("product", "sku"):
        raise InvalidRule(f"Property {where}.object should be 'product' or 'sku', not {kind!r}")
    ids = frozenset(one for one in (wire.get("id"), wire.get("source_id")) if isinstance(one, str) and one)
    if not ids:
        raise InvalidRule(f"Property {where} should have an 'id' or a 'source_id'")
    for name, value in wire.items():
        if (
            name not in KEPT
            and not (may_limit and name in LIMITS)
            and value is not None
            and value != HARMLESS.get(name)
        ):
            raise InvalidRule(f"Property {where}.{name} is not supported; leave it out")
    limits = (_cents(wire.get(name), f"{where}.{name}") for name in LIMITS)
    return Product(ids, kind == "sku", wire.get("strict") is True, *limits)


def _cents(value: object, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_CENTS:
        raise InvalidRule(f"Property {where} should be a whole number of cents, 1 or more, not {value!r}")
    return value


def restricts_discount(ruleset: RuleSet, applicable_to: ApplicableTo) -> bool:
    """Whether the rule says of any product that the discount applies to it, or that it does not."""
    return applicable_to.restricts or any(clause.rule.applies_discount for clause in ruleset.every_clause())


def discounted_items(ruleset: RuleSet, applicable_to: ApplicableTo, items: tuple[Item, ...]) -> frozenset[int]:
    """Return the `index` of each item that the rule lets the discount apply to.

    Rules named …discount_applicable count as included or excluded products: those that the rule around them names.
    """
    said = list(_said(ruleset, Subject(items=items)))
    included = frozenset(index for applies, indexes in said if applies for index in indexes)
    excluded = frozenset(index for applies, indexes in said if not applies for index in indexes)
    allowed = frozenset(item.index for item in items if applicable_to.covers(item))
    if any(applies for applies, _ in said):
        allowed &= included
    return allowed - excluded


def _said(ruleset: RuleSet, subject: Subject) -> Iterator[tuple[bool, frozenset[int]]]:
    for clause in ruleset.clauses.values():
        if clause.rule.applies_discount:
            yield (
                True in clause.conditions.get("$is", ()),
                frozenset(item.index for item in subject.items or ()),
            )
        narrowed = subject
        if clause.conditions and (clause.rule.narrows or clause.rule.quantifier):
            narrowed = replace(subject, items=matching(clause, subject))
        yield from _said(clause.nested, narrowed)
