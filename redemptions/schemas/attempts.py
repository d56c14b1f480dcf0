"""Wire shapes of redemptions and rollbacks: JSON becomes requests, rows become JSON; decides nothing.

Source of the shapes: Voucherify's API reference, "Redemptions" (API version v2018-08-01).
"""

import secrets
import string
from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from pydantic import BaseModel, Field, StrictFloat, StrictInt, StrictStr, ValidationError, model_validator

from campaigns.schemas.customer import CustomerIn
from redemptions.engine import Channel, Decision, PayloadProblem, RedeemRequest, Session
from redemptions.models import Redemption, Rollback
from redemptions.sentences import sentence
from voucherify_admin.api.errors import ApiError, ErrorOut, describe, invalid_payload
from voucherify_admin.api.wire import BodyIn, Timestamp, iso
from vouchers.models import Voucher

Text = Annotated[StrictStr, Field(max_length=200)]
Cents = Annotated[StrictInt, Field(ge=1, le=10**12)]


class GiftIn(BodyIn):
    """How much of a gift card to take."""

    credits: Cents | None = Field(None, description="Cents to take from the balance.", examples=[2000])


# In seconds.
UNITS = {
    "DAYS": 86_400.0,
    "HOURS": 3_600.0,
    "MINUTES": 60.0,
    "SECONDS": 1.0,
    "MILLISECONDS": 1e-3,
    "MICROSECONDS": 1e-6,
    "NANOSECONDS": 1e-9,
}
LONGEST = 366 * UNITS["DAYS"]


class SessionIn(BodyIn):
    """Keeps codes for one cart, seven days if nothing else is said."""

    type: Literal["LOCK"] = "LOCK"
    key: Annotated[StrictStr, Field(min_length=1, max_length=200)] | None = Field(
        None, description="Names the session; a validation without one makes it.", examples=["ssn_cart-1"]
    )
    ttl: Annotated[StrictInt | StrictFloat, Field(gt=0, le=10**18)] | None = Field(None, examples=[7])
    ttl_unit: Literal["DAYS", "HOURS", "MICROSECONDS", "MILLISECONDS", "MINUTES", "NANOSECONDS", "SECONDS"] | None = (
        None
    )

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        if self.seconds > LONGEST:
            raise ValueError("a session lasts 366 days at the most")
        return self

    @property
    def seconds(self) -> float:
        """How long the session keeps what it locks."""
        return (7 if self.ttl is None else self.ttl) * UNITS[self.ttl_unit or "DAYS"]

    def session(self) -> Session | None:
        """Return the session; one without a key has nothing that a redemption could use."""
        return Session(self.key, timedelta(seconds=max(self.seconds, 1e-6))) if self.key else None


class RedeemIn(BodyIn):
    """`POST /v1/vouchers/{code}/redemption`; every property is optional."""

    customer: CustomerIn | None = Field(None, description="By `id` or `source_id`; an unknown source_id is created.")
    order: dict[str, Any] | None = Field(
        None,
        description="`amount` in cents, `items` with product_id or sku_id, quantity and price, `metadata`.",
        examples=[{"amount": 5000, "items": [{"product_id": "tea", "quantity": 2, "price": 2500}]}],
    )
    metadata: dict[str, Any] | None = Field(None, description="Anything worth finding the attempt by.")
    gift: GiftIn | None = None
    tracking_id: Text | None = None
    session: SessionIn | None = Field(None, description="A validation keeps codes for it, a redemption redeems these.")


class ReferenceIn(BodyIn):
    id: Text | None = None
    source_id: Text | None = None


class RollbackIn(BodyIn):
    """Both rollback endpoints; each property may stand in the query instead."""

    reason: Annotated[StrictStr, Field(max_length=2000)] | None = Field(None, description="Why it is undone.")
    tracking_id: Text | None = None
    metadata: dict[str, Any] | None = None
    customer: ReferenceIn | None = None
    order: ReferenceIn | None = None


class ChannelOut(BaseModel):
    channel_id: str = Field(description="The key's X-App-Id, or the id of the dashboard's user.")
    channel_type: Literal["API", "USER", "AUTO_REDEEM"]


class RedemptionOut(BaseModel):
    """One attempt, or one rollback of one. Amounts are cents; those of a rollback are negative."""

    id: str = Field(examples=["r_0f1e2d3c4b5a69788f"], description="r_… or rf_…; of a rollback rr_… or rrf_….")
    object: Literal["redemption", "redemption_rollback"]
    date: Timestamp
    customer_id: str | None
    tracking_id: str | None
    metadata: dict[str, Any] | None
    amount: int | None = Field(None, description="Cents taken from a gift card.")
    redemption: str | None = Field(None, description="Of a rollback: the redemption that it undid.")
    reason: str | None = Field(None, description="Of a rollback: why, as the caller gave it.")
    result: Literal["SUCCESS", "FAILURE"] = Field(description="What happened at the time; never changes.")
    status: Literal["SUCCEEDED", "FAILED", "ROLLED_BACK"] = Field(description="The present state.")
    session: dict[str, Any] | None = Field(None, description="The session that had kept it, if there was one.")
    related_redemptions: dict[str, Any] | None = None
    failure_code: str | None = Field(None, examples=["quantity_exceeded"])
    failure_message: str | None = None
    failure_facts: dict[str, Any] | None = Field(None, description="What was compared; with a single attempt only.")
    failure_sentence: str | None = Field(None, description="The facts as a sentence; with a single attempt only.")
    order: dict[str, Any] | None
    channel: ChannelOut
    customer: dict[str, Any] | None
    related_object_type: Literal["voucher", "promotion_tier", "redemption"]
    related_object_id: str
    gift: dict[str, int] | None = None
    voucher: dict[str, Any] | None = None


class RedemptionListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["redemptions"]
    redemptions: list[RedemptionOut]
    total: int = Field(description="Exact up to 10,000; an estimate beyond.")


class VoucherRedemptionsOut(BaseModel):
    object: Literal["list"]
    quantity: int | None
    redeemed_quantity: int
    redeemed_amount: int | None = None
    url: str
    data_ref: Literal["redemption_entries"]
    total: int
    redemption_entries: list[RedemptionOut]


class ValidationOut(BaseModel):
    """The legacy answer: business refusals are 200 with `valid: false` and a `reason`."""

    valid: bool
    code: str
    tracking_id: str | None = None
    reason: str | None = Field(None, description="The message of the refusal.")
    error: ErrorOut | None = None
    metadata: dict[str, Any]
    order: dict[str, Any] | None = None
    discount: dict[str, Any] | None = None
    gift: dict[str, Any] | None = None
    session: dict[str, Any] | None = None


def clean(text: str) -> str:
    """Return `text` without what no PostgreSQL text can hold; a code with a NUL in its path is still an attempt."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _problem(error: ValidationError) -> PayloadProblem:
    first = error.errors()[0]
    details = describe(error.errors())
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return PayloadProblem(details=details, property=place, found=first.get("input"), expected=first["msg"])


def redeem_request(
    code: str, body: Any, *, tracking_id: str | None, channel: Channel, request_id: str
) -> RedeemRequest:
    """Return the request of the single endpoint; a body that does not fit becomes its `problem`, not an exception."""
    # Voucherify's SDKs send no body, and once the bare number 5, where nothing is required.
    data = body if isinstance(body, dict) else {}
    try:
        parsed = RedeemIn.model_validate(data)
    except ValidationError as error:
        return unusable(clean(code), data, error, channel=channel, request_id=request_id)
    return request_of(
        clean(code), parsed, gift=parsed.gift, tracking_id=tracking_id, channel=channel, request_id=request_id
    )


def request_of(
    code: str, parsed: RedeemIn, *, gift: GiftIn | None, tracking_id: str | None, channel: Channel, request_id: str
) -> RedeemRequest:
    """Return the request for one code, of a body that fits."""
    customer = parsed.customer.values() if parsed.customer else None
    return RedeemRequest(
        code=code,
        channel=channel,
        order=parsed.order,
        customer=customer or None,
        metadata=parsed.metadata or {},
        gift_credits=gift.credits if gift else None,
        tracking_id=clean(tracking_id)[:200] if tracking_id else parsed.tracking_id,
        request_id=request_id,
        session=parsed.session.session() if parsed.session else None,
    )


def unusable(code: str, data: dict, error: ValidationError, *, channel: Channel, request_id: str) -> RedeemRequest:
    """Return the request that a body is which does not fit: an attempt too, with what is wrong as its problem."""
    order, metadata = data.get("order"), data.get("metadata")
    return RedeemRequest(
        code=code,
        channel=channel,
        order=order if isinstance(order, dict) else None,
        metadata=metadata if isinstance(metadata, dict) else {},
        problem=_problem(error),
        request_id=request_id,
    )


def rollback_in(body: Any) -> RollbackIn:
    """Return the body of a rollback; raise ApiError 400 `invalid_payload` for one that does not fit."""
    try:
        return RollbackIn.model_validate(body if isinstance(body, dict) else {})
    except ValidationError as error:
        raise invalid_payload(describe(error.errors())) from error


def voucher_thin(redemption: Redemption) -> dict[str, Any] | None:
    """Return the voucher as lists show it, from the attempt's own texts."""
    if not redemption.voucher_public_id:
        return None
    return {
        "id": redemption.voucher_public_id,
        "code": redemption.code,
        "campaign": redemption.campaign_name or None,
        "campaign_id": redemption.campaign.public_id if redemption.campaign else None,
        "active": None,
        "object": "voucher",
    }


def _customer(redemption: Redemption) -> dict[str, Any] | None:
    snapshot = redemption.customer_snapshot
    if not snapshot:
        return None
    return {name: snapshot.get(name) for name in ("id", "name", "email", "source_id", "metadata", "object")}


def _related(redemption: Redemption) -> dict[str, str]:
    if redemption.voucher_public_id:
        return {"related_object_type": "voucher", "related_object_id": redemption.voucher_public_id}
    return {"related_object_type": "redemption", "related_object_id": redemption.public_id}


def _channel(row: Redemption | Rollback) -> dict[str, str]:
    return {"channel_id": row.channel_id, "channel_type": row.channel_type}


def order_out(
    redemption: Redemption, rollbacks: list[Rollback], *, undone: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return the order with its effects; null for a failure. Once rolled back it is canceled and without discounts.

    The order of a stack names its parent; `undone` is what is known of the rollback of that.
    """
    if redemption.result != "SUCCESS" or redemption.order is None:
        return None
    order = dict(redemption.order)
    if redemption.status == Redemption.Status.ROLLED_BACK:
        order = {name: value for name, value in order.items() if "discount_amount" not in name}
        order["status"] = "CANCELED"
        if "amount" in order:
            order["total_amount"] = order["amount"]
    if redemption.stacked or redemption.parent_id:
        links = {name: {**link, **(undone or {})} for name, link in (order.get("redemptions") or {}).items()}
    else:
        links = {redemption.public_id: {"date": iso(redemption.created_at), **_related(redemption)}}
    done = next((one for one in rollbacks if one.result == "SUCCESS"), None)
    if done and redemption.public_id in links:
        links[redemption.public_id] |= {"rollback_id": done.public_id, "rollback_date": iso(done.created_at)}
    return {
        **order,
        "object": "order",
        "customer_id": (redemption.customer_snapshot or {}).get("id"),
        "created_at": iso(redemption.created_at),
        "redemptions": links,
    }


def redemption_out(
    redemption: Redemption,
    *,
    rollbacks: list[Rollback],
    voucher: dict[str, Any] | None = None,
    with_facts: bool = False,
    undone: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an attempt on the wire; `voucher` is the full object where the endpoint gives one, else a thin one."""
    out: dict[str, Any] = {
        "id": redemption.public_id,
        "object": "redemption",
        "date": iso(redemption.created_at),
        "customer_id": (redemption.customer_snapshot or {}).get("id"),
        "tracking_id": redemption.tracking_id,
        "metadata": redemption.metadata,
        "redemption": redemption.parent.public_id if redemption.parent else None,
        "result": redemption.result,
        "status": redemption.status,
        "related_redemptions": {
            "rollbacks": [{"id": one.public_id, "date": iso(one.created_at)} for one in rollbacks],
            "redemptions": [
                {"id": child, "date": iso(redemption.created_at)} for child in redemption.facts.get("stacked_ids", [])
            ],
        },
        "order": order_out(redemption, rollbacks, undone=undone),
        "channel": _channel(redemption),
        "customer": _customer(redemption),
        **_related(redemption),
        "voucher": voucher or voucher_thin(redemption),
    }
    if redemption.session_key:
        out["session"] = {"key": redemption.session_key}
    if redemption.gift_amount is not None:
        out |= {"amount": redemption.gift_amount, "gift": {"amount": redemption.gift_amount}}
    if redemption.failure_code:
        out |= {"failure_code": redemption.failure_code, "failure_message": redemption.failure_message}
        if with_facts:
            # A key of our own, which Voucherify's clients pass over: what was compared, and the sentence made of it.
            out["failure_facts"] = redemption.facts
            out["failure_sentence"] = sentence(
                redemption.failure_code,
                redemption.facts,
                code=redemption.code,
                tz=ZoneInfo("UTC"),
                currency=settings.CURRENCY,
            )
    return out


def rollback_out(
    rollback: Rollback, *, voucher: dict[str, Any] | None = None, undone: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a rollback on the wire; amounts that went back are negative."""
    redemption = rollback.redemption
    out: dict[str, Any] = {
        "id": rollback.public_id,
        "object": "redemption_rollback",
        "date": iso(rollback.created_at),
        "customer_id": (redemption.customer_snapshot or {}).get("id"),
        "tracking_id": rollback.tracking_id,
        "metadata": rollback.metadata,
        "redemption": redemption.public_id,
        "reason": rollback.reason or None,
        "result": rollback.result,
        "status": "SUCCEEDED" if rollback.result == "SUCCESS" else "FAILED",
        "order": order_out(redemption, [rollback], undone=undone),
        "channel": _channel(rollback),
        "customer": _customer(redemption),
        **_related(redemption),
        "voucher": voucher or voucher_thin(redemption),
    }
    if rollback.gift_amount is not None:
        out |= {"amount": -rollback.gift_amount, "gift": {"amount": -rollback.gift_amount}}
    if rollback.failure_code:
        out |= {"failure_code": rollback.failure_code, "failure_message": rollback.failure_message}
    return out


def failure(redemption: Redemption) -> ApiError:
    """Return the answer to an attempt that was refused."""
    reason = redemption.reason
    return ApiError(
        reason.http_status if reason else 400,
        redemption.failure_code,
        redemption.failure_message,
        redemption.facts.get("details") or redemption.code or None,
        resource_id=redemption.public_id,
        resource_type="redemption",
        error_message=redemption.error_message,
        extra={"redeemable_type": "voucher", "redeemable_id": redemption.code} if redemption.code else None,
    )


def rollback_failure(rollback: Rollback) -> ApiError:
    """Return the answer to a rollback that was refused."""
    return ApiError(
        400,
        rollback.failure_code,
        rollback.failure_message,
        rollback.effects.get("details"),
        resource_id=rollback.public_id,
        resource_type="redemption_rollback",
    )


def error_of(decision: Decision, request: RedeemRequest) -> dict[str, Any]:
    """Return Voucherify's error object of a refusal, for an answer that is no error itself."""
    reason = decision.reason
    error: dict[str, Any] = {"code": reason.http_status, "key": reason.value, "message": reason.message}
    error |= {"details": decision.details, "request_id": request.request_id}
    if decision.error_message:
        error["error"] = {"message": decision.error_message}
    return error


def session_out(body: Any) -> dict[str, Any] | None:
    """Return the session that a body that fits asks for, with what it did not say filled in."""
    sent = body.get("session") if isinstance(body, dict) else None
    if not sent:
        return None
    session = SessionIn.model_validate(sent)
    ttl = 7 if session.ttl is None else session.ttl
    return {"key": session.key, "type": session.type, "ttl": ttl, "ttl_unit": session.ttl_unit or "DAYS"}


def with_session_key(body: Any) -> Any:
    """Return the body of a validation with a key for its session where it asks for one and names none."""
    session = body.get("session") if isinstance(body, dict) else None
    if not isinstance(session, dict) or session.get("key") is not None:
        return body
    letters = string.digits + string.ascii_letters
    return {**body, "session": {**session, "key": "ssn_" + "".join(secrets.choice(letters) for _ in range(32))}}


def validation_out(
    decision: Decision, request: RedeemRequest, voucher: Voucher | None, *, session: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the legacy validation: 200 in both cases, `reason` being the message."""
    out: dict[str, Any] = {"valid": decision.accepted, "code": request.code, "tracking_id": request.tracking_id}
    if decision.reason:
        reason = decision.reason
        missing = "voucher not found" if reason.value == "not_found" else reason.message
        error = error_of(decision, request)
        return {**out, "reason": missing, "error": error, "metadata": voucher.metadata if voucher else {}}
    out |= {"metadata": voucher.metadata if voucher else {}, "order": decision.order}
    if voucher and voucher.is_gift:
        out["gift"] = {"amount": voucher.gift_amount, "balance": voucher.gift_balance, "credits": decision.gift_amount}
    elif voucher:
        out["discount"] = voucher.discount
    return {**out, "session": session} if session else out
