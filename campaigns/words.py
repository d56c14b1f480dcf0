"""Rules and states of the offer in a person's words; reads what it is given and decides nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.conditions import (
    RULES,
    ApplicableTo,
    Clause,
    InvalidRule,
    RuleSet,
    label_of,
    needs,
    operator_in_words,
    parse_applicable_to,
    parse_rules,
    values_in_words,
)
from campaigns.models import Campaign, RuleAssignment, Segment, ValidationRule
from campaigns.validity import Schedule, in_words, is_open, next_open
from voucherify_admin.pages import show

# Where a page says it in other words than the sentence of a failure.
SUBJECTS = {
    "order.initial_amount": "the order's amount before discounts",
    "order.items.any": "the order's products",
    "redemption.count.per_customer": "the number of the customer's redemptions, this one counted,",
}
OF_MANY = {"customer.segment", "order.items.any", "product.id", "sku.id"}
OPERATORS = {"$has_value": "is given", "$is_unknown": "is not given"}
PLURAL_OPERATORS = {
    "$is": "include {values}",
    "$in": "include one of {values}",
    "$is_not": "do not include {values}",
    "$not_in": "include none of {values}",
    "$contains": "include {values}",
    "$not_contain": "do not include {values}",
    "$has_value": "are given",
    "$is_unknown": "are none",
}


@dataclass(frozen=True)
class RuleLine:
    """One clause in words; `path` is "1" or "1.2", `level` how deep it is nested."""

    path: str
    text: str
    level: int


@dataclass(frozen=True)
class RuleInWords:
    """A rule for a page: its clauses in words, how they are combined, and what it binds."""

    rule: ValidationRule
    bound_to: str
    lines: list[RuleLine]
    logic: str
    problem: str = ""


def rules_in_words(*, voucher: str = "", campaign: str = "") -> list[RuleInWords]:
    """The rules that bind the voucher and the campaign with these public ids, in words. Two queries at the most."""
    binding = (
        RuleAssignment.objects.binding(vouchers=[voucher] if voucher else [], campaigns=[campaign] if campaign else [])
        .select_related("rule")
        .order_by("pk")
    )
    parsed: list[tuple[RuleAssignment, RuleSet | None, str]] = []
    for assignment in binding:
        try:
            parsed.append((assignment, parse_rules(assignment.rule.rules), ""))
        except InvalidRule as error:
            # Written past the checks; the page still has to open, and to say so.
            parsed.append((assignment, None, error.details))
    wanted = needs(*(rules for _, rules, _ in parsed if rules is not None)).segments
    names = dict(Segment.objects.filter(public_id__in=wanted).values_list("public_id", "name")) if wanted else {}
    return [
        RuleInWords(
            assignment.rule,
            assignment.related_object_type,
            [*(rule_lines(rules, names) if rules else []), *_applicable_line(assignment.rule)],
            rules.logic_text if rules and len(rules.clauses) > 1 else "",
            problem,
        )
        for assignment, rules, problem in parsed
    ]


def _applicable_line(rule: ValidationRule) -> list[RuleLine]:
    try:
        text = applicable_in_words(parse_applicable_to(rule.applicable_to))
    except InvalidRule as error:
        text = error.details
    return [RuleLine("", text, 0)] if text else []


def rule_lines(rules: RuleSet, segment_names: Mapping[str, str], level: int = 0) -> Iterable[RuleLine]:
    """Each clause of `rules` in words, nested ones after the clause that they stand in."""
    for clause in rules.clauses.values():
        yield RuleLine(clause.path, clause_in_words(clause, segment_names), level)
        yield from rule_lines(clause.nested, segment_names, level + 1)


def clause_in_words(clause: Clause, segment_names: Mapping[str, str]) -> str:
    """“the order's amount is more than €50.00”, for one clause without what is nested in it."""
    name = clause.name
    if name in RULES and RULES[name].applies_discount:
        applies = any(value is True for values in clause.conditions.values() for value in values)
        return "the discount applies to it" if applies else "the discount does not apply to it"
    if name == "product.metadata.match_all":
        everything = any(value is True for values in clause.conditions.values() for value in values)
        return "all products of the order match" if everything else "not all products of the order match"
    subject = SUBJECTS[name] if name in SUBJECTS else label_of(name, clause.property)
    parts = []
    for operator, values in clause.conditions.items():
        shown = values_in_words(operator, values, tell=lambda value: _value(name, value, segment_names), moment=_moment)
        plural = PLURAL_OPERATORS.get(operator) if name in OF_MANY else None
        parts.append(operator_in_words(operator, shown, template=plural or OPERATORS.get(operator)))
    return f"{subject} {' and '.join(parts)}" if parts else f"{subject}:"


def applicable_in_words(applicable_to: ApplicableTo) -> str:
    """Which products the discount applies to; empty where it applies to all."""
    if not applicable_to.restricts:
        return ""
    included, excluded = (
        " or ".join(f"“{min(product.ids)}”" for product in products)
        for products in (applicable_to.included, applicable_to.excluded)
    )
    only = "" if applicable_to.included_all else f" only to {included}"
    but = f"{',' if only else ''} not to {excluded}" if excluded else ""
    return f"the discount applies{only}{but}" if only else f"the discount does{but.replace(' to ', ' apply to ', 1)}"


def _moment(text: str) -> str:
    read = datetime.fromisoformat(text)
    return show.local_text(read) if read.tzinfo else text


def _value(name: str, value: Any, segment_names: Mapping[str, str]) -> str:
    if name in RULES and RULES[name].money:
        return show.money(value)
    if name == "customer.segment":
        return f"“{segment_names.get(value, value)}”"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"“{value}”" if isinstance(value, str) else str(value)


def campaign_state(campaign: Campaign, *, now: datetime) -> str:
    """DISABLED, NOT_YET_ACTIVE, EXPIRED or ACTIVE: the first that holds, in the order of the engine's checks."""
    if not campaign.is_active or campaign.is_being_deleted:
        return "DISABLED"
    if campaign.start_date and now < campaign.start_date:
        return "NOT_YET_ACTIVE"
    if campaign.expiration_date and now > campaign.expiration_date:
        return "EXPIRED"
    return "ACTIVE"


def campaign_sentence(campaign: Campaign, *, now: datetime) -> str:
    """One plain sentence: whether the campaign's vouchers can be redeemed at `now` (aware), and why not."""
    state = campaign_state(campaign, now=now)
    if campaign.is_being_deleted:
        return "The campaign is being deleted: none of its vouchers can be redeemed any more."
    if state == "DISABLED":
        return "The campaign is disabled: none of its vouchers can be redeemed."
    if state == "NOT_YET_ACTIVE":
        return f"The campaign starts {show.local_text(campaign.start_date)}: no voucher of it can be redeemed before."
    if state == "EXPIRED":
        return f"The campaign ended {show.local_text(campaign.expiration_date)}: none of its vouchers can be redeemed."
    if closed := closed_sentence([("The campaign", campaign.schedule)], [campaign.expiration_date], now=now):
        return closed
    if campaign.expiration_date:
        return f"The campaign runs until {show.local_text(campaign.expiration_date)}."
    return "The campaign runs without an end."


def hours_in_words(schedule: Schedule) -> str:
    """“on Mondays to Fridays, Europe/Warsaw time”: when something is open besides its dates; empty when always."""
    words = in_words(schedule.validity)
    return f"{words}, {timezone.get_default_timezone_name()} time" if words else ""


def closed_sentence(
    schedules: Sequence[tuple[str, Schedule]], ends: Iterable[datetime | None], *, now: datetime
) -> str:
    """Why what has all of these (named) schedules cannot be used at `now`, and when it can next; empty if it can."""
    zone = timezone.get_default_timezone()
    for who, schedule in schedules:
        if is_open([schedule], now, zone):
            continue
        following = next_open([one for _, one in schedules], now, zone)
        if following is None or any(end is not None and following > end for end in ends):
            then = "it will not be again"
        else:
            then = f"next {show.local_text(following)}"
        return f"{who} is open only {hours_in_words(schedule)}; {then}."
    return ""
