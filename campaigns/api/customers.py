"""Customers: creating or updating, reading, deleting; what they redeemed is told by redemptions."""

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns import actions
from campaigns.models import Customer, Segment
from campaigns.schemas.customer import (
    CustomerFields,
    CustomerIn,
    CustomerListOut,
    CustomerOut,
    CustomerQuery,
    customer_out,
)
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import duplicate, not_found
from voucherify_admin.api.wire import errors, found

router = Router(tags=["Customers"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "source_id": "source_id", "name": "name"}


def _saved(request: HttpRequest, values: dict[str, Any], asked: str) -> dict[str, Any]:
    try:
        customer, _ = actions.upsert_customer(values, now=timezone.now())
    except IntegrityError as error:
        raise duplicate("customer", values["source_id"], by="source_id") from error
    if customer is None:
        raise not_found("customer", asked)
    request.call.touch("customer", customer.public_id)
    return customer_out(customer)


@router.post(
    "/customers",
    auth=KeyAuth("campaigns.add_customer"),
    response={200: CustomerOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Create or update a customer",
)
def create_customer(request: HttpRequest, payload: CustomerIn = CustomerIn()) -> dict[str, Any]:
    """Create a customer, or update the one whose `id` or `source_id` is known already; metadata is merged by key."""
    values = payload.values()
    if not values:
        customer = Customer.objects.create()
        request.call.touch("customer", customer.public_id)
        return customer_out(customer)
    return _saved(request, values, payload.id or "")


@router.get(
    "/customers",
    auth=KeyAuth("campaigns.view_customer"),
    response={200: CustomerListOut, **errors(400)},
    exclude_unset=True,
    summary="List customers",
)
def list_customers(request: HttpRequest, query: Query[CustomerQuery]) -> dict[str, Any]:
    """Return one page of customers, newest first. E-mail addresses are compared in any case."""
    rows = Customer.objects.filter(lists.created_between(request.GET))
    rows = rows.filter(lists.created_between(request.GET, "updated_at", "updated_at"))
    if query.email:
        rows = rows.filter(email__iexact=query.email)
    if query.name:
        rows = rows.filter(name=query.name)
    if query.city:
        rows = rows.filter(address__contains={"city": query.city})
    if query.segment_id:
        rows = rows.in_any(Segment.objects.filter(public_id=query.segment_id))
    return lists.answer(request, rows, data_ref="customers", to_wire=customer_out, order=ORDER)


@router.get(
    "/customers/{path:customer_id}",
    auth=KeyAuth("campaigns.view_customer"),
    response={200: CustomerOut, **errors(404)},
    exclude_unset=True,
    summary="Get a customer",
)
def get_customer(request: HttpRequest, customer_id: str) -> dict[str, Any]:
    """Return the customer with this id or `source_id`."""
    customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
    request.call.touch("customer", customer.public_id)
    return customer_out(customer)


@router.put(
    "/customers/{path:customer_id}",
    auth=KeyAuth("campaigns.change_customer"),
    response={200: CustomerOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Update a customer",
)
def update_customer(
    request: HttpRequest, customer_id: str, payload: CustomerFields = CustomerFields()
) -> dict[str, Any]:
    """Change what is sent and leave the rest; metadata is merged by key."""
    customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
    return _saved(request, {**payload.values(), "id": customer.public_id}, customer_id)


@router.delete(
    "/customers/{path:customer_id}",
    auth=KeyAuth("campaigns.delete_customer"),
    response={204: None, **errors(404)},
    summary="Delete a customer",
)
def delete_customer(request: HttpRequest, customer_id: str) -> Status[None]:
    """Delete the customer; the redemptions stay, with the customer's name as it was then."""
    customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
    request.call.touch("customer", customer.public_id)
    customer.delete()
    return Status(204, None)
