"""Changes of the offer that touch more than one row; knows nothing of vouchers and attempts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from campaigns.models import Campaign, Customer, Segment, SegmentMembership
from voucherify_admin.async_actions import actions as async_actions
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.ids import new_id

DELETION = "CAMPAIGN.DELETE"
PROFILE = ("name", "email", "phone", "description", "birthdate", "address")


def upsert_customer(data: dict[str, Any], *, now: datetime) -> tuple[Customer | None, bool]:
    """Return the customer that `data` (Voucherify's `customer` object) names, and whether it was created.

    A known one is updated with the profile fields that were sent, metadata key by key; an unknown `source_id` is
    created. (None, False) for an unknown `id`, and when neither is given and there is nothing to create.
    The row is written only when something changes, so that a till's thousand calls do not rewrite it.
    """
    reference_id, source_id = data.get("id"), data.get("source_id")
    profile = {name: data[name] for name in PROFILE if data.get(name) is not None}
    metadata = data.get("metadata") or {}
    with transaction.atomic():
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
                customer, created = Customer.objects.get_or_create(source_id=source_id, defaults={**profile, **made})
        elif profile or metadata:
            made = {"public_id": new_id("cust_", now), "metadata": metadata, "created_at": now}
            return Customer.objects.create(**profile, **made), True
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
        return customer, False


class UnknownCustomer(ValueError):  # noqa: N818 - it is the customer that is unknown
    """There is no customer with this id or `source_id`."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


def update_campaign(campaign: Campaign, changes_of: Callable[[Campaign], dict[str, Any]], *, now: datetime) -> Campaign:
    """Change a campaign by what `changes_of` says of its row as it is then; the row is locked meanwhile."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
        changes = {**changes_of(campaign), "updated_at": now}
        for name, value in changes.items():
            setattr(campaign, name, value)
        campaign.save(update_fields=list(changes))
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


def create_segment(name: str, references: Iterable[str], *, now: datetime) -> Segment:
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
    return segment
