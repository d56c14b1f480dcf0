"""Wire shapes of several codes on one order, and of validations, which take the same body; decides nothing.

Source of the shapes: Voucherify's API reference, "Redemptions" and "Validations" (API version v2018-08-01).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.conf import settings
from pydantic import BaseModel, Field, StrictStr, TypeAdapter, ValidationError

from redemptions.actions import RolledBackStack, Stack, StackDecision
from redemptions.engine import Channel, Decision, RedeemRequest
from redemptions.models import Redemption, Rollback
from redemptions.schemas.attempts import (
    GiftIn,
    RedeemIn,
    RedemptionOut,
    clean,
    error_of,
    failure,
    redemption_out,
    request_of,
    rollback_out,
    unusable,
)
from voucherify_admin.api.errors import ApiError
from voucherify_admin.api.wire import BodyIn, iso
from voucherify_admin.ids import new_id
from vouchers.models import Voucher

MOST_REDEEMABLES = 30


class RedeemableIn(BodyIn):
    """One thing to redeem: a voucher by its code or id."""

    object: Literal["voucher"]
    id: Annotated[StrictStr, Field(min_length=1, max_length=200)] = Field(description="The code, or the voucher's id.")
    gift: GiftIn | None = None


Redeemables = Annotated[list[RedeemableIn], Field(min_length=1, max_length=MOST_REDEEMABLES)]
REDEEMABLES: TypeAdapter[list[RedeemableIn]] = TypeAdapter(Redeemables)


class StackIn(RedeemIn):
    """`POST /v1/redemptions` and `POST /v1/validations`."""

    redeemables: Redeemables = Field(description="Up to 30 codes, applied to the order one after the other.")


class StackOut(BaseModel):
    """One code has no parent; of several each is a child of `parent_redemption`."""

    redemptions: list[RedemptionOut]
    parent_redemption: RedemptionOut | None = None
    order: dict[str, Any] | None = Field(description="After all of them.")
    inapplicable_redeemables: list[dict[str, Any]]
    skipped_redeemables: list[dict[str, Any]]


class RollbacksOut(BaseModel):
    """Of a parent: a rollback for each child that had succeeded, and the parent's own."""

    rollbacks: list[RedemptionOut]
    parent_rollback: RedemptionOut | None = None
    order: dict[str, Any] | None


class StackValidationOut(BaseModel):
    """What redeeming would do. Refusals are 200 with `valid: false`."""

    id: str
    valid: bool
    redeemables: list[dict[str, Any]]
    skipped_redeemables: list[dict[str, Any]] | None = None
    inapplicable_redeemables: list[dict[str, Any]] | None = None
    order: dict[str, Any] | None = None
    tracking_id: str | None = None
    session: dict[str, Any] | None = None
    stacking_rules: dict[str, Any]


def stack_requests(body: Any, *, channel: Channel, request_id: str) -> list[RedeemRequest]:
    """Return a request for each redeemable; where the body does not fit, each has that as its problem.

    Where the redeemables themselves do not fit there is one request, for the first code.
    """
    data = body if isinstance(body, dict) else {}
    try:
        parsed = StackIn.model_validate(data)
    except ValidationError as error:
        codes = _codes(data.get("redeemables"))
        return [unusable(code, data, error, channel=channel, request_id=request_id) for code in codes]
    return [
        request_of(
            clean(redeemable.id),
            parsed,
            gift=redeemable.gift or (parsed.gift if len(parsed.redeemables) == 1 else None),
            tracking_id=None,
            channel=channel,
            request_id=request_id,
        )
        for redeemable in parsed.redeemables
    ]


def _codes(sent: Any) -> list[str]:
    """Return the codes of redeemables that fit, else the first, which may be empty: what cannot be read is no code."""
    try:
        return [clean(redeemable.id) for redeemable in REDEEMABLES.validate_python(sent)]
    except ValidationError:
        first = sent[0] if isinstance(sent, list) and sent else None
        code = first.get("id") if isinstance(first, dict) else None
        return [clean(code) if isinstance(code, str) else ""]


def stack_out(stack: Stack, request: RedeemRequest, vouchers: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return a stack of which something was redeemed; `vouchers` are the full objects by primary key."""
    children = [redemption_out(child, rollbacks=[], voucher=vouchers.get(child.voucher_id)) for child in stack.redeemed]
    parent = redemption_out(stack.parent, rollbacks=[])
    return {
        "redemptions": children,
        "parent_redemption": parent,
        "order": parent["order"],
        "inapplicable_redeemables": [
            inapplicable(child.code, child.voucher, error_of_attempt(child, request)) for child in stack.refused
        ],
        "skipped_redeemables": [],
    }


def error_of_attempt(attempt: Redemption, request: RedeemRequest) -> dict[str, Any]:
    """Return the error object that a failed attempt would have been answered with by itself."""
    return {**failure(attempt).body, "request_id": request.request_id}


def stack_failure(stack: Stack) -> ApiError:
    """Return the answer to a stack of which nothing was redeemed."""
    return failure(stack.failure or stack.parent)


def inapplicable(code: str, voucher: Voucher | None, error: dict[str, Any]) -> dict[str, Any]:
    """Return a redeemable that cannot be used, with why."""
    return {
        "status": "INAPPLICABLE",
        "id": code,
        "object": "voucher",
        "result": {"error": error, "details": {"message": error["message"], "key": error["key"]}},
        **_about(voucher),
    }


def stack_validation_out(
    decided: StackDecision, request: RedeemRequest, session: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a validation; where nothing can be used, the refused ones stand in both lists, as upstream."""
    valid = decided.refusal is None
    refused = [inapplicable(one.code, one.voucher, error_of(one.decision, request)) for one in decided.refused]
    applicable = [
        {
            "status": "APPLICABLE",
            "id": one.code,
            "object": "voucher",
            **({"order": {**one.decision.order, "object": "order"}} if one.decision.order is not None else {}),
            "applicable_to": _nothing(),
            "inapplicable_to": _nothing(),
            "result": _result(one.voucher, one.decision),
            **_about(one.voucher),
        }
        for one in decided.accepted
    ]
    out: dict[str, Any] = {
        "id": new_id("valid_"),
        "valid": valid,
        "redeemables": applicable if valid else refused,
        "skipped_redeemables": [] if valid else [_skipped(one.code, one.voucher) for one in decided.accepted],
    }
    if refused:
        out["inapplicable_redeemables"] = refused
    if valid and decided.order is not None:
        out["order"] = decided.order
    if request.tracking_id:
        out["tracking_id"] = request.tracking_id
    if session and valid:
        out["session"] = session
    return {**out, "stacking_rules": stacking_rules()}


def _skipped(code: str, voucher: Voucher | None) -> dict[str, Any]:
    details = {
        "key": "preceding_validation_failed",
        "message": "Redeemable cannot be applied due to preceding validation failure",
    }
    return {
        "status": "SKIPPED",
        "id": code,
        "object": "voucher",
        "result": {"details": details},
        **_about(voucher),
    }


def _about(voucher: Voucher | None) -> dict[str, Any]:
    campaign = voucher.campaign if voucher else None
    about: dict[str, Any] = {"metadata": voucher.metadata if voucher else {}, "categories": []}
    return {**about, "campaign_name": campaign.name, "campaign_id": campaign.public_id} if campaign else about


def _nothing() -> dict[str, Any]:
    return {"data": [], "total": 0, "data_ref": "data", "object": "list"}


def _result(voucher: Voucher | None, decision: Decision) -> dict[str, Any]:
    if voucher is None:
        return {}
    if voucher.is_gift:
        return {"gift": {"balance": voucher.gift_balance, "credits": decision.gift_amount or 0}}
    return {"discount": voucher.discount}


def stacking_rules() -> dict[str, Any]:
    """Return what this installation does with several codes, in Voucherify's words."""
    return {
        "redeemables_limit": MOST_REDEEMABLES,
        "applicable_redeemables_limit": MOST_REDEEMABLES,
        "applicable_exclusive_redeemables_limit": 5,
        "exclusive_categories": [],
        "joint_categories": [],
        "redeemables_application_mode": settings.STACKING_MODE,
        "redeemables_sorting_rule": "REQUESTED_ORDER",
        "redeemables_products_application_mode": "STACK",
        "redeemables_no_effect_rule": "REDEEM_ANYWAY",
        "no_effect_skip_categories": [],
        "no_effect_redeem_anyway_categories": [],
        "redeemables_rollback_order_mode": "WITH_ORDER",
    }


def undone(parent: Rollback, children: Sequence[Rollback]) -> dict[str, Any]:
    """Return what the order of a stack tells of its rollback."""
    return {
        "rollback_id": parent.public_id,
        "rollback_date": iso(parent.created_at),
        "rollback_stacked": [one.public_id for one in children],
    }


def rollbacks_out(done: RolledBackStack, vouchers: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return what was rolled back; `vouchers` are the full objects by primary key."""
    known = undone(done.parent, done.rollbacks) if done.parent else None
    rollbacks = [
        rollback_out(one, voucher=vouchers.get(one.redemption.voucher_id), undone=known) for one in done.rollbacks
    ]
    if done.parent is None:
        return {"rollbacks": rollbacks, "order": rollbacks[0]["order"]}
    parent = rollback_out(done.parent, undone=known)
    return {"rollbacks": rollbacks, "parent_rollback": parent, "order": parent["order"]}
