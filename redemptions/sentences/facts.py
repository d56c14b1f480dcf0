"""Pure: a stored fact's name and value as a page shows them."""

from typing import Any
from zoneinfo import ZoneInfo

from campaigns.conditions import operator_in_words
from redemptions.sentences.clauses import MONEY_CLAUSES
from redemptions.sentences.words import INCOMPLETE, Compared, Reader, joined, listed, plain, value_text

FACTS = {
    "of": "Checked on",
    "starts_at": "Starts",
    "expired_at": "Expired",
    "open": "Open",
    "opens_at": "Opens next",
    "time_zone": "Time zone of its hours",
    "now": "Moment of the attempt",
    "limit": "Limit",
    "locked": "Kept by other sessions",
    "locked_credits": "Kept by other sessions",
    "redeemable": "Code",
    "asked": "Asked for",
    "asked_by": "Asked for by",
    "rule_id": "Rule id",
    "rule_name": "Rule",
    "path": "Clause number",
    "found": "Found",
    "segment_names": "Segments",
}


MOMENTS = frozenset({"starts_at", "expired_at", "opens_at", "now"})
MONEY = frozenset({"balance", "asked", "locked_credits"})
COMPARANDS = frozenset({"wanted", "found"})


def fact_label(name: str) -> str:
    """What a stored fact is called on a page."""
    return FACTS.get(name) or name.replace("_", " ").capitalize()


def fact_text(name: str, value: Any, compared: Compared, *, tz: ZoneInfo, currency: str) -> str:
    """A stored fact's value in words: moments in the time zone, money with its currency, segments by name."""
    reader = Reader("", tz, currency)
    try:
        if name in MOMENTS:
            return reader.moment(value)
        if name in MONEY or (name in COMPARANDS and compared.get("clause") in MONEY_CLAUSES):
            return joined([reader.money(one) for one in value]) if isinstance(value, list) else reader.money(value)
        if name in COMPARANDS and compared.get("clause") == "customer.segment":
            return listed((compared.get("segment_names") or {}).get(segment, segment) for segment in value)
        if name == "operator":
            return operator_in_words(value, [])
        if name == "segment_names":
            return ", ".join(f"{title} ({segment})" for segment, title in value.items())
        return joined([value_text(one) for one in value]) if name == "wanted" else plain(value)
    except INCOMPLETE:
        return plain(value)
