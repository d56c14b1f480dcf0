"""Importing vouchers: a CSV file or a list becomes an asynchronous action; the rows are read by a worker."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from ninja import Body, Router, Status

from campaigns.api.campaigns import campaign_called
from campaigns.models import Campaign
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import errors
from voucherify_admin.async_actions.actions import Asked
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.async_actions.schemas import AsyncActionIdOut
from vouchers import actions
from vouchers.imports import FileError
from vouchers.schemas import MOST_IMPORTED, MetadataChangeIn, MetadataChangesIn

router = Router(tags=["Vouchers"])

ADD = KeyAuth("vouchers.add_voucher")
CHANGE = KeyAuth("vouchers.change_voucher")
FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
VOUCHERS = Body(..., min_length=1, max_length=MOST_IMPORTED)


def asked(request: HttpRequest) -> Asked:
    """Return who asks for an asynchronous action, by this call."""
    return Asked(app_id=str(request.call.key.app_id), request_id=request.call.request_id)


def accepted(request: HttpRequest, action: AsyncAction) -> Status[dict[str, str]]:
    """Return the answer 202 that names the action."""
    request.call.touch("async_action", action.public_id)
    return Status(202, {"async_action_id": action.public_id})


def _import_csv(request: HttpRequest, campaign: Campaign | None) -> Status[dict[str, str]]:
    try:
        file = request.FILES.get("file")
    except (MultiPartParserError, SuspiciousOperation, UnreadablePostError, ValueError) as error:
        raise invalid_payload("The body cannot be read as multipart/form-data") from error
    if file is None:
        raise invalid_payload("Property . should have required property 'file', sent as multipart/form-data")
    try:
        action = actions.import_file(
            file.read(), file_name=(file.name or "").replace("\x00", ""), campaign=campaign, asked=asked(request)
        )
    except FileError as error:
        raise invalid_payload(f"Property .file: {error}") from error
    return accepted(request, action)


@router.post(
    "/vouchers/importCSV",
    auth=ADD,
    response={202: AsyncActionIdOut, **errors(400)},
    summary="Import vouchers from a CSV file",
    openapi_extra=FILE,
)
def import_vouchers_csv(request: HttpRequest) -> Status[dict[str, str]]:
    """Create a voucher for each row of the file, which is UTF-8; what came of each is told by the action.

    The first line names the columns: `Code`, `Voucher Type` (DISCOUNT_VOUCHER, GIFT_VOUCHER), `Active`, `Start Date`,
    `Expiration Date` (ISO 8601), `Discount Type` (AMOUNT, PERCENT, FIXED), `Value` (whole cents, or a percentage),
    `Category`, `Redemption Limit`, `Additional Info`; any other column becomes metadata.
    """
    return _import_csv(request, None)


@router.post(
    "/campaigns/{path:campaign_id}/importCSV",
    auth=ADD,
    response={202: AsyncActionIdOut, **errors(400, 404)},
    summary="Import a campaign's vouchers from a CSV file",
    openapi_extra=FILE,
)
def import_campaign_vouchers_csv(request: HttpRequest, campaign_id: str) -> Status[dict[str, str]]:
    """The same into a campaign: what a row leaves empty comes from the campaign's template."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    return _import_csv(request, campaign)


@router.post(
    "/vouchers/import", auth=ADD, response={202: AsyncActionIdOut, **errors(400)}, summary="Import a list of vouchers"
)
def import_vouchers(request: HttpRequest, payload: list[dict[str, Any]] = VOUCHERS) -> Status[dict[str, str]]:
    """Create a voucher for each object of the list, each with its `code`; what came of each is told by the action."""
    return accepted(request, actions.import_list(payload, campaign=None, asked=asked(request)))


@router.post(
    "/campaigns/{path:campaign_id}/import",
    auth=ADD,
    response={202: AsyncActionIdOut, **errors(400, 404)},
    summary="Import a list of a campaign's vouchers",
)
def import_campaign_vouchers(
    request: HttpRequest, campaign_id: str, payload: list[dict[str, Any]] = VOUCHERS
) -> Status[dict[str, str]]:
    """The same into a campaign: what an object leaves out comes from the campaign's template."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    return accepted(request, actions.import_list(payload, campaign=campaign, asked=asked(request)))


@router.post(
    "/vouchers/bulk/async",
    auth=CHANGE,
    response={202: AsyncActionIdOut, **errors(400)},
    summary="Change the metadata of vouchers, each its own",
)
def update_vouchers_in_bulk(request: HttpRequest, payload: list[MetadataChangeIn] = VOUCHERS) -> Status[dict[str, str]]:
    """Merge metadata into each of the vouchers; codes that are not found are told by the action."""
    changes = [change.model_dump() for change in payload]
    return accepted(request, actions.update_metadata(changes, asked=asked(request)))


@router.post(
    "/vouchers/metadata/async",
    auth=CHANGE,
    response={202: AsyncActionIdOut, **errors(400)},
    summary="Change the metadata of vouchers, the same for all",
)
def update_vouchers_metadata(request: HttpRequest, payload: MetadataChangesIn) -> Status[dict[str, str]]:
    """Merge the same metadata into all of the vouchers; codes that are not found are told by the action."""
    changes = [{"code": code, "metadata": payload.metadata} for code in payload.codes]
    return accepted(request, actions.update_metadata(changes, asked=asked(request)))
