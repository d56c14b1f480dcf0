"""Campaigns on the wire; knows nothing of the vouchers in them but their number."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from campaigns.models import Campaign, RuleAssignment
from campaigns.schemas.validation_rule import AssignmentListOut, assignment_list_out
from campaigns.schemas.validity import (
    NAMES,
    HoursOut,
    TimeframeOut,
    ValidityFields,
    check_validity,
    validity_out,
)
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import (
    ListQuery,
    Long,
    Metadata,
    Moment,
    QueryText,
    Short,
    Timestamp,
    example,
    iso,
)


class CampaignFields(ValidityFields):
    """What can be said of a campaign when it is made and later."""

    description: Long | None = None
    category: Short | None = None
    start_date: Moment | None = None
    expiration_date: Moment | None = None
    metadata: Metadata | None = None


class CampaignUpdateIn(CampaignFields):
    """A change of a campaign. Dates that are null are taken away; metadata is merged key by key."""

    model_config = example({"expiration_date": "2030-12-31T22:59:59Z", "description": "Until the end of the year"})

    voucher: dict[str, Any] | None = Field(None, description="Only as it is: the template cannot be changed.")

    def changes_of(self, campaign: Campaign) -> dict[str, Any]:
        """Return the columns that change; raise ApiError 400 for what cannot be changed."""
        for name in ("type", "discount", "gift", "redemption"):
            sent = (self.voucher or {}).get(name)
            if sent is not None and not _says_the_same(sent, campaign.voucher_template.get(name)):
                raise invalid_payload(f"Property .voucher.{name} cannot be changed: create a new campaign instead")
        changes: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("description", "category")
            if getattr(self, name) is not None and getattr(self, name) != getattr(campaign, name)
        }
        # Here null says something: the campaign has no such date any more.
        changes |= {name: getattr(self, name) for name in ("start_date", "expiration_date") if name in self.sent()}
        changes |= self.validity_sent()
        if changes.keys() & {"start_date", *NAMES}:
            check_validity(
                {**validity_out(campaign), **changes},
                starts=changes.get("start_date", campaign.start_date) is not None,
            )
        if self.metadata:
            changes["metadata"] = {**campaign.metadata, **self.metadata}
        check_dates(
            changes.get("start_date", campaign.start_date), changes.get("expiration_date", campaign.expiration_date)
        )
        return changes

    def sent(self) -> set[str]:
        """Return the names of the properties that were in the body, null ones too."""
        return self.model_fields_set


def _says_the_same(sent: Any, known: Any) -> bool:
    if isinstance(sent, Mapping) and isinstance(known, Mapping):
        return all(value is None or known.get(key) == value for key, value in sent.items())
    return sent == known


def check_dates(start: Any, end: Any) -> None:
    """Raise ApiError 400 unless `end` is after `start`; either may be None."""
    if start and end and end <= start:
        raise invalid_payload("Property .expiration_date should be after .start_date")


class CampaignOut(BaseModel):
    """A campaign. Dates and category that are not set are left out."""

    id: str = Field(examples=["camp_0f1e2d3c4b5a69788f"])
    name: str
    description: str | None = None
    campaign_type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS"]
    type: Literal["AUTO_UPDATE", "STATIC", "STANDALONE"]
    voucher: dict[str, Any] = Field(description="What a new code of this campaign is made from.")
    auto_join: bool
    join_once: bool
    use_voucher_metadata_schema: bool
    vouchers_count: int
    start_date: Timestamp | None = None
    expiration_date: Timestamp | None = None
    validity_timeframe: TimeframeOut | None = None
    validity_day_of_week: list[int] | None = None
    validity_hours: HoursOut | None = None
    active: bool
    metadata: dict[str, Any]
    created_at: Timestamp
    updated_at: Timestamp | None = None
    category: str | None = None
    creation_status: Literal["DONE"]
    vouchers_generation_status: Literal["DONE"]
    protected: bool
    category_id: None
    categories: list[Any]
    object: Literal["campaign"]
    validation_rules_assignments: AssignmentListOut


class CampaignListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["campaigns"]
    campaigns: list[CampaignOut]
    total: int


class CampaignQuery(ListQuery):
    campaign_type: QueryText | None = None
    campaign_status: Annotated[QueryText | None, Field(description="ACTIVE or INACTIVE")] = None


def campaign_out(campaign: Campaign, *, vouchers_count: int, assignments: Sequence[RuleAssignment]) -> dict[str, Any]:
    """Return Voucherify's campaign object. `assignments` are the campaign's own, with their rules."""
    optional = {
        "description": campaign.description or None,
        "start_date": iso(campaign.start_date),
        "expiration_date": iso(campaign.expiration_date),
        **validity_out(campaign),
        "category": campaign.category or None,
        "updated_at": iso(campaign.updated_at),
    }
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "campaign_type": campaign.campaign_type,
        "type": campaign.type,
        # Voucherify always says how codes are made, and its clients count on it.
        "voucher": {"code_config": {"length": 8, "pattern": "########"}, **campaign.voucher_template},
        "auto_join": False,
        "join_once": False,
        "use_voucher_metadata_schema": False,
        "vouchers_count": vouchers_count,
        "active": campaign.is_active,
        "metadata": campaign.metadata,
        "created_at": iso(campaign.created_at),
        **{name: value for name, value in optional.items() if value is not None},
        "creation_status": "DONE",
        "vouchers_generation_status": "DONE",
        "protected": False,
        "category_id": None,
        "categories": [],
        "object": "campaign",
        "validation_rules_assignments": assignment_list_out(assignments),
    }


class EmptyOut(BaseModel):
    """An empty object."""
