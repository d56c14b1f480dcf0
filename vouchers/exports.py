"""Which columns of vouchers, transactions and publications can be exported; rows and filters are those of the lists."""

from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Case, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Coalesce, JSONObject

from campaigns.models import RuleAssignment
from voucherify_admin.api import lists
from voucherify_admin.exports.exporter import Column, Exporter, JsonText, ListText, nothing
from vouchers.filters import PublicationFilter, TransactionFilter, VoucherFilter
from vouchers.models import GiftTransaction, Publication, Voucher

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

# The rules of the voucher's own; those of its campaign bind it too and stand with the campaign.
_RULES = Subquery(
    RuleAssignment.objects.filter(related_object_type="voucher", related_object_id=OuterRef("public_id"))
    .order_by()
    .values("related_object_id")
    .annotate(ids=StringAgg("rule__public_id", Value(", "), order_by="rule__public_id"))
    .values("ids")
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
        "customer_id": Column("Holder ID", "holder__public_id"),
        "customer_source_id": Column("Holder source ID", "holder__source_id"),
        "discount_effect": Column("Discount effect", JsonText("discount", "effect")),
        "discount_amount_limit": Column("Discount amount limit", JsonText("discount", "amount_limit")),
        "discount_unit_type": Column("Discount unit type", JsonText("discount", "unit_type")),
        "discount_unit_effect": Column(
            "Discount unit effect",
            Case(When(discount__type="UNIT", then=JsonText("discount", "effect")), output_field=TextField()),
            is_offered=False,
        ),
        "validity_timeframe_interval": Column("Validity interval", JsonText("validity_timeframe", "interval")),
        "validity_timeframe_duration": Column("Validity duration", JsonText("validity_timeframe", "duration")),
        "validity_day_of_week": Column("Validity days of the week", ListText("validity_day_of_week")),
        "validation_rules_id": Column("Validation rules ID", _RULES),
        # The columns of Voucherify that nothing here has: for the API alone.
        "is_referral_code": Column("Is referral code?", Value("false"), is_offered=False),
        "loyalty_balance": Column("Loyalty card balance", nothing(), is_offered=False),
        "formula": Column("Formula", nothing(), is_offered=False),
        "qr_code": Column("QR code", nothing(), is_offered=False),
        "bar_code": Column("Barcode", nothing(), is_offered=False),
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


class PublicationExporter(Exporter):
    """Exports of publications, a row each, and of Voucherify's `exported_object: publication`."""

    kind = "publication"
    label = "Publications"
    permission = "vouchers.view_publication"
    filterset_class = PublicationFilter
    columns = {
        "date": Column("Date", "created_at", "time"),
        # Of a publication of several codes all of them.
        "voucher_code": Column("Voucher code", ListText("codes")),
        "campaign": Column("Campaign", "campaign__name"),
        "customer_name": Column("Customer name", "customer__name", permission="campaigns.view_customer"),
        "customer_source_id": Column("Customer source ID", "tracking_id"),
        "customer_id": Column("Customer ID", "customer_public_id"),
        "channel": Column("Channel", "channel"),
        "id": Column("ID", "public_id"),
        "source_id": Column("Source ID", "source_id"),
        # The default columns of Voucherify's name it so, its list of fields `voucher_code`.
        "code": Column("Code", ListText("codes"), is_offered=False),
        "is_winner": Column("Is winner", nothing(), is_offered=False),
        "metadata": Column("Metadata", "metadata", "json"),
    }
    default_fields = ("date", "voucher_code", "campaign", "customer_name", "customer_source_id", "channel")
    wire_default_fields = ("code", "customer_id", "date", "channel")
    wire_order = {
        "id": "public_id",
        "voucher_code": "codes",
        "tracking_id": "tracking_id",
        "customer_id": "customer_public_id",
        "channel": "channel",
        "campaign": "campaign__name",
        "date": "created_at",
        "created_at": "created_at",
    }
    wire_filters = {
        "id": ("public_id", "text"),
        "source_id": ("source_id", "text"),
        "voucher_code": ("vouchers__code", "text"),
        "code": ("vouchers__code", "text"),
        "related_object_id": ("vouchers__public_id", "text"),
        "parent_object_id": ("campaign__public_id", "text"),
        "campaign": ("campaign__name", "text"),
        "campaign_name": ("campaign__name", "text"),
        "customer_id": ("customer_public_id", "text"),
        "customer_source_id": ("tracking_id", "text"),
        "channel": ("channel", "text"),
        "date": ("created_at", "date"),
        "created_at": ("created_at", "date"),
    }

    def get_queryset(self) -> QuerySet:
        return Publication.objects.all()

    def wire_condition(self, filters: lists.Filters, reader: Any) -> Q:
        # A publication whose codes match several times is one row all the same.
        matching = Publication.objects.filter(super().wire_condition(filters, reader))
        return Q(pk__in=matching.values("pk")) if filters.conditions else Q()
