"""Customers: creating or updating, reading, deleting; each with a summary of what they redeemed and bought."""

from collections.abc import Sequence
from datetime import MAXYEAR, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns import actions
from campaigns.api.campaigns import source_of
from campaigns.models import Customer, Segment
from campaigns.schemas.customer import (
    CustomerFields,
    CustomerIn,
    CustomerListOut,
    CustomerOut,
    CustomerQuery,
    customer_out,
)
from campaigns.schemas.segment import SegmentListOut, segment_out
from redemptions import actions as redemption_actions
from redemptions import history
from redemptions.schemas.erasure import PermanentDeletionOut, erasure_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, duplicate, not_found
from voucherify_admin.api.wire import errors, found
from voucherify_admin.async_actions.actions import Asked

router = Router(tags=["Customers"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "source_id": "source_id", "name": "name"}
MILLISECOND = timedelta(milliseconds=1)


def shown(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    """Return customers on the wire with their summaries: five queries, however many they are."""
    summaries = history.summaries(customers)
    return [customer_out(customer) | {"summary": summaries[customer.pk]} for customer in customers]


def _saved(request: HttpRequest, values: dict[str, Any], asked: str) -> dict[str, Any]:
    try:
        customer, _ = actions.upsert_customer(values, source=source_of(request), now=timezone.now())
    except IntegrityError as error:
        raise duplicate("customer", values["source_id"], by="source_id") from error
    if customer is None:
        raise not_found("customer", asked)
    request.call.touch("customer", customer.public_id)
    return shown([customer])[0]


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
        customer = actions.create_customer(source=source_of(request), now=timezone.now())
        request.call.touch("customer", customer.public_id)
        return shown([customer])[0]
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
    if query.starting_after:
        return _scrolled(request, rows, query.starting_after)
    return lists.page_of(request, rows, data_ref="customers", to_wire=shown, order=ORDER)


def _scrolled(request: HttpRequest, rows: QuerySet[Customer], starting_after: str) -> dict[str, Any]:
    """Return the customers next to a moment, with `has_more`.

    The caller goes on from the last customer's `created_at`, which it knows in milliseconds. So a page ends with a
    whole millisecond, and is longer than `limit` where more customers were created in the same one.
    """
    _, limit = lists.window(request)
    after = lists.parse_moment(starting_after, ".starting_after")
    total = lists.total_of(rows)
    if request.GET.get("order") == "created_at":
        seen = after if after.year == MAXYEAR else after + MILLISECOND
        rows = rows.filter(created_at__gte=seen).order_by("created_at", "pk")
    else:
        rows = rows.filter(created_at__lt=after).order_by("-created_at", "-pk")
    page = list(rows[:limit])
    has_more = False
    if page:
        last = page[-1].created_at
        begin = last.replace(microsecond=last.microsecond // 1000 * 1000)
        page += rows.filter(created_at__gte=begin, created_at__lt=begin + MILLISECOND).exclude(
            pk__in=[customer.pk for customer in page]
        )
        has_more = rows.exclude(pk__in=[customer.pk for customer in page]).exists()
    return {
        "object": "list",
        "data_ref": "customers",
        "customers": shown(page),
        "total": total,
        "has_more": has_more,
    }


@router.post(
    "/customers/{path:customer_id}/permanent-deletion",
    auth=KeyAuth("campaigns.erase_customer"),
    response={200: PermanentDeletionOut, **errors(404)},
    summary="Erase a customer from all that was recorded",
)
def erase_customer(request: HttpRequest, customer_id: str) -> dict[str, Any]:
    """Delete the customer, and erase what names them in redemptions, orders, the log, webhooks and exports' files.

    Redemptions stay as rows and read “Erased customer”. A large log is searched by a worker afterwards; the status is
    IN_PROGRESS then, and `async_action_id` tells how far it is.
    """
    # This call is logged too, and its address may be the shop's own id of the customer.
    request.call.path = "/v1/customers/{customer_id}/permanent-deletion"
    asked = Asked(app_id=str(request.call.key.app_id), request_id=request.call.request_id)
    try:
        customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
        erasure = redemption_actions.erase(customer, asked=asked)
    except (ApiError, Customer.DoesNotExist) as error:
        request.call.answer = {"code": 404, "key": "not_found", "message": "Resource not found"}
        raise not_found("customer", customer_id) from error
    request.call.touch("customer", erasure.customer_id)
    return erasure_out(erasure)


@router.get(
    "/customers/{path:customer_id}/segments",
    auth=KeyAuth("campaigns.view_customer"),
    response={200: SegmentListOut, **errors(404)},
    summary="List a customer's segments",
)
def list_segments_of_customer(request: HttpRequest, customer_id: str) -> dict[str, Any]:
    """Return all segments that the customer is in now, those by filter too, newest first."""
    customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
    request.call.touch("customer", customer.public_id)
    holding = Segment.objects.order_by("-created_at", "-pk").holding(customer)
    segments = [segment_out(segment) for segment in holding]
    return {"object": "list", "data_ref": "data", "data": segments, "total": len(segments)}


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
    return shown([customer])[0]


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
    actions.delete_customer(customer, source=source_of(request), now=timezone.now())
    return Status(204, None)
