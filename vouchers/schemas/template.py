"""What a voucher is worth and how it may be used, as bodies say it and as campaigns keep it for their codes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, StrictStr

from campaigns.models import Campaign
from campaigns.schemas.campaign import CampaignFields, check_dates
from campaigns.schemas.validity import NAMES, ValidityFields, check_validity
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import MAX_CENTS, BodyIn, Cents, Count, Moment, Name, iso
from vouchers.actions import VoucherDraft
from vouchers.discounts import UnitsOff, parse_discount
from vouchers.models import Voucher

DISCOUNT = {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"}


# What a discount may say; anything else in it is not kept.
DISCOUNT_KEYS = (
    "type",
    "amount_off",
    "percent_off",
    "fixed_amount",
    "unit_off",
    "unit_type",
    "units",
    "amount_limit",
    "aggregated_amount_limit",
)


class GiftIn(BodyIn):
    amount: Cents
    effect: Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"] | None = None


class UsesIn(BodyIn):
    quantity: Count | None = Field(None, description="How often it can be used; null: any number of times.")


class CodeConfigIn(BodyIn):
    """How random codes look: each `#` of the pattern becomes a character of the charset."""

    length: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    charset: Annotated[Name, Field(max_length=200)] | None = None
    pattern: Annotated[Name, Field(max_length=100)] | None = None
    prefix: Annotated[StrictStr, Field(max_length=50, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    postfix: Annotated[StrictStr, Field(max_length=50, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None

    def values(self) -> dict[str, Any]:
        """Return what was sent, as `vouchers.codes.generate_codes` takes it."""
        return self.model_dump(exclude_none=True)


class Unsupported(BodyIn):
    """Limits that Voucherify knows and this version does not: to take and forget them would let codes be misused."""

    loyalty_card: Any = Field(None, description="Not supported: only null.")

    def check_supported(self) -> None:
        """Raise ApiError 400 naming the first limit that would be forgotten."""
        for name in Unsupported.model_fields:
            if getattr(self, name):
                raise invalid_payload(f"Property .{name} is not supported by this version: leave it out or send null")


class VoucherTemplateIn(Unsupported, ValidityFields):
    """What a voucher is worth, and how often it can be used."""

    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"] | None = None
    discount: dict[str, Any] | None = Field(None, examples=[DISCOUNT])
    gift: GiftIn | None = None
    redemption: UsesIn | None = None
    code_config: CodeConfigIn | None = None
    start_date: Moment | None = None
    expiration_date: Moment | None = None

    def template(self) -> dict[str, Any]:
        """Return the template as it is kept with a campaign; raise ApiError 400 for one of which no voucher can be."""
        self.check_supported()
        check_dates(self.start_date, self.expiration_date)
        kind = self.type or ("GIFT_VOUCHER" if self.gift and not self.discount else "DISCOUNT_VOUCHER")
        template: dict[str, Any] = {"type": kind}
        if kind == "GIFT_VOUCHER":
            if self.gift is None:
                raise invalid_payload("Property . should have required property 'gift'")
            template["gift"] = {"amount": self.gift.amount, "effect": self.gift.effect or "APPLY_TO_ORDER"}
        else:
            if self.discount is None:
                raise invalid_payload("Property . should have required property 'discount'")
            template["discount"] = checked_discount(self.discount)
        template["redemption"] = {"quantity": self.redemption.quantity if self.redemption else None}
        if self.code_config:
            template["code_config"] = self.code_config.values()
        for name in ("start_date", "expiration_date"):
            if getattr(self, name):
                template[name] = iso(getattr(self, name))
        template |= {name: value for name, value in self.validity_kept().items() if value is not None}
        # Where its periods are counted from is looked at when the voucher or the campaign is whole.
        check_validity(template, starts=True)
        return template


def checked_discount(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Return the discount as it is kept; raise ApiError 400, naming the property, for one that cannot be priced."""
    try:
        parsed = parse_discount(wire)
    except ValueError as error:
        raise invalid_payload(str(error)) from error
    kept = {name: wire[name] for name in DISCOUNT_KEYS if wire.get(name) is not None}
    for name, value in kept.items():
        if isinstance(value, int) and value > MAX_CENTS:
            raise invalid_payload(f"Property .discount.{name} should be {MAX_CENTS} at the most")
    if wire.get("effect") is not None or isinstance(parsed, UnitsOff):
        # Not made up for the others: without an effect it is the rules that decide where they land.
        kept["effect"] = str(parsed.effect)
    return kept


def draft_of(template: Mapping[str, Any], campaign: Campaign | None = None) -> VoucherDraft:
    """Return a voucher made from a template that was checked before."""
    gift = template.get("gift") or {}
    moments = CampaignFields.model_validate({name: template.get(name) for name in ("start_date", "expiration_date")})
    return VoucherDraft(
        type=kind_of(template),
        discount=template.get("discount"),
        gift_amount=gift.get("amount", 0),
        gift_effect=gift.get("effect", "APPLY_TO_ORDER"),
        quantity=(template.get("redemption") or {}).get("quantity"),
        start_date=moments.start_date,
        expiration_date=moments.expiration_date,
        **{name: template.get(name) for name in NAMES},
        campaign=campaign,
        category=campaign.category if campaign else "",
        code_config=template.get("code_config") or {},
    )


def type_of_campaign(campaign: Campaign) -> str:
    """Return which type of voucher the campaign's codes are; empty while no template says so."""
    return kind_of(campaign.voucher_template) if campaign.voucher_template else ""


def kind_of(template: Mapping[str, Any]) -> str:
    """Return which type of voucher is made from a template."""
    # Staff may have written the template by hand in Django admin, where nothing asks for the type.
    return template.get("type") or (Voucher.Type.GIFT if template.get("gift") else Voucher.Type.DISCOUNT)
