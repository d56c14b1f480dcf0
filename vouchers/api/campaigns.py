"""Campaigns with their codes: creating them and adding codes. The list stands here too, for its route is the same."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field

from campaigns.api.campaigns import campaign_called, list_campaigns, shown, source_of
from campaigns.schemas.campaign import CampaignListOut, CampaignOut, CampaignQuery
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import duplicate, invalid_payload, not_found
from voucherify_admin.api.wire import errors
from voucherify_admin.async_actions.schemas import AsyncActionIdOut
from vouchers import actions
from vouchers.api import vouchers
from vouchers.api.imports import accepted, asked
from vouchers.schemas import MOST_AT_ONCE, CampaignIn, VoucherIn, VoucherOut, checked_count, draft_of

router = Router(tags=["Campaigns"])


@router.get(
    "/campaigns",
    auth=KeyAuth("campaigns.view_campaign"),
    response={200: CampaignListOut, **errors(400)},
    exclude_unset=True,
    summary="List campaigns",
    operation_id="list_campaigns",
)
def list_all(request: HttpRequest, query: Query[CampaignQuery]) -> dict[str, Any]:
    """Return one page of campaigns, newest first."""
    return list_campaigns(request)


@router.post(
    "/campaigns",
    auth=KeyAuth("campaigns.add_campaign"),
    response={200: CampaignOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Create a campaign",
    operation_id="create_campaign",
)
def create_campaign(request: HttpRequest, payload: CampaignIn) -> dict[str, Any]:
    """Create a campaign and `vouchers_count` codes (a million at the most) made from the template in `voucher`.

    More than 10,000 are made by a worker; until then `vouchers_generation_status` is IN_PROGRESS.
    """
    draft, now = payload.draft(), timezone.now()
    try:
        campaign = actions.launch_campaign(
            draft,
            draft_of(draft.voucher_template),
            count=checked_count(payload.vouchers_count or 0),
            at_once=MOST_AT_ONCE,
            asked=asked(request),
            rules=payload.validation_rules or (),
            now=now,
            origin=vouchers.origin_of(request, at=now),
            source=source_of(request),
        )
    except actions.Taken as error:
        raise duplicate("campaign", error.name, by="name") from error
    except actions.CodesUsedUp as error:
        raise invalid_payload(f"Property .voucher.code_config: {error}") from error
    except actions.UnknownRule as error:
        raise not_found("validation_rules", error.rule_id) from error
    request.call.touch("campaign", campaign.public_id)
    return shown([campaign])[0]


@router.post(
    "/campaigns/{path:campaign_id}/vouchers/{path:code}",
    auth=KeyAuth("vouchers.add_voucher"),
    response={200: VoucherOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Add a voucher with a code to a campaign",
)
def add_voucher_with_code(
    request: HttpRequest, campaign_id: str, code: str, payload: VoucherIn = VoucherIn()
) -> dict[str, Any]:
    """Create a voucher with this code from the campaign's template."""
    vouchers.check_code(code)
    return vouchers.created(request, payload, code=code, campaign=campaign_called(campaign_id))


@router.post(
    "/campaigns/{path:campaign_id}/vouchers",
    auth=KeyAuth("vouchers.add_voucher"),
    response={200: VoucherOut, 202: AsyncActionIdOut, **errors(400, 404, 409)},
    exclude_unset=True,
    summary="Add vouchers to a campaign",
)
def add_vouchers(
    request: HttpRequest,
    campaign_id: str,
    payload: VoucherIn = VoucherIn(),
    vouchers_count: Annotated[int, Field(ge=1)] = 1,
) -> Any:
    """Create vouchers with random codes from the campaign's template, a million at the most.

    One is answered whole with 200; several are made by a worker, and 202 names the asynchronous action to ask for.
    """
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    count = checked_count(vouchers_count)
    if count == 1:
        return Status(200, vouchers.created(request, payload, campaign=campaign))
    body = payload.model_dump(mode="json", exclude_unset=True)
    try:
        action = actions.add_vouchers_later(
            payload.draft(campaign), body, count, campaign=campaign, asked=asked(request)
        )
    except actions.CodesUsedUp as error:
        raise invalid_payload(f"Property .code_config: {error}") from error
    return accepted(request, action)
