"""Pure: each reason as a polite line for the customer, without names of rules, segments or metadata."""

from collections.abc import Callable

from redemptions.engine import FailureReason, Reason
from redemptions.sentences.clauses import tally_of
from redemptions.sentences.words import Compared, Reader


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
    tally = tally_of(clause)
    if tally is None or compared.get("operator") not in {"$less_than", "$less_than_or_equal"}:
        raise ValueError("nothing more to tell")
    when = {"daily": " today", "weekly": " this week", "monthly": " this month"}.get(tally.period or "", "")
    if tally.per == "customer":
        return f"You have already used the code {reader.code} as often as each customer can{when}."
    return f"The offer of the code {reader.code} has been used as often as it can be{when}. We are sorry."


def _customer_gift(compared: Compared, reader: Reader) -> str:
    free = compared["balance"] - compared.get("locked_credits", 0)
    return f"Your gift card {reader.code} has a balance of {reader.money(free)}. Please pay the rest in another way."


CUSTOMER: dict[FailureReason, Callable[[Compared, Reader], str]] = {
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
