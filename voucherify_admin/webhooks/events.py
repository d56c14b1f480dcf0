"""The events that webhooks can be told of, by family, and what is told of one; knows no row and sends nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FAMILIES = (
    (
        "Redemptions",
        (
            ("redemption.succeeded", "A redemption succeeded"),
            ("redemption.failed", "A redemption failed"),
            ("redemption.rollback.succeeded", "A redemption was rolled back"),
            ("redemption.rollback.failed", "A rollback was refused"),
        ),
    ),
    (
        "Vouchers",
        (
            ("voucher.created", "A voucher was created"),
            ("voucher.updated", "A voucher was changed"),
            ("voucher.deleted", "A voucher was deleted"),
            ("voucher.enabled", "A voucher was enabled"),
            ("voucher.disabled", "A voucher was disabled"),
            ("voucher.published", "A voucher was given to a customer"),
            ("voucher.gift.balance_added", "A gift card was loaded"),
            ("voucher.gift.transaction.created", "A gift card's balance changed"),
        ),
    ),
    (
        "Customers",
        (
            ("customer.created", "A customer was created"),
            ("customer.updated", "A customer was changed"),
            ("customer.deleted", "A customer was deleted"),
            ("customer.redemption.succeeded", "A customer's redemption succeeded"),
            ("customer.redemption.failed", "A customer's redemption failed"),
            ("customer.redemption.rollback.succeeded", "A customer's redemption was rolled back"),
            ("customer.redemption.rollback.failed", "A rollback of a customer's redemption was refused"),
            ("customer.publication.succeeded", "A customer was given codes"),
            ("customer.order.created", "A customer's order was created, by API or by a redemption"),
            ("customer.order.updated", "A customer's order was changed, by API, a redemption or a rollback"),
            ("customer.order.paid", "A customer's order was paid"),
            ("customer.order.fulfilled", "A customer's order was fulfilled"),
            ("customer.order.canceled", "A customer's order was canceled"),
            ("customer.segment.entered", "A customer came into a segment"),
            ("customer.segment.left", "A customer left a segment"),
        ),
    ),
    (
        "Campaigns",
        (
            ("campaign.created", "A campaign was created"),
            ("campaign.updated", "A campaign was changed"),
            ("campaign.enabled", "A campaign was enabled"),
            ("campaign.disabled", "A campaign was disabled"),
            ("campaign.deleted", "A campaign was deleted"),
            ("campaign.vouchers.generation.completed", "Codes were made for a campaign"),
        ),
    ),
    (
        "Validation rules",
        (
            ("business_validation_rule.created", "A rule was created"),
            ("business_validation_rule.updated", "A rule was changed"),
            ("business_validation_rule.deleted", "A rule was deleted"),
            ("business_validation_rule.assignment.created", "A rule was assigned"),
            ("business_validation_rule.assignment.deleted", "A rule's assignment was taken away"),
        ),
    ),
)
EVENTS = tuple(event for _, events in FAMILIES for event in events)


@dataclass(frozen=True)
class Told:
    """What is told of one event: `data` as Voucherify's, and the public id of what it is about.

    `subject_id` is set where a redemption's page shows the delivery though the event is about something else.
    """

    entity_id: str
    data: dict[str, Any]
    subject_id: str = ""


def names_of(event_type: str) -> Iterator[str]:
    """Give the event's own name, then its families from the narrowest: a.b.c, a.b, a."""
    while event_type:
        yield event_type
        event_type = event_type.rpartition(".")[0]
