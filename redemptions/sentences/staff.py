"""Pure: each reason as one sentence for staff, with what would make it pass."""

from collections.abc import Callable

from campaigns.conditions import operator_in_words, values_in_words
from redemptions.engine import FailureReason, Reason, StackReason
from redemptions.sentences.clauses import (
    ITEM_CLAUSES,
    LIMITS,
    MONEY_CLAUSES,
    allowance_text,
    found_text,
    subject_of,
    tally_of,
    teller_of,
)
from redemptions.sentences.words import Compared, Reader, campaign_meant, capital, ended, label, listed, value_text


def _payload(compared: Compared, reader: Reader) -> str:
    return f"The request could not be read: {ended(compared['details'])}"


def _not_found(compared: Compared, reader: Reader) -> str:
    code = compared.get("code") or reader.code
    return f"No voucher has the code “{code}”; check the spelling or create it." if code else "No code was sent."


def _disabled(compared: Compared, reader: Reader) -> str:
    campaign = campaign_meant(compared)
    if campaign:
        return f"{campaign} is disabled, and its vouchers with it; enable the campaign to let the code pass."
    return f"Voucher {compared['name']} is disabled; enable it to let it pass."


def _not_active(compared: Compared, reader: Reader) -> str:
    campaign = campaign_meant(compared)
    start = reader.moment(compared["starts_at"])
    return f"{campaign} starts {start}." if campaign else f"Not active before {start}."


def _expired(compared: Compared, reader: Reader) -> str:
    campaign = campaign_meant(compared)
    end = reader.moment(compared["expired_at"])
    return f"{campaign} expired {end}." if campaign else f"Expired {end}."


def _not_active_now(compared: Compared, reader: Reader) -> str:
    whose = campaign_meant(compared) or f"Voucher {compared['name']}"
    when = f"{compared['open']} ({compared['time_zone']})"
    if "opens_at" not in compared:
        return f"{whose} is open only {when}, and will not be again."
    return f"{whose} is open only {when}; next {reader.moment(compared['opens_at'])}."


def _quantity(compared: Compared, reader: Reader) -> str:
    used = f"Limit {int(compared['limit']):,}, used {int(compared['used']):,}"
    return f"{used}, kept by other sessions {int(compared['locked']):,}." if compared.get("locked") else f"{used}."


def _order_shape(compared: Compared, reader: Reader) -> str:
    found = compared.get("found")
    was = "" if found is None else f", but was {value_text(found)}"
    return f"Property {compared['property']} should be {compared['expected']}{was}."


def _missing_amount(compared: Compared, reader: Reader) -> str:
    if compared["needed_by"] == "gift":
        return "A gift card needs the order's amount or the credits to take, and neither was sent."
    return f"Rule “{compared['rule_name']}” looks at {subject_of(compared)}, but no order amount was sent."


def _missing_items(compared: Compared, reader: Reader) -> str:
    if compared["needed_by"] == "discount":
        return "The discount applies to order items, but no items were sent."
    return f"Rule “{compared['rule_name']}” looks at {subject_of(compared)}, but no order items were sent."


def _missing_customer(compared: Compared, reader: Reader) -> str:
    return f"Rule “{compared['rule_name']}” looks at {subject_of(compared)}, but no customer was sent."


def _gift(compared: Compared, reader: Reader) -> str:
    asked, balance = reader.money(compared["asked"]), reader.money(compared["balance"])
    if compared.get("locked_credits"):
        kept = reader.money(compared["locked_credits"])
        return f"{asked} was asked for, the balance is {balance}, of which {kept} is kept by other sessions."
    if compared.get("asked_by") == "order.amount":
        return f"The order needs {asked}, the balance is {balance}; ask for {balance} of credits or less."
    return f"{asked} was asked for, the balance is {balance}."


def _duplicated(compared: Compared, reader: Reader) -> str:
    return f"The code “{compared['code']}” was named more than once on one order; name each code once."


def _all_refused(compared: Compared, reader: Reader) -> str:
    refused = compared["refused"]
    told = ", ".join(f"{code} ({label(reason)[0].lower()}{label(reason)[1:]})" for code, reason in refused.items())
    return f"None of the {len(refused)} codes could be used: {told}."


def _violated(compared: Compared, reader: Reader) -> str:
    clause, operator, rule = compared["clause"], compared.get("operator"), compared["rule_name"]
    wanted, found = compared["wanted"], compared.get("found")
    if clause == "applicable_to":
        if not wanted:
            return f"Rule “{rule}” keeps the discount from every item of the order."
        return f"The discount of rule “{rule}” applies to {listed(wanted)}, and the order holds none of it."
    if clause in MONEY_CLAUSES and operator in LIMITS and isinstance(found, int):
        limit, what = LIMITS[operator]
        noun = "Order" if clause == "order.amount" else capital(subject_of(compared))
        amount, bound = reader.money(found), reader.money(wanted[0])
        return f"{noun} {amount} is {what} the {limit} {bound} of rule “{rule}”."
    if clause == "customer.segment":
        names = compared.get("segment_names") or {}
        segments = listed([names.get(segment, segment) for segment in wanted])
        noun = "segment" if len(wanted) == 1 else "segments"
        if operator in {"$is_not", "$not_in"}:
            return f"Customer is in the {noun} {segments}, which rule “{rule}” excludes."
        return f"Customer is not in the {noun} {segments} of rule “{rule}”."
    if tally_of(clause) is not None and operator in {"$less_than", "$less_than_or_equal"}:
        return f"Rule “{rule}” allows {allowance_text(compared)}; this would be number {int(compared['found']):,}."
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
        operator, values_in_words(operator, wanted, tell=teller_of(clause, reader), moment=reader.moment)
    )
    return f"Rule “{rule}” asks that {subject_of(compared)} {asks}; it was {found_text(compared, reader)}."


def _items_violated(compared: Compared) -> str:
    """Ids that are missing or too many; empty where the sentence of any other rule says it as well."""
    clause, operator, rule = compared["clause"], compared.get("operator"), compared["rule_name"]
    wanted, found = compared["wanted"], compared.get("found") or []
    held = [one for one in wanted if one in found]
    negative = operator in {"$is_not", "$not_in"}
    if clause == "order.items.none" or (negative and clause in {"product.id", "sku.id"}):
        return f"The order holds {listed(held)}, which rule “{rule}” excludes."
    if negative and clause == "order.items.any":
        return f"The order holds nothing but {listed(held)}, and rule “{rule}” asks for something else."
    if clause in {"order.items.any", "product.id", "sku.id"} and operator in {"$is", "$in"}:
        return f"The order holds none of {listed(wanted)}, which rule “{rule}” asks for."
    return ""


STAFF: dict[FailureReason, Callable[[Compared, Reader], str]] = {
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
    StackReason.DUPLICATED_REDEEMABLES: _duplicated,
    StackReason.NO_APPLICABLE_REDEEMABLES: _all_refused,
}
