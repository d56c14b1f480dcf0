"""The balance of a gift card as numbers for a drawing; knows no colours."""

from typing import NamedTuple

from vouchers.models import Voucher

WIDTH = 600


class Part(NamedTuple):
    """One part of what was loaded: its name, its cents, and where it lies in a bar of WIDTH units."""

    name: str
    label: str
    cents: int
    x: float
    width: float


def balance_parts(voucher: Voucher) -> list[Part]:
    """What became of all that was loaded: left, spent, taken off by hand; parts of nothing are left out."""
    parts: list[Part] = []
    amounts = (
        ("left", "Left", voucher.gift_balance),
        ("spent", "Spent", voucher.redeemed_amount),
        ("taken", "Taken off", voucher.gift_subtracted),
    )
    whole = sum(cents for _, _, cents in amounts)
    x = 0.0
    for name, label, cents in amounts:
        if cents:
            width = WIDTH * cents / whole
            parts.append(Part(name, label, cents, round(x, 2), round(width, 2)))
            x += width
    return parts
