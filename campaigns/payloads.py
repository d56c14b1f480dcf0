"""What webhooks tell of customers, campaigns and validation rules: `data` of Voucherify's events."""

from campaigns.models import Campaign, Customer, RuleAssignment, SegmentMembership, ValidationRule
from campaigns.schemas.campaign import campaign_out
from campaigns.schemas.customer import customer_out
from campaigns.schemas.segment import segment_out
from campaigns.schemas.validation_rule import assignment_out, rule_out
from voucherify_admin.api.wire import iso
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.webhooks.events import Told


def customer_payload(customer: Customer) -> Told:
    """Return what `customer.created`, `.updated` and `.deleted` tell."""
    changed = customer.updated_at or customer.created_at
    return Told(customer.public_id, {"customer": customer_out(customer), "created_at": iso(changed)})


def segment_payload(membership: SegmentMembership) -> Told:
    """Return what `customer.segment.entered` and `.left` tell."""
    customer = membership.customer
    return Told(customer.public_id, {"customer": customer_out(customer), "segment": segment_out(membership.segment)})


def campaign_payload(campaign: Campaign) -> Told:
    """Return what the events of a campaign tell: the campaign as the API answers it, its rules with it."""
    rules = RuleAssignment.objects.binding(vouchers=[], campaigns=[campaign.public_id])
    whole = campaign_out(
        campaign,
        vouchers_count=campaign.vouchers.count(),
        assignments=list(rules.select_related("rule").order_by("pk")),
        is_generating=bool(AsyncAction.objects.under_way_on("campaign", [campaign.public_id])),
    )
    return Told(campaign.public_id, {"campaign": whole, "created_at": iso(campaign.updated_at or campaign.created_at)})


def rule_payload(rule: ValidationRule) -> Told:
    """Return what `business_validation_rule.created`, `.updated` and `.deleted` tell."""
    rule.assignments_count = rule.assignments.count()
    told = {"validation_rule": rule_out(rule), "created_at": iso(rule.updated_at or rule.created_at)}
    return Told(rule.public_id, told)


def assignment_payload(assignment: RuleAssignment) -> Told:
    """Return what `business_validation_rule.assignment.created` and `.deleted` tell."""
    told = {"validation_rule_assignment": assignment_out(assignment), "created_at": iso(assignment.created_at)}
    return Told(assignment.public_id, told)
