"""Pure: what a rule's clause looks at, allows and found, in words, whoever they are for."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.conditions import RULES, Tally, label_of
from campaigns.conditions.names import ITEM_RULES
from redemptions.sentences.words import Compared, Reader, times_text, value_text

MONEY_CLAUSES = frozenset(name for name, rule in RULES.items() if rule.money)
MOMENT_CLAUSES = frozenset(name for name, rule in RULES.items() if rule.values == "moment")
ITEM_CLAUSES = ITEM_RULES


# Which bound an unmet comparison stands for, and on which side of it the order was.
LIMITS = {
    "$more_than_or_equal": ("minimum", "below"),
    "$more_than": ("exclusive minimum", "not above"),
    "$less_than_or_equal": ("maximum", "above"),
    "$less_than": ("exclusive maximum", "not below"),
}


def subject_of(compared: Compared) -> str:
    """What a clause looks at, in words."""
    return label_of(str(compared["clause"]), compared.get("property"))


def teller_of(clause: str, reader: Reader) -> Callable[[Any], str]:
    """How a value of this clause is told."""
    return reader.money if clause in MONEY_CLAUSES else value_text


def found_text(compared: Compared, reader: Reader) -> str:
    """What was found, in words: a moment as the project's clock showed it, several values one after the other."""
    clause, found = compared["clause"], compared.get("found")
    if clause in MOMENT_CLAUSES and isinstance(found, str):
        zone = ZoneInfo(compared["time_zone"]) if compared.get("time_zone") else reader.tz
        return Reader(reader.code, zone, reader.currency).moment(found)
    tell = teller_of(clause, reader)
    if isinstance(found, list):
        return ", ".join(tell(one) for one in found if one is not None) or "not given"
    return value_text(None) if found is None else tell(found)


def tally_of(clause: str) -> Tally | None:
    """What the clause counts in redemptions or customers; None for every other clause."""
    tally = RULES[clause].tally if clause in RULES else None
    return tally if tally is not None and tally.what in {"count", "customers"} else None


def allowed_by(compared: Compared) -> int:
    """How many the clause lets pass."""
    bound = int(compared["wanted"][0])
    return bound - 1 if compared.get("operator") == "$less_than" else bound


def allowance_text(compared: Compared) -> str:
    """“5 redemptions of the campaign a day”."""
    tally, allowed = tally_of(compared["clause"]), allowed_by(compared)
    if tally is None:
        raise ValueError("nothing that is counted")
    whose = {"customer": " per customer", "key": " per API key", "user": " per user"}.get(tally.per or "", "")
    of = " of the campaign" if tally.of == "campaign" else ""
    period = {"daily": " a day", "weekly": " a week", "monthly": " a month"}.get(tally.period or "", "")
    times = times_text(allowed)
    if tally.what == "customers":
        times = "one customer" if allowed == 1 else f"{allowed:,} customers"
    return f"{times}{of}{whose}{period}"
