"""Pure: the facts of a refusal as a sentence for staff, a line for the customer, a note for a table; never raises."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from redemptions.engine import Reason
from voucherify_admin.money import in_words

Compared = Mapping[str, Any]

SHORT = 60
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONEY_CLAUSES = frozenset({"order.amount", "order.initial_amount"})
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


def label(reason: str) -> str:
    """The dashboard's words for a reason; an unknown key is told as it is."""
    try:
        return Reason(reason).label
    except ValueError:
        return str(reason).replace("_", " ").capitalize() or "Failed"


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
            return _joined([reader.money(one) for one in value]) if isinstance(value, list) else reader.money(value)
        if name in COMPARANDS and compared.get("clause") == "customer.segment":
            return _listed((compared.get("segment_names") or {}).get(segment, segment) for segment in value)
        if name == "operator":
            return OPERATORS.get(value, str(value))
        if name == "segment_names":
            return ", ".join(f"{title} ({segment})" for segment, title in value.items())
        return _joined([_value(one) for one in value]) if name == "wanted" else _plain(value)
    except INCOMPLETE:
        return _plain(value)


def _told(
    words: Mapping[Reason, Callable[[Compared, Reader], str]], reason: str, compared: Compared, reader: Reader
) -> str:
    try:
        # Without its empty values, so that a fact that is gone is missed here and not told as "None".
        known = {name: value for name, value in compared.items() if value is not None}
        return words[Reason(reason)](known, reader)
    except INCOMPLETE:
        return ""


def _of(compared: Compared) -> str:
    """`""` for the voucher itself, else which campaign it is about."""
    return f"Campaign “{compared['name']}”" if compared.get("of") == "campaign" else ""


def _payload(compared: Compared, reader: Reader) -> str:
    return f"The request could not be read: {_ended(compared['details'])}"


def _not_found(compared: Compared, reader: Reader) -> str:
    code = compared.get("code") or reader.code
    return f"No voucher has the code “{code}”; check the spelling or create it." if code else "No code was sent."


def _disabled(compared: Compared, reader: Reader) -> str:
    campaign = _of(compared)
    if campaign:
        return f"{campaign} is disabled, and its vouchers with it; enable the campaign to let the code pass."
    return f"Voucher {compared['name']} is disabled; enable it to let it pass."


def _not_active(compared: Compared, reader: Reader) -> str:
    campaign = _of(compared)
    start = reader.moment(compared["starts_at"])
    return f"{campaign} starts {start}." if campaign else f"Not active before {start}."


def _expired(compared: Compared, reader: Reader) -> str:
    campaign = _of(compared)
    end = reader.moment(compared["expired_at"])
    return f"{campaign} expired {end}." if campaign else f"Expired {end}."


def _quantity(compared: Compared, reader: Reader) -> str:
    return f"Limit {int(compared['limit']):,}, used {int(compared['used']):,}."


def _order_shape(compared: Compared, reader: Reader) -> str:
    found = compared.get("found")
    was = "" if found is None else f", but was {_value(found)}"
    return f"Property {compared['property']} should be {compared['expected']}{was}."


def _missing_amount(compared: Compared, reader: Reader) -> str:
    if compared["needed_by"] == "gift":
        return "A gift card needs the order's amount or the credits to take, and neither was sent."
    return f"Rule “{compared['rule_name']}” looks at {_subject(compared)}, but no order amount was sent."


def _missing_items(compared: Compared, reader: Reader) -> str:
    if compared["needed_by"] == "discount":
        return "The discount applies to order items, but no items were sent."
    return f"Rule “{compared['rule_name']}” looks at {_subject(compared)}, but no order items were sent."


def _missing_customer(compared: Compared, reader: Reader) -> str:
    return f"Rule “{compared['rule_name']}” looks at {_subject(compared)}, but no customer was sent."


def _gift(compared: Compared, reader: Reader) -> str:
    asked, balance = reader.money(compared["asked"]), reader.money(compared["balance"])
    if compared.get("asked_by") == "order.amount":
        return f"The order needs {asked}, the balance is {balance}; ask for {balance} of credits or less."
    return f"{asked} was asked for, the balance is {balance}."


def _violated(compared: Compared, reader: Reader) -> str:
    clause, operator, rule = compared["clause"], compared.get("operator"), compared["rule_name"]
    wanted, found = compared["wanted"], compared.get("found")
    if clause in MONEY_CLAUSES and operator in LIMITS:
        limit, what = LIMITS[operator]
        noun = "Order" if clause == "order.amount" else "The order's initial amount"
        amount, bound = reader.money(compared["found"]), reader.money(wanted[0])
        return f"{noun} {amount} is {what} the {limit} {bound} of rule “{rule}”."
    if clause == "customer.segment":
        names = compared.get("segment_names") or {}
        segments = _listed([names.get(segment, segment) for segment in wanted])
        noun = "segment" if len(wanted) == 1 else "segments"
        if operator in {"$is_not", "$not_in"}:
            return f"Customer is in the {noun} {segments}, which rule “{rule}” excludes."
        return f"Customer is not in the {noun} {segments} of rule “{rule}”."
    if clause == "redemption.count.per_customer" and operator in {"$less_than", "$less_than_or_equal"}:
        allowed = wanted[0] - 1 if operator == "$less_than" else wanted[0]
        return f"Rule “{rule}” allows {_times(allowed)} per customer; this would be number {compared['found']}."
    if clause in {"product.id", "sku.id", "order.items.any"} and wanted:
        if operator in {"$is_not", "$not_in"}:
            excluded = _listed([one for one in wanted if one in compared["found"]])
            return f"The order holds {excluded}, which rule “{rule}” excludes."
        return f"The order holds none of {_listed(wanted)}, which rule “{rule}” asks for."
    if operator is None:
        return f"No item of the order meets rule “{rule}”."
    tell: Callable[[Any], str] = reader.money if clause in MONEY_CLAUSES else _value
    asks = f"{OPERATORS.get(operator, operator)} {_joined([tell(one) for one in wanted]) if wanted else ''}".rstrip()
    return f"Rule “{rule}” asks that {_subject(compared)} {asks}; it was {tell(found)}."


# Which bound an unmet comparison stands for, and on which side of it the order was.
LIMITS = {
    "$more_than_or_equal": ("minimum", "below"),
    "$more_than": ("exclusive minimum", "not above"),
    "$less_than_or_equal": ("maximum", "above"),
    "$less_than": ("exclusive maximum", "not below"),
}
OPERATORS = {
    "$is": "is",
    "$in": "is one of",
    "$is_not": "is not",
    "$not_in": "is none of",
    "$more_than": "is more than",
    "$less_than": "is less than",
    "$more_than_or_equal": "is at least",
    "$less_than_or_equal": "is at most",
    "$contains": "contains",
    "$not_contain": "does not contain",
    "$starts_with": "starts with",
    "$ends_with": "ends with",
    "$has_value": "is known",
    "$is_unknown": "is unknown",
}
CLAUSES = {
    "customer.segment": "the customer's segments",
    "order.amount": "the order's amount",
    "order.initial_amount": "the order's initial amount",
    "order.items.count": "the number of items",
    "order.items.any": "the order's items",
    "product.id": "the order's products",
    "sku.id": "the order's SKUs",
    "redemption.count.per_customer": "the number of redemptions of the customer",
}


FACTS = {
    "of": "Checked on",
    "starts_at": "Starts",
    "expired_at": "Expired",
    "now": "Moment of the attempt",
    "asked": "Asked for",
    "asked_by": "Asked for by",
    "rule_id": "Rule id",
    "rule_name": "Rule",
    "path": "Clause number",
    "found": "Found",
    "segment_names": "Segments",
}
MOMENTS = frozenset({"starts_at", "expired_at", "now"})
MONEY = frozenset({"balance", "asked"})
COMPARANDS = frozenset({"wanted", "found"})


def _subject(compared: Compared) -> str:
    """What a clause looks at, in words."""
    clause = str(compared["clause"])
    if compared.get("property"):
        whose = {"customer": "the customer's", "order": "the order's"}.get(clause.split(".")[0], "the redemption's")
        return f"{whose} metadata “{compared['property']}”"
    return CLAUSES.get(clause, clause)


def _times(number: int) -> str:
    return {1: "one redemption"}.get(number, f"{number} redemptions")


def _value(found: Any) -> str:
    if found is None or found == []:
        return "not given"
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, list):
        return _listed(found)
    return f"“{found}”" if isinstance(found, str) else str(found)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _value(value)


def _listed(values: Iterable[Any]) -> str:
    return _joined([f"“{value}”" for value in values])


def _joined(texts: list[str]) -> str:
    if not texts:
        raise ValueError("nothing to list")
    return " or ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def _ended(text: str) -> str:
    text = str(text).strip()
    if not text:
        raise ValueError("nothing to tell")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _short_violated(compared: Compared, reader: Reader) -> str:
    clause, operator = compared["clause"], compared.get("operator")
    if clause in MONEY_CLAUSES and operator in LIMITS:
        sign = {"$more_than_or_equal": "<", "$more_than": "≤", "$less_than_or_equal": ">", "$less_than": "≥"}[operator]
        return f"{reader.money(compared['found'])} {sign} {reader.money(compared['wanted'][0])}"
    if clause == "customer.segment" and operator in {"$is", "$in"}:
        names = compared.get("segment_names") or {}
        return f"Not in {_listed([names.get(segment, segment) for segment in compared['wanted']])}"
    if clause == "redemption.count.per_customer":
        return f"Number {compared['found']} of this customer"
    return f"Rule “{compared['rule_name']}”"


def _customer_violated(compared: Compared, reader: Reader) -> str:
    wanted, operator = compared["wanted"], compared["operator"]
    if compared["clause"] == "order.amount" and operator == "$more_than_or_equal":
        return f"The code {reader.code} is valid for orders from {reader.money(wanted[0])}. Please add something more."
    if compared["clause"] == "order.amount" and operator == "$more_than":
        return f"The code {reader.code} is valid for orders above {reader.money(wanted[0])}. Please add something more."
    raise ValueError("nothing more to tell")


def _customer_gift(compared: Compared, reader: Reader) -> str:
    return (
        f"Your gift card {reader.code} has a balance of {reader.money(compared['balance'])}. "
        "Please pay the rest in another way."
    )


STAFF: dict[Reason, Callable[[Compared, Reader], str]] = {
    Reason.INVALID_PAYLOAD: _payload,
    Reason.NOT_FOUND: _not_found,
    Reason.VOUCHER_DISABLED: _disabled,
    Reason.VOUCHER_NOT_ACTIVE: _not_active,
    Reason.VOUCHER_EXPIRED: _expired,
    Reason.QUANTITY_EXCEEDED: _quantity,
    Reason.INVALID_ORDER: _order_shape,
    Reason.INVALID_AMOUNT: _order_shape,
    Reason.MISSING_AMOUNT: _missing_amount,
    Reason.MISSING_ORDER_ITEMS: _missing_items,
    Reason.MISSING_CUSTOMER: _missing_customer,
    Reason.CUSTOMER_RULES_VIOLATED: _violated,
    Reason.ORDER_RULES_VIOLATED: _violated,
    Reason.REDEMPTION_RULES_VIOLATED: _violated,
    Reason.GIFT_AMOUNT_EXCEEDED: _gift,
}
TABLE: dict[Reason, Callable[[Compared, Reader], str]] = {
    Reason.INVALID_PAYLOAD: lambda c, r: str(c["details"]),
    Reason.NOT_FOUND: lambda c, r: "No such code",
    Reason.VOUCHER_DISABLED: lambda c, r: "Campaign disabled" if _of(c) else "Disabled",
    Reason.VOUCHER_NOT_ACTIVE: lambda c, r: f"Starts {r.day(c['starts_at'])}",
    Reason.VOUCHER_EXPIRED: lambda c, r: f"Expired {r.day(c['expired_at'])}",
    Reason.QUANTITY_EXCEEDED: lambda c, r: f"Used {int(c['used']):,} of {int(c['limit']):,}",
    Reason.INVALID_ORDER: lambda c, r: f"{c['property']} not as expected",
    Reason.INVALID_AMOUNT: lambda c, r: f"Amount was {_value(c['found'])}",
    Reason.CUSTOMER_RULES_VIOLATED: _short_violated,
    Reason.ORDER_RULES_VIOLATED: _short_violated,
    Reason.REDEMPTION_RULES_VIOLATED: _short_violated,
    Reason.GIFT_AMOUNT_EXCEEDED: lambda c, r: f"Asked {r.money(c['asked'])}, balance {r.money(c['balance'])}",
}
CUSTOMER: dict[Reason, Callable[[Compared, Reader], str]] = {
    Reason.NOT_FOUND: lambda c, r: f"We could not find the code {c['code']}. Please check its spelling.",
    Reason.VOUCHER_DISABLED: lambda c, r: f"The code {r.code} can no longer be used. We are sorry.",
    Reason.VOUCHER_NOT_ACTIVE: lambda c, r: f"The code {r.code} can be used from {r.moment(c['starts_at'])}.",
    Reason.VOUCHER_EXPIRED: lambda c, r: f"The code {r.code} was valid until {r.moment(c['expired_at'])}.",
    Reason.QUANTITY_EXCEEDED: lambda c, r: f"The code {r.code} has already been used as often as it can be.",
    Reason.MISSING_CUSTOMER: lambda c, r: f"Please sign in to use the code {r.code}: it is tied to an account.",
    Reason.CUSTOMER_RULES_VIOLATED: lambda c, r: f"The code {r.code} is reserved for certain customers. We are sorry.",
    Reason.ORDER_RULES_VIOLATED: _customer_violated,
    Reason.REDEMPTION_RULES_VIOLATED: lambda c, r: (
        f"You have already used the code {r.code} as often as each customer can."
        if c["clause"] == "redemption.count.per_customer"
        else ""
    ),
    Reason.GIFT_AMOUNT_EXCEEDED: _customer_gift,
}
