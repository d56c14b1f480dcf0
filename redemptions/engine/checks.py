"""Pure: the checks, one a reason, each giving what it compared or None; they rely on the order of CHECKS."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from campaigns.conditions import RULES, Group, Missing, Outcome, discounted_items, needs
from campaigns.validity import in_words, is_open, next_open
from redemptions.engine.reasons import Reason
from redemptions.engine.values import CampaignFacts, Facts, RuleFacts, VoucherFacts
from vouchers.discounts import OrderError

MAX_TOLD = 200
MAX_LISTED = 50


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


def check_open_now(facts: Facts) -> Refusal | None:
    """The voucher or its campaign is closed at this hour, on this day, or between two of its recurring periods."""
    both = _voucher_and_campaign(facts)
    for of, name, dated in both:
        if is_open([dated.schedule], facts.now, facts.zone):
            continue
        compared: dict[str, Any] = {"of": of, "name": name, "open": in_words(dated.validity), "now": _iso(facts.now)}
        compared["time_zone"] = str(facts.zone)
        following = next_open([each.schedule for _, _, each in both], facts.now, facts.zone)
        ends = [each.expiration_date for _, _, each in both if each.expiration_date is not None]
        if following is not None and all(following <= end for end in ends):
            compared["opens_at"] = _iso(following)
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
    effect = facts.offer.effect if facts.offer is not None else None
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
    """A rule about the order or its items is not met, or keeps the discount from every item."""
    return _violated(facts, "order") or _nothing_applicable(facts)


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
        asked, asked_by = _payable(facts), "order.amount"
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
    (Reason.VOUCHER_NOT_ACTIVE_NOW, check_open_now),
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
            details = f"{_kind(facts)} cannot be redeemed because of violated validation rules: {rule.id}"
            return Refusal(details, _clause(facts, rule, outcome), outcome.error_message)
    return None


def _nothing_applicable(facts: Facts) -> Refusal | None:
    """To use up a code that takes nothing off would be of no use to anyone."""
    offer = facts.offer
    if facts.applicable is None or facts.applicable or offer is None or not offer.effect.needs_items:
        return None
    items = facts.items or ()
    restricting = [rule for rule in facts.rules if rule.restricts_discount]
    # The rule that covers none of the items; where each covers some, but never the same ones, the first.
    rule = next(
        (rule for rule in restricting if not discounted_items(rule.ruleset, rule.applicable_to, items)), restricting[0]
    )
    tree = next(outcome.tree for each, outcome in facts.outcomes if each is rule)
    wanted = sorted({one for product in rule.applicable_to.included for one in product.ids})[:MAX_LISTED]
    found = sorted({one for item in items for one in item.product_ids | item.sku_ids})[:MAX_LISTED]
    compared = {
        "rule_id": rule.id,
        "rule_name": rule.name,
        "assigned_to": rule.assigned_to,
        "tree": tree,
        "path": "",
        "clause": "applicable_to",
        "property": None,
        "operator": None,
        "wanted": wanted,
        "found": found,
    }
    details = f"{_kind(facts)} cannot be redeemed because it applies to none of the order items: {rule.id}"
    return Refusal(details, compared, rule.error_message)


def _payable(facts: Facts) -> int | None:
    """What is left to pay of what the voucher applies to, in cents; None when that is not known."""
    order = facts.order
    if facts.caps and facts.priced is not None:
        # Asked without credits it is the whole of what the rules let a gift card pay.
        return facts.priced.total_applied_discount_amount
    if order is None or facts.applicable is None:
        return order.remaining if order is not None else None
    lines = [line for index, line in enumerate(order.lines or ()) if index in facts.applicable]
    left = sum(max(0, (line.amount or 0) - line.discount_amount) for line in lines)
    return left if order.remaining is None else min(left, order.remaining)


def rules_met(facts: Facts) -> dict[str, Any]:
    """What an accepted attempt compared, as plain JSON: each rule with its tree, and the segments' names."""
    if not facts.outcomes:
        return {}
    met = [
        {"rule_id": rule.id, "rule_name": rule.name, "assigned_to": rule.assigned_to, "tree": _compact(outcome.tree)}
        for rule, outcome in facts.outcomes
    ]
    asked = {segment for rule in facts.rules for segment in needs(rule.ruleset).segments}
    names = {segment: facts.segment_names[segment] for segment in sorted(asked) if segment in facts.segment_names}
    return {"rules_met": met, **({"segment_names": names} if names else {})}


def _compact(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A tree without what is empty: a success is stored with each of its rules, a thousand times a day."""
    kept = {name: value for name, value in tree.items() if name == "holds" or value not in (None, "", [], {})}
    if "rules" in kept:
        kept["rules"] = [_compact(node) for node in kept["rules"]]
    return kept


def _kind(facts: Facts) -> str:
    return "Gift Card" if _voucher(facts).is_gift else "Discount Coupon"


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
    clause = RULES[failure.name]
    if clause.values == "moment" or (clause.tally is not None and clause.tally.period is not None):
        # Hours, days and months were those of the project, wherever the reader is.
        compared["time_zone"] = str(facts.zone)
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
