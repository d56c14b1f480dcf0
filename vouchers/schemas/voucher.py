"""The bodies that create and change vouchers."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool

from campaigns.models import Campaign
from campaigns.schemas.campaign import check_dates
from campaigns.schemas.validity import ValidityFields, check_validity
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import BodyIn, Long, Metadata, Moment, Name, Short, example, iso
from vouchers.actions import VoucherDraft
from vouchers.codes import problem_of
from vouchers.schemas.template import (
    DISCOUNT,
    GiftIn,
    Unsupported,
    VoucherTemplateIn,
    checked_discount,
    draft_of,
    kind_of,
)

MOST_IMPORTED = 10_000


class VoucherIn(VoucherTemplateIn):
    """A voucher to create. In a campaign, what is not sent comes from the campaign's template."""

    model_config = example({"discount": DISCOUNT, "redemption": {"quantity": 1}, "metadata": {"till": "Berlin 3"}})

    campaign: Name | None = Field(None, description="A campaign's name.")
    campaign_id: Name | None = None
    category: Short | None = None
    active: StrictBool | None = None
    additional_info: Long | None = None
    metadata: Metadata | None = None
    validation_rules: list[Name] | None = Field(None, max_length=50, description="Ids of validation rules.")

    def draft(self, campaign: Campaign | None) -> VoucherDraft:
        """Return the voucher that is asked for; raise ApiError 400 when it cannot be."""
        template = dict(campaign.voucher_template) if campaign else {}
        if not template or self.type or self.discount or self.gift:
            sent = self.template()
            kind = kind_of(template) if template else sent["type"]
            if sent["type"] != kind:
                raise invalid_payload(f"Property .type should be {kind}, as the campaign's vouchers are")
            template = {"redemption": template.get("redemption"), "code_config": template.get("code_config"), **sent}
        else:
            self.check_supported()
        if self.redemption:
            template["redemption"] = {"quantity": self.redemption.quantity}
        if self.code_config:
            template["code_config"] = self.code_config.values()
        for name in ("start_date", "expiration_date"):
            if getattr(self, name):
                template[name] = iso(getattr(self, name))
        template |= {name: value for name, value in self.validity_kept().items() if value is not None}
        draft = draft_of(template, campaign)
        check_dates(draft.start_date, draft.expiration_date)
        check_validity(template, starts=draft.start_date is not None)
        draft.category = self.category or (campaign.category if campaign else "")
        draft.is_active = True if self.active is None else self.active
        draft.additional_info = self.additional_info or ""
        draft.metadata = self.metadata or {}
        return draft


def _code(code: str) -> str:
    if problem := problem_of(code):
        raise ValueError(problem)
    return code


class VoucherCreateIn(VoucherIn):
    """A voucher to create; without a code it gets a random one."""

    code: Annotated[Name, AfterValidator(_code)] | None = None


class MetadataChangeIn(BodyIn):
    """Metadata to merge into one voucher."""

    code: Name
    metadata: Metadata


class MetadataChangesIn(BodyIn):
    """The same metadata to merge into many vouchers."""

    codes: list[Name] = Field(min_length=1, max_length=MOST_IMPORTED)
    metadata: Metadata


class VoucherUpdateIn(Unsupported, ValidityFields):
    """A change of a voucher. What is not listed here is ignored; dates and hours that are null are taken away."""

    model_config = example({"expiration_date": "2030-12-31T22:59:59Z", "metadata": {"till": "Berlin 3"}})

    discount: dict[str, Any] | None = Field(None, description="Of the same type as before.", examples=[DISCOUNT])
    gift: GiftIn | None = Field(None, description="The amount ever loaded; the balance changes by the difference.")
    category: Short | None = None
    start_date: Moment | None = None
    expiration_date: Moment | None = None
    active: StrictBool | None = None
    additional_info: Long | None = None
    metadata: Metadata | None = Field(None, description="Merged key by key.")

    def changes(self) -> dict[str, Any]:
        """Return what was sent, as `vouchers.actions.update_voucher` takes it; raise ApiError 400."""
        self.check_supported()
        changes: dict[str, Any] = {
            column: getattr(self, name)
            for name, column in (
                ("category", "category"),
                ("additional_info", "additional_info"),
                ("metadata", "metadata"),
                ("active", "is_active"),
            )
            if getattr(self, name) is not None
        }
        # Here null says something: the voucher has no such date any more.
        changes |= {
            name: getattr(self, name) for name in ("start_date", "expiration_date") if name in self.model_fields_set
        }
        changes |= self.validity_sent()
        if self.discount is not None:
            changes["discount"] = checked_discount(self.discount)
        if self.gift is not None:
            changes["gift_amount"] = self.gift.amount
            if self.gift.effect:
                changes["gift_effect"] = self.gift.effect
        return changes
