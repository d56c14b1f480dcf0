"""Changes of the offer, told to the webhooks in the same transaction; knows nothing of vouchers and attempts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership, ValidationRule
from voucherify_admin.async_actions import actions as async_actions
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import actions as webhooks

DELETION = "CAMPAIGN.DELETE"
PROFILE = ("name", "email", "phone", "description", "birthdate", "address")
# Of a larger segment nobody is told who came into it or left with it: a payload a customer would be written by Python.
MOST_TOLD = 1000


def upsert_customer(
    data: dict[str, Any], *, source: webhooks.Source = webhooks.INTERNAL, now: datetime
) -> tuple[Customer | None, bool]:
    """Return the customer that `data` (Voucherify's `customer` object) names, and whether it was created.

    A known one is updated with the profile fields that were sent, metadata key by key; an unknown `source_id` is
    created. (None, False) for an unknown `id`, and when neither is given and there is nothing to create.
    The row is written only when something changes, so that a till's thousand calls do not rewrite it.
    """
    reference_id, source_id = data.get("id"), data.get("source_id")
    profile = {name: data[name] for name in PROFILE if data.get(name) is not None}
    metadata = data.get("metadata") or {}
    # No savepoint: nobody goes on after half of this.
    with transaction.atomic(savepoint=False):
        customer = None
        created = False
        if reference_id:
            # Voucherify's clients put the shop's own id into either place.
            customer = Customer.objects.by_reference(reference_id).first()
        elif source_id:
            customer = Customer.objects.filter(source_id=source_id).first()
            if customer is None:
                made = {"public_id": new_id("cust_", now), "metadata": metadata, "created_at": now}
                # Two tills may create the same customer at once; the second one takes the first one's row.
                Customer.objects.bulk_create([Customer(source_id=source_id, **profile, **made)], ignore_conflicts=True)
                customer = Customer.objects.get(source_id=source_id)
                created = customer.public_id == made["public_id"]
        elif profile or metadata:
            made = {"public_id": new_id("cust_", now), "metadata": metadata, "created_at": now}
            customer, created = Customer.objects.create(**profile, **made), True
        if created:
            webhooks.tell("customer.created", customer, source=source, now=now)
        if customer is None or created:
            return customer, created
        changes = {name: value for name, value in profile.items() if getattr(customer, name) != value}
        if source_id and customer.source_id is None:
            changes["source_id"] = source_id
        if any(customer.metadata.get(key) != value for key, value in metadata.items()):
            changes["metadata"] = {**customer.metadata, **metadata}
        if changes:
            for name, value in changes.items():
                setattr(customer, name, value)
            customer.updated_at = now
            customer.save(update_fields=[*changes, "updated_at"])
            webhooks.tell("customer.updated", customer, source=source, now=now)
        return customer, False


def create_customer(*, source: webhooks.Source, now: datetime) -> Customer:
    """Create a customer of whom nothing is known yet."""
    with transaction.atomic():
        customer = Customer.objects.create(created_at=now)
        webhooks.tell("customer.created", customer, source=source, now=now)
    return customer


def delete_customer(customer: Customer, *, source: webhooks.Source, now: datetime) -> None:
    """Delete a customer; what they redeemed stays, with the name as it was then."""
    with transaction.atomic():
        webhooks.tell("customer.deleted", customer, source=source, now=now)
        customer.delete()


class UnknownCustomer(ValueError):  # noqa: N818 - it is the customer that is unknown
    """There is no customer with this id or `source_id`."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def update_campaign(
    campaign: Campaign,
    changes_of: Callable[[Campaign], dict[str, Any]],
    *,
    source: webhooks.Source = webhooks.INTERNAL,
    now: datetime,
) -> Campaign:
    """Change a campaign by what `changes_of` says of its row as it is then; the row is locked meanwhile."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        changes = {**changes_of(campaign), "updated_at": now}
        for name, value in changes.items():
            setattr(campaign, name, value)
        campaign.save(update_fields=list(changes))
        webhooks.tell("campaign.updated", campaign, source=source, now=now)
    return campaign


def delete_campaign(campaign: Campaign, *, asked: Asked, now: datetime) -> AsyncAction:
    """Make a campaign's codes unusable at once, and have a worker delete them and then the campaign.

    Asked again meanwhile it answers the same action. Raises Campaign.DoesNotExist for one that is gone.
    """
    with transaction.atomic():
        # The whole row, so that who is adding codes to it is waited for, and its codes are counted after that.
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        subject = ("campaign", campaign.public_id)
        under_way = AsyncAction.objects.about(*subject).filter(type=DELETION).first()
        if under_way is not None:
            return under_way
        campaign.is_active, campaign.deletion_asked_at, campaign.updated_at = False, now, now
        campaign.save(update_fields=["is_active", "deletion_asked_at", "updated_at"])
        return async_actions.start(Work(DELETION, campaign.vouchers.count(), subject=subject), asked)


def set_campaign_active(campaign: Campaign, is_active: bool, *, source: webhooks.Source, now: datetime) -> None:
    """Enable or disable a campaign, and tell the webhooks when that changes something."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        was_active, row.is_active, row.updated_at = row.is_active, is_active, now
        row.save(update_fields=["is_active", "updated_at"])
        if is_active != was_active:
            webhooks.tell(f"campaign.{'enabled' if is_active else 'disabled'}", row, source=source, now=now)


def create_segment(
    name: str, references: Iterable[str], *, source: webhooks.Source = webhooks.INTERNAL, now: datetime
) -> Segment:
    """Create a static segment of the customers with these ids or source ids; raises UnknownCustomer."""
    wanted = set(references)
    with transaction.atomic():
        rows = Customer.objects.filter(Q(public_id__in=wanted) | Q(source_id__in=wanted))
        known = list(rows.values_list("pk", "public_id", "source_id"))
        missing = wanted.difference(*((public_id, source_id) for _, public_id, source_id in known))
        if missing:
            raise UnknownCustomer(min(missing))
        segment = Segment.objects.create(name=name, created_at=now)
        SegmentMembership.objects.bulk_create(
            (SegmentMembership(segment=segment, customer_id=pk) for pk, *_ in known), batch_size=2000
        )
        _tell_members("customer.segment.entered", segment, source=source, now=now)
    return segment


def delete_segment(segment: Segment, *, source: webhooks.Source, now: datetime) -> None:
    """Delete a segment; its customers stay."""
    with transaction.atomic():
        _tell_members("customer.segment.left", segment, source=source, now=now)
        segment.delete()


def _tell_members(event: str, segment: Segment, *, source: webhooks.Source, now: datetime) -> None:
    """Tell of each customer of a static segment, up to MOST_TOLD; reads them only where somebody listens."""
    if segment.type != Segment.Type.STATIC or not webhooks.is_listened_to(event):
        return
    members = list(segment.memberships.select_related("customer", "segment").order_by("pk")[: MOST_TOLD + 1])
    if len(members) <= MOST_TOLD:
        webhooks.tell_each([(event, member) for member in members], source=source, now=now)


def create_rule(columns: dict[str, Any], *, source: webhooks.Source, now: datetime) -> ValidationRule:
    """Create a validation rule from checked values."""
    with transaction.atomic():
        rule = ValidationRule.objects.create(**columns, created_at=now)
        webhooks.tell("business_validation_rule.created", rule, source=source, now=now)
    return rule


def update_rule(
    rule: ValidationRule, changes: dict[str, Any], *, source: webhooks.Source, now: datetime
) -> ValidationRule:
    """Change columns of a rule; from now on redemptions are decided by it as it is then."""
    with transaction.atomic():
        for name, value in {**changes, "updated_at": now}.items():
            setattr(rule, name, value)
        rule.save(update_fields=[*changes, "updated_at"])
        webhooks.tell("business_validation_rule.updated", rule, source=source, now=now)
    return rule


def delete_rule(rule: ValidationRule, *, source: webhooks.Source, now: datetime) -> None:
    """Delete a rule with its assignments; the rule alone is told, for it may bind any number of codes."""
    with transaction.atomic():
        webhooks.tell("business_validation_rule.deleted", rule, source=source, now=now)
        rule.delete()


def delete_assignment(assignment: RuleAssignment, *, source: webhooks.Source, now: datetime) -> None:
    """Free what the rule bound from it."""
    with transaction.atomic():
        webhooks.tell("business_validation_rule.assignment.deleted", assignment, source=source, now=now)
        assignment.delete()
