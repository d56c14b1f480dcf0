"""Vouchers on the wire, and the template of a campaign's vouchers; what they were used for is told by redemptions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt, StrictStr, field_validator
from pydantic_core import PydanticCustomError

from campaigns.models import Campaign, RuleAssignment
from campaigns.schemas.campaign import CampaignFields, check_dates
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
    MAX_CENTS,
    BodyIn,
    Cents,
    Count,
    ListQuery,
    Long,
    Metadata,
    Moment,
    Name,
    QueryText,
    Short,
    Timestamp,
    example,
    iso,
)
from vouchers.actions import CampaignDraft, VoucherDraft
from vouchers.codes import problem_of
from vouchers.discounts import UnitsOff, parse_discount
from vouchers.models import GiftTransaction, Voucher

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
MOST_CODES = 1_000_000
# Up to so many codes are made while whoever creates a campaign waits; more are made by a worker.
MOST_AT_ONCE = 10_000
MOST_IMPORTED = 10_000
# Voucherify's words for the two channels, where it tells who changed a balance.
SOURCES = {"API": "API", "USER": "voucherify-web-ui"}


# --- Bodies -------------------------------------------------------------------------------------------------------


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
            kind = _kind_of(template) if template else sent["type"]
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
        type=_kind_of(template),
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
    return _kind_of(campaign.voucher_template) if campaign.voucher_template else ""


def _kind_of(template: Mapping[str, Any]) -> str:
    # Staff may have written the template by hand in Django admin, where nothing asks for the type.
    return template.get("type") or (Voucher.Type.GIFT if template.get("gift") else Voucher.Type.DISCOUNT)


# --- Answers ------------------------------------------------------------------------------------------------------


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


# --- What moves a balance -----------------------------------------------------------------------------------------


class BalanceIn(BodyIn):
    model_config = example({"amount": 5000, "reason": "Refund of order 1042", "source_id": "crm-88"})

    amount: Annotated[StrictInt, Field(ge=-MAX_CENTS, le=MAX_CENTS, description="Cents to add; negative to take off.")]
    reason: Long | None = None
    source_id: Name | None = Field(None, description="Your own number of this change.")

    @field_validator("amount")
    @classmethod
    def _moves(cls, amount: int) -> int:
        if amount == 0:
            raise PydanticCustomError("zero", "should be a whole number of cents other than 0")
        return amount


class RelatedOut(BaseModel):
    type: Literal["voucher"]
    id: str


class BalanceOut(BaseModel):
    """What a change of the balance came to."""

    amount: int = Field(description="Cents added, negative when taken off.")
    total: int = Field(description="Cents ever loaded less those taken off by hand.")
    balance: int = Field(description="Cents left.")
    type: Literal["gift_voucher"]
    operation_type: Literal["MANUAL"]
    object: Literal["balance"]
    related_object: RelatedOut


def balance_out(voucher: Voucher, amount: int) -> dict[str, Any]:
    """Return Voucherify's balance object after a change by `amount` cents."""
    return {
        "amount": amount,
        "total": voucher.gift_balance + voucher.redeemed_amount,
        "balance": voucher.gift_balance,
        "type": "gift_voucher",
        "operation_type": "MANUAL",
        "object": "balance",
        "related_object": {"type": "voucher", "id": voucher.public_id},
    }


class TransactionQuery(ListQuery):
    starting_after_id: Annotated[QueryText | None, Field(description="The last transaction of the page before.")] = None


class TransactionOut(BaseModel):
    """One change of a gift card's balance."""

    id: str = Field(examples=["vtx_0f1e2d3c4b5a69788f"])
    source_id: str | None
    voucher_id: str
    campaign_id: str | None
    source: Literal["API", "voucherify-web-ui"] | None = Field(description="Of a change by hand.")
    reason: str | None
    type: Literal["CREDITS_REDEMPTION", "CREDITS_REFUND", "CREDITS_ADDITION", "CREDITS_REMOVAL"]
    details: dict[str, Any]
    related_transaction_id: None
    created_at: Timestamp


class TransactionListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[TransactionOut]
    has_more: bool
    more_starting_after: str | None = None


class TransactionsParametersIn(BodyIn):
    order: Literal["created_at", "-created_at"] | None = None
    fields: list[StrictStr] | None = None


class TransactionsExportIn(BodyIn):
    """Which columns, in which order; each may be left out."""

    parameters: TransactionsParametersIn | None = None


def transaction_out(row: GiftTransaction) -> dict[str, Any]:
    """Return Voucherify's transaction object."""
    by_hand = row.type in (GiftTransaction.Type.ADDITION, GiftTransaction.Type.REMOVAL)
    details: dict[str, Any] = {
        "balance": {
            "type": "gift_voucher",
            "total": row.total,
            "amount": row.amount,
            "object": "balance",
            "balance": row.balance,
            "operation_type": "MANUAL" if by_hand else "AUTOMATIC",
            "related_object": {"type": "voucher", "id": row.voucher_public_id},
        }
    }
    if row.redemption_public_id:
        details["redemption"] = {"id": row.redemption_public_id}
    if row.rollback_public_id:
        details["rollback"] = {"id": row.rollback_public_id}
    return {
        "id": row.public_id,
        "source_id": row.source_id or None,
        "voucher_id": row.voucher_public_id,
        "campaign_id": row.campaign_public_id or None,
        "source": SOURCES.get(row.channel_type) if by_hand else None,
        "reason": row.reason or None,
        "type": row.type,
        "details": details,
        "related_transaction_id": None,
        "created_at": iso(row.created_at),
    }
