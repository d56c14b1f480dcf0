"""The API of several codes on one order: redeem, validate, roll back; and of the sessions that keep codes."""

from collections.abc import Iterable

from django.http import HttpRequest
from ninja import Status

from campaigns.models import RuleAssignment
from redemptions import actions, schemas
from redemptions.api.attempts import (
    REFUSALS,
    body_of,
    channel_of,
    full_voucher,
    read_body,
    rollback_request,
    rolled_back,
    router,
    touch,
)
from redemptions.models import Redemption
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, not_found
from voucherify_admin.api.idempotency import IDEMPOTENT, idempotent
from vouchers.models import Voucher
from vouchers.schemas import voucher_out


def _full_vouchers(vouchers: Iterable[Voucher | None]) -> dict[int, dict]:
    """Return the vouchers by primary key with the rules that bind them; one query, however many."""
    known = {voucher.pk: voucher for voucher in vouchers if voucher is not None}
    ids = [voucher.public_id for voucher in known.values()]
    rules: dict[str, list[RuleAssignment]] = {}
    for assignment in RuleAssignment.objects.binding(vouchers=ids, campaigns=[]).select_related("rule").order_by("pk"):
        rules.setdefault(assignment.related_object_id, []).append(assignment)
    return {pk: voucher_out(voucher, rules.get(voucher.public_id, [])) for pk, voucher in known.items()}


@router.post(
    "/redemptions",
    auth=KeyAuth("redemptions.redeem"),
    response={200: schemas.StackOut, 409: REFUSALS[400], **REFUSALS},
    exclude_unset=True,
    summary="Redeem up to 30 codes on one order",
    openapi_extra={**body_of(schemas.StackIn), **IDEMPOTENT},
)
@idempotent
def redeem_stack(request: HttpRequest):
    """Voucherify's current way to redeem. Not for keys of the role Merchant, which use the single endpoint."""
    if request.call.key.role == "Merchant":
        raise ApiError(
            403,
            "missing_required_permission",
            "Missing required permission",
            "A Merchant key redeems by POST /v1/vouchers/{code}/redemption",
        )
    asked = schemas.stack_requests(read_body(request), channel=channel_of(request), request_id=request.call.request_id)
    if len(asked) == 1:
        return _redeem_one(request, asked[0])
    stack = actions.redeem_stack(asked)
    for attempt in (stack.parent, *stack.redeemed, *stack.refused):
        touch(request, attempt)
    if stack.failure is not None:
        raise schemas.stack_failure(stack)
    return schemas.stack_out(stack, asked[0], _full_vouchers(child.voucher for child in stack.redeemed))


def _redeem_one(request: HttpRequest, asked):
    redemption = actions.redeem(asked)
    touch(request, redemption)
    if redemption.failure_code:
        raise schemas.failure(redemption)
    out = schemas.redemption_out(redemption, rollbacks=[], voucher=full_voucher(redemption.voucher))
    return {
        "redemptions": [out],
        "order": out["order"],
        "inapplicable_redeemables": [],
        "skipped_redeemables": [],
    }


@router.post(
    "/validations",
    auth=KeyAuth("redemptions.redeem"),
    response={200: schemas.StackValidationOut, **REFUSALS},
    exclude_unset=True,
    summary="Validate up to 30 codes on one order",
    openapi_extra=body_of(schemas.StackIn),
)
def validate_stack(request: HttpRequest):
    """Say what redeeming would do, without doing it. Refusals are 200 with `valid: false`.

    With a `session` of type LOCK the uses are kept for that session; nothing else is ever written.
    """
    body = schemas.with_session_key(read_body(request))
    asked = schemas.stack_requests(body, channel=channel_of(request), request_id=request.call.request_id)
    for one in asked:
        request.call.touch("voucher", one.code)
    problem = asked[0].problem
    if problem is not None:
        raise ApiError(400, "invalid_payload", "Invalid payload", problem.details)
    decided = actions.validate_stack(asked)
    # What is wrong with the request as a whole is no answer about its codes.
    if decided.refusal is not None and decided.refusal.reason in ("duplicated_redeemables", "invalid_payload"):
        reason = decided.refusal.reason
        raise ApiError(400, reason.value, reason.message, decided.refusal.details)
    return schemas.stack_validation_out(decided, asked[0], schemas.session_out(body))


@router.delete(
    "/vouchers/{path:code}/sessions/{session_key}",
    auth=KeyAuth("redemptions.redeem"),
    response={204: None, **REFUSALS},
    summary="Release what a session keeps",
)
def release_session(request: HttpRequest, code: str, session_key: str):
    """Let go of the use of a voucher that a session keeps."""
    code, session_key = schemas.clean(code), schemas.clean(session_key)
    request.call.touch("voucher", code)
    try:
        released = actions.release(code, session_key)
    except Voucher.DoesNotExist:
        raise not_found("voucher", code) from None
    if not released:
        raise not_found("session", session_key)
    return Status(204, None)


@router.post(
    "/redemptions/{redemption_id}/rollbacks",
    auth=KeyAuth("redemptions.roll_back"),
    response={200: schemas.RollbacksOut, 409: REFUSALS[400], **REFUSALS},
    exclude_unset=True,
    summary="Roll back a stack",
    openapi_extra={**body_of(schemas.RollbackIn), **IDEMPOTENT},
)
@idempotent
def roll_back_stack(
    request: HttpRequest, redemption_id: str, reason: str | None = None, tracking_id: str | None = None
):
    """Undo a parent with all its children, or a redemption that has no parent; all of it or nothing."""
    asked = rollback_request(request, redemption_id, reason, tracking_id)
    try:
        done = actions.roll_back_stack(asked)
    except Redemption.DoesNotExist:
        raise not_found("redemption", asked.redemption_id) from None
    rolled_back(request, *filter(None, (done.parent, *done.rollbacks)))
    return schemas.rollbacks_out(done, _full_vouchers(one.redemption.voucher for one in done.rollbacks))
