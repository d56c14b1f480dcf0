"""Pure: the checks, one a reason, each giving what it compared or None; they rely on the order of CHECKS."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from campaigns.conditions import Group, Missing, Outcome
from redemptions.engine.reasons import Reason
from redemptions.engine.values import CampaignFacts, Facts, RuleFacts, VoucherFacts
from vouchers.discounts import OrderError

MAX_TOLD = 200


@dataclass(frozen=True)
class Refusal:
    """What a check found: Voucherify's details, and as plain JSON the values that were compared."""

    details: str
    compared: dict[str, Any]
    error_message: str | None = None


def check_payload(facts: Facts) -> Refusal | None:
    """The request cannot be read; known before anything else is."""
    problem = facts.request.problem
    if problem is None:
        return None
    compared = {"property": problem.property, "found": _plain(problem.found), "expected": problem.expected}
    return Refusal(problem.details, {**compared, "details": problem.details})


def check_exists(facts: Facts) -> Refusal | None:
    """No voucher has this code."""
    if facts.voucher is not None:
        return None
    code = facts.request.code
    return Refusal(f"Cannot find voucher with id {code}", {"code": code})


def check_enabled(facts: Facts) -> Refusal | None:
    """The voucher, or else its campaign, is switched off."""
    for of, name, dated in _voucher_and_campaign(facts):
        if not dated.active:
            return Refusal(_voucher(facts).code, {"of": of, "name": name})
    return None


def check_started(facts: Facts) -> Refusal | None:
    """The voucher or its campaign starts later; at the start date itself it is active."""
    for of, name, dated in _voucher_and_campaign(facts):
        if dated.start_date is not None and facts.now < dated.start_date:
            compared = {"of": of, "name": name, "starts_at": _iso(dated.start_date), "now": _iso(facts.now)}
            return Refusal(_voucher(facts).code, compared)
    return None


def check_not_expired(facts: Facts) -> Refusal | None:
    """The voucher or its campaign is over; at the expiration date itself it can still be used."""
    for of, name, dated in _voucher_and_campaign(facts):
        if dated.expiration_date is not None and facts.now > dated.expiration_date:
            compared = {"of": of, "name": name, "expired_at": _iso(dated.expiration_date), "now": _iso(facts.now)}
            return Refusal(_voucher(facts).code, compared)
    return None


def check_quantity(facts: Facts) -> Refusal | None:
    """The voucher was used as often as it may be; a use that another session keeps for itself counts too."""
    voucher = _voucher(facts)
    if voucher.quantity is None or voucher.redeemed_quantity + voucher.locked_quantity < voucher.quantity:
        return None
    compared = {"limit": voucher.quantity, "used": voucher.redeemed_quantity}
    if voucher.locked_quantity:
        compared["locked"] = voucher.locked_quantity
    return Refusal(voucher.code, compared)


def check_order(facts: Facts) -> Refusal | None:
    """The order's shape cannot be used."""
    return _order_refusal(facts, "order")


def check_amount(facts: Facts) -> Refusal | None:
    """The order's amount is no whole number of cents, 0 or more."""
    return _order_refusal(facts, "amount")


def check_amount_given(facts: Facts) -> Refusal | None:
    """A rule, or a gift card without credits asked for, needs the order's amount."""
    voucher = _voucher(facts)
    if voucher.is_gift and facts.request.gift_credits is None and (facts.order is None or facts.order.amount is None):
        return Refusal("Order amount is required", {"needed_by": "gift", "balance": voucher.gift_balance})
    return _missing_for_rules(facts, "amount", "Order amount is required")


def check_items_given(facts: Facts) -> Refusal | None:
    """A rule, or a discount on items, needs the order's items."""
    voucher = _voucher(facts)
    discount = voucher.discount
    effect = voucher.gift_effect if voucher.is_gift else discount.effect if discount is not None else None
    if effect is not None and effect.needs_items and not (facts.order and facts.order.lines):
        return Refusal(
            "Order items are required to apply the discount", {"needed_by": "discount", "effect": effect.value}
        )
    return _missing_for_rules(facts, "items", "Order items are required to validate rules")


def check_customer_given(facts: Facts) -> Refusal | None:
    """A rule needs the customer."""
    return _missing_for_rules(facts, "customer", "Customer is required to validate rules")


def check_customer_rules(facts: Facts) -> Refusal | None:
    """A rule about the customer is not met."""
    return _violated(facts, "customer")


def check_order_rules(facts: Facts) -> Refusal | None:
    """A rule about the order or its items is not met."""
    return _violated(facts, "order")


def check_redemption_rules(facts: Facts) -> Refusal | None:
    """A rule about the redemption, or how many there were, is not met."""
    return _violated(facts, "redemption")


def check_gift_balance(facts: Facts) -> Refusal | None:
    """More credits are asked for than the gift card holds; without credits the order's remaining amount is."""
    voucher = _voucher(facts)
    if voucher.gift_balance is None:
        return None
    asked, asked_by = facts.request.gift_credits, "gift.credits"
    if asked is None and facts.order is not None:
        asked, asked_by = facts.order.remaining, "order.amount"
    if asked is None or asked <= voucher.gift_balance - voucher.locked_credits:
        return None
    compared = {"balance": voucher.gift_balance, "asked": asked, "asked_by": asked_by}
    if voucher.locked_credits:
        compared["locked_credits"] = voucher.locked_credits
    return Refusal(voucher.code, compared)


CHECKS: tuple[tuple[Reason, Callable[[Facts], Refusal | None]], ...] = (
    (Reason.INVALID_PAYLOAD, check_payload),
    (Reason.NOT_FOUND, check_exists),
    (Reason.VOUCHER_DISABLED, check_enabled),
    (Reason.VOUCHER_NOT_ACTIVE, check_started),
    (Reason.VOUCHER_EXPIRED, check_not_expired),
    (Reason.QUANTITY_EXCEEDED, check_quantity),
    (Reason.INVALID_ORDER, check_order),
    (Reason.INVALID_AMOUNT, check_amount),
    (Reason.MISSING_AMOUNT, check_amount_given),
    (Reason.MISSING_ORDER_ITEMS, check_items_given),
    (Reason.MISSING_CUSTOMER, check_customer_given),
    (Reason.CUSTOMER_RULES_VIOLATED, check_customer_rules),
    (Reason.ORDER_RULES_VIOLATED, check_order_rules),
    (Reason.REDEMPTION_RULES_VIOLATED, check_redemption_rules),
    (Reason.GIFT_AMOUNT_EXCEEDED, check_gift_balance),
)


def _voucher(facts: Facts) -> VoucherFacts:
    assert facts.voucher is not None, "check_exists comes first"  # noqa: S101 - the order of CHECKS, told to mypy
    return facts.voucher


def _voucher_and_campaign(facts: Facts) -> list[tuple[str, str, VoucherFacts | CampaignFacts]]:
    voucher = _voucher(facts)
    both: list[tuple[str, str, VoucherFacts | CampaignFacts]] = [("voucher", voucher.code, voucher)]
    if facts.campaign is not None:
        both.append(("campaign", facts.campaign.name, facts.campaign))
    return both


def _order_refusal(facts: Facts, about: Literal["order", "amount"]) -> Refusal | None:
    try:
        _ = facts.order
    except OrderError as error:
        if error.about != about:
            return None
        details = "Amount has to be a valid positive number" if about == "amount" else str(error)
        return Refusal(details, {"property": error.property, "found": _plain(error.found), "expected": error.expected})
    return None


def _missing_for_rules(facts: Facts, missing: Missing, details: str) -> Refusal | None:
    for rule, outcome in facts.outcomes:
        if outcome.missing == missing:
            return Refusal(details, {"needed_by": "rule", **_clause(facts, rule, outcome)}, outcome.error_message)
    return None


def _violated(facts: Facts, group: Group) -> Refusal | None:
    for rule, outcome in facts.outcomes:
        if not outcome.holds and outcome.missing is None and outcome.group == group:
            kind = "Gift Card" if _voucher(facts).is_gift else "Discount Coupon"
            details = f"{kind} cannot be redeemed because of violated validation rules: {rule.id}"
            return Refusal(details, _clause(facts, rule, outcome), outcome.error_message)
    return None


def _clause(facts: Facts, rule: RuleFacts, outcome: Outcome) -> dict[str, Any]:
    failure = outcome.first_failure
    compared: dict[str, Any] = {
        "rule_id": rule.id,
        "rule_name": rule.name,
        "assigned_to": rule.assigned_to,
        "tree": outcome.tree,
    }
    if failure is None:
        return compared
    compared |= {
        "path": failure.path,
        "clause": failure.name,
        "property": failure.property,
        "operator": failure.operator,
        "wanted": failure.wanted,
        "found": failure.found,
    }
    if failure.name == "customer.segment":
        names = {segment: facts.segment_names[segment] for segment in failure.wanted if segment in facts.segment_names}
        compared["segment_names"] = names
    return compared


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _plain(value: Any) -> Any:
    """A value from outside as it can be stored: short, and JSON that every database takes."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:MAX_TOLD]
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else str(value)[:MAX_TOLD]
