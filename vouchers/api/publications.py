"""Publications: giving codes to customers."""

from typing import Annotated, Any, Literal, NamedTuple

from django.db import IntegrityError
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field, StrictInt

from campaigns.actions import upsert_customer
from campaigns.api.campaigns import campaign_called, source_of
from campaigns.models import Campaign, Customer
from campaigns.schemas.customer import CustomerIn, CustomerOut, customer_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, duplicate, invalid_payload, not_found
from voucherify_admin.api.wire import BodyIn, ListQuery, Metadata, Name, QueryText, Short, Timestamp, errors, iso
from vouchers import actions
from vouchers.api.vouchers import shown, voucher_called
from vouchers.models import Publication, Voucher
from vouchers.schemas import VoucherOut, draft_of

router = Router(tags=["Publications"])

ORDER = {
    "id": "public_id",
    "created_at": "created_at",
    "tracking_id": "tracking_id",
    "customer_id": "customer_public_id",
    "channel": "channel",
}
FILTERS = {
    "customer_id": ("customer_public_id", "text"),
    "campaign_name": ("campaign__name", "text"),
    "source_id": ("source_id", "text"),
    "channel": ("channel", "text"),
    "created_at": ("created_at", "date"),
    "related_object_id": ("vouchers__public_id", "text"),
    "parent_object_id": ("campaign__public_id", "text"),
}
MOST_CODES = 20


class CampaignPartIn(BodyIn):
    id: Name | None = None
    name: Name | None = None
    count: Annotated[StrictInt, Field(ge=1, le=MOST_CODES)] | None = Field(None, description="How many codes.")


class PublicationIn(BodyIn):
    """A publication: a `voucher` by its code, or codes of a `campaign` that nobody holds, for a customer."""

    customer: CustomerIn = Field(description="By `id` or `source_id`; an unknown source_id is created.")
    voucher: Name | None = Field(None, description="The code, or the voucher's id.")
    campaign: CampaignPartIn | Name | None = Field(None, description="A campaign by name, or with `count`.")
    source_id: Name | None = Field(None, description="Your own id; the same one again gives the same publication.")
    channel: Short | None = None
    metadata: Metadata | None = None


class PublicationOut(BaseModel):
    """A publication: of one code with the `voucher`, of several with their codes in `vouchers`."""

    id: str = Field(examples=["pub_0f1e2d3c4b5a69788f"])
    object: Literal["publication"]
    created_at: Timestamp
    customer_id: str
    tracking_id: str | None
    metadata: dict[str, Any]
    channel: str
    source_id: str | None
    result: Literal["SUCCESS"]
    customer: CustomerOut | None
    vouchers_id: list[str]
    voucher: VoucherOut | dict[str, Any] | None = None
    vouchers: list[str] | None = None


class PublicationListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["publications"]
    publications: list[PublicationOut]
    total: int


class PublicationQuery(ListQuery):
    customer: Annotated[QueryText | None, Field(description="By id or `source_id`.")] = None
    voucher: Annotated[QueryText | None, Field(description="A code.")] = None
    campaign: Annotated[QueryText | None, Field(description="A campaign's name.")] = None
    source_id: QueryText | None = None
    result: Annotated[QueryText | None, Field(description="`SUCCESS`: refused ones are not kept.")] = None


class Wanted(NamedTuple):
    """What is to be given: a certain voucher, or so many of a campaign."""

    voucher: Voucher | None
    campaign: Campaign | None
    count: int


def publication_out(publication: Publication, *, whole: bool) -> dict[str, Any]:
    """Return a publication on the wire, its voucher `whole` or as lists show it."""
    vouchers = list(publication.vouchers.all())
    out: dict[str, Any] = {
        "id": publication.public_id,
        "object": "publication",
        "created_at": iso(publication.created_at),
        "customer_id": publication.customer_public_id,
        "tracking_id": publication.tracking_id,
        "metadata": publication.metadata,
        "channel": publication.channel,
        "source_id": publication.source_id,
        "result": "SUCCESS",
        "customer": customer_out(publication.customer) if publication.customer else None,
        "vouchers_id": [voucher.public_id for voucher in vouchers],
    }
    if len(publication.codes) != 1:
        return {**out, "vouchers": publication.codes}
    if not vouchers:
        return {**out, "voucher": {"code": publication.codes[0], "object": "voucher"}}
    if whole:
        return {**out, "voucher": shown(vouchers)[0]}
    voucher = vouchers[0]
    thin = {"code": voucher.code, "object": "voucher", "campaign": voucher.campaign and voucher.campaign.name}
    return {**out, "voucher": {**thin, "discount": voucher.discount, "is_referral_code": False}}


def _customer_of(request: HttpRequest, payload: PublicationIn) -> Customer:
    values = payload.customer.values()
    if not values.get("id") and not values.get("source_id"):
        raise invalid_payload("Property .customer should have required property 'source_id' or 'id'")
    try:
        customer, _ = upsert_customer(values, source=source_of(request), now=timezone.now())
    except IntegrityError as error:
        raise duplicate("customer", values["source_id"], by="source_id") from error
    if customer is None:
        raise not_found("customer", values["id"])
    return customer


def _campaign_of(part: CampaignPartIn | str) -> tuple[Campaign, int]:
    if isinstance(part, str):
        return campaign_called(part), 1
    if not part.id and not part.name:
        raise invalid_payload("Property .campaign should have required property 'name' or 'id'")
    return campaign_called(part.id or part.name or ""), part.count or 1


@router.post(
    "/publications",
    auth=KeyAuth("vouchers.add_publication"),
    response={200: PublicationOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Publish vouchers to a customer",
)
def create_publication(request: HttpRequest, payload: PublicationIn, join_once: bool = False) -> dict[str, Any]:
    """Give a customer a code. With `join_once` a customer gets codes of a campaign once, and the same ones after."""
    wanted = wanted_of(payload)
    publication = publish(request, payload, wanted, customer=_customer_of(request, payload), join_once=join_once)
    return publication_out(publication, whole=True)


def wanted_of(payload: PublicationIn) -> Wanted:
    """Return what is to be given, looked for before the customer is written; raise ApiError when there is no such."""
    if bool(payload.voucher) == bool(payload.campaign):
        raise invalid_payload("Property . should have either 'voucher' or 'campaign'")
    voucher = voucher_called(payload.voucher) if payload.voucher else None
    campaign, count = _campaign_of(payload.campaign) if payload.campaign else (None, 1)
    return Wanted(voucher, campaign, count)


def publish(
    request: HttpRequest, payload: PublicationIn, wanted: Wanted, *, customer: Customer, join_once: bool
) -> Publication:
    """Give the customer what is wanted and tie the call to it; raise ApiError when it cannot be."""
    voucher, campaign, count = wanted
    draft = actions.PublicationDraft(
        customer=customer,
        source_id=payload.source_id,
        channel=payload.channel or "API",
        metadata=payload.metadata or {},
        source=source_of(request),
    )
    now = timezone.now()
    try:
        if voucher:
            publication = actions.publish(draft, voucher, now=now)
        else:
            template = draft_of(campaign.voucher_template, campaign)
            publication = actions.publish_from(campaign, template, draft, count=count, join_once=join_once, now=now)
    except actions.NothingToPublish as error:
        raise ApiError(
            400,
            "no_voucher_suitable_for_publication",
            "Couldn't find any voucher suitable for publication",
            f"Campaign {error} has not {count} codes left that nobody holds",
            resource_id=campaign.public_id,
            resource_type="campaign",
        ) from error
    except actions.CodesUsedUp as error:
        raise invalid_payload(f"Property .campaign: {error}") from error
    except Voucher.DoesNotExist as error:
        raise not_found("voucher", payload.voucher or "") from error
    except IntegrityError as error:
        raise duplicate("publication", payload.source_id or "", by="source_id") from error
    request.call.touch("customer", draft.customer.public_id)
    request.call.touch("publication", publication.public_id)
    for code in publication.codes:
        request.call.touch("voucher", code)
    return publication


@router.get(
    "/publications",
    auth=KeyAuth("vouchers.view_publication"),
    response={200: PublicationListOut, **errors(400)},
    exclude_unset=True,
    summary="List publications",
)
def list_publications(request: HttpRequest, query: Query[PublicationQuery]) -> dict[str, Any]:
    """Return one page of publications, newest first."""
    rows = Publication.objects.filter(lists.filters_q(lists.filters_from_query(request.GET), FILTERS))
    if query.customer:
        rows = rows.filter(customer__in=Customer.objects.by_reference(query.customer))
    if query.voucher:
        rows = rows.filter(vouchers__code=query.voucher)
    if query.campaign:
        rows = rows.filter(campaign__name=query.campaign)
    if query.source_id:
        rows = rows.filter(source_id=query.source_id)
    if query.result and query.result != "SUCCESS":
        rows = rows.none()
    return _page(request, rows)


@router.get(
    "/vouchers/{path:code}/publications",
    auth=KeyAuth("vouchers.view_publication"),
    response={200: PublicationListOut, **errors(400, 404)},
    exclude_unset=True,
    summary="List a voucher's publications",
)
def list_publications_of_voucher(request: HttpRequest, code: str, query: Query[ListQuery]) -> dict[str, Any]:
    """Where a voucher's own `publish.url` leads."""
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    return _page(request, voucher.publications.all())


def _page(request: HttpRequest, rows: Any) -> dict[str, Any]:
    return lists.answer(
        request,
        rows.select_related("customer").prefetch_related("vouchers__campaign"),
        data_ref="publications",
        to_wire=lambda publication: publication_out(publication, whole=False),
        order=ORDER,
    )
