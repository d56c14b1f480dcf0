"""Orders over the API: creating, changing, reading; what they were redeemed with is written by redemptions."""

from typing import Annotated, Any, Literal

from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.actions import upsert_customer
from campaigns.api.campaigns import source_of
from campaigns.models import Customer
from redemptions import orders
from redemptions.models import Order
from redemptions.schemas.orders import OrderFields, OrderIn, OrderOut, order_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, duplicate, not_found
from voucherify_admin.api.wire import (
    ListQuery,
    QueryText,
    errors,
    found,
)
from vouchers.discounts import OrderError

router = Router(tags=["Orders"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "id": "public_id", "source_id": "source_id"}
FILTERS = {
    "id": ("public_id", "text"),
    "source_id": ("source_id", "text"),
    "status": ("status", "text"),
    "customer_id": ("customer__public_id", "text"),
    "amount": ("amount", "number"),
    "total_amount": ("total_amount", "number"),
    "created_at": ("created_at", "date"),
    "updated_at": ("updated_at", "date"),
}


class OrderListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["orders"]
    orders: list[OrderOut]
    total: int


class OrderQuery(ListQuery):
    customer: Annotated[QueryText | None, Field(description="By id or `source_id`.")] = None
    created_before: Annotated[QueryText | None, Field(alias="created_at[before]")] = None
    created_after: Annotated[QueryText | None, Field(alias="created_at[after]")] = None


def _order_called(reference: str) -> Order:
    rows = Order.objects.filter(Q(public_id=reference) | Q(source_id=reference)).select_related("customer")
    return found(rows, "order", reference)


def _saved(request: HttpRequest, row: Order | None, payload: OrderFields) -> dict[str, Any]:
    now = timezone.now()
    customer = _customer_of(request, payload)
    try:
        order = orders.save(
            row, payload.model_dump(exclude={"customer"}), customer=customer, source=source_of(request), now=now
        )
    except OrderError as error:
        raise ApiError(400, "invalid_order", "Invalid order", str(error)) from error
    except IntegrityError as error:
        raise duplicate("order", getattr(payload, "source_id", None) or "", by="source_id") from error
    request.call.touch("order", order.public_id)
    return order_out(order)


def _customer_of(request: HttpRequest, payload: OrderFields) -> Customer | None:
    values = payload.customer.values() if payload.customer else {}
    if not values:
        return None
    try:
        customer, _ = upsert_customer(values, source=source_of(request), now=timezone.now())
    except IntegrityError as error:
        raise duplicate("customer", values["source_id"], by="source_id") from error
    if customer is None:
        raise not_found("customer", values["id"])
    return customer


@router.post(
    "/orders",
    auth=KeyAuth("redemptions.add_order"),
    response={200: OrderOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Create an order",
)
def create_order(request: HttpRequest, payload: OrderIn = OrderIn()) -> dict[str, Any]:
    """Create an order, or change the one that has this `source_id`, so that a call may be repeated."""
    row = Order.objects.filter(source_id=payload.source_id).first() if payload.source_id else None
    return _saved(request, row, payload)


@router.get(
    "/orders",
    auth=KeyAuth("redemptions.view_order"),
    response={200: OrderListOut, **errors(400)},
    exclude_unset=True,
    summary="List orders",
)
def list_orders(request: HttpRequest, query: Query[OrderQuery]) -> dict[str, Any]:
    """Return one page of orders, newest first."""
    filters = lists.filters_q(lists.filters_from_query(request.GET), FILTERS, metadata="metadata")
    rows = Order.objects.filter(filters & lists.created_between(request.GET)).select_related("customer")
    if query.customer:
        rows = rows.filter(customer__in=Customer.objects.by_reference(query.customer))
    return lists.answer(request, rows, data_ref="orders", to_wire=order_out, order=ORDER)


@router.get(
    "/orders/{path:order_id}",
    auth=KeyAuth("redemptions.view_order"),
    response={200: OrderOut, **errors(404)},
    exclude_unset=True,
    summary="Get an order",
)
def get_order(request: HttpRequest, order_id: str) -> dict[str, Any]:
    """Return the order with this id or `source_id`."""
    order = _order_called(order_id)
    request.call.touch("order", order.public_id)
    return order_out(order)


@router.put(
    "/orders/{path:order_id}",
    auth=KeyAuth("redemptions.change_order"),
    response={200: OrderOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Update an order",
)
def update_order(request: HttpRequest, order_id: str, payload: OrderFields = OrderFields()) -> dict[str, Any]:
    """Change what is sent and leave the rest; new items take the place of all items."""
    return _saved(request, _order_called(order_id), payload)
