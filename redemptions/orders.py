"""Orders beside the attempts: found for a request, kept after a redemption, canceled by a rollback; decides nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from campaigns.models import Customer
from redemptions.engine import RedeemRequest
from redemptions.models import Order, Redemption, Rollback
from voucherify_admin.api.wire import iso
from voucherify_admin.webhooks import actions as webhooks
from vouchers.discounts import parse_order, price_order

# What an order is called by and where it stands; the rest is its content.
_OUTSIDE = ("id", "source_id", "status", "metadata", "customer", "created_at", "object", "redemptions")
# What a webhook hears when a customer's order comes to stand so.
_STATUS_EVENTS = {
    Order.Status.PAID: "customer.order.paid",
    Order.Status.FULFILLED: "customer.order.fulfilled",
    Order.Status.CANCELED: "customer.order.canceled",
}
# What an order is priced from.
_PRICED = ("amount", "initial_amount", "discount_amount", "items")


def known(request: RedeemRequest) -> RedeemRequest:
    """Return the request with what is known of its order filled in; an id that no order has is noted in it."""
    order = request.order
    if request.problem is not None or not isinstance(order, Mapping):
        return request
    by_id, by_source = (_text(order.get(name)) for name in ("id", "source_id"))
    if not by_id and not by_source:
        return request
    row = Order.objects.filter(Q(public_id=by_id) if by_id else Q(source_id=by_source)).first()
    if row is None:
        return replace(request, unknown_order=by_id) if by_id else request
    sent = {name: value for name, value in order.items() if value is not None}
    filled: dict[str, Any] = {"source_id": row.source_id} if row.source_id else {}
    if "amount" not in sent and "items" not in sent:
        # As it stands, with the discounts of codes that were used for it before; an order that is sent anew counts
        # as it is sent.
        filled |= {name: row.content[name] for name in _PRICED if row.content.get(name) is not None}
    if isinstance(sent.get("metadata", {}), Mapping):
        sent["metadata"] = {**row.metadata, **sent.get("metadata", {})}
    return replace(request, order={**filled, **sent, "id": row.public_id})


def is_named(request: RedeemRequest) -> bool:
    """Whether the request calls its order by an id, so that the order may be known already."""
    order = request.order
    return isinstance(order, Mapping) and any(_text(order.get(name)) for name in ("id", "source_id"))


def keep(redemption: Redemption, *, is_named: bool, now: datetime) -> list[webhooks.Happening]:
    """Write the order that a redemption was made for, as it was priced; what nobody called by an id is a new one.

    Returns what webhooks are to be told of a customer's order.
    """
    wire = redemption.order
    if not wire or redemption.failure_code:
        return []
    source_id = _text(wire.get("source_id")) or None
    known_by = Q(public_id=wire["id"])
    if source_id:
        known_by |= Q(source_id=source_id)
    named = Order.objects.select_for_update().filter(known_by).order_by("pk")
    row = named.first() if is_named else None
    if row is None:
        row = Order(public_id=wire["id"], source_id=source_id, created_at=now)
        _sell(row, redemption)
        if _insert(row, is_named=is_named):
            return _happened(row, was=None, by=redemption)
        # Another one made an order of this source_id at the same moment.
        row = named[:1].get()
    was = row.status
    _sell(row, redemption)
    row.updated_at = now
    row.save()
    return _happened(row, was=was, by=redemption)


def _happened(row: Order, *, was: str | None, by: Redemption | None = None) -> list[webhooks.Happening]:
    """What webhooks are to be told of a customer's order that was created (`was` is None) or changed from a status."""
    if row.customer_id is None:
        return []
    events = ["customer.order.created" if was is None else "customer.order.updated"]
    if row.status != was and row.status in _STATUS_EVENTS:
        events.append(_STATUS_EVENTS[Order.Status(row.status)])
    return [(event, (row, by)) for event in events]


def _insert(row: Order, *, is_named: bool) -> bool:
    """Create the order; whether its name was free, which only a savepoint lets one try."""
    if not is_named:
        row.save(force_insert=True)
        return True
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _sell(row: Order, redemption: Redemption) -> None:
    """Take over what a redemption made of the order."""
    wire = redemption.order
    _take(row, wire)
    row.status = wire.get("status") or Order.Status.PAID
    row.customer = redemption.customer or row.customer
    # A stack says itself which attempts it is made of.
    row.redemptions[redemption.public_id] = (wire.get("redemptions") or {}).get(redemption.public_id) or {
        "date": iso(redemption.created_at),
        "related_object_type": "voucher" if redemption.voucher_public_id else "redemption",
        "related_object_id": redemption.voucher_public_id or redemption.public_id,
        **({"related_object_parent_id": redemption.campaign.public_id} if redemption.campaign else {}),
    }


def cancel(redemption: Redemption, rollback: Rollback, *, now: datetime) -> list[webhooks.Happening]:
    """Cancel the order of a redemption that was rolled back; its discounts are gone with it.

    Returns what webhooks are to be told of a customer's order.
    """
    if redemption.parent_id:
        # The stack as a whole is what its order knows.
        return []
    public_id = (redemption.order or {}).get("id")
    row = Order.objects.select_for_update().filter(public_id=public_id).first() if public_id else None
    if row is None:
        return []
    was, row.status = row.status, Order.Status.CANCELED
    row.content = {name: value for name, value in row.content.items() if "discount_amount" not in name}
    row.total_amount = row.amount
    if "amount" in row.content:
        row.content["total_amount"] = row.content["amount"]
    link = row.redemptions.setdefault(redemption.public_id, {})
    link |= {"rollback_id": rollback.public_id, "rollback_date": iso(rollback.created_at)}
    row.updated_at = now
    row.save()
    return _happened(row, was=was, by=redemption)


def save(
    row: Order | None,
    sent: Mapping[str, Any],
    *,
    customer: Customer | None,
    source: webhooks.Source = webhooks.INTERNAL,
    now: datetime,
) -> Order:
    """Create an order, or change `row` by what was sent; metadata is merged by key. Webhooks hear of a customer's.

    Raises OrderError for an order that cannot be priced, IntegrityError for a source_id that another order has.
    """
    was = None
    with transaction.atomic():
        if row is None:
            row = Order(created_at=now)
        else:
            row = Order.objects.select_for_update().get(pk=row.pk)
            row.updated_at, was = now, row.status
        content = {name: row.content[name] for name in _PRICED if name in row.content}
        if sent.get("items") is not None:
            # New items are not to be priced by the old sum.
            content = {}
        content |= {name: value for name, value in sent.items() if name not in _OUTSIDE and value is not None}
        _take(row, price_order(parse_order(content), None).to_wire())
        row.metadata = {**row.metadata, **(sent.get("metadata") or {})}
        row.status = sent.get("status") or row.status
        row.source_id = sent.get("source_id") or row.source_id
        row.customer = customer or row.customer
        row.save()
        webhooks.tell_each(_happened(row, was=was), source=source, now=now)
    return row


def _take(row: Order, wire: Mapping[str, Any]) -> None:
    row.content = {name: value for name, value in wire.items() if name not in _OUTSIDE}
    row.amount, row.total_amount = wire.get("amount"), wire.get("total_amount")
    if isinstance(wire.get("metadata"), Mapping):
        row.metadata = {**row.metadata, **wire["metadata"]}


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""
