"""The API of one code's attempts and of all lists: each function reads a request, calls one verb, and answers."""

from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, Value
from django.http import HttpRequest
from ninja import Router

from campaigns.models import Customer, RuleAssignment
from redemptions import actions, schemas
from redemptions.engine import Channel
from redemptions.filters import api_filters
from redemptions.models import Redemption, Rollback
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth, permissions_of
from voucherify_admin.api.body import read_json
from voucherify_admin.api.errors import ApiError, ErrorOut, invalid_payload, invalid_query, not_found
from voucherify_admin.api.idempotency import IDEMPOTENT, idempotent
from voucherify_admin.api.models import ClientKey
from vouchers.models import Voucher
from vouchers.schemas import voucher_out

router = Router(tags=["Redemptions"])

REFUSALS = {400: ErrorOut, 401: ErrorOut, 403: ErrorOut, 404: ErrorOut, 429: ErrorOut}
LIST_PARAMETERS = [
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}},
    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}},
]


def body_of(schema: type) -> dict:
    """Return the part of the OpenAPI document that describes a body which the function reads itself.

    A body that does not fit is an attempt and has to be recorded, so the framework must not refuse it first.
    """
    return {"requestBody": {"content": {"application/json": {"schema": _inlined(schema)}}}}


def _inlined(schema: type) -> dict:
    """Return the JSON schema with its references put in place: the body's parts are used nowhere else."""
    document = schema.model_json_schema()
    definitions = document.pop("$defs", {})

    def resolve(node):
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(definitions[node["$ref"].rsplit("/", 1)[-1]])
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(item) for item in node] if isinstance(node, list) else node

    return resolve(document)


def channel_of(request: HttpRequest) -> Channel:
    """Return who calls: the key."""
    key = request.call.key
    return Channel("API", str(key.app_id), key.name)


def full_voucher(voucher: Voucher | None) -> dict | None:
    """Return the voucher with the rules that bind it, as redeeming and rolling back answer it."""
    if voucher is None:
        return None
    assignments = RuleAssignment.objects.binding(vouchers=[voucher.public_id], campaigns=[])
    return voucher_out(voucher, list(assignments.select_related("rule").order_by("pk")))


def touch(request: HttpRequest, redemption: Redemption) -> None:
    """Tie the call to an attempt and its voucher."""
    request.call.touch("redemption", redemption.public_id)
    request.call.touch("voucher", redemption.code)


@router.post(
    "/vouchers/{path:code}/redemption",
    auth=KeyAuth("redemptions.redeem"),
    response={200: schemas.RedemptionOut, 409: ErrorOut, **REFUSALS},
    exclude_unset=True,
    summary="Redeem a voucher",
    openapi_extra={**body_of(schemas.RedeemIn), **IDEMPOTENT},
)
@idempotent
def redeem_voucher(request: HttpRequest, code: str, tracking_id: str | None = None):
    """Use a code. Every call is recorded as an attempt; a refusal names the recorded one in `resource_id`."""
    body = _read_attempt(request, code)
    asked = schemas.redeem_request(
        code, body, tracking_id=tracking_id, channel=channel_of(request), request_id=request.call.request_id
    )
    redemption = actions.redeem(asked)
    touch(request, redemption)
    if redemption.failure_code:
        raise schemas.failure(redemption)
    return schemas.redemption_out(redemption, rollbacks=[], voucher=full_voucher(redemption.voucher))


def _read_attempt(request: HttpRequest, code: str):
    """Return the body's JSON; a body that is none is no attempt, yet its call belongs to the voucher's events."""
    try:
        return read_body(request)
    except ApiError:
        request.call.touch("voucher", schemas.clean(code))
        raise


def read_body(request: HttpRequest):
    """Return the body's JSON. A page in a browser names its customer; what is known of them it cannot say or change."""
    body = read_json(request)
    is_page = isinstance(request.call.key, ClientKey)
    if is_page and isinstance(body, dict):
        if isinstance(body.get("customer"), dict):
            body["customer"] = {name: body["customer"].get(name) for name in ("id", "source_id")}
        check_session(request, body)
    return body


def check_session(request: HttpRequest, body: dict[str, Any]) -> None:
    """Raise ApiError 403 for a page that may not redeem and wants uses kept: it could keep all of them from others."""
    if body.get("session") and not request.call.key.may_redeem:
        raise ApiError(
            403,
            "missing_required_permission",
            "Missing required permission",
            "A session keeps uses of a code; that is for keys with client-side redemption switched on",
        )


@router.post(
    "/vouchers/{path:code}/validate",
    auth=KeyAuth("redemptions.redeem"),
    response={200: schemas.ValidationOut, **REFUSALS},
    exclude_unset=True,
    summary="Validate a voucher",
    openapi_extra=body_of(schemas.RedeemIn),
)
def validate_voucher(request: HttpRequest, code: str):
    """Say what redeeming would do, without doing it. Refusals are 200 with `valid: false`; missing facts are 400.

    With a `session` of type LOCK the use is kept for that session; nothing else is ever written.
    """
    return validated(request, code, _read_attempt(request, code))


def validated(request: HttpRequest, code: str, body: Any, *, tracking_id: str | None = None) -> dict[str, Any]:
    """Return what redeeming the code with this body would do; raise ApiError 400 when facts are missing."""
    body = schemas.with_session_key(body)
    asked = schemas.redeem_request(
        code, body, tracking_id=tracking_id, channel=channel_of(request), request_id=request.call.request_id
    )
    request.call.touch("voucher", asked.code)
    decision = actions.validate(asked)
    reason = decision.reason
    if reason and reason.value in ("missing_amount", "missing_order_items", "missing_customer", "invalid_payload"):
        raise ApiError(400, reason.value, reason.message, decision.details, error_message=decision.error_message or "")
    voucher = Voucher.objects.by_reference(asked.code).first()
    return schemas.validation_out(decision, asked, voucher, session=schemas.session_out(body))


def _list_parameters() -> dict:
    names = ("result", "campaign", "customer", "created_at[before]", "created_at[after]", "order", "voucher_code")
    more = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    return {"parameters": LIST_PARAMETERS + more}


@router.get(
    "/redemptions",
    auth=KeyAuth("redemptions.view_redemption"),
    response={200: schemas.RedemptionListOut, **REFUSALS},
    exclude_unset=True,
    summary="List redemptions and rollbacks",
    openapi_extra=_list_parameters(),
)
def list_redemptions(request: HttpRequest):
    """Newest first. Filters: the query's own parameters, and `filters[field][conditions][$operator]`."""
    redemptions, rollbacks = _filtered(request)
    entries, total = _entries(request, redemptions, rollbacks)
    return {"object": "list", "data_ref": "redemptions", "redemptions": entries, "total": total}


@router.get(
    "/redemptions/{redemption_id}",
    auth=KeyAuth("redemptions.view_redemption"),
    response={200: schemas.RedemptionOut, **REFUSALS},
    exclude_unset=True,
    summary="Get a redemption or a rollback",
)
def get_redemption(request: HttpRequest, redemption_id: str):
    """By id. A failed attempt carries `failure_facts`, what was compared, and `failure_sentence`."""
    redemption_id = schemas.clean(redemption_id)
    redemption = Redemption.objects.filter(public_id=redemption_id).select_related("campaign", "parent").first()
    if redemption:
        touch(request, redemption)
        rollbacks = list(redemption.rollbacks.filter(result="SUCCESS"))
        undone = _undone(redemption) if redemption.status == Redemption.Status.ROLLED_BACK else None
        return schemas.redemption_out(redemption, rollbacks=rollbacks, with_facts=True, undone=undone)
    rollback = Rollback.objects.filter(public_id=redemption_id).select_related("redemption__campaign").first()
    if rollback is None:
        raise not_found("redemption", redemption_id)
    request.call.touch("rollback", rollback.public_id)
    touch(request, rollback.redemption)
    return schemas.rollback_out(rollback)


def _undone(redemption: Redemption) -> dict | None:
    """Return what its order's link to the stack tells of the rollback of that; None for what is in no stack."""
    parent = redemption if redemption.stacked else redemption.parent
    if parent is None:
        return None
    rows = Rollback.objects.filter(redemption__in=Redemption.objects.stack_of(parent), result="SUCCESS").order_by("pk")
    rollbacks = list(rows)
    of_parent = next((one for one in rollbacks if one.redemption_id == parent.pk), None)
    return schemas.undone(of_parent, [one for one in rollbacks if one is not of_parent]) if of_parent else None


@router.get(
    "/vouchers/{path:code}/redemption",
    auth=KeyAuth("redemptions.view_redemption"),
    response={200: schemas.VoucherRedemptionsOut, **REFUSALS},
    exclude_unset=True,
    summary="List a voucher's redemptions",
    openapi_extra={"parameters": LIST_PARAMETERS},
)
@router.get(
    "/vouchers/{path:code}/redemptions",
    auth=KeyAuth("redemptions.view_redemption"),
    response={200: schemas.VoucherRedemptionsOut, **REFUSALS},
    exclude_unset=True,
    include_in_schema=False,
)
def list_voucher_redemptions(request: HttpRequest, code: str):
    """The attempts and rollbacks of one code, newest first, with its counters."""
    voucher = Voucher.objects.by_reference(schemas.clean(code)).first()
    request.call.touch("voucher", voucher.code if voucher else code)
    if voucher is None:
        raise not_found("voucher", code)
    entries, total = _entries(
        request, Redemption.objects.filter(voucher=voucher), Rollback.objects.filter(redemption__voucher=voucher)
    )
    return {
        "object": "list",
        "quantity": voucher.quantity,
        "redeemed_quantity": voucher.redeemed_quantity,
        "redeemed_amount": voucher.redeemed_amount if voucher.is_gift else None,
        "url": f"/v1/vouchers/{voucher.code}/redemptions?page=1&limit=10",
        "data_ref": "redemption_entries",
        "total": total,
        "redemption_entries": entries,
    }


def _filtered(request: HttpRequest) -> tuple[QuerySet, QuerySet]:
    """Return the redemptions and the rollbacks that the query asks for."""
    parameters = request.GET
    may_see_users = "redemptions.filter_by_user" in permissions_of(request.call.key.role)
    filters = lists.filters_from_query(parameters)
    own, rolled = (api_filters(filters, may_see_users=may_see_users, rollbacks=side) for side in (False, True))
    own &= lists.created_between(parameters)
    rolled &= lists.created_between(parameters)
    results = [value for value in parameters.getlist("result") if value not in ("", "None")]
    for value in results:
        if value not in ("SUCCESS", "FAILURE"):
            raise invalid_query("Property .result should be equal to one of the allowed values [ SUCCESS, FAILURE ]")
    if results:
        own &= Q(result__in=results)
        rolled &= Q(result__in=results)
    shortcuts = {
        "campaign": "campaign_name",
        "campaign_name": "campaign_name",
        "voucher_code": "code",
        "related_object_id": "voucher_public_id",
        "related_object_parent_id": "campaign__public_id",
    }
    for name, column in shortcuts.items():
        value = parameters.get(name)
        if value and value != "None":
            own &= Q(**{column: schemas.clean(value)})
            rolled &= Q(**{f"redemption__{column}": schemas.clean(value)})
    customer = parameters.get("customer")
    if customer and customer != "None":
        found = Customer.objects.by_reference(schemas.clean(customer)).first()
        # An unknown customer has no attempts; Voucherify answers an empty list, not a 404.
        own &= Q(customer=found.pk if found else -1)
        rolled &= Q(redemption__customer=found.pk if found else -1)
    return Redemption.objects.filter(own), Rollback.objects.filter(rolled)


ORDER = {
    "created_at": "created_at",
    "id": "public_id",
    "voucher_code": "code",
    "tracking_id": "tracking_id",
    "customer_id": "customer_source_id",
}


def _entries(request: HttpRequest, redemptions: QuerySet, rollbacks: QuerySet) -> tuple[list[dict], int]:
    """Return one page of both kinds mixed in the order asked for, and the total. Five queries, whatever the page."""
    offset, limit = lists.window(request)
    ordering = lists.ordering(request.GET, ORDER, "-created_at")
    column = ordering[0].lstrip("-")
    sign = "-" if ordering[0].startswith("-") else ""
    own = "code" if column == "code" else column
    related = f"redemption__{column}" if column in ("code", "customer_source_id") else column
    last = offset + limit
    arms = []
    for rows, key, kind in ((redemptions, own, "redemption"), (rollbacks, related, "rollback")):
        # Each arm is cut by itself, so that PostgreSQL walks its index and sorts no more than two short lists.
        keys = rows.annotate(kind=Value(kind), position=F(key)).order_by(f"{sign}{key}", f"{sign}pk")
        arms.append(keys.values_list("position", "pk", "kind")[:last])
    mixed = arms[0].union(arms[1], all=True).order_by(f"{sign}position", f"{sign}pk")[offset:last]
    wanted = [(kind, pk) for _, pk, kind in mixed]
    found = {
        ("redemption", row.pk): row
        for row in Redemption.objects.filter(pk__in=[pk for kind, pk in wanted if kind == "redemption"]).select_related(
            "campaign", "parent"
        )
    }
    found |= {
        ("rollback", row.pk): row
        for row in Rollback.objects.filter(pk__in=[pk for kind, pk in wanted if kind == "rollback"]).select_related(
            "redemption__campaign"
        )
    }
    done: dict[int, list[Rollback]] = {}
    rolled_back = [row.pk for row in found.values() if isinstance(row, Redemption) and row.status == "ROLLED_BACK"]
    for rollback in Rollback.objects.filter(redemption__in=rolled_back, result="SUCCESS"):
        done.setdefault(rollback.redemption_id, []).append(rollback)
    entries = [
        schemas.redemption_out(row, rollbacks=done.get(row.pk, []))
        if isinstance(row, Redemption)
        else schemas.rollback_out(row)
        for row in (found[key] for key in wanted if key in found)
    ]
    return entries, lists.total_of(redemptions) + lists.total_of(rollbacks)


@router.post(
    "/redemptions/{redemption_id}/rollback",
    auth=KeyAuth("redemptions.roll_back"),
    response={200: schemas.RedemptionOut, 409: ErrorOut, **REFUSALS},
    exclude_unset=True,
    summary="Roll back a redemption",
    openapi_extra={**body_of(schemas.RollbackIn), **IDEMPOTENT},
)
@idempotent
def roll_back(request: HttpRequest, redemption_id: str, reason: str | None = None, tracking_id: str | None = None):
    """Undo a redemption: the use and any credits are given back. `reason` may stand in the query or the body."""
    asked = rollback_request(request, redemption_id, reason, tracking_id)
    try:
        rollback = actions.roll_back(asked)
    except Redemption.DoesNotExist:
        raise not_found("redemption", asked.redemption_id) from None
    rolled_back(request, rollback)
    return schemas.rollback_out(rollback, voucher=full_voucher(rollback.redemption.voucher))


def rollback_request(
    request: HttpRequest, redemption_id: str, reason: str | None, tracking_id: str | None
) -> actions.RollbackRequest:
    """Return what the query and the body ask for; raise ApiError 400 or 404 for what no rollback can be asked of."""
    redemption_id = schemas.clean(redemption_id)
    request.call.touch("redemption", redemption_id)
    data = schemas.rollback_in(read_json(request))
    reason = schemas.clean(reason or data.reason or "").strip()
    if settings.API_ROLLBACK_REASON_REQUIRED and not reason:
        raise invalid_payload("Property . should have required property 'reason'")
    asked = actions.RollbackRequest(
        redemption_id=redemption_id,
        channel=channel_of(request),
        reason=reason[:2000],
        tracking_id=schemas.clean(tracking_id)[:200] if tracking_id else data.tracking_id,
        metadata=data.metadata,
        customer=data.customer.model_dump(exclude_none=True) if data.customer else None,
        order=data.order.model_dump(exclude_none=True) if data.order else None,
        request_id=request.call.request_id,
    )
    if asked.customer:
        reference = asked.customer.get("id") or asked.customer.get("source_id")
        if reference and not Customer.objects.by_reference(reference).exists():
            raise not_found("customer", reference)
    return asked


def rolled_back(request: HttpRequest, *rollbacks: Rollback) -> None:
    """Tie the call to what was rolled back; raise ApiError for a refusal."""
    for rollback in rollbacks:
        request.call.touch("rollback", rollback.public_id)
        touch(request, rollback.redemption)
    for rollback in rollbacks:
        if rollback.failure_code:
            raise schemas.rollback_failure(rollback)
