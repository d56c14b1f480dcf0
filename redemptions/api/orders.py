"""Orders over the API: creating, changing, reading; what they were redeemed with is written by redemptions."""

from typing import Annotated, Any, Literal

from django.db import IntegrityError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, StrictInt

from campaigns.actions import upsert_customer
from campaigns.api.campaigns import source_of
from campaigns.models import Customer
from campaigns.schemas.customer import CustomerIn
from redemptions import orders
from redemptions.models import Order
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, duplicate, not_found
from voucherify_admin.api.wire import (
    BodyIn,
    ListQuery,
    Metadata,
    Name,
    QueryText,
    Timestamp,
    errors,
    example,
    found,
    iso,
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
Whole = Annotated[StrictInt, Field(ge=0, le=10**12, description="Whole cents.")]


class OrderFields(BodyIn):
    model_config = example(
        {
            "source_id": "order-1042",
            "items": [{"product_id": "tea", "quantity": 2, "price": 2500}],
            "customer": {"source_id": "shop-1042"},
        }
    )

    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] | None = None
    amount: Whole | None = Field(None, description="In cents; without it the sum of the items.")
    initial_amount: Whole | None = None
    discount_amount: Whole | None = None
    items: list[dict[str, Any]] | None = Field(None, max_length=500)
    metadata: Metadata | None = Field(None, description="Merged key by key.")
    customer: CustomerIn | None = Field(None, description="By `id` or `source_id`; an unknown source_id is created.")


class OrderIn(OrderFields):
    """An order to create, or to change when its `source_id` is known already."""

    source_id: Name | None = None


class CustomerRefOut(BaseModel):
    id: str
    object: Literal["customer"]


class OrderOut(BaseModel):
    """An order with its effects. Amounts are cents; levels without any discount are left out."""

    id: str = Field(examples=["ord_0f1e2d3c4b5a69788f"])
    source_id: str | None
    created_at: Timestamp
    updated_at: Timestamp | None
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]
    amount: int | None = None
    initial_amount: int | None = None
    discount_amount: int | None = None
    items_discount_amount: int | None = None
    total_discount_amount: int | None = None
    total_amount: int | None = None
    applied_discount_amount: int | None = None
    items_applied_discount_amount: int | None = None
    total_applied_discount_amount: int | None = None
    items: list[dict[str, Any]] | None = None
    metadata: dict[str, Any]
    customer: CustomerRefOut | None
    customer_id: str | None
    referrer: None
    referrer_id: None
    object: Literal["order"]
    redemptions: dict[str, Any]


class OrderListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["orders"]
    orders: list[OrderOut]
    total: int


class OrderQuery(ListQuery):
    customer: Annotated[QueryText | None, Field(description="By id or `source_id`.")] = None
    created_before: Annotated[QueryText | None, Field(alias="created_at[before]")] = None
    created_after: Annotated[QueryText | None, Field(alias="created_at[after]")] = None


def order_out(order: Order) -> dict[str, Any]:
    """Return Voucherify's order object."""
    customer = order.customer
    amounts = {name: value for name, value in order.content.items() if name in OrderOut.model_fields}
    return {
        "id": order.public_id,
        "source_id": order.source_id,
        "created_at": iso(order.created_at),
        "updated_at": iso(order.updated_at),
        "status": order.status,
        **amounts,
        "metadata": order.metadata,
        "customer": {"id": customer.public_id, "object": "customer"} if customer else None,
        "customer_id": customer.public_id if customer else None,
        "referrer": None,
        "referrer_id": None,
        "object": "order",
        "redemptions": order.redemptions,
    }


def _order_called(reference: str) -> Order:
    rows = Order.objects.filter(Q(public_id=reference) | Q(source_id=reference)).select_related("customer")
    return found(rows, "order", reference)


def _saved(request: HttpRequest, row: Order | None, payload: OrderFields) -> dict[str, Any]:
    now = timezone.now()
    customer = _customer_of(request, payload)
    try:
        order = orders.save(row, payload.model_dump(exclude={"customer"}), customer=customer, now=now)
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
