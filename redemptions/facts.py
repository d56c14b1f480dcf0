"""The only reader for the engine: rows become Facts; decides nothing and writes nothing."""

from collections.abc import Sequence
from datetime import datetime

from campaigns.conditions import needs, parse_rules
from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership
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
    earlier: Sequence[tuple[Voucher, Decision]] = (),
) -> Facts:
    """Return what a decision on `request` needs to know, with no query for what no rule asks for.

    `earlier` is what the same stack uses before this code: accepted, but not on record yet. At most five
    queries, however many rules there are: what is locked, the rules, the customer's segments, their names, the count
    of the customer's earlier uses.
    """
    if voucher is None:
        return Facts(now=now, request=request)
    campaign = voucher.campaign
    rules = _rules(voucher, campaign)
    asked = needs(*(rule.ruleset for rule in rules))
    segments: frozenset[str] = frozenset()
    names: dict[str, str] = {}
    uses: dict = {}
    if asked.segments:
        names = dict(Segment.objects.filter(public_id__in=asked.segments).values_list("public_id", "name"))
        if customer:
            memberships = SegmentMembership.objects.filter(customer=customer, segment__public_id__in=asked.segments)
            segments = frozenset(memberships.values_list("segment__public_id", flat=True))
    if asked.redemptions_per_customer and customer:
        uses = Redemption.objects.uses_by(customer, voucher=voucher)
        if voucher.campaign_id:
            uses["campaign"] += sum(one.campaign_id == voucher.campaign_id for one, _ in earlier)
    return Facts(
        now=now,
        request=request,
        voucher=_voucher_facts(voucher, *_locked(request, voucher, now=now)),
        campaign=_campaign_facts(campaign) if campaign else None,
        customer=_customer_facts(request, customer, segments),
        rules=rules,
        segment_names=names,
        redemptions_per_customer=uses,
    )


def _rules(voucher: Voucher, campaign: Campaign | None) -> tuple[RuleFacts, ...]:
    bound = RuleAssignment.objects.binding(
        vouchers=[voucher.public_id], campaigns=[campaign.public_id] if campaign else []
    )
    # The voucher's own rules first, then its campaign's, each in the order of their making.
    rows = bound.select_related("rule").order_by("-related_object_type", "pk")
    return tuple(
        RuleFacts(
            id=row.rule.public_id,
            name=row.rule.name,
            ruleset=parse_rules(row.rule.rules),
            error_message=row.rule.error_message or None,
            assigned_to=row.related_object_type,
        )
        for row in rows
    )


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
        active=campaign.is_active,
        start_date=campaign.start_date,
        expiration_date=campaign.expiration_date,
    )


def _customer_facts(
    request: RedeemRequest, customer: Customer | None, segments: frozenset[str]
) -> CustomerFacts | None:
    sent = request.customer
    if customer is None and not sent:
        return None
    # A validation writes nothing, so a customer may be known from the request alone.
    metadata = {**(customer.metadata if customer else {}), **((sent or {}).get("metadata") or {})}
    return CustomerFacts(id=customer.public_id if customer else None, metadata=metadata, segments=segments)
