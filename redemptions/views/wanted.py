"""A refusal at a glance: what was looked at, what was wanted and what was found; knows stored facts only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from redemptions import sentences
from redemptions.engine import Reason

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """One line: what was looked at, what would have passed, what there was."""

    label: str
    wanted: str
    found: str


def comparison(failure_code: str, facts: Facts) -> Comparison | None:
    """What decided; None for a success, and where the stored facts do not say it."""
    teller = TELLERS.get(failure_code)
    try:
        return teller({name: value for name, value in facts.items() if value is not None}) if teller else None
    except sentences.INCOMPLETE:
        return None


def _text(name: str, facts: Facts) -> str:
    zone = timezone.get_current_timezone()
    return sentences.fact_text(name, facts[name], facts, tz=zone, currency=settings.CURRENCY)


def _subject(facts: Facts) -> str:
    return f"Campaign “{facts['name']}”" if facts.get("of") == "campaign" else f"Voucher {facts['name']}"


def _unknown(facts: Facts) -> Comparison:
    return Comparison("Code", "the code of a voucher", f"“{facts['code']}”, which no voucher has")


def _state(facts: Facts) -> Comparison:
    return Comparison(_subject(facts), "enabled", "disabled")


def _started(facts: Facts) -> Comparison:
    return Comparison(f"{_subject(facts)}, start", f"from {_text('starts_at', facts)}", _text("now", facts))


def _expired(facts: Facts) -> Comparison:
    return Comparison(f"{_subject(facts)}, end", f"until {_text('expired_at', facts)}", _text("now", facts))


def _open(facts: Facts) -> Comparison:
    return Comparison(_subject(facts), f"{facts['open']} ({facts['time_zone']})", _text("now", facts))


def _uses(facts: Facts) -> Comparison:
    found = f"{int(facts['used']):,} used"
    if facts.get("locked"):
        found = f"{found}, {int(facts['locked']):,} kept by other sessions"
    return Comparison("Uses", f"fewer than {int(facts['limit']):,}", found)


def _balance(facts: Facts) -> Comparison:
    found = _text("balance", facts)
    if facts.get("locked_credits"):
        found = f"{found}, of which {_text('locked_credits', facts)} is kept by other sessions"
    return Comparison("Balance of the gift card", f"at least {_text('asked', facts)}", found)


def _shape(facts: Facts) -> Comparison:
    # What the caller was told is plainer than what the reader of the body says.
    told = str(facts.get("details") or "").partition(" must be ")[2]
    return Comparison(str(facts["property"]), told or str(facts["expected"]), _text("found", {"found": None, **facts}))


def _sent(what: str, facts: Facts) -> Comparison:
    by = {"gift": "for the gift card", "discount": "for the discount"}.get(facts["needed_by"])
    return Comparison(what, by or f"for rule “{facts['rule_name']}”", "not sent")


def _applicable(facts: Facts) -> Comparison | None:
    # Any other clause stands in the rule's own lines, marked as the one that decided.
    if facts["clause"] != "applicable_to":
        return None
    asked = f"{_text('wanted', facts)} on the order" if facts["wanted"] else "an item that it does not exclude"
    return Comparison(f"Discount of rule “{facts['rule_name']}”", asked, _text("found", facts))


TELLERS: dict[str, Callable[[Facts], Comparison | None]] = {
    Reason.INVALID_PAYLOAD: _shape,
    Reason.NOT_FOUND: _unknown,
    Reason.VOUCHER_DISABLED: _state,
    Reason.VOUCHER_NOT_ACTIVE: _started,
    Reason.VOUCHER_EXPIRED: _expired,
    Reason.VOUCHER_NOT_ACTIVE_NOW: _open,
    Reason.QUANTITY_EXCEEDED: _uses,
    Reason.INVALID_ORDER: _shape,
    Reason.INVALID_AMOUNT: _shape,
    Reason.MISSING_AMOUNT: partial(_sent, "Amount of the order"),
    Reason.MISSING_ORDER_ITEMS: partial(_sent, "Items of the order"),
    Reason.MISSING_CUSTOMER: partial(_sent, "Customer"),
    Reason.ORDER_RULES_VIOLATED: _applicable,
    Reason.GIFT_AMOUNT_EXCEEDED: _balance,
}
