"""The balance of a gift card: changing it by hand, reading what moved it; spending it is redemptions' business."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from campaigns.api.campaigns import campaign_called, source_of
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import ApiError, invalid_payload, invalid_query
from voucherify_admin.api.wire import errors
from voucherify_admin.exports import actions as exports
from voucherify_admin.exports.exporter import RefusedError
from voucherify_admin.exports.models import KeyReader
from voucherify_admin.exports.schemas import ExportIn, ExportOut, export_out
from vouchers import actions
from vouchers.api.vouchers import origin_of, voucher_called
from vouchers.models import GiftTransaction, Voucher
from vouchers.schemas import (
    BalanceIn,
    BalanceOut,
    TransactionListOut,
    TransactionQuery,
    TransactionsExportIn,
    balance_out,
    transaction_out,
)

router = Router(tags=["Vouchers"])

ORDER = {"id": "pk", "created_at": "pk"}


@router.post(
    "/vouchers/{path:code}/balance",
    auth=KeyAuth("vouchers.change_voucher"),
    response={200: BalanceOut, **errors(400, 404)},
    summary="Add to or take from a gift card's balance",
)
def change_balance(request: HttpRequest, code: str, payload: BalanceIn) -> dict[str, Any]:
    """Load the card with `amount` cents, or take them off when it is negative; never below zero."""
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    origin = origin_of(request, at=timezone.now(), reason=payload.reason or "", source_id=payload.source_id or "")
    try:
        voucher = actions.change_balance(voucher, payload.amount, origin=origin, source=source_of(request))
    except actions.NoGiftCard as error:
        raise _refused(voucher, "invalid_voucher", "Invalid voucher", error) from error
    except actions.OutOfBounds as error:
        raise _refused(voucher, "invalid_amount", "Invalid Amount", error) from error
    return balance_out(voucher, payload.amount)


def _refused(voucher: Voucher, key: str, message: str, error: ValueError) -> ApiError:
    return ApiError(400, key, message, str(error), resource_id=voucher.code, resource_type="voucher")


@router.get(
    "/vouchers/{path:code}/transactions",
    auth=KeyAuth("vouchers.view_voucher"),
    response={200: TransactionListOut, **errors(400, 404)},
    exclude_unset=True,
    summary="List a gift card's transactions",
)
def list_transactions(request: HttpRequest, code: str, query: Query[TransactionQuery]) -> dict[str, Any]:
    """Return what moved the balance, newest first; of a discount voucher that is nothing.

    While `has_more` is true, ask again with `starting_after_id` set to `more_starting_after`.
    """
    voucher = voucher_called(code)
    request.call.touch("voucher", voucher.code)
    return _page(request, query, GiftTransaction.objects.filter(voucher=voucher))


@router.get(
    "/campaigns/{path:campaign_id}/transactions",
    auth=KeyAuth("vouchers.view_voucher"),
    response={200: TransactionListOut, **errors(400, 404)},
    exclude_unset=True,
    summary="List the transactions of a campaign's gift cards",
)
def list_campaign_transactions(
    request: HttpRequest, campaign_id: str, query: Query[TransactionQuery]
) -> dict[str, Any]:
    """Return what moved the balances of all gift cards of the campaign, newest first; pages as of one voucher's."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    return _page(request, query, GiftTransaction.objects.filter(campaign_public_id=campaign.public_id))


def _page(request: HttpRequest, query: TransactionQuery, rows: QuerySet[GiftTransaction]) -> dict[str, Any]:
    (ordering,) = lists.ordering(request.GET, ORDER, "-id")
    offset, limit = lists.window(request)
    if query.starting_after_id:
        last = rows.filter(public_id=query.starting_after_id).values_list("pk", flat=True).first()
        if last is None:
            raise invalid_query("Property .starting_after_id should be the id of a transaction of this list")
        rows = rows.filter(**{"pk__lt" if ordering.startswith("-") else "pk__gt": last})
        offset = 0
    page = list(rows.order_by(ordering)[offset : offset + limit + 1])
    answer: dict[str, Any] = {
        "object": "list",
        "data_ref": "data",
        "data": [transaction_out(row) for row in page[:limit]],
        "has_more": len(page) > limit,
    }
    if len(page) > limit:
        answer["more_starting_after"] = page[limit - 1].public_id
    return answer


@router.post(
    "/vouchers/{path:code}/transactions/export",
    auth=KeyAuth("exports.add_export"),
    response={200: ExportOut, **errors(400, 404)},
    summary="Export a gift card's transactions",
)
def export_transactions(
    request: HttpRequest, code: str, payload: TransactionsExportIn = TransactionsExportIn()
) -> dict[str, Any]:
    """Have a file made of this voucher's transactions; ask `/v1/exports/{id}` for it until its status is DONE."""
    voucher, key = voucher_called(code), request.call.key
    request.call.touch("voucher", voucher.code)
    sent = payload.parameters.model_dump(exclude_none=True) if payload.parameters else {}
    asked = ExportIn.model_validate(
        {
            "exported_object": "voucher_transactions",
            "parameters": {**sent, "filters": {"voucher_id": {"conditions": {"$in": [voucher.public_id]}}}},
        }
    )
    try:
        export = exports.request_export_by_key(
            asked.exported_object, asked.given(), key, fields=asked.columns(KeyReader(key))
        )
    except RefusedError as refusal:
        raise invalid_payload(str(refusal)) from None
    request.call.touch("export", export.public_id)
    return export_out(export, request)
