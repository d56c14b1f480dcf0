"""What came of a campaign, in numbers; each number is counted by the database."""

from typing import Annotated, Any, Literal

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from campaigns.api.campaigns import campaign_called
from redemptions.models import Redemption, Rollback
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.lists import parse_moment
from voucherify_admin.api.wire import QueryText, errors
from vouchers.models import Publication, Voucher

router = Router(tags=["Campaigns"])


class CampaignPartOut(BaseModel):
    id: str
    name: str
    campaign_type: str
    type: str
    object: Literal["campaign"]


class SummaryOut(BaseModel):
    """Numbers of a campaign; amounts are cents. What is not counted by this version is left out."""

    object: Literal["campaign_summary"]
    campaign: CampaignPartOut
    redemptions: int
    redemptions_succeeded: int = Field(description="Those that were rolled back later among them.")
    redemptions_failed: int
    rollbacks: int
    rollbacks_succeeded: int
    rollbacks_failed: int
    orders_amount: int
    orders_rolledback_amount: int
    discounted_amount: int
    rolledback_discounted_amount: int
    amount_redeemed: int = Field(description="Taken from gift cards.")
    amount_rolledback: int
    vouchers_created: int = Field(description="Of those that are still there.")
    created_vouchers_amount: int = Field(description="Loaded on gift cards.")
    publications: int
    publications_succeeded: int
    publications_failed: int


class SummaryQuery(BaseModel):
    start_date: Annotated[QueryText | None, Field(description="From this moment or day (UTC) on.")] = None
    end_date: Annotated[QueryText | None, Field(description="Up to this moment or day, not including it.")] = None


@router.get(
    "/campaigns/{path:campaign_id}/summary",
    auth=KeyAuth("redemptions.view_redemption"),
    response={200: SummaryOut, **errors(400, 404)},
    exclude_unset=True,
    summary="Get a campaign's numbers",
)
def get_campaign_summary(request: HttpRequest, campaign_id: str, query: Query[SummaryQuery]) -> dict[str, Any]:
    """Count what came of the campaign, in all its time or between two dates."""
    campaign = campaign_called(campaign_id)
    request.call.touch("campaign", campaign.public_id)
    within = Q()
    if query.start_date:
        within &= Q(created_at__gte=parse_moment(query.start_date, ".start_date"))
    if query.end_date:
        within &= Q(created_at__lt=parse_moment(query.end_date, ".end_date"))
    success, undone = Q(result="SUCCESS"), Q(status=Redemption.Status.ROLLED_BACK)
    order = Redemption.objects.once_an_order()
    attempts = Redemption.objects.filter(within, campaign=campaign).aggregate(
        redemptions=Count("pk"),
        redemptions_succeeded=Count("pk", filter=success),
        redemptions_failed=Count("pk", filter=~success),
        orders_amount=Sum("amount", filter=success & order, default=0),
        orders_rolledback_amount=Sum("amount", filter=undone & order, default=0),
        discounted_amount=Sum("discount_amount", filter=success, default=0),
        rolledback_discounted_amount=Sum("discount_amount", filter=undone, default=0),
        amount_redeemed=Sum("gift_amount", filter=success, default=0),
        amount_rolledback=Sum("gift_amount", filter=undone, default=0),
    )
    rollbacks = Rollback.objects.filter(within, redemption__campaign=campaign).aggregate(
        rollbacks=Count("pk"),
        rollbacks_succeeded=Count("pk", filter=success),
        rollbacks_failed=Count("pk", filter=~success),
    )
    vouchers = Voucher.objects.filter(within, campaign=campaign).aggregate(
        vouchers_created=Count("pk"), created_vouchers_amount=Sum("gift_amount", default=0)
    )
    published = Publication.objects.filter(within, campaign=campaign).count()
    return {
        "object": "campaign_summary",
        "campaign": {
            "id": campaign.public_id,
            "name": campaign.name,
            "campaign_type": campaign.campaign_type,
            "type": campaign.type,
            "object": "campaign",
        },
        **attempts,
        **rollbacks,
        **vouchers,
        "publications": published,
        "publications_succeeded": published,
        "publications_failed": 0,
    }
