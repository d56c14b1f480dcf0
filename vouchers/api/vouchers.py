"""Vouchers: creating, reading, changing, switching on and off, deleting; redeeming is the business of redemptions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns.api.campaigns import source_of
from campaigns.models import Campaign, RuleAssignment
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, duplicate, invalid_payload, invalid_query, not_found
from voucherify_admin.api.wire import errors, found
from vouchers import actions
from vouchers.codes import problem_of
from vouchers.models import Origin, Voucher
from vouchers.schemas import (
    VoucherCreateIn,
    VoucherIn,
    VoucherListOut,
    VoucherOut,
    VoucherQuery,
    VoucherUpdateIn,
    voucher_out,
)

router = Router(tags=["Vouchers"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "code": "code", "id": "public_id"}
FILTERS = {
    "code": ("code", "text"),
    "id": ("public_id", "text"),
    "campaign_ids": ("campaign__public_id", "text"),
    "campaign_id": ("campaign__public_id", "text"),
    "campaign": ("campaign__name", "text"),
    "type": ("type", "text"),
    "category": ("category", "text"),
    "redemption.quantity": ("quantity", "number"),
    "redemption.redeemed_quantity": ("redeemed_quantity", "number"),
    "gift.amount": ("gift_amount", "number"),
    "gift.balance": ("gift_balance", "number"),
    "start_date": ("start_date", "date"),
    "expiration_date": ("expiration_date", "date"),
    "created_at": ("created_at", "date"),
    "updated_at": ("updated_at", "date"),
}


def voucher_called(code: str) -> Voucher:
    """Return the voucher with this code or id; raise ApiError 404 when there is none."""
    return found(Voucher.objects.by_reference(code).select_related("campaign", "holder"), "voucher", code)


def origin_of(request: HttpRequest, *, at: datetime, **said: str) -> Origin:
    """Return who changes a balance by this call, for the gift card's transactions."""
    key = request.call.key
    return Origin(at=at, channel_type="API", channel_id=str(key.app_id), channel_name=key.name, **said)


def check_code(code: str) -> None:
    """Raise ApiError 400 for a code that cannot be kept."""
    if problem := problem_of(code):
        raise invalid_payload(f"The code {problem}")


def shown(vouchers: Sequence[Voucher]) -> list[dict[str, Any]]:
    """Return vouchers on the wire; one query for the rules of all of them."""
    rules: dict[str, list[RuleAssignment]] = {}
    binding = RuleAssignment.objects.binding(vouchers=[voucher.public_id for voucher in vouchers], campaigns=[])
    for assignment in binding.select_related("rule").order_by("pk"):
        rules.setdefault(assignment.related_object_id, []).append(assignment)
    return [voucher_out(voucher, rules.get(voucher.public_id, [])) for voucher in vouchers]


def created(
    request: HttpRequest, payload: VoucherIn, *, code: str = "", campaign: Campaign | None = None
) -> dict[str, Any]:
    """Create the voucher that `payload` asks for and return it on the wire; raise ApiError 400, 404 or 409."""
    try:
        now = timezone.now()
        voucher, assignments = actions.create_voucher(
            payload.draft(campaign),
            code=code,
            rules=payload.validation_rules or (),
            now=now,
            origin=origin_of(request, at=now),
            source=source_of(request),
        )
    except actions.Taken as error:
        request.call.touch("voucher", code)
        raise duplicate("voucher", error.name) from error
    except actions.CodesUsedUp as error:
        raise invalid_payload(f"Property .code_config: {error}") from error
    except actions.UnknownRule as error:
        raise not_found("validation_rules", error.rule_id) from error
    request.call.touch("voucher", voucher.code)
    if voucher.campaign:
        request.call.touch("campaign", voucher.campaign.public_id)
    return voucher_out(voucher, assignments)


def _campaign_of(payload: VoucherIn) -> Campaign | None:
    if payload.campaign_id:
        return found(Campaign.objects.present().filter(public_id=payload.campaign_id), "campaign", payload.campaign_id)
    if payload.campaign:
        return found(Campaign.objects.present().filter(name=payload.campaign), "campaign", payload.campaign)
    return None


@router.post(
    "/vouchers",
    auth=KeyAuth("vouchers.add_voucher"),
    response={200: VoucherOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Create a voucher with a random code",
    operation_id="create_voucher",
)
def create_voucher(request: HttpRequest, payload: VoucherCreateIn = VoucherCreateIn()) -> dict[str, Any]:
    """Create a voucher. `code_config` says what its code looks like: by default eight digits and letters."""
    return created(request, payload, code=payload.code or "", campaign=_campaign_of(payload))


# Voucherify's JavaScript SDK asks with a slash at the end.
router.post(
    "/vouchers/",
    auth=KeyAuth("vouchers.add_voucher"),
    response={200: VoucherOut, **errors(400, 404, 409)},
    exclude_unset=True,
    include_in_schema=False,
    operation_id="create_voucher_with_slash",
)(create_voucher)


def _asked(request: HttpRequest, query: VoucherQuery) -> Q:
    condition = lists.created_between(request.GET) & lists.created_between(request.GET, "updated_at", "updated_at")
    for value, column in (
        (query.campaign, "campaign__name"),
        (query.campaign_id, "campaign__public_id"),
        (query.category, "category"),
        (query.code, "code"),
    ):
        if value:
            condition &= Q(**{column: value})
    ids = lists.texts(request.GET, "ids")
    if ids:
        condition &= Q(public_id__in=ids)
    if query.customer:
        condition &= Q(holder__public_id=query.customer) | Q(holder__source_id=query.customer)
    filters = lists.filters_from_query(request.GET)
    plain = tuple(each for each in filters.conditions if each.field != "active")
    states = [_state(each) for each in filters.conditions if each.field == "active"]
    joined = lists.filters_q(lists.Filters(plain, filters.any_of), FILTERS, metadata="metadata")
    for state in states:
        joined = (joined | state) if filters.any_of else (joined & state)
    return condition & joined


def _state(condition: lists.Condition) -> Q:
    now = timezone.now()
    begun = Q(start_date=None) | Q(start_date__lte=now)
    expired = Q(expiration_date__lte=now)
    states = {
        "$active": Q(is_active=True) & begun & ~expired,
        "$expired": expired,
        "$enabled": Q(is_active=True),
        "$disabled": Q(is_active=False),
        "$is": Q(is_active=condition.values[0].lower() == "true"),
        "$is_not": ~Q(is_active=condition.values[0].lower() == "true"),
    }
    if condition.operator not in states:
        raise invalid_query(f"Property .filters[active] knows the conditions [ {', '.join(states)} ]")
    return states[condition.operator]


@router.get(
    "/vouchers",
    auth=KeyAuth("vouchers.view_voucher"),
    response={200: VoucherListOut, **errors(400)},
    exclude_unset=True,
    summary="List vouchers",
    operation_id="list_vouchers",
)
def list_vouchers(request: HttpRequest, query: Query[VoucherQuery]) -> dict[str, Any]:
    """Return one page of vouchers, newest first.

    `filters[<field>][conditions][<operator>]=<value>` asks more, joined by `filters[junction]=and` or `or`. Fields:
    `code`, `id`, `campaign`, `campaign_ids`, `type`, `category`, `redemption.quantity`,
    `redemption.redeemed_quantity`, `gift.amount`, `gift.balance`, `start_date`, `expiration_date`,
    `created_at`, `updated_at`, `metadata.<key>`, and `active` with `$active`, `$expired`, `$enabled`, `$disabled`.
    """
    rows = Voucher.objects.for_list().filter(_asked(request, query))
    return lists.page_of(request, rows, data_ref="vouchers", to_wire=shown, order=ORDER)


def _switch(request: HttpRequest, code: str, is_active: bool) -> dict[str, Any]:
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    actions.set_active(voucher, is_active, source=source_of(request), now=timezone.now())
    return shown([voucher])[0]


@router.post(
    "/vouchers/{path:code}/enable",
    auth=KeyAuth("vouchers.change_voucher"),
    response={200: VoucherOut, **errors(404)},
    exclude_unset=True,
    summary="Enable a voucher",
)
def enable_voucher(request: HttpRequest, code: str) -> dict[str, Any]:
    """Let the voucher be used again; answers the whole voucher."""
    return _switch(request, code, True)


@router.post(
    "/vouchers/{path:code}/disable",
    auth=KeyAuth("vouchers.change_voucher"),
    response={200: VoucherOut, **errors(404)},
    exclude_unset=True,
    summary="Disable a voucher",
)
def disable_voucher(request: HttpRequest, code: str) -> dict[str, Any]:
    """Stop the voucher at once; answers the whole voucher."""
    return _switch(request, code, False)


@router.get(
    "/vouchers/{path:code}",
    auth=KeyAuth("vouchers.view_voucher"),
    response={200: VoucherOut, **errors(404)},
    exclude_unset=True,
    summary="Get a voucher",
)
def get_voucher(request: HttpRequest, code: str) -> dict[str, Any]:
    """Return the voucher with this code or id."""
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    return shown([voucher])[0]


@router.post(
    "/vouchers/{path:code}",
    auth=KeyAuth("vouchers.add_voucher"),
    response={200: VoucherOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Create a voucher with a code",
)
def create_voucher_with_code(request: HttpRequest, code: str, payload: VoucherIn = VoucherIn()) -> dict[str, Any]:
    """Create a voucher with the code in the address."""
    check_code(code)
    return created(request, payload, code=code, campaign=_campaign_of(payload))


@router.put(
    "/vouchers/{path:code}",
    auth=KeyAuth("vouchers.change_voucher"),
    response={200: VoucherOut, **errors(400, 404)},
    exclude_unset=True,
    summary="Update a voucher",
)
def update_voucher(request: HttpRequest, code: str, payload: VoucherUpdateIn = VoucherUpdateIn()) -> dict[str, Any]:
    """Change what is sent and leave the rest. The type of a discount cannot be changed."""
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    try:
        now = timezone.now()
        origin = origin_of(request, at=now, reason="The gift amount was changed")
        voucher = actions.update_voucher(voucher, payload.changes(), now=now, origin=origin, source=source_of(request))
    except actions.Unchangeable as error:
        raise ApiError(
            400, "invalid_voucher", "Invalid voucher", str(error), resource_id=voucher.code, resource_type="voucher"
        ) from error
    return shown([voucher])[0]


@router.delete(
    "/vouchers/{path:code}",
    auth=KeyAuth("vouchers.delete_voucher"),
    response={204: None, **errors(404)},
    summary="Delete a voucher",
)
def delete_voucher(request: HttpRequest, code: str) -> Status[None]:
    """Delete the voucher. Its redemptions stay and still tell its code."""
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    actions.delete_voucher(voucher, source=source_of(request), now=timezone.now())
    return Status(204, None)
