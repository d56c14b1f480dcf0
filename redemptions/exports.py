"""Which columns of attempts, orders and customers with what they did can be exported; the rows are the lists' own."""

from typing import Any

from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DecimalField,
    Expression,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Round

from campaigns.exports import CustomerProfileExporter
from redemptions.engine import EVERY_REASON
from redemptions.filters import OrderFilter, RedemptionFilter, api_filters
from redemptions.models import ChannelType, Order, Redemption, Result, Rollback
from voucherify_admin.api import lists
from voucherify_admin.exports.exporter import Column, Exporter, JsonNumber, JsonText, nothing

SEES_USERS = "redemptions.filter_by_user"


def _words(column: str, labels: dict[str, str]) -> Expression:
    """A column's value as a person's word; a value without one stays as it is."""
    cases = [When(**{column: value}, then=Value(label)) for value, label in labels.items()]
    return Case(*cases, default=F(column), output_field=TextField())


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
        "parent_redemption_id": Column("Part of stack", "parent__public_id"),
        "tracking_id": Column("Tracking ID", "tracking_id"),
        "promotion_tier_id": Column("Promotion tier ID", nothing(), is_offered=False),
        "loyalty_points": Column("Loyalty points", nothing(), is_offered=False),
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


class OrderExporter(Exporter):
    """Exports of orders, and of Voucherify's `exported_object: order`."""

    kind = "order"
    label = "Orders"
    permission = "redemptions.view_order"
    filterset_class = OrderFilter
    columns = {
        "created_at": Column("Creation date", "created_at", "time"),
        "source_id": Column("Source ID", "source_id"),
        "status": Column("Status", "status"),
        "amount": Column("Amount", "amount", "money"),
        "discount_amount": Column("Discount amount", JsonNumber("content", "discount_amount"), "money"),
        "items_discount_amount": Column(
            "Items discount amount", JsonNumber("content", "items_discount_amount"), "money"
        ),
        "total_discount_amount": Column(
            "Total discount amount", JsonNumber("content", "total_discount_amount"), "money"
        ),
        "total_amount": Column("Total amount", "total_amount", "money"),
        "customer_name": Column("Customer name", "customer__name", permission="campaigns.view_customer"),
        "customer_source_id": Column("Customer source ID", "customer__source_id"),
        "customer_id": Column("Customer ID", "customer__public_id"),
        "updated_at": Column("Last update", "updated_at", "time"),
        "id": Column("ID", "public_id"),
        "referrer_id": Column("Referrer ID", nothing(), is_offered=False),
        "metadata": Column("Metadata", "metadata", "json"),
    }
    default_fields = (
        "created_at",
        "source_id",
        "status",
        "amount",
        "total_discount_amount",
        "total_amount",
        "customer_name",
        "customer_source_id",
    )
    wire_default_fields = ("id", "source_id", "status")
    wire_order = {
        "id": "public_id",
        "source_id": "source_id",
        "status": "status",
        "amount": "amount",
        "total_amount": "total_amount",
        "customer_id": "customer__public_id",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    wire_filters = {
        "id": ("public_id", "text"),
        "source_id": ("source_id", "text"),
        "status": ("status", "text"),
        "amount": ("amount", "number"),
        "total_amount": ("total_amount", "number"),
        "customer_id": ("customer__public_id", "text"),
        "created_at": ("created_at", "date"),
        "updated_at": ("updated_at", "date"),
    }

    def get_queryset(self) -> QuerySet:
        return Order.objects.all()


# Several codes on one order count as the one redemption that their parent is.
_ATTEMPTS = Redemption.objects.filter(customer=OuterRef("pk"), parent=None)
_ROLLBACKS = Rollback.objects.filter(redemption__customer=OuterRef("pk"), redemption__parent=None)
# An order that was only begun, or canceled, is nothing that the customer bought.
_ORDERS = Order.objects.filter(customer=OuterRef("pk"), status__in=[Order.Status.PAID, Order.Status.FULFILLED])


def _over(rows: QuerySet, what: Aggregate | Expression, group: str = "customer") -> Expression:
    """What the rows of one customer come to; 0 where there are none."""
    found = rows.order_by().values(group).annotate(found=what).values("found")
    return Coalesce(Subquery(found), Value(0), output_field=DecimalField())


def _redemptions(label: str, rows: QuerySet, group: str = "customer") -> Column:
    counted = _over(rows, Count("pk"), group)
    return Column(label, counted, "number", permission="redemptions.view_redemption")


def _orders(label: str, value: Expression, kind: Any) -> Column:
    return Column(label, value, kind, permission="redemptions.view_order")


class CustomerExporter(CustomerProfileExporter):
    """The customers' profiles with what their attempts and orders come to, each counted when its column is chosen."""

    columns = {
        **CustomerProfileExporter.columns,
        "redemptions_total_redeemed": _redemptions("Redemptions", _ATTEMPTS),
        "redemptions_total_succeeded": _redemptions("Redemptions succeeded", _ATTEMPTS.filter(result=Result.SUCCESS)),
        "redemptions_total_failed": _redemptions("Redemptions failed", _ATTEMPTS.filter(result=Result.FAILURE)),
        "redemptions_total_rolled_back": _redemptions("Rollbacks", _ROLLBACKS, "redemption__customer"),
        "redemptions_total_rollback_succeeded": _redemptions(
            "Rollbacks succeeded", _ROLLBACKS.filter(result=Result.SUCCESS), "redemption__customer"
        ),
        "redemptions_total_rollback_failed": _redemptions(
            "Rollbacks failed", _ROLLBACKS.filter(result=Result.FAILURE), "redemption__customer"
        ),
        "orders_total_count": _orders("Orders", _over(_ORDERS, Count("pk")), "number"),
        "orders_total_amount": _orders("Orders, amount", _over(_ORDERS, Sum("amount")), "money"),
        "orders_average_amount": _orders("Orders, average", _over(_ORDERS, Round(Avg("amount"))), "money"),
        "orders_last_order_amount": _orders(
            "Last order, amount", Subquery(_ORDERS.order_by("-created_at", "-pk").values("amount")[:1]), "money"
        ),
        "orders_last_order_date": _orders(
            "Last order", Subquery(_ORDERS.order_by("-created_at", "-pk").values("created_at")[:1]), "time"
        ),
        "metadata": CustomerProfileExporter.columns["metadata"],
    }
