"""What webhooks tell of attempts and rollbacks: `data` of Voucherify's events, from rows that were just written."""

from typing import Any

from campaigns.models import Campaign, Customer
from redemptions.models import Order, Redemption, Rollback
from redemptions.schemas import redemption_out, rollback_out
from redemptions.schemas.orders import order_out
from voucherify_admin.api.wire import iso
from voucherify_admin.webhooks.events import Told
from vouchers.models import Voucher
from vouchers.schemas import voucher_out


def redemption_payload(redemption: Redemption) -> Told:
    """Return what `redemption.succeeded` and `redemption.failed` tell."""
    data = _about(redemption) | {
        "redemption": redemption_out(redemption, rollbacks=[], with_facts=bool(redemption.failure_code)),
        "created_at": iso(redemption.created_at),
    }
    return Told(redemption.public_id, data)


def customer_redemption_payload(redemption: Redemption) -> Told:
    """Return what `customer.redemption.succeeded` and `.failed` tell: the same, about the customer."""
    return Told(_customer_id(redemption), redemption_payload(redemption).data, subject_id=redemption.public_id)


def rollback_payload(rollback: Rollback) -> Told:
    """Return what `redemption.rollback.succeeded` and `redemption.rollback.failed` tell."""
    redemption = rollback.redemption
    done = [rollback] if rollback.result == "SUCCESS" else []
    data = _about(redemption) | {
        "redemption": redemption_out(redemption, rollbacks=done),
        "redemption_rollback": rollback_out(rollback),
        "created_at": iso(rollback.created_at),
    }
    return Told(rollback.public_id, data, subject_id=redemption.public_id)


def customer_rollback_payload(rollback: Rollback) -> Told:
    """Return what `customer.redemption.rollback.succeeded` and `.failed` tell: the same, about the customer."""
    redemption = rollback.redemption
    return Told(_customer_id(redemption), rollback_payload(rollback).data, subject_id=redemption.public_id)


def order_payload(told_of: tuple[Order, Redemption | None]) -> Told:
    """Return what `customer.order.*` tell, about the customer, with the redemption if it was by one."""
    order, redemption = told_of
    customer = order.customer
    data = {
        "customer": None if customer is None else _customer(customer),
        "referrer": None,
        "order": order_out(order),
        "redemption": None if redemption is None else redemption_out(redemption, rollbacks=[]),
    }
    return Told(
        customer.public_id if customer else "", data, subject_id="" if redemption is None else redemption.public_id
    )


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.public_id,
        "name": customer.name or None,
        "email": customer.email or None,
        "source_id": customer.source_id,
        "metadata": customer.metadata,
        "object": "customer",
    }


def _customer_id(redemption: Redemption) -> str:
    return redemption.customer.public_id if redemption.customer else ""


def _about(redemption: Redemption) -> dict[str, Any]:
    own = redemption_out(redemption, rollbacks=[])
    return {
        "customer": own["customer"],
        "order": own["order"],
        "campaign": _campaign(redemption.campaign),
        "voucher": _voucher(redemption.voucher),
        "holder": None,
        "promotion_tier": None,
    }


def _campaign(campaign: Campaign | None) -> dict[str, Any] | None:
    if campaign is None:
        return None
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "campaign_type": campaign.campaign_type,
        "metadata": campaign.metadata,
        "object": "campaign",
    }


def _voucher(voucher: Voucher | None) -> dict[str, Any] | None:
    # Its rules are the business of who manages it; they would cost every redemption a query.
    return None if voucher is None else voucher_out(voucher, [])
