"""The body that creates a campaign with its codes."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from campaigns.schemas.campaign import CampaignFields, check_dates
from campaigns.schemas.validity import check_validity
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import Name, example
from vouchers.actions import CampaignDraft
from vouchers.schemas.template import DISCOUNT, VoucherTemplateIn

MOST_CODES = 1_000_000


# Up to so many codes are made while whoever creates a campaign waits; more are made by a worker.
MOST_AT_ONCE = 10_000


class CampaignIn(CampaignFields):
    """A campaign to create, with `vouchers_count` codes."""

    model_config = example(
        {
            "name": "Black Friday",
            "vouchers_count": 100,
            "voucher": {
                "discount": DISCOUNT,
                "redemption": {"quantity": 1},
                "code_config": {"pattern": "BF-######"},
            },
        }
    )

    name: Name
    voucher: VoucherTemplateIn
    vouchers_count: Annotated[StrictInt, Field(ge=0)] | None = None
    campaign_type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS"] | None = None
    type: Literal["AUTO_UPDATE", "STATIC", "STANDALONE"] | None = None
    active: StrictBool | None = None
    validation_rules: list[Name] | None = Field(None, max_length=50, description="Ids of validation rules.")

    def draft(self) -> CampaignDraft:
        """Return the campaign that is asked for; raise ApiError 400 when it cannot be."""
        check_dates(self.start_date, self.expiration_date)
        check_validity(self.validity_kept(), starts=self.start_date is not None)
        template = self.voucher.template()
        check_validity(template, starts="start_date" in template)
        kind = "GIFT_VOUCHERS" if template["type"] == "GIFT_VOUCHER" else "DISCOUNT_COUPONS"
        if self.campaign_type not in (None, kind):
            raise invalid_payload(f"Property .campaign_type should be {kind}, as .voucher.type is {template['type']}")
        return CampaignDraft(
            name=self.name,
            description=self.description or "",
            campaign_type=kind,
            type=self.type or "AUTO_UPDATE",
            voucher_template=template,
            start_date=self.start_date,
            expiration_date=self.expiration_date,
            **self.validity_kept(),
            is_active=True if self.active is None else self.active,
            category=self.category or "",
            metadata=self.metadata or {},
        )


def checked_count(count: int) -> int:
    """Return how many codes to make; raise ApiError 400 for more than are made at once."""
    if count > MOST_CODES:
        raise invalid_payload(
            f"Property .vouchers_count should be {MOST_CODES} at the most; add more with "
            "POST /v1/campaigns/{id}/vouchers"
        )
    return count
