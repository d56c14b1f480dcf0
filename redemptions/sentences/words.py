"""Pure: what every sentence is made of: for whom it is told, how values and lists are written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from redemptions.engine import reason_of
from voucherify_admin.money import in_words

Compared = Mapping[str, Any]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# What facts written by hand, by an older version or half erased may lead to: the reason itself is told then.
INCOMPLETE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Reader:
    """For whom the facts are told: the code as it was sent, the time zone, the currency (ISO code)."""

    code: str
    tz: ZoneInfo
    currency: str

    def money(self, cents: int) -> str:
        """`123456` as `€1,234.56`, as tables write it."""
        return in_words(cents, self.currency)

    def moment(self, iso: str) -> str:
        """An ISO 8601 moment as `1 Mar 2026 23:59 Europe/Warsaw`."""
        at = datetime.fromisoformat(iso).astimezone(self.tz)
        return f"{at.day} {MONTHS[at.month - 1]} {at.year} {at:%H:%M} {self.tz.key}"

    def day(self, iso: str) -> str:
        """An ISO 8601 moment as `1 Mar 2026`."""
        at = datetime.fromisoformat(iso).astimezone(self.tz)
        return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def label(reason: str) -> str:
    """The dashboard's words for a reason; an unknown key is told as it is."""
    known = reason_of(reason)
    return known.label if known else str(reason).replace("_", " ").capitalize() or "Failed"


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def times_text(number: int) -> str:
    """“one redemption”, “5 redemptions”."""
    return {1: "one redemption"}.get(number, f"{number:,} redemptions")


def value_text(found: Any) -> str:
    """A value as it was found: texts in quotation marks, nothing as “not given”."""
    if found is None or found == []:
        return "not given"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, list):
        return listed(found)
    return f"“{found}”" if isinstance(found, str) else str(found)


def plain(value: Any) -> str:
    """The same, but a text as it is."""
    return value if isinstance(value, str) else value_text(value)


def listed(values: Iterable[Any]) -> str:
    """“a”, “b” or “c”. Raises ValueError for an empty list."""
    return joined([f"“{value}”" for value in values])


def joined(texts: list[str]) -> str:
    """Texts with commas and an “or”. Raises ValueError when there is none."""
    if not texts:
        raise ValueError("nothing to list")
    return " or ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def ended(text: str) -> str:
    """The text with a full stop. Raises ValueError for an empty one."""
    text = str(text).strip()
    if not text:
        raise ValueError("nothing to tell")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def campaign_meant(compared: Compared) -> str:
    """`""` for the voucher itself, else which campaign it is about."""
    return f"Campaign “{compared['name']}”" if compared.get("of") == "campaign" else ""
