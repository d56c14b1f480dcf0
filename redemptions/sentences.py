"""Pure: the facts of a refusal as a sentence for staff, a line for the customer, a note for a table; never raises."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.conditions import RULES, Tally, label_of, operator_in_words, values_in_words
from campaigns.conditions.names import ITEM_RULES
from redemptions.engine import Reason
from voucherify_admin.money import in_words

Compared = Mapping[str, Any]

SHORT = 60
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONEY_CLAUSES = frozenset(name for name, rule in RULES.items() if rule.money)
MOMENT_CLAUSES = frozenset(name for name, rule in RULES.items() if rule.values == "moment")
ITEM_CLAUSES = ITEM_RULES
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
            return operator_in_words(value, [])
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


def _not_active_now(compared: Compared, reader: Reader) -> str:
    whose, when = _of(compared) or f"Voucher {compared['name']}", f"{compared['open']} ({compared['time_zone']})"
    if "opens_at" not in compared:
        return f"{whose} is open only {when}, and will not be again."
    return f"{whose} is open only {when}; next {reader.moment(compared['opens_at'])}."


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
    if clause == "applicable_to":
        if not wanted:
            return f"Rule “{rule}” keeps the discount from every item of the order."
        return f"The discount of rule “{rule}” applies to {_listed(wanted)}, and the order holds none of it."
    if clause in MONEY_CLAUSES and operator in LIMITS and isinstance(found, int):
        limit, what = LIMITS[operator]
        noun = "Order" if clause == "order.amount" else _capital(_subject(compared))
        amount, bound = reader.money(found), reader.money(wanted[0])
        return f"{noun} {amount} is {what} the {limit} {bound} of rule “{rule}”."
    if clause == "customer.segment":
        names = compared.get("segment_names") or {}
        segments = _listed([names.get(segment, segment) for segment in wanted])
        noun = "segment" if len(wanted) == 1 else "segments"
        if operator in {"$is_not", "$not_in"}:
            return f"Customer is in the {noun} {segments}, which rule “{rule}” excludes."
        return f"Customer is not in the {noun} {segments} of rule “{rule}”."
    if _tally(clause) is not None and operator in {"$less_than", "$less_than_or_equal"}:
        return f"Rule “{rule}” allows {_allowance(compared)}; this would be number {int(compared['found']):,}."
    if clause in ITEM_CLAUSES and wanted and (told := _items_violated(compared)):
        return told
    if operator is None:
        return (
            f"An item of the order meets what rule “{rule}” excludes."
            if clause == "order.items.none"
            else f"No item of the order meets rule “{rule}”."
        )
    if clause == "product.metadata.match_all":
        asked = "all products of the order match" if True in wanted else "not all products of the order match"
        return f"Rule “{rule}” asks that {asked}; they {'do' if found else 'do not'}."
    asks = operator_in_words(
        operator, values_in_words(operator, wanted, tell=_teller(clause, reader), moment=reader.moment)
    )
    return f"Rule “{rule}” asks that {_subject(compared)} {asks}; it was {_found(compared, reader)}."


def _items_violated(compared: Compared) -> str:
    """Ids that are missing or too many; empty where the sentence of any other rule says it as well."""
    clause, operator, rule = compared["clause"], compared.get("operator"), compared["rule_name"]
    wanted, found = compared["wanted"], compared.get("found") or []
    held = [one for one in wanted if one in found]
    negative = operator in {"$is_not", "$not_in"}
    if clause == "order.items.none" or (negative and clause in {"product.id", "sku.id"}):
        return f"The order holds {_listed(held)}, which rule “{rule}” excludes."
    if negative and clause == "order.items.any":
        return f"The order holds nothing but {_listed(held)}, and rule “{rule}” asks for something else."
    if clause in {"order.items.any", "product.id", "sku.id"} and operator in {"$is", "$in"}:
        return f"The order holds none of {_listed(wanted)}, which rule “{rule}” asks for."
    return ""


def _teller(clause: str, reader: Reader) -> Callable[[Any], str]:
    """How a value of this clause is told."""
    return reader.money if clause in MONEY_CLAUSES else _value


def _found(compared: Compared, reader: Reader) -> str:
    """What was found, in words: a moment as the project's clock showed it, several values one after the other."""
    clause, found = compared["clause"], compared.get("found")
    if clause in MOMENT_CLAUSES and isinstance(found, str):
        zone = ZoneInfo(compared["time_zone"]) if compared.get("time_zone") else reader.tz
        return Reader(reader.code, zone, reader.currency).moment(found)
    tell = _teller(clause, reader)
    if isinstance(found, list):
        return ", ".join(tell(one) for one in found if one is not None) or "not given"
    return _value(None) if found is None else tell(found)


def _tally(clause: str) -> Tally | None:
    tally = RULES[clause].tally if clause in RULES else None
    return tally if tally is not None and tally.what in {"count", "customers"} else None


def _allowed(compared: Compared) -> int:
    bound = int(compared["wanted"][0])
    return bound - 1 if compared.get("operator") == "$less_than" else bound


def _allowance(compared: Compared) -> str:
    """“5 redemptions of the campaign a day”."""
    tally, allowed = _tally(compared["clause"]), _allowed(compared)
    if tally is None:
        raise ValueError("nothing that is counted")
    whose = {"customer": " per customer", "key": " per API key", "user": " per user"}.get(tally.per or "", "")
    of = " of the campaign" if tally.of == "campaign" else ""
    period = {"daily": " a day", "weekly": " a week", "monthly": " a month"}.get(tally.period or "", "")
    times = _times(allowed)
    if tally.what == "customers":
        times = "one customer" if allowed == 1 else f"{allowed:,} customers"
    return f"{times}{of}{whose}{period}"


# Which bound an unmet comparison stands for, and on which side of it the order was.
LIMITS = {
    "$more_than_or_equal": ("minimum", "below"),
    "$more_than": ("exclusive minimum", "not above"),
    "$less_than_or_equal": ("maximum", "above"),
    "$less_than": ("exclusive maximum", "not below"),
}


FACTS = {
    "of": "Checked on",
    "starts_at": "Starts",
    "expired_at": "Expired",
    "open": "Open",
    "opens_at": "Opens next",
    "time_zone": "Time zone of its hours",
    "now": "Moment of the attempt",
    "asked": "Asked for",
    "asked_by": "Asked for by",
    "rule_id": "Rule id",
    "rule_name": "Rule",
    "path": "Clause number",
    "found": "Found",
    "segment_names": "Segments",
}
MOMENTS = frozenset({"starts_at", "expired_at", "opens_at", "now"})
MONEY = frozenset({"balance", "asked"})
COMPARANDS = frozenset({"wanted", "found"})


def _subject(compared: Compared) -> str:
    """What a clause looks at, in words."""
    return label_of(str(compared["clause"]), compared.get("property"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _times(number: int) -> str:
    return {1: "one redemption"}.get(number, f"{number:,} redemptions")


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
    clause, operator, found = compared["clause"], compared.get("operator"), compared.get("found")
    if clause == "applicable_to":
        return "Applies to no item of the order"
    if clause in MONEY_CLAUSES and operator in LIMITS and isinstance(found, int):
        sign = {"$more_than_or_equal": "<", "$more_than": "≤", "$less_than_or_equal": ">", "$less_than": "≥"}[operator]
        return f"{reader.money(found)} {sign} {reader.money(compared['wanted'][0])}"
    if clause == "customer.segment" and operator in {"$is", "$in"}:
        names = compared.get("segment_names") or {}
        return f"Not in {_listed([names.get(segment, segment) for segment in compared['wanted']])}"
    if clause == "redemption.count.per_customer":
        return f"Number {int(compared['found']):,} of this customer"
    if _tally(clause) is not None and operator in {"$less_than", "$less_than_or_equal"}:
        return f"Number {int(compared['found']):,}, {_allowed(compared):,} allowed"
    if clause in MOMENT_CLAUSES and found is not None:
        return f"At {_found(compared, reader)}" if clause == "redemption.date" else f"Was {_found(compared, reader)}"
    return f"Rule “{compared['rule_name']}”"


def _customer_violated(compared: Compared, reader: Reader) -> str:
    wanted, operator, clause = compared["wanted"], compared.get("operator"), compared["clause"]
    if clause == "applicable_to":
        return f"The code {reader.code} does not apply to anything in your basket."
    if clause in {"order.amount", "order.total_amount", "order.initial_amount"} and operator in ORDER_BOUNDS:
        bound, remedy = ORDER_BOUNDS[operator]
        return f"The code {reader.code} is valid for orders {bound} {reader.money(wanted[0])}.{remedy}"
    if clause in {"product.id", "sku.id", "order.items.any"} and operator in {"$is", "$in"}:
        return f"The code {reader.code} is valid for certain products, and none of them is in your basket."
    raise ValueError("nothing more to tell")


ORDER_BOUNDS = {
    "$more_than_or_equal": ("from", " Please add something more."),
    "$more_than": ("above", " Please add something more."),
    "$less_than_or_equal": ("up to", ""),
    "$less_than": ("below", ""),
}


def _customer_redemption(compared: Compared, reader: Reader) -> str:
    clause = compared["clause"]
    if clause == "redemption.date":
        return f"The code {reader.code} cannot be used at this time. We are sorry."
    tally = _tally(clause)
    if tally is None or compared.get("operator") not in {"$less_than", "$less_than_or_equal"}:
        raise ValueError("nothing more to tell")
    when = {"daily": " today", "weekly": " this week", "monthly": " this month"}.get(tally.period or "", "")
    if tally.per == "customer":
        return f"You have already used the code {reader.code} as often as each customer can{when}."
    return f"The offer of the code {reader.code} has been used as often as it can be{when}. We are sorry."


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
    Reason.VOUCHER_NOT_ACTIVE_NOW: _not_active_now,
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
    Reason.VOUCHER_NOT_ACTIVE_NOW: lambda c, r: f"Open {c['open']}",
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
    Reason.VOUCHER_NOT_ACTIVE_NOW: lambda c, r: (
        f"The code {r.code} cannot be used at this time; it can be again from {r.moment(c['opens_at'])}."
    ),
    Reason.QUANTITY_EXCEEDED: lambda c, r: f"The code {r.code} has already been used as often as it can be.",
    Reason.MISSING_CUSTOMER: lambda c, r: f"Please sign in to use the code {r.code}: it is tied to an account.",
    Reason.CUSTOMER_RULES_VIOLATED: lambda c, r: f"The code {r.code} is reserved for certain customers. We are sorry.",
    Reason.ORDER_RULES_VIOLATED: _customer_violated,
    Reason.REDEMPTION_RULES_VIOLATED: _customer_redemption,
    Reason.GIFT_AMOUNT_EXCEEDED: _customer_gift,
}
