"""A segment's filter as a condition on customers, for SQL; knows no model and asks nothing."""

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from voucherify_admin.api import lists
from voucherify_admin.api.errors import ApiError

# Wire name -> column and kind, as lists.condition_q takes them; metadata keys come besides.
FIELDS = {
    "id": ("public_id", "text"),
    "source_id": ("source_id", "text"),
    "name": ("name", "text"),
    "email": ("email", "text"),
    "phone": ("phone", "text"),
    "created_at": ("created_at", "date"),
    "updated_at": ("updated_at", "date"),
    "address.city": ("address__city", "json"),
    "address.state": ("address__state", "json"),
    "address.country": ("address__country", "json"),
    "address.postal_code": ("address__postal_code", "json"),
}
# What Voucherify asks of a customer's history begins so. Who stands below the redemptions does not know it, and asks
# the function that the settings name.
HISTORY = ("summary.", "loyalty.", "redemptions.", "orders.")
MOST_CONDITIONS = 100
# Validation rules write the comparisons with an `or`; people take them along.
SYNONYMS = {"$more_than_or_equal": "$more_than_equal", "$less_than_or_equal": "$less_than_equal"}


class InvalidFilter(ValueError):  # noqa: N818 - it is the filter that is invalid
    """A filter that could not be evaluated; the text names the field and the remedy."""


def members_q(wire: object) -> Q:
    """Return who is in a segment with this filter (Voucherify's JSON form); raises InvalidFilter."""
    try:
        filters = lists.filters_from_json(_with_usual_operators(wire))
        if len(filters.conditions) > MOST_CONDITIONS:
            raise InvalidFilter(f"Property .filter should hold {MOST_CONDITIONS} conditions at the most")
        if not filters.conditions:
            raise InvalidFilter(
                "Property .filter should hold at least one condition, such as "
                "{'email': {'conditions': {'$ends_with': ['@example.com']}}}"
            )
        profile = tuple(one for one in filters.conditions if not one.field.startswith(HISTORY))
        joined = lists.filters_q(lists.Filters(profile, filters.any_of), FIELDS, metadata="metadata")
        for condition in filters.conditions:
            if condition.field.startswith(HISTORY):
                part = _history_q(condition)
                joined = joined | part if filters.any_of else joined & part
        return joined
    except ApiError as error:
        text = str(error.body.get("details") or error.body["message"])
        raise InvalidFilter(text.replace(".parameters.filters", ".filter").replace(".filters", ".filter")) from error


def _history_q(condition: lists.Condition) -> Q:
    part = import_string(settings.CUSTOMER_HISTORY)(condition)
    if part is None:
        raise InvalidFilter(
            f"Property .filter cannot ask for '{condition.field}': of what customers did, segments know "
            "summary.redemptions.total_succeeded, .total_failed and .total_rolled_back, and "
            "summary.orders.total_amount, .total_count and .last_order_date"
        )
    return part


def _with_usual_operators(wire: object) -> Any:
    if not isinstance(wire, dict):
        raise InvalidFilter("Property .filter should be an object with fields and their conditions")
    return {
        field: {
            **part,
            "conditions": {SYNONYMS.get(operator, operator): value for operator, value in part["conditions"].items()},
        }
        if isinstance(part, dict) and isinstance(part.get("conditions"), dict)
        else part
        for field, part in wire.items()
    }
