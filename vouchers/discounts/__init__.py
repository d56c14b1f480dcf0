"""Pure: a discount and an order in whole cents become amounts; reads no row and knows nothing of vouchers' lives."""

from vouchers.discounts.kinds import (
    AmountOff,
    Discount,
    Effect,
    FixedPrice,
    GiftCredits,
    PercentOff,
    Units,
    UnitsOff,
    parse_discount,
)
from vouchers.discounts.orders import Order, OrderError, OrderLine, parse_order
from vouchers.discounts.pricing import Cap, DiscountedLine, DiscountedOrder, price_order

__all__ = [
    "AmountOff",
    "Cap",
    "Discount",
    "DiscountedLine",
    "DiscountedOrder",
    "Effect",
    "FixedPrice",
    "GiftCredits",
    "Order",
    "OrderError",
    "OrderLine",
    "PercentOff",
    "Units",
    "UnitsOff",
    "parse_discount",
    "parse_order",
    "price_order",
]
