"""Pure: the facts of a refusal as a sentence for staff, a line for the customer, a note for a table; never raises."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from redemptions.engine import FailureReason, Reason, reason_of
from redemptions.sentences.customer import CUSTOMER
from redemptions.sentences.facts import fact_label, fact_text
from redemptions.sentences.staff import STAFF
from redemptions.sentences.table import TABLE
from redemptions.sentences.words import INCOMPLETE, Compared, Reader, label

__all__ = ["fact_label", "fact_text", "for_customer", "label", "sentence", "short"]

SHORT = 60


def sentence(reason: str, compared: Compared, *, code: str, tz: ZoneInfo, currency: str) -> str:
    """One sentence for staff: names, numbers and what would make it pass."""
    return _told(STAFF, reason, compared, Reader(code, tz, currency)) or f"{label(reason)}."


def for_customer(
    reason: str, compared: Compared, *, code: str, tz: ZoneInfo, currency: str, error_message: str = ""
) -> str:
    """A polite line that can be copied to the customer; it gives away no names of rules, segments or metadata.

    The rule's own text for the customer, `error_message`, wins where there is one.
    """
    if error_message:
        return error_message
    told = _told(CUSTOMER, reason, compared, Reader(code, tz, currency))
    return told or f"Unfortunately the code {code} could not be redeemed this time. Please contact us and we will help."


def short(reason: str, compared: Compared, *, code: str, tz: ZoneInfo, currency: str) -> str:
    """At most 60 characters for a table."""
    text = _told(TABLE, reason, compared, Reader(code, tz, currency)) or label(reason)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1].rstrip()}…"


def _told(
    words: Mapping[FailureReason, Callable[[Compared, Reader], str]], reason: str, compared: Compared, reader: Reader
) -> str:
    try:
        # Without its empty values, so that a fact that is gone is missed here and not told as "None".
        known = {name: value for name, value in compared.items() if value is not None}
        return words[reason_of(reason) or Reason(reason)](known, reader)
    except INCOMPLETE:
        return ""
