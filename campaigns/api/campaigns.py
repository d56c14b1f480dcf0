"""Campaigns: reading, changing, switching on and off; they are created in vouchers.api, with their codes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from campaigns import actions
from campaigns.models import Campaign, RuleAssignment
from campaigns.schemas.campaign import CampaignOut, CampaignUpdateIn, EmptyOut, campaign_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import invalid_query, not_found
from voucherify_admin.api.wire import errors, found
from voucherify_admin.async_actions.actions import Asked
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.async_actions.schemas import AsyncActionIdOut
from voucherify_admin.webhooks.actions import Source

router = Router(tags=["Campaigns"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "name": "name", "id": "public_id"}
FILTERS = {
    "id": ("public_id", "text"),
    "name": ("name", "text"),
    "campaign_type": ("campaign_type", "text"),
    "type": ("type", "text"),
    "category": ("category", "text"),
    "start_date": ("start_date", "date"),
    "expiration_date": ("expiration_date", "date"),
    "created_at": ("created_at", "date"),
    "updated_at": ("updated_at", "date"),
}


def campaign_called(reference: str) -> Campaign:
    """Return the campaign with this id or name; raise ApiError 404 when there is none."""
    return found(Campaign.objects.present().filter(_named(reference)), "campaign", reference)


def _named(reference: str) -> Q:
    return Q(public_id=reference) | Q(name=reference)


def source_of(request: HttpRequest) -> Source:
    """Return who does what this call asks for, as webhooks are told of it."""
    key = request.call.key
    return Source("API", str(key.app_id), key.name, request.call.request_id)


def shown(campaigns: Sequence[Campaign]) -> list[dict[str, Any]]:
    """Return the campaigns on the wire: three queries for what they share, however many they are."""
    counts = dict(
        Campaign.objects.filter(pk__in=[campaign.pk for campaign in campaigns])
        .annotate(number=Count("vouchers"))
        .values_list("pk", "number")
    )
    rules: dict[str, list[RuleAssignment]] = {}
    binding = RuleAssignment.objects.binding(vouchers=[], campaigns=[campaign.public_id for campaign in campaigns])
    for assignment in binding.select_related("rule").order_by("pk"):
        rules.setdefault(assignment.related_object_id, []).append(assignment)
    generating = AsyncAction.objects.under_way_on("campaign", [campaign.public_id for campaign in campaigns])
    return [
        campaign_out(
            campaign,
            vouchers_count=counts.get(campaign.pk, 0),
            assignments=rules.get(campaign.public_id, []),
            is_generating=campaign.public_id in generating,
        )
        for campaign in campaigns
    ]


def list_campaigns(request: HttpRequest) -> dict[str, Any]:
    """Return one page of campaigns. Its route is in vouchers.api, beside the one that creates them."""
    rows = Campaign.objects.present().filter(
        lists.filters_q(lists.filters_from_query(request.GET), FILTERS, metadata="metadata")
    )
    kind, status = request.GET.get("campaign_type"), request.GET.get("campaign_status")
    if kind and kind != "None":
        rows = rows.filter(campaign_type=kind)
    if status and status != "None":
        if status not in ("ACTIVE", "INACTIVE"):
            raise invalid_query(
                "Property .campaign_status should be equal to one of the allowed values [ ACTIVE, INACTIVE ]"
            )
        rows = rows.filter(is_active=status == "ACTIVE")
    return lists.page_of(request, rows, data_ref="campaigns", to_wire=shown, order=ORDER)


def _switch(request: HttpRequest, reference: str, is_active: bool) -> dict[str, Any]:
    campaign = campaign_called(reference)
    request.call.touch("campaign", campaign.public_id)
    actions.set_campaign_active(campaign, is_active, source=source_of(request), now=timezone.now())
    return {}


@router.post(
    "/campaigns/{path:campaign_id}/enable",
    auth=KeyAuth("campaigns.change_campaign"),
    response={200: EmptyOut, **errors(404)},
    summary="Enable a campaign",
)
def enable_campaign(request: HttpRequest, campaign_id: str) -> dict[str, Any]:
    """Let the campaign's vouchers be used again."""
    return _switch(request, campaign_id, True)


@router.post(
    "/campaigns/{path:campaign_id}/disable",
    auth=KeyAuth("campaigns.change_campaign"),
    response={200: EmptyOut, **errors(404)},
    summary="Disable a campaign",
)
def disable_campaign(request: HttpRequest, campaign_id: str) -> dict[str, Any]:
    """Stop all vouchers of the campaign at once; the vouchers themselves stay as they are."""
    return _switch(request, campaign_id, False)


@router.get(
    "/campaigns/{path:campaign_id}",
    auth=KeyAuth("campaigns.view_campaign"),
    response={200: CampaignOut, **errors(404)},
    exclude_unset=True,
    summary="Get a campaign",
)
def get_campaign(request: HttpRequest, campaign_id: str) -> dict[str, Any]:
    """Return the campaign with this id or name."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    return shown([campaign])[0]


@router.put(
    "/campaigns/{path:campaign_id}",
    auth=KeyAuth("campaigns.change_campaign"),
    response={200: CampaignOut, **errors(400, 404)},
    exclude_unset=True,
    summary="Update a campaign",
)
def update_campaign(
    request: HttpRequest, campaign_id: str, payload: CampaignUpdateIn = CampaignUpdateIn()
) -> dict[str, Any]:
    """Change description, dates, category and metadata. The dates bind the campaign's vouchers from now on."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    campaign = actions.update_campaign(campaign, payload.changes_of, source=source_of(request), now=timezone.now())
    return shown([campaign])[0]


@router.delete(
    "/campaigns/{path:campaign_id}",
    auth=KeyAuth("campaigns.delete_campaign"),
    response={202: AsyncActionIdOut, **errors(400, 404)},
    summary="Delete a campaign with its vouchers",
)
def delete_campaign(request: HttpRequest, campaign_id: str, force: bool = False) -> Status[dict[str, str]]:
    """Stop the campaign's codes at once and delete them, and then the campaign, by an asynchronous action.

    There is no bin, so `force` makes no difference. Redemptions and rollbacks stay, with the names as text. Asked
    again while it is under way, the same action is answered.
    """
    campaign = found(Campaign.objects.filter(_named(campaign_id)), "campaign", campaign_id)
    request.call.touch("campaign", campaign.public_id)
    asked = Asked(app_id=str(request.call.key.app_id), request_id=request.call.request_id)
    try:
        action = actions.delete_campaign(campaign, asked=asked, now=timezone.now())
    except Campaign.DoesNotExist as error:
        raise not_found("campaign", campaign_id) from error
    request.call.touch("async_action", action.public_id)
    return Status(202, {"async_action_id": action.public_id})
