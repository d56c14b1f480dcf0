"""The only reader for the engine: rows become Facts; decides nothing and writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.conditions import Needs, Tally, needs, parse_applicable_to, parse_rules
from campaigns.models import Campaign, Customer, RuleAssignment, Segment
from redemptions.engine import CampaignFacts, CustomerFacts, Decision, Facts, RedeemRequest, RuleFacts, VoucherFacts
from redemptions.models import Redemption, SessionLock
from vouchers.discounts import Effect, parse_discount
from vouchers.models import Voucher


def gather(
    request: RedeemRequest,
    *,
    voucher: Voucher | None,
    customer: Customer | None,
    now: datetime,
    rules: Sequence[RuleFacts] | None = None,
    earlier: Sequence[tuple[Voucher, Decision]] = (),
) -> Facts:
    """Return what a decision on `request` needs to know, with no query for what no rule asks for.

    The number of queries has a bound, however many rules and clauses there are: what sessions keep, the rules
    themselves (unless they are given), the segments that are asked for, which of them the customer is in, the
    customer's orders, and one for each kind of count. `earlier` is what the same stack uses before this code:
    accepted, but not on record yet.
    """
    if voucher is None:
        return Facts(now=now, request=request)
    campaign = voucher.campaign
    bound = tuple(rules_of(voucher, campaign) if rules is None else rules)
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
    """Return what other codes of the same campaign on the same order add to a count; each voucher is there once."""
    if tally.of != "campaign" or tally.what == "customers":
        return 0
    if tally.what == "amount":
        return sum((decision.order or {}).get("amount") or 0 for decision in decisions)
    if tally.what == "discount":
        return sum(decision.discount_amount for decision in decisions)
    return len(decisions)


def rules_of(voucher: Voucher, campaign: Campaign | None) -> list[RuleFacts]:
    """Return the rules that bind the voucher, its own first, then its campaign's, each in the order of their making."""
    bound = RuleAssignment.objects.binding(
        vouchers=[voucher.public_id], campaigns=[campaign.public_id] if campaign else []
    )
    rows = bound.select_related("rule").order_by("-related_object_type", "pk")
    return [
        RuleFacts(
            id=row.rule.public_id,
            name=row.rule.name,
            ruleset=parse_rules(row.rule.rules),
            error_message=row.rule.error_message or None,
            assigned_to=row.related_object_type,
            applicable_to=parse_applicable_to(row.rule.applicable_to),
        )
        for row in rows
    ]


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
