"""Which columns of vouchers and transactions can be exported; rows and filters are those of the lists themselves."""

from django.db.models import Case, F, Func, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce, JSONObject

from voucherify_admin.exports.exporter import Column, Exporter, JsonText
from vouchers.filters import TransactionFilter, VoucherFilter
from vouchers.models import GiftTransaction, Voucher

# What the voucher gives, in its own unit: cents of an amount or a balance, percent, units.
_VALUE = Case(
    When(type=Voucher.Type.GIFT, then=Func(F("gift_amount"), template="(%(expressions)s)::text")),
    default=Coalesce(
        JsonText("discount", "amount_off"),
        JsonText("discount", "percent_off"),
        JsonText("discount", "unit_off"),
        JsonText("discount", "fixed_amount"),
    ),
    output_field=TextField(),
)


class VoucherExporter(Exporter):
    """Exports of the list of vouchers, and of Voucherify's `exported_object: voucher`."""

    kind = "voucher"
    label = "Vouchers"
    permission = "vouchers.view_voucher"
    filterset_class = VoucherFilter
    columns = {
        "code": Column("Code", "code"),
        "voucher_type": Column("Voucher type", "type"),
        "value": Column("Value", _VALUE),
        "discount_type": Column("Discount type", JsonText("discount", "type")),
        "campaign": Column("Campaign", "campaign__name"),
        "active": Column("Active", Case(When(is_active=True, then=Value("true")), default=Value("false"))),
        "start_date": Column("Start date", "start_date", "time"),
        "expiration_date": Column("Expiration date", "expiration_date", "time"),
        "redemption_quantity": Column("Redemption quantity", "quantity", "number"),
        "redemption_count": Column("Redemption count", "redeemed_quantity", "number"),
        "gift_amount": Column("Gift amount", "gift_amount", "money"),
        "gift_balance": Column("Gift balance", "gift_balance", "money"),
        "category": Column("Category", "category"),
        "additional_info": Column("Additional info", "additional_info"),
        "created_at": Column("Creation date", "created_at", "time"),
        "updated_at": Column("Last update", "updated_at", "time"),
        "id": Column("ID", "public_id"),
        "campaign_id": Column("Campaign ID", "campaign__public_id"),
        "metadata": Column("Metadata", "metadata", "json"),
    }
    default_fields = (
        "code",
        "voucher_type",
        "value",
        "discount_type",
        "campaign",
        "active",
        "start_date",
        "expiration_date",
        "redemption_quantity",
        "redemption_count",
    )
    wire_default_fields = ("code", "voucher_type", "value", "discount_type")
    wire_order = {
        "id": "public_id",
        "code": "code",
        "type": "type",
        "start_date": "start_date",
        "expiration_date": "expiration_date",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    wire_filters = {
        "code": ("code", "text"),
        "voucher_type": ("type", "text"),
        "type": ("type", "text"),
        "campaign": ("campaign__name", "text"),
        "campaign_name": ("campaign__name", "text"),
        "campaign_id": ("campaign__public_id", "text"),
        "campaign_ids": ("campaign__public_id", "text"),
        "category": ("category", "text"),
        "redemption_quantity": ("quantity", "number"),
        "redeemed_quantity": ("redeemed_quantity", "number"),
        "gift_balance": ("gift_balance", "number"),
        "start_date": ("start_date", "date"),
        "expiration_date": ("expiration_date", "date"),
        "created_at": ("created_at", "date"),
        "updated_at": ("updated_at", "date"),
    }

    def get_queryset(self) -> QuerySet:
        return Voucher.objects.for_list()


class TransactionExporter(Exporter):
    """Exports of the list of gift card transactions, and of Voucherify's `exported_object: voucher_transactions`."""

    kind = "voucher_transactions"
    label = "Gift card transactions"
    permission = "vouchers.view_voucher"
    filterset_class = TransactionFilter
    metadata_field = None
    columns = {
        "created_at": Column("Creation date", "created_at", "time"),
        "code": Column("Code", "code"),
        "type": Column("Type", "type"),
        "amount": Column("Amount", "amount", "money"),
        "balance": Column("Balance", "balance", "money"),
        "reason": Column("Reason", "reason"),
        "source": Column(
            "Source",
            Case(
                When(channel_type="API", then=Value("API")),
                When(channel_type="USER", then=Value("voucherify-web-ui")),
                default=Value(""),
            ),
        ),
        "source_id": Column("Source ID", "source_id"),
        "redemption_id": Column("Redemption ID", "redemption_public_id"),
        "rollback_id": Column("Rollback ID", "rollback_public_id"),
        "id": Column("ID", "public_id"),
        "voucher_id": Column("Voucher ID", "voucher_public_id"),
        "campaign_id": Column("Campaign ID", "campaign_public_id"),
        # The columns of Voucherify that are nothing here, or told by the others: for the API alone.
        "status": Column("Status", Value("SUCCEEDED"), is_offered=False),
        "related_transaction_id": Column("Related transaction ID", Value(""), is_offered=False),
        "details": Column(
            "Details",
            JSONObject(
                balance=JSONObject(type=Value("gift_voucher"), total="total", amount="amount", balance="balance"),
                redemption=JSONObject(id="redemption_public_id"),
                rollback=JSONObject(id="rollback_public_id"),
            ),
            "json",
            is_offered=False,
        ),
    }
    default_fields = ("created_at", "code", "type", "amount", "balance", "reason", "redemption_id")
    wire_default_fields = (
        "id",
        "type",
        "source_id",
        "status",
        "reason",
        "source",
        "balance",
        "amount",
        "created_at",
    )
    wire_order = {"id": "public_id", "created_at": "created_at"}
    wire_filters = {
        "voucher_id": ("voucher_public_id", "text"),
        "campaign_id": ("campaign_public_id", "text"),
        "code": ("code", "text"),
        "type": ("type", "text"),
        "created_at": ("created_at", "date"),
    }

    def get_queryset(self) -> QuerySet:
        return GiftTransaction.objects.all()
