"""Which columns of an attempt can be exported; the rows are the list's own, asked by the list's own filter."""

from typing import Any

from django.db.models import Case, Expression, F, Q, QuerySet, TextField, Value, When

from redemptions.engine import EVERY_REASON
from redemptions.filters import RedemptionFilter, api_filters
from redemptions.models import ChannelType, Redemption
from voucherify_admin.api import lists
from voucherify_admin.exports.exporter import Column, Exporter, JsonText

SEES_USERS = "redemptions.filter_by_user"


def _words(column: str, labels: dict[str, str]) -> Expression:
    """A column's value as a person's word; a value without one stays as it is."""
    cases = [When(**{column: value}, then=Value(label)) for value, label in labels.items()]
    return Case(*cases, default=F(column), output_field=TextField())


def _nothing() -> Expression:
    """What this installation never has, for callers who ask for the column all the same."""
    return Value(None, output_field=TextField())


def _of_channel(kind: ChannelType) -> Expression:
    return Case(When(Q(channel_type=kind), then=F("channel_name")), default=None, output_field=TextField())


class RedemptionExporter(Exporter):
    """Exports of the Redemptions view, and of Voucherify's `exported_object: redemption`."""

    kind = "redemption"
    label = "Redemptions"
    permission = "redemptions.view_redemption"
    filterset_class = RedemptionFilter
    columns = {
        "date": Column("Date", "created_at", "time"),
        "status": Column("Status", _words("status", dict(Redemption.Status.choices))),
        "voucher_code": Column("Voucher code", "code"),
        "campaign": Column("Campaign", "campaign_name"),
        "customer_name": Column("Customer name", "customer_name"),
        "customer_source_id": Column("Customer source ID", "customer_source_id"),
        "order_amount": Column("Order amount", "amount", "money"),
        "discount_amount": Column("Discount amount", "discount_amount", "money"),
        "gift_amount": Column("Gift amount", "gift_amount", "money"),
        "reason": Column("Reason", _words("failure_code", {reason.value: reason.label for reason in EVERY_REASON})),
        "failure_code": Column("Failure code", "failure_code"),
        "failure_message": Column("Failure message", "failure_message"),
        "channel": Column("Channel", _words("channel_type", dict(ChannelType.choices))),
        "api_key": Column("API key", _of_channel(ChannelType.API)),
        "user_login": Column("User", _of_channel(ChannelType.USER), permission=SEES_USERS),
        "id": Column("ID", "public_id"),
        "object": Column("Object", Value("redemption")),
        "result": Column("Result", "result"),
        "customer_id": Column("Customer ID", "customer__public_id"),
        "order_id": Column("Order ID", JsonText("order", "id")),
        "tracking_id": Column("Tracking ID", "tracking_id"),
        "promotion_tier_id": Column("Promotion tier ID", _nothing(), is_offered=False),
        "loyalty_points": Column("Loyalty points", _nothing(), is_offered=False),
        "metadata": Column("Metadata", "metadata", "json"),
    }
    default_fields = (
        "date",
        "status",
        "voucher_code",
        "campaign",
        "customer_name",
        "customer_source_id",
        "order_amount",
        "reason",
        "channel",
    )
    wire_default_fields = ("id", "object", "voucher_code", "customer_id", "date", "result")
    wire_order = {
        "id": "public_id",
        "voucher_code": "code",
        "tracking_id": "tracking_id",
        "customer_id": "customer_source_id",
        "created_at": "created_at",
    }

    def get_queryset(self) -> QuerySet:
        return Redemption.objects.for_list()

    def wire_condition(self, filters: lists.Filters, reader: Any) -> Q:
        return api_filters(filters, may_see_users=reader.has_perm(SEES_USERS))
