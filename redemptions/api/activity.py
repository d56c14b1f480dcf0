"""What a customer did and got, newest first, from what is on record: attempts, rollbacks, orders, publications."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field, WithJsonSchema

from campaigns.models import Customer
from campaigns.schemas.customer import customer_out
from redemptions.api.orders import order_out
from redemptions.models import Order, Redemption, Rollback
from redemptions.payloads import redemption_payload, rollback_payload
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import invalid_query
from voucherify_admin.api.wire import QueryText, Timestamp, errors, found, iso
from vouchers.api.publications import publication_out
from vouchers.models import Publication

router = Router(tags=["Customers"])

PREFIX = "evcus_"
ORDER = {"created_at": "created_at"}
SUCCESS = Q(result="SUCCESS")

# Where an event stands: its moment, its source's place among those of the same moment, its row's key.
Place = tuple[datetime, int, int]


@dataclass(frozen=True)
class Source:
    """One table that events are read from. An event's id is made of its row's own, so that it is always the same."""

    place: int
    prefixes: tuple[str, ...]
    category: Literal["ACTION", "EFFECT"]
    # Voucherify's types of events, and which rows they are.
    types: Mapping[str, Q]
    rows: Callable[[Customer], QuerySet]
    data: Callable[[Any], dict[str, Any]]
    # How its rows lead to their campaign; empty for what belongs to none.
    campaign: str = ""

    def type_of(self, row: Any) -> str:
        """Return the type of a row's event: of those that can fail the first is the success."""
        names = list(self.types)
        return names[0] if getattr(row, "result", "SUCCESS") == "SUCCESS" else names[1]

    def after(self, place: Place, *, is_descending: bool) -> Q:
        """Return which rows come after an event, in the order asked for."""
        moment, of_source, key = place
        later = "lt" if is_descending else "gt"
        condition = Q(**{f"created_at__{later}": moment})
        if self.place == of_source:
            condition |= Q(created_at=moment, **{f"pk__{later}": key})
        elif (self.place < of_source) == is_descending:
            condition |= Q(created_at=moment)
        return condition


def _redemptions(customer: Customer) -> QuerySet:
    rows = Redemption.objects.filter(customer=customer)
    return rows.select_related("campaign", "parent", "voucher__campaign", "voucher__holder")


def _rollbacks(customer: Customer) -> QuerySet:
    names = ("campaign", "parent", "voucher__campaign", "voucher__holder")
    rows = Rollback.objects.filter(redemption__customer=customer)
    return rows.select_related("redemption", *(f"redemption__{name}" for name in names))


def _orders(customer: Customer) -> QuerySet:
    return Order.objects.filter(customer=customer).select_related("customer")


def _publications(customer: Customer) -> QuerySet:
    rows = Publication.objects.filter(customer=customer)
    return rows.select_related("customer").prefetch_related("vouchers__campaign")


def _created(customer: Customer) -> QuerySet:
    return Customer.objects.filter(pk=customer.pk)


def _customer_data(customer: Customer) -> dict[str, Any]:
    return {"customer": customer_out(customer)}


def _order_data(order: Order) -> dict[str, Any]:
    return {"order": order_out(order)}


def _publication_data(publication: Publication) -> dict[str, Any]:
    return {"publication": publication_out(publication, whole=False)}


def _redemption_data(redemption: Redemption) -> dict[str, Any]:
    return redemption_payload(redemption).data


def _rollback_data(rollback: Rollback) -> dict[str, Any]:
    return rollback_payload(rollback).data


SOURCES = (
    Source(0, ("cust_",), "ACTION", {"customer.created": Q()}, _created, _customer_data),
    Source(1, ("ord_",), "ACTION", {"customer.order.created": Q()}, _orders, _order_data),
    Source(
        2, ("pub_",), "EFFECT", {"customer.publication.succeeded": Q()}, _publications, _publication_data, "campaign"
    ),
    Source(
        3,
        ("r_", "rf_"),
        "ACTION",
        {"customer.redemption.succeeded": SUCCESS, "customer.redemption.failed": ~SUCCESS},
        _redemptions,
        _redemption_data,
        "campaign",
    ),
    Source(
        4,
        ("rr_", "rrf_"),
        "ACTION",
        {"customer.redemption.rollback.succeeded": SUCCESS, "customer.redemption.rollback.failed": ~SUCCESS},
        _rollbacks,
        _rollback_data,
        "redemption__campaign",
    ),
)


class ActivityOut(BaseModel):
    """One event; what `data` holds depends on its type."""

    id: str = Field(examples=["evcus_0f1e2d3c4b5a69788f"])
    type: str = Field(examples=["customer.redemption.succeeded"])
    data: dict[str, Any]
    created_at: Timestamp
    group_id: str | None = Field(description="The id of the request that caused it.")


class ActivityListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[ActivityOut]
    has_more: bool
    more_starting_after: str | None = Field(None, description="What `starting_after_id` is to be for the next page.")


class ActivityQuery(BaseModel):
    limit: Annotated[
        Any, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "title": "Limit"})
    ] = None
    order: Annotated[
        QueryText | None, Field(description="`-created_at`, newest first (the default), or `created_at`.")
    ] = None
    starting_after_id: Annotated[QueryText | None, Field(description="The id of the last event of a page.")] = None
    start_date: Annotated[QueryText | None, Field(description="From this moment or day (UTC) on.")] = None
    end_date: Annotated[QueryText | None, Field(description="Up to this moment or day, not including it.")] = None
    campaign_id: Annotated[QueryText | None, Field(description="Only what belongs to this campaign.")] = None
    campaign_type: QueryText | None = None
    category: Annotated[
        QueryText | None, Field(description="ACTION for what the customer did, EFFECT for what the customer got.")
    ] = None
    type: Annotated[QueryText | None, Field(description="Such as `customer.redemption.failed`; several by commas.")] = (
        None
    )


@router.get(
    "/customers/{path:customer_id}/activity",
    auth=KeyAuth("campaigns.view_customer"),
    response={200: ActivityListOut, **errors(400, 404)},
    exclude_unset=True,
    summary="List a customer's activity",
)
def list_customer_activity(request: HttpRequest, customer_id: str, query: Query[ActivityQuery]) -> dict[str, Any]:
    """Return what is on record of the customer: creation, orders, publications, redemptions, rollbacks.

    While `has_more` is true, ask again with `starting_after_id` set to `more_starting_after`.
    """
    customer = found(Customer.objects.by_reference(customer_id), "customer", customer_id)
    request.call.touch("customer", customer.public_id)
    _, limit = lists.window(request)
    is_descending = lists.ordering(request.GET, ORDER, "-created_at")[0].startswith("-")
    start = _place_of(customer, query.starting_after_id) if query.starting_after_id else None
    sign = "-" if is_descending else ""
    events: list[tuple[Place, Source, Any]] = []
    for source, asked in _asked(request, query):
        rows = source.rows(customer).filter(asked)
        if start is not None:
            rows = rows.filter(source.after(start, is_descending=is_descending))
        # The newest of each table are the newest of all of them.
        for row in rows.order_by(f"{sign}created_at", f"{sign}pk")[: limit + 1]:
            events.append(((row.created_at, source.place, row.pk), source, row))
    events.sort(key=lambda event: event[0], reverse=is_descending)
    shown = [_event(source, row) for _, source, row in events[:limit]]
    answer: dict[str, Any] = {
        "object": "list",
        "data_ref": "data",
        "data": shown,
        "has_more": len(events) > limit,
    }
    if len(events) > limit:
        answer["more_starting_after"] = shown[-1]["id"]
    return answer


def _asked(request: HttpRequest, query: ActivityQuery) -> Sequence[tuple[Source, Q]]:
    """Return the tables in which something of what was asked for can be, each with the condition on its rows."""
    within = Q()
    if query.start_date:
        within &= Q(created_at__gte=lists.parse_moment(query.start_date, ".start_date"))
    if query.end_date:
        within &= Q(created_at__lt=lists.parse_moment(query.end_date, ".end_date"))
    if query.category and query.category not in ("ACTION", "EFFECT"):
        raise invalid_query("Property .category should be equal to one of the allowed values [ ACTION, EFFECT ]")
    types = lists.texts(request.GET, "type")
    if any(not name.startswith("customer.") for name in types):
        known = ", ".join(name for source in SOURCES for name in source.types)
        raise invalid_query(f"Property .type should be the type of a customer's event; on record are {known}")
    found_in = []
    for source in SOURCES:
        condition = within
        if query.category and query.category != source.category:
            continue
        if types:
            wanted = [rows for name, rows in source.types.items() if name in types]
            if not wanted:
                continue
            if len(wanted) < len(source.types):
                condition &= wanted[0]
        for value, column in ((query.campaign_id, "public_id"), (query.campaign_type, "campaign_type")):
            if value:
                # What belongs to no campaign is in none.
                condition &= Q(**{f"{source.campaign}__{column}": value}) if source.campaign else Q(pk__in=[])
        found_in.append((source, condition))
    return found_in


def _place_of(customer: Customer, event_id: str) -> Place:
    digits = event_id.removeprefix(PREFIX)
    for source in SOURCES:
        rows = source.rows(customer).filter(public_id__in=[prefix + digits for prefix in source.prefixes])
        if row := rows.values_list("created_at", "pk").first():
            return row[0], source.place, row[1]
    raise invalid_query("Property .starting_after_id should be the id of an event of this customer")


def _event(source: Source, row: Any) -> dict[str, Any]:
    return {
        "id": PREFIX + row.public_id.partition("_")[2],
        "type": source.type_of(row),
        "data": source.data(row),
        "created_at": iso(row.created_at),
        "group_id": getattr(row, "request_id", "") or None,
    }
