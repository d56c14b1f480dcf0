"""What moves the balance of a gift card, on the wire."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr, field_validator
from pydantic_core import PydanticCustomError

from voucherify_admin.api.wire import MAX_CENTS, BodyIn, ListQuery, Long, Name, QueryText, Timestamp, example, iso
from vouchers.models import GiftTransaction, Voucher

# Voucherify's words for the two channels, where it tells who changed a balance.
SOURCES = {"API": "API", "USER": "voucherify-web-ui"}


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
