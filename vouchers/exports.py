"""Which columns of a voucher can be exported; the rows are the list's own, asked by the list's own filter."""

from django.db.models import Case, F, Func, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce

from voucherify_admin.exports.exporter import Column, Exporter, JsonText
from vouchers.filters import VoucherFilter
from vouchers.models import Voucher

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
