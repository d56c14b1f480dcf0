"""What one can ask of the attempts: for the page, the export and the API alike; must not show anything itself."""

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from campaigns.filters import campaign_names
from campaigns.models import Campaign, Customer
from redemptions.engine import EVERY_REASON
from redemptions.models import ChannelType, Order, Redemption, Result
from voucherify_admin.api import lists
from voucherify_admin.api.errors import ApiError, invalid_query
from voucherify_admin.pages.filters import (
    Ask,
    BaseFilter,
    ChoicesFilter,
    MoneyFilter,
    OperatorFilter,
    TextFilter,
    money_label,
    text_condition,
)
from vouchers.filters import star_alone

# So many customers or campaigns are looked for by a name; past that a name is no question that one can answer.
MAX_NAMESAKES = 1000


def logins() -> list[tuple[str, str]]:
    """The dashboard users, by login."""
    return [
        (login, login) for login in get_user_model().objects.order_by("username").values_list("username", flat=True)
    ]


class RedemptionFilter(BaseFilter):
    """The questions of the Redemptions view. Who was signed in can be asked by administrators only."""

    time_field = "created_at"
    metadata_field = "metadata"
    primary = (
        "code",
        "campaign",
        "customer",
        "channel",
        "status",
        "reason",
        "result",
        "period",
        "date_from",
        "date_to",
        "zone",
    )
    needs_permission = {"user": "redemptions.filter_by_user"}

    campaign = OperatorFilter(label="Campaign", condition="of_campaign", suggest=campaign_names)
    result = ChoicesFilter(label="Result", choices=Result.choices)
    status = ChoicesFilter(label="Status", choices=Redemption.Status.choices)
    reason = ChoicesFilter(
        label="Reason",
        field_name="failure_code",
        choices=[(reason.value, reason.label) for reason in EVERY_REASON],
    )
    code = OperatorFilter(
        label="Code", condition="of_code", check=star_alone, help_text="SPRING* finds what begins so."
    )
    customer = OperatorFilter(
        label="Customer", condition="of_customer", help_text="Source id, id, e-mail or full name."
    )
    channel = ChoicesFilter(label="Channel", field_name="channel_type", choices=ChannelType.choices)
    amount_min = MoneyFilter(label=money_label("Amount from"), field_name="amount", lookup_expr="gte")
    amount_max = MoneyFilter(label=money_label("Amount to"), field_name="amount", lookup_expr="lte")
    user = ChoicesFilter(label="User", choices=logins, condition="of_user")

    class Meta:
        model = Redemption
        fields: list[str] = []

    def of_campaign(self, ask: Ask) -> Q:
        if ask.operator == "has":
            return text_condition("campaign_name", ask)
        # Looked up first: a list of keys lets PostgreSQL walk the index of the attempts, a join would not.
        named = text_condition("name", ask)
        if ask.operator in ("is", "in"):
            named |= Q(public_id__in=ask.values)
        found = list(Campaign.objects.filter(named).values_list("pk", flat=True)[:MAX_NAMESAKES])
        # Attempts of campaigns that were deleted still have the name.
        gone = Q(campaign=None) & ~Q(campaign_name="") & text_condition("campaign_name", ask)
        if ask.operator not in ("is", "in"):
            return Q(campaign__in=found) | gone
        if found and len(found) >= len(ask.values):
            return Q(campaign__in=found)
        return Q(campaign__in=found) | gone if found else gone

    def of_user(self, values: list[str]) -> Q:
        return Q(user__in=list(get_user_model().objects.filter(username__in=values).values_list("pk", flat=True)))

    def of_code(self, ask: Ask) -> Q:
        beginning = ask.values[0].rstrip("*") if ask.operator == "is" and ask.values[0].endswith("*") else ""
        return Q(code__startswith=beginning) if beginning else text_condition("code", ask)

    def of_customer(self, ask: Ask) -> Q:
        if ask.operator == "has":
            return ~(Q(customer=None) & Q(customer_source_id=""))
        if ask.operator in ("is", "in"):
            customers = Customer.objects.called(*ask.values)
        else:
            named = Q()
            for column in ("name", "email", "source_id"):
                named |= text_condition(column, ask)
            customers = Customer.objects.filter(named)
        found = list(customers.values_list("pk", flat=True)[:MAX_NAMESAKES])
        by_source_id = text_condition("customer_source_id", ask)
        return by_source_id | Q(customer__in=found) if found else by_source_id


class SessionFilter(BaseFilter):
    """The questions of the list of what sessions keep."""

    time_field = "created_at"
    primary = ("code", "session")

    code = TextFilter(label="Code", field_name="voucher__code")
    session = TextFilter(label="Session", field_name="session_key", help_text="Its key, as the shop named it.")


class OrderFilter(BaseFilter):
    """The questions that the export of orders takes."""

    time_field = "created_at"
    metadata_field = "metadata"
    primary = ("reference", "status", "customer", "period")

    reference = TextFilter(label="Order id", method="filter_reference", help_text="The shop's own id, or ord_…")
    status = ChoicesFilter(label="Status", choices=Order.Status.choices)
    customer = TextFilter(label="Customer", method="filter_customer", help_text="Source id, id, e-mail or full name.")
    amount_min = MoneyFilter(label=money_label("Amount from"), field_name="amount", lookup_expr="gte")
    amount_max = MoneyFilter(label=money_label("Amount to"), field_name="amount", lookup_expr="lte")

    def filter_reference(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Q(source_id=value) | Q(public_id=value))

    def filter_customer(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(customer__in=Customer.objects.called(value))


# Voucherify's name of a field -> (column of an attempt, kind, column of a rollback).
API_FIELDS = {
    "voucher_code": ("code", "text", "redemption__code"),
    "voucher": ("code", "text", "redemption__code"),
    "related_object_id": ("voucher_public_id", "text", "redemption__voucher_public_id"),
    "related_object": ("voucher_public_id", "text", "redemption__voucher_public_id"),
    "related_object_parent_id": ("campaign__public_id", "text", "redemption__campaign__public_id"),
    "parent_redemption_id": ("parent__public_id", "text", "redemption__parent__public_id"),
    "failure_code": ("failure_code", "text", "failure_code"),
    "result": ("result", "text", "result"),
    "status": ("status", "text", "result"),
    "customer_id": ("customer__public_id", "text", "redemption__customer__public_id"),
    "customer": ("customer__public_id", "text", "redemption__customer__public_id"),
    "campaign": ("campaign_name", "text", "redemption__campaign_name"),
    "campaign_name": ("campaign_name", "text", "redemption__campaign_name"),
    "user_login": ("channel_name", "text", "channel_name"),
    "created_at": ("created_at", "date", "created_at"),
}


def api_filters(filters: lists.Filters, *, may_see_users: bool, rollbacks: bool = False) -> Q:
    """Return Voucherify's filters as one condition on attempts, or on rollbacks.

    Raises ApiError: 403 for `user_login` by whom it is not open to, whatever value was asked for; 400 for a field or
    an operator that there is not.
    """
    parts = [_api_condition(condition, may_see_users, rollbacks) for condition in filters.conditions]
    whole = Q()
    for part in parts:
        whole = whole | part if filters.any_of else whole & part
    return whole


def _api_condition(condition: lists.Condition, may_see_users: bool, rollbacks: bool) -> Q:
    name = condition.field
    if name == "object":
        own = "redemption_rollback" if rollbacks else "redemption"
        wanted = own in condition.values
        if condition.operator in ("$is_not", "$not_in"):
            wanted = not wanted
        # Not an empty Q: joined by `or`, that would count as nothing instead of as everything.
        return Q(pk__isnull=not wanted)
    if name == "user_login" and not may_see_users:
        raise ApiError(403, "forbidden", "Forbidden", "The filter user_login is for administrators")
    if name.startswith("metadata."):
        key = name.removeprefix("metadata.")
        return lists.condition_q(condition, f"metadata__{key}", "json")
    if name not in API_FIELDS:
        raise invalid_query(f"Property .filters[{name}] is not a field of this list")
    column, kind, rollback_column = API_FIELDS[name]
    values = condition.values
    if name == "failure_code":
        # Voucherify's own pages name this reason both ways.
        values = tuple("not_found" if value == "resource_not_found" else value for value in values)
    if name == "status" and rollbacks:
        results = {"SUCCEEDED": "SUCCESS", "FAILED": "FAILURE"}
        values = tuple(results.get(value, value) for value in values)
    asked = lists.Condition(name, condition.operator, values)
    found = lists.condition_q(asked, rollback_column if rollbacks else column, kind)
    return found & Q(channel_type=ChannelType.USER) if name == "user_login" else found
