"""Vouchers as they are answered and asked for; what they were used for is told by redemptions."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field

from campaigns.models import RuleAssignment
from campaigns.schemas.validation_rule import AssignmentListOut, assignment_list_out
from campaigns.schemas.validity import HoursOut, TimeframeOut, validity_out
from voucherify_admin.api.wire import ListQuery, QueryText, Timestamp, iso
from vouchers.models import Voucher
from vouchers.schemas.template import DISCOUNT


class GiftOut(BaseModel):
    amount: int = Field(description="Cents ever loaded.")
    subtracted_amount: int
    balance: int = Field(description="Cents left.")
    effect: str


class UsesOut(BaseModel):
    quantity: int | None
    redeemed_quantity: int
    redeemed_amount: int | None = Field(None, description="Cents taken from a gift card.")
    object: Literal["list"]
    url: str


class PublishOut(BaseModel):
    object: Literal["list"]
    count: int
    url: str


class VoucherOut(BaseModel):
    """A voucher. Parts that are not set are null."""

    id: str = Field(examples=["v_0f1e2d3c4b5a69788f"])
    code: str
    campaign: str | None
    campaign_id: str | None
    category: str | None
    category_id: None
    categories: list[Any]
    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]
    discount: dict[str, Any] | None = Field(examples=[DISCOUNT])
    gift: GiftOut | None
    loyalty_card: None
    start_date: Timestamp | None
    expiration_date: Timestamp | None
    validity_timeframe: TimeframeOut | None
    validity_day_of_week: list[int] | None
    validity_hours: HoursOut | None
    active: bool
    additional_info: str | None
    metadata: dict[str, Any]
    assets: dict[str, Any]
    is_referral_code: bool
    created_at: Timestamp
    updated_at: Timestamp | None
    holder_id: str | None = Field(None, description="The customer to whom it was published first.")
    referrer_id: None
    validation_rules_assignments: AssignmentListOut
    redemption: UsesOut
    publish: PublishOut
    object: Literal["voucher"]


class VoucherListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["vouchers"]
    vouchers: list[VoucherOut]
    total: int


class VoucherQuery(ListQuery):
    campaign: Annotated[QueryText | None, Field(description="A campaign's name.")] = None
    campaign_id: QueryText | None = None
    customer: Annotated[QueryText | None, Field(description="A customer who holds vouchers, by id or `source_id`.")] = (
        None
    )
    category: QueryText | None = None
    code: QueryText | None = None
    ids: Annotated[QueryText | None, Field(description="Ids of vouchers, separated by commas, or repeated.")] = None
    created_before: Annotated[QueryText | None, Field(alias="created_at[before]")] = None
    created_after: Annotated[QueryText | None, Field(alias="created_at[after]")] = None
    updated_before: Annotated[QueryText | None, Field(alias="updated_at[before]")] = None
    updated_after: Annotated[QueryText | None, Field(alias="updated_at[after]")] = None


def voucher_out(voucher: Voucher, assignments: Sequence[RuleAssignment]) -> dict[str, Any]:
    """Return Voucherify's voucher object; `assignments` are the voucher's own, with their rules."""
    campaign = voucher.campaign
    path = f"/v1/vouchers/{quote(voucher.code, safe='')}"
    return {
        "id": voucher.public_id,
        "code": voucher.code,
        "campaign": campaign.name if campaign else None,
        "campaign_id": campaign.public_id if campaign else None,
        "category": voucher.category or None,
        "category_id": None,
        "categories": [],
        "type": voucher.type,
        "discount": voucher.discount,
        "gift": _gift(voucher),
        "loyalty_card": None,
        "start_date": iso(voucher.start_date),
        "expiration_date": iso(voucher.expiration_date),
        **validity_out(voucher),
        "active": voucher.is_active,
        "additional_info": voucher.additional_info or None,
        "metadata": voucher.metadata,
        "assets": {"qr": {}, "barcode": {}},
        "is_referral_code": False,
        "created_at": iso(voucher.created_at),
        "updated_at": iso(voucher.updated_at),
        "referrer_id": None,
        "validation_rules_assignments": assignment_list_out(assignments),
        "redemption": {
            "quantity": voucher.quantity,
            "redeemed_quantity": voucher.redeemed_quantity,
            **({"redeemed_amount": voucher.redeemed_amount} if voucher.is_gift else {}),
            "object": "list",
            "url": f"{path}/redemptions?page=1&limit=10",
        },
        **({"holder_id": voucher.holder.public_id} if voucher.holder else {}),
        "publish": {"object": "list", "count": voucher.published_count, "url": f"{path}/publications?page=1&limit=10"},
        "object": "voucher",
    }


def voucher_thin(voucher: Voucher) -> dict[str, Any]:
    """Return the short form of a voucher that stands in a list of redemptions."""
    campaign = voucher.campaign
    return {
        "id": voucher.public_id,
        "code": voucher.code,
        "campaign": campaign.name if campaign else None,
        "campaign_id": campaign.public_id if campaign else None,
    }


def _gift(voucher: Voucher) -> dict[str, Any] | None:
    if not voucher.is_gift:
        return None
    return {
        "amount": voucher.gift_amount,
        "subtracted_amount": voucher.gift_subtracted,
        "balance": voucher.gift_balance,
        "effect": voucher.gift_effect,
    }
