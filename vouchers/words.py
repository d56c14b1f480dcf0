"""What a voucher gives and whether it can be used, in a person's words; the engine alone decides an attempt.

The order of the states is the order of the engine's checks, so that a page never names another reason than an attempt
would be given.
"""

from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q

from campaigns.models import WithinHours
from campaigns.words import closed_sentence, hours_in_words
from voucherify_admin.pages import show
from vouchers.discounts import AmountOff, FixedPrice, PercentOff, UnitsOff, parse_discount
from vouchers.models import Voucher

STATES = [
    ("ACTIVE", "Active"),
    ("DISABLED", "Disabled"),
    ("NOT_YET_ACTIVE", "Not active yet"),
    ("EXPIRED", "Expired"),
    ("USED_UP", "Used up"),
]


def _dated(voucher: Voucher) -> list[tuple[str, WithinHours]]:
    both: list[tuple[str, WithinHours]] = [("The voucher", voucher)]
    if voucher.campaign:
        both.append((f"Its campaign “{voucher.campaign.name}”", voucher.campaign))
    return both


def state_now(voucher: Voucher, *, now: datetime) -> tuple[str, str]:
    """The state at `now` (aware), CLOSED_NOW among them, and one plain sentence: whether it can be redeemed."""
    state, sentence = voucher_state(voucher, now=now)
    if state in ("ACTIVE", "USED_UP"):
        schedules = [(who, dated.schedule) for who, dated in _dated(voucher)]
        closed = closed_sentence(schedules, [dated.expiration_date for _, dated in _dated(voucher)], now=now)
        if closed:
            return "CLOSED_NOW", f"It would be refused now: {_lower(closed)}"
    return state, sentence


def hours_of(voucher: Voucher) -> list[tuple[str, str]]:
    """("Open", “on Mondays, UTC time”) of the voucher and of its campaign, where they have hours of their own."""
    labels = ("Open", "Campaign open")
    told = [(label, hours_in_words(dated.schedule)) for label, (_, dated) in zip(labels, _dated(voucher), strict=False)]
    return [(label, words) for label, words in told if words]


def voucher_state(voucher: Voucher, *, now: datetime) -> tuple[str, str]:
    """The state by dates, switches and counters at `now` (aware), as lists know it, and a sentence that says why.

    Hours and days are left out: no list can be asked by them, for their answer changes with every hour.
    """
    for who, dated in _dated(voucher):
        if not dated.is_active:
            return "DISABLED", f"It would be refused now: {_lower(who)} is disabled."
    for who, dated in _dated(voucher):
        if dated.start_date and now < dated.start_date:
            return "NOT_YET_ACTIVE", f"It would be refused now: {_lower(who)} starts {_when(dated.start_date)}."
    for who, dated in _dated(voucher):
        if dated.expiration_date and now > dated.expiration_date:
            return "EXPIRED", f"It would be refused now: {_lower(who)} expired {_when(dated.expiration_date)}."
    if voucher.quantity is not None and voucher.redeemed_quantity >= voucher.quantity:
        used = f"limit {voucher.quantity:,}, used {voucher.redeemed_quantity:,}"
        return "USED_UP", f"It would be refused now: it has been used as often as it may be ({used})."
    if voucher.is_gift and voucher.gift_balance <= 0:
        return "USED_UP", f"It would be refused now: nothing is left of its {show.money(voucher.gift_amount)}."
    return "ACTIVE", f"It can be redeemed now, {_room(voucher)}."


def _lower(who: str) -> str:
    return who[0].lower() + who[1:]


def _when(moment: datetime) -> str:
    return show.local_text(moment)


def _room(voucher: Voucher) -> str:
    parts = []
    if voucher.is_gift:
        parts.append(f"for up to {show.money(voucher.gift_balance)}")
    if voucher.quantity is not None:
        left = voucher.quantity - voucher.redeemed_quantity
        parts.append(f"{left:,} more {'time' if left == 1 else 'times'}")
    ends = [dated.expiration_date for _, dated in _dated(voucher) if dated.expiration_date]
    if ends:
        parts.append(f"until {_when(min(ends))}")
    return ", ".join(parts) or "without limit of time or number"


def state_condition(state: str, *, now: datetime) -> Q:
    """The vouchers that `voucher_state` gives `state` at `now`, as a condition on the joined campaign."""
    disabled = Q(is_active=False) | Q(campaign__is_active=False)
    early = Q(start_date__gt=now) | Q(campaign__start_date__gt=now)
    late = Q(expiration_date__lt=now) | Q(campaign__expiration_date__lt=now)
    used_up = Q(redeemed_quantity__gte=F("quantity")) | Q(type=Voucher.Type.GIFT, gift_balance__lte=0)
    # Written without NOT: a voucher without campaign has NULL there, and NOT NULL would lose it.
    enabled = Q(is_active=True) & (Q(campaign=None) | Q(campaign__is_active=True))
    started = _none_or("start_date__lte", now)
    running = _none_or("expiration_date__gte", now)
    left = (Q(quantity=None) | Q(redeemed_quantity__lt=F("quantity"))) & (
        Q(type=Voucher.Type.DISCOUNT) | Q(gift_balance__gt=0)
    )
    return {
        "DISABLED": disabled,
        "NOT_YET_ACTIVE": enabled & early,
        "EXPIRED": enabled & started & late,
        "USED_UP": enabled & started & running & used_up,
        "ACTIVE": enabled & started & running & left,
    }[state]


def _none_or(lookup: str, now: datetime) -> Q:
    name = lookup.rpartition("__")[0]
    own = Q(**{f"{name}__isnull": True}) | Q(**{lookup: now})
    campaigns = Q(campaign=None) | Q(**{f"campaign__{name}__isnull": True}) | Q(**{f"campaign__{lookup}": now})
    return own & campaigns


def value_in_words(voucher: Voucher) -> str:
    """“10 % off”, “€10.00 off”, “€12.50 of €50.00 left”: what the voucher gives."""
    if voucher.is_gift:
        return f"{show.money(voucher.gift_balance)} of {show.money(voucher.gift_amount)} left"
    if not voucher.discount:
        return "—"
    try:
        discount = parse_discount(voucher.discount)
    except ValueError:
        return "A discount that cannot be read"
    on_items = " each item" if getattr(discount, "effect", None) and discount.effect.needs_items else ""
    match discount:
        case AmountOff():
            return f"{show.money(discount.amount_off)} off{on_items}"
        case PercentOff():
            limit = f", at most {show.money(discount.amount_limit)}" if discount.amount_limit is not None else ""
            return f"{percent(discount.percent_off)} off{on_items}{limit}"
        case FixedPrice():
            return f"{'Each item' if on_items else 'Order'} for {show.money(discount.fixed_amount)}"
        case UnitsOff():
            return ", ".join(f"{unit.quantity} × {unit.product_id} free" for unit in discount.units)
    return "—"


def percent(value: Decimal) -> str:
    """“12.5 %” without idle zeros."""
    return f"{value.normalize():f}\N{NO-BREAK SPACE}%"
