"""The only reader for the engine: rows become Facts; decides nothing and writes nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.conditions import Needs, Tally, needs, parse_applicable_to, parse_rules
from campaigns.models import Campaign, Customer, Segment
from redemptions.engine import CampaignFacts, CustomerFacts, Decision, Facts, RedeemRequest, RuleFacts, VoucherFacts
from redemptions.models import Redemption, SessionLock
from vouchers.discounts import Effect, parse_discount
from vouchers.models import Voucher

# As SQL, for every redeem asks it before all else, and to compose it anew took longer than to answer it. Each half
# walks the index of the assignments, which one condition with OR would not.
BINDING_RULES = """
WITH named AS (
    SELECT public_id, campaign_id FROM vouchers_voucher
    WHERE code = ANY(%(references)s) OR public_id = ANY(%(references)s)
), bound AS (
    SELECT 'voucher' AS type, public_id FROM named
    UNION
    SELECT 'campaign', campaigns_campaign.public_id
    FROM named JOIN campaigns_campaign ON campaigns_campaign.id = named.campaign_id
)
SELECT assigned.related_object_type, assigned.related_object_id,
    rule.public_id, rule.name, rule.rules, rule.error_message, rule.applicable_to
FROM bound
JOIN campaigns_ruleassignment AS assigned
    ON assigned.related_object_type = bound.type AND assigned.related_object_id = bound.public_id
JOIN campaigns_validationrule AS rule ON rule.id = assigned.rule_id
ORDER BY assigned.id
"""


def gather(
    request: RedeemRequest,
    *,
    voucher: Voucher | None,
    customer: Customer | None,
    now: datetime,
    rules: Mapping[str, Sequence[RuleFacts]] | None = None,
    earlier: Sequence[tuple[Voucher, Decision]] = (),
) -> Facts:
    """Return what a decision on `request` needs to know, with no query for what no rule asks for.

    The number of queries has a bound, however many rules and clauses there are: what sessions keep, the rules
    themselves (unless they are given, as `read_rules` returns them), the segments that are asked for, which of them
    the customer is in, the customer's orders, and one for all counts. `earlier` is what the same stack uses before
    this code: accepted, but not on record yet.
    """
    if voucher is None:
        return Facts(now=now, request=request)
    campaign = voucher.campaign
    rules = read_rules([voucher.public_id]) if rules is None else rules
    assigned_to = [voucher.public_id, *([campaign.public_id] if campaign else [])]
    bound = tuple(rule for object_id in assigned_to for rule in rules.get(object_id, ()))
    asked = needs(*(rule.ruleset for rule in bound))
    names: dict[str, str] = {}
    segments: frozenset[str] = frozenset()
    if asked.segments:
        known = Segment.objects.filter(public_id__in=asked.segments)
        names = {segment.public_id: segment.name for segment in known}
        if customer:
            segments = frozenset(segment.public_id for segment in known.holding(customer))
    facts = Facts(
        now=now,
        request=request,
        zone=timezone.get_default_timezone(),
        voucher=_voucher_facts(voucher, *_locked(request, voucher, now=now)),
        campaign=_campaign_facts(campaign) if campaign else None,
        customer=_customer_facts(request, customer, segments, asked),
        rules=bound,
        segment_names=names,
    )
    counted = {facts.tally_asked(tally, rule) for rule in bound for tally in needs(rule.ruleset).tallies}
    if not counted:
        return facts
    tallies = Redemption.objects.tallied(
        counted, voucher=voucher, customer=customer, channel=request.channel, now=now, tz=facts.zone
    )
    of_same_stack = [decision for one, decision in earlier if campaign is not None and one.campaign_id == campaign.pk]
    return replace(facts, tallies={tally: count + _in_stack(tally, of_same_stack) for tally, count in tallies.items()})


def _in_stack(tally: Tally, decisions: Sequence[Decision]) -> int:
    """Return what other codes of the same campaign on the same order add to a count; each voucher is there once.

    The order and its customer are the same, so they count with this code and not again with those before it.
    """
    if tally.of != "campaign" or tally.what in ("customers", "amount"):
        return 0
    if tally.what == "discount":
        return sum(decision.discount_amount for decision in decisions)
    return len(decisions)


def read_rules(references: Sequence[str]) -> dict[str, list[RuleFacts]]:
    """Return the rules that bind the vouchers with these codes or ids, of their own and of their campaigns; one query.

    They stand by the public id of the voucher or campaign that they are assigned to, each in the order of their making.
    """
    rules: dict[str, list[RuleFacts]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BINDING_RULES, {"references": list(references)})
        for object_type, object_id, rule_id, name, conditions, error_message, applicable_to in cursor.fetchall():
            rules.setdefault(object_id, []).append(
                RuleFacts(
                    id=rule_id,
                    name=name,
                    ruleset=parse_rules(json.loads(conditions)),
                    error_message=error_message or None,
                    assigned_to=object_type,
                    applicable_to=parse_applicable_to(json.loads(applicable_to)),
                )
            )
    return rules


def counts_beyond_voucher(rules: Iterable[RuleFacts]) -> tuple[bool, bool]:
    """Say what, besides the voucher's row, has to be locked for the rules' counts to be exact: (campaign, customer).

    What is counted of one voucher is held still by the voucher's own lock.
    """
    campaign = customer = False
    for rule in rules:
        asked = needs(rule.ruleset)
        customer |= asked.customer_orders
        for tally in asked.tallies:
            if tally.of == "campaign" or rule.assigned_to == "campaign":
                # Two customers at once cannot take each other's place, so the customer's own lock is enough.
                customer |= tally.per == "customer"
                campaign |= tally.per != "customer"
    return campaign, customer


def _locked(request: RedeemRequest, voucher: Voucher, *, now: datetime) -> tuple[int, int]:
    """Return how many uses and cents other sessions keep; without a limit there is nothing to keep."""
    if voucher.quantity is None and not voucher.is_gift:
        return 0, 0
    return SessionLock.objects.kept(voucher, but_for=request.session.key if request.session else "", now=now)


def _voucher_facts(voucher: Voucher, locked_quantity: int, locked_credits: int) -> VoucherFacts:
    return VoucherFacts(
        id=voucher.public_id,
        code=voucher.code,
        active=voucher.is_active,
        start_date=voucher.start_date,
        expiration_date=voucher.expiration_date,
        validity=voucher.validity,
        quantity=voucher.quantity,
        redeemed_quantity=voucher.redeemed_quantity,
        discount=parse_discount(voucher.discount) if voucher.discount else None,
        gift_balance=voucher.gift_balance if voucher.is_gift else None,
        gift_effect=Effect(voucher.gift_effect),
        locked_quantity=locked_quantity,
        locked_credits=locked_credits,
    )


def _campaign_facts(campaign: Campaign) -> CampaignFacts:
    return CampaignFacts(
        id=campaign.public_id,
        name=campaign.name,
        active=campaign.is_active and not campaign.is_being_deleted,
        start_date=campaign.start_date,
        expiration_date=campaign.expiration_date,
        validity=campaign.validity,
    )


def _customer_facts(
    request: RedeemRequest, customer: Customer | None, segments: frozenset[str], asked: Needs
) -> CustomerFacts | None:
    sent = request.customer
    if customer is None and not sent:
        return None
    sent = sent or {}
    # A validation writes nothing, so a customer may be known from the request alone.
    metadata = {**(customer.metadata if customer else {}), **(sent.get("metadata") or {})}
    fields: dict[str, Any] = {name: sent.get(name) for name in ("name", "email", "source_id")}
    address = sent.get("address")
    if customer:
        fields = {name: value or getattr(customer, name) or None for name, value in fields.items()}
        fields["created_at"] = customer.created_at.isoformat()
        address = address or customer.address
    if isinstance(address, dict):
        fields |= {name: address.get(name) for name in ("city", "country")}
    if asked.customer_orders:
        count, amount = Redemption.objects.orders_of(customer) if customer else (0, 0)
        fields |= {"orders_count": count, "orders_amount": amount}
    return CustomerFacts(
        id=customer.public_id if customer else None, metadata=metadata, fields=fields, segments=segments
    )
