"""Pure: each reason in the few words that a table has room for."""

from collections.abc import Callable

from redemptions.engine import FailureReason, Reason, StackReason
from redemptions.sentences.clauses import LIMITS, MOMENT_CLAUSES, MONEY_CLAUSES, allowed_by, found_text, tally_of
from redemptions.sentences.words import Compared, Reader, campaign_meant, listed, value_text


def _short_violated(compared: Compared, reader: Reader) -> str:
    clause, operator, found = compared["clause"], compared.get("operator"), compared.get("found")
    if clause == "applicable_to":
        return "Applies to no item of the order"
    if clause in MONEY_CLAUSES and operator in LIMITS and isinstance(found, int):
        sign = {"$more_than_or_equal": "<", "$more_than": "≤", "$less_than_or_equal": ">", "$less_than": "≥"}[operator]
        return f"{reader.money(found)} {sign} {reader.money(compared['wanted'][0])}"
    if clause == "customer.segment" and operator in {"$is", "$in"}:
        names = compared.get("segment_names") or {}
        return f"Not in {listed([names.get(segment, segment) for segment in compared['wanted']])}"
    if clause == "redemption.count.per_customer":
        return f"Number {int(compared['found']):,} of this customer"
    if tally_of(clause) is not None and operator in {"$less_than", "$less_than_or_equal"}:
        return f"Number {int(compared['found']):,}, {allowed_by(compared):,} allowed"
    if clause in MOMENT_CLAUSES and found is not None:
        verb = "At" if clause == "redemption.date" else "Was"
        return f"{verb} {found_text(compared, reader)}"
    return f"Rule “{compared['rule_name']}”"


TABLE: dict[FailureReason, Callable[[Compared, Reader], str]] = {
    Reason.INVALID_PAYLOAD: lambda c, r: str(c["details"]),
    Reason.NOT_FOUND: lambda c, r: "No such code",
    Reason.VOUCHER_DISABLED: lambda c, r: "Campaign disabled" if campaign_meant(c) else "Disabled",
    Reason.VOUCHER_NOT_ACTIVE: lambda c, r: f"Starts {r.day(c['starts_at'])}",
    Reason.VOUCHER_EXPIRED: lambda c, r: f"Expired {r.day(c['expired_at'])}",
    Reason.VOUCHER_NOT_ACTIVE_NOW: lambda c, r: f"Open {c['open']}",
    Reason.QUANTITY_EXCEEDED: lambda c, r: (
        f"Used {int(c['used']):,} of {int(c['limit']):,}" + (f", kept {int(c['locked']):,}" if c.get("locked") else "")
    ),
    Reason.INVALID_ORDER: lambda c, r: f"{c['property']} not as expected",
    Reason.INVALID_AMOUNT: lambda c, r: f"Amount was {value_text(c['found'])}",
    Reason.CUSTOMER_RULES_VIOLATED: _short_violated,
    Reason.ORDER_RULES_VIOLATED: _short_violated,
    Reason.REDEMPTION_RULES_VIOLATED: _short_violated,
    Reason.GIFT_AMOUNT_EXCEEDED: lambda c, r: f"Asked {r.money(c['asked'])}, balance {r.money(c['balance'])}",
    StackReason.DUPLICATED_REDEEMABLES: lambda c, r: f"{c['code']} named twice",
    StackReason.NO_APPLICABLE_REDEEMABLES: lambda c, r: f"None of {len(c['refused'])} codes",
}
