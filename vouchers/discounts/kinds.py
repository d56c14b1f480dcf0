"""Pure: the kinds of discount and how Voucherify writes them; must not price anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """Where a discount lands: on the order, on its items, or as units that are added."""

    APPLY_TO_ORDER = "APPLY_TO_ORDER"
    APPLY_TO_ITEMS = "APPLY_TO_ITEMS"
    APPLY_TO_ITEMS_BY_QUANTITY = "APPLY_TO_ITEMS_BY_QUANTITY"
    APPLY_TO_ITEMS_PROPORTIONALLY = "APPLY_TO_ITEMS_PROPORTIONALLY"
    APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY = "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY"
    ADD_MISSING_ITEMS = "ADD_MISSING_ITEMS"
    ADD_NEW_ITEMS = "ADD_NEW_ITEMS"
    ADD_MANY_ITEMS = "ADD_MANY_ITEMS"

    @property
    def needs_items(self) -> bool:
        """Whether there must be order items for the effect to land on."""
        return self.value.startswith("APPLY_TO_ITEMS")


MAX_UNITS = 10_000
MAX_KINDS_OF_UNITS = 30
ORDER_OR_ITEMS = (Effect.APPLY_TO_ORDER, Effect.APPLY_TO_ITEMS)
EFFECTS = {
    "AMOUNT": (
        *ORDER_OR_ITEMS,
        Effect.APPLY_TO_ITEMS_BY_QUANTITY,
        Effect.APPLY_TO_ITEMS_PROPORTIONALLY,
        Effect.APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY,
    ),
    "PERCENT": ORDER_OR_ITEMS,
    "FIXED": ORDER_OR_ITEMS,
    "UNIT": (Effect.ADD_MISSING_ITEMS, Effect.ADD_NEW_ITEMS, Effect.ADD_MANY_ITEMS),
}


@dataclass(frozen=True)
class AmountOff:
    """So many cents off; `aggregated_amount_limit` caps the sum, on the order as over all items.

    `follows_products`: no effect was named, so it goes on the items that rules list, where rules list some.
    """

    amount_off: int
    effect: Effect = Effect.APPLY_TO_ORDER
    aggregated_amount_limit: int | None = None
    follows_products: bool = False


@dataclass(frozen=True)
class PercentOff:
    """A percentage off; `amount_limit` caps the order (or each item), in cents."""

    percent_off: Decimal
    effect: Effect = Effect.APPLY_TO_ORDER
    amount_limit: int | None = None
    aggregated_amount_limit: int | None = None
    follows_products: bool = False


@dataclass(frozen=True)
class FixedPrice:
    """A new price in cents: of the order, or of each unit of its items."""

    fixed_amount: int
    effect: Effect = Effect.APPLY_TO_ORDER
    follows_products: bool = False


@dataclass(frozen=True)
class Units:
    """So many units of one product for nothing; `add_new` puts them beside what the order already holds."""

    product_id: str
    quantity: int
    add_new: bool = False


@dataclass(frozen=True)
class UnitsOff:
    """Units of products that are added to the order where they are missing, and cost nothing."""

    units: tuple[Units, ...]
    effect: Effect = Effect.ADD_MISSING_ITEMS


@dataclass(frozen=True)
class GiftCredits:
    """Cents of a gift card to spend; None spends what the order still costs."""

    credits: int | None
    effect: Effect = Effect.APPLY_TO_ORDER

    @property
    def follows_products(self) -> bool:
        """A card is made for the order unless it says otherwise, so it follows what rules list."""
        return self.effect is Effect.APPLY_TO_ORDER


Discount = AmountOff | PercentOff | FixedPrice | UnitsOff


def parse_discount(wire: object) -> Discount:
    """Read Voucherify's discount object; ValueError names the property at fault and what it should be."""
    if not isinstance(wire, Mapping):
        raise ValueError("Property .discount should be an object such as {'type': 'AMOUNT', 'amount_off': 1000}.")
    kind = wire.get("type")
    if kind not in EFFECTS:
        raise ValueError(f"Property .discount.type should be one of {', '.join(EFFECTS)}, not {kind!r}.")
    effect = _effect(wire.get("effect"), kind)
    unnamed = wire.get("effect") is None
    if wire.get("amount_off_formula") or wire.get("percent_off_formula") or wire.get("fixed_amount_formula"):
        raise ValueError("Discounts by formula are not supported: leave the formula out and give the number itself.")
    if kind == "AMOUNT":
        limit = _optional_cents(wire, "aggregated_amount_limit")
        return AmountOff(_cents(wire, "amount_off"), effect, limit, follows_products=unnamed)
    if kind == "PERCENT":
        return PercentOff(
            _percent(wire.get("percent_off")),
            effect,
            _optional_cents(wire, "amount_limit"),
            _optional_cents(wire, "aggregated_amount_limit"),
            follows_products=unnamed,
        )
    if kind == "FIXED":
        return FixedPrice(_cents(wire, "fixed_amount"), effect, follows_products=unnamed)
    return _units_off(wire, effect)


def _units_off(wire: Mapping[str, Any], effect: Effect) -> UnitsOff:
    if effect is not Effect.ADD_MANY_ITEMS:
        return UnitsOff((_units(wire, ".discount", add_new=effect is Effect.ADD_NEW_ITEMS),), effect)
    units = wire.get("units")
    if not isinstance(units, list) or not units:
        raise ValueError(
            "Property .discount.units should be a list of at least one unit for the effect ADD_MANY_ITEMS."
        )
    if len(units) > MAX_KINDS_OF_UNITS:
        raise ValueError(f"Property .discount.units should be a list of {MAX_KINDS_OF_UNITS} units at the most.")
    parsed = []
    for index, unit in enumerate(units):
        where = f".discount.units[{index}]"
        if not isinstance(unit, Mapping):
            raise ValueError(f"Property {where} should be an object with unit_off and unit_type.")
        effects = (Effect.ADD_MISSING_ITEMS, Effect.ADD_NEW_ITEMS)
        if unit.get("effect") not in (None, *effects):
            raise ValueError(f"Property {where}.effect should be one of {', '.join(effects)}, not {unit['effect']!r}.")
        parsed.append(_units(unit, where, add_new=unit.get("effect") == Effect.ADD_NEW_ITEMS))
    return UnitsOff(tuple(parsed), effect)


def _units(wire: Mapping[str, Any], where: str, *, add_new: bool) -> Units:
    product = wire.get("unit_type")
    if not isinstance(product, str) or not product:
        raise ValueError(f"Property {where}.unit_type should be the id of a product.")
    quantity = wire.get("unit_off")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_UNITS:
        raise ValueError(
            f"Property {where}.unit_off should be a whole number of units from 1 to {MAX_UNITS}, not {quantity!r}."
        )
    return Units(product, quantity, add_new)


def _effect(value: object, kind: str) -> Effect:
    possible = EFFECTS[kind]
    if value is None:
        return possible[0]
    for effect in possible:
        if effect.value == value:
            return effect
    raise ValueError(f"Property .discount.effect of type {kind} should be one of {', '.join(possible)}, not {value!r}.")


def _cents(wire: Mapping[str, Any], name: str) -> int:
    value = wire.get(name)
    # bool is an int in Python, and true cents are a mistake of the sender.
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"Property .discount.{name} should be a whole number of cents, 0 or more, not {value!r}.")
    return value


def _optional_cents(wire: Mapping[str, Any], name: str) -> int | None:
    return None if wire.get(name) is None else _cents(wire, name)


def _percent(value: object) -> Decimal:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            percent = Decimal(str(value))
        except InvalidOperation:  # pragma: no cover - str() of a number is always readable
            percent = Decimal("NaN")
        if percent.is_finite() and 0 <= percent <= 100:
            return percent
    raise ValueError(f"Property .discount.percent_off should be a number from 0 to 100, not {value!r}.")
