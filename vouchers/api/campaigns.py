"""Campaigns with their codes: creating them and adding codes. The list stands here too, for its route is the same."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from campaigns.api.campaigns import campaign_called, list_campaigns, shown
from campaigns.schemas.campaign import CampaignListOut, CampaignOut, CampaignQuery
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import duplicate, invalid_payload, not_found
from voucherify_admin.api.wire import errors
from vouchers import actions
from vouchers.api import vouchers
from vouchers.models import Voucher
from vouchers.schemas import CampaignIn, VoucherIn, VoucherListOut, VoucherOut, checked_count, draft_of

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
    """Create a campaign and `vouchers_count` codes (10,000 at the most) made from the template in `voucher`."""
    draft, now = payload.draft(), timezone.now()
    try:
        campaign = actions.launch_campaign(
            draft,
            draft_of(draft.voucher_template),
            count=checked_count(payload.vouchers_count or 0),
            rules=payload.validation_rules or (),
            now=now,
            origin=vouchers.origin_of(request, at=now),
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
    response={200: VoucherOut | VoucherListOut, **errors(400, 404)},
    exclude_unset=True,
    summary="Add vouchers to a campaign",
)
def add_vouchers(
    request: HttpRequest,
    campaign_id: str,
    payload: VoucherIn = VoucherIn(),
    vouchers_count: Annotated[int, Field(ge=1)] = 1,
) -> dict[str, Any]:
    """Create vouchers with random codes from the campaign's template: one is answered whole, several as a list.

    Of the list the first hundred are shown; `total` says how many were made.
    """
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    count = checked_count(vouchers_count)
    if count == 1:
        return vouchers.created(request, payload, campaign=campaign)
    try:
        now = timezone.now()
        origin = vouchers.origin_of(request, at=now)
        made: list[Voucher] = actions.add_vouchers(payload.draft(campaign), count, now=now, origin=origin)
    except actions.CodesUsedUp as error:
        raise invalid_payload(f"Property .code_config: {error}") from error
    return {"object": "list", "data_ref": "vouchers", "vouchers": vouchers.shown(made[:100]), "total": len(made)}
