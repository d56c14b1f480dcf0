"""The client-side API of publications: a shop's page gives its visitor a code, by the verbs of the server's API.

Whoever opens the page can call this, so it tells nothing that is known of a customer, and changes nothing of it.
"""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.actions import upsert_customer
from campaigns.api.campaigns import source_of
from campaigns.models import Customer
from campaigns.schemas.customer import CustomerIn
from voucherify_admin.api.auth import ClientAuth
from voucherify_admin.api.errors import duplicate, invalid_payload, not_found
from voucherify_admin.api.wire import QueryText, errors, example
from vouchers.api.publications import PublicationIn, PublicationOut, publication_out, publish, wanted_of

router = Router(tags=["Client-side"])

# Of a customer who is new a page may say how to reach them; by the rest rules decide who gets which discount.
SAID_BY_PAGE = ("source_id", "name", "email", "phone", "birthdate", "address")


class PageQuery(BaseModel):
    campaign: Annotated[QueryText | None, Field(description="A campaign's name or id; here or in the body.")] = None
    join_once: bool = Field(False, description="The same customer gets the same codes again.")


class PagePublicationIn(PublicationIn):
    """A publication. Name, e-mail, phone, birthdate and address of a customer are kept if that one is new."""

    model_config = example({"customer": {"source_id": "shop-1042", "email": "ewa@example.com"}, "channel": "sign-up"})

    customer: CustomerIn = Field(description="By `source_id`, which is created if it is unknown, or by `id`.")


class PageCustomerOut(BaseModel):
    """A customer as a page may know one."""

    id: str
    source_id: str | None
    object: Literal["customer"]


class PagePublicationOut(PublicationOut):
    """A publication, with the customer's ids alone."""

    customer: PageCustomerOut | None


@router.post(
    "/publish",
    auth=ClientAuth(publishes=True),
    response={200: PagePublicationOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Publish vouchers from a page",
)
def publish_from_page(request: HttpRequest, payload: PagePublicationIn, query: Query[PageQuery]) -> dict[str, Any]:
    """Give a customer a code, of a campaign or a certain one. Only with keys whose client-side publication is on."""
    if query.campaign:
        if payload.campaign:
            raise invalid_payload("Property .campaign should be sent once, in the query or in the body")
        payload.campaign = query.campaign
    wanted = wanted_of(payload)
    customer = _customer_of(request, payload)
    publication = publish(request, payload, wanted, customer=customer, join_once=query.join_once)
    if publication.customer_public_id != customer.public_id:
        # The source_id of somebody else's publication, of which this page learns nothing.
        raise duplicate("publication", payload.source_id or "", by="source_id")
    return _without_person(publication_out(publication, whole=True))


def _customer_of(request: HttpRequest, payload: PagePublicationIn) -> Customer:
    sent = payload.customer.values()
    reference = sent.get("id") or sent.get("source_id")
    if not reference:
        raise invalid_payload("Property .customer should have required property 'source_id' or 'id'")
    known = Customer.objects.by_reference(reference).first()
    if known is not None:
        return known
    if sent.get("id"):
        raise not_found("customer", sent["id"])
    # Somebody else may create the same customer at this moment; only the ids are said again then.
    said = {name: sent[name] for name in SAID_BY_PAGE if name in sent}
    made, _ = upsert_customer(said, source=source_of(request), now=timezone.now())
    if made is None:
        raise not_found("customer", reference)
    return made


def _without_person(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with the customer's ids alone, and without the id of whoever else holds the voucher."""
    if person := answer["customer"]:
        answer["customer"] = {name: person[name] for name in PageCustomerOut.model_fields}
    voucher = answer.get("voucher") or {}
    if voucher.get("holder_id") not in (None, answer["customer_id"]):
        del voucher["holder_id"]
    return answer
