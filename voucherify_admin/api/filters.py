"""What one can ask of the call log; a question that would read every body of the log is refused with the remedy."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from voucherify_admin.api.models import ApiCallQuerySet
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, FilterForm, OperatorFilter, TextFilter

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class CallForm(FilterForm):
    """Bodies are not indexed: without a bound in time or to one voucher, a search in them would read the whole log."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        bounds = ("period", "date_from", "voucher", "request_id")
        # The voucher page asks for one voucher's calls anyway; its form has no such field.
        if cleaned.get("text") and "voucher" in self.fields and not any(cleaned.get(name) for name in bounds):
            self.add_error("text", "Choose a period or a voucher too: the text of every call is a lot to read.")
        return cleaned


class CallFilter(BaseFilter):
    """The filters of the API log."""

    time_field = "created_at"
    primary = ("method", "status", "path", "voucher", "text", "period")
    # Who of the colleagues did it is for administrators.
    needs_permission = {"user": "redemptions.filter_by_user"}

    method = ChoicesFilter(field_name="method", choices=[(name, name) for name in METHODS], label="Method")
    status = ChoicesFilter(
        label="Status", choices=[("success", "Success"), ("failure", "Failure")], condition="of_status"
    )
    path = OperatorFilter(field_name="path", label="Path", operators=("starts", "is", "contains", "not_starts", "not"))
    voucher = TextFilter(label="Voucher code", method="filter_voucher")
    text = TextFilter(label="Text in the bodies", method="filter_text", max_length=200)
    status_code = django_filters.NumberFilter(field_name="status", label="Status code", min_value=100, max_value=599)
    channel = OperatorFilter(field_name="channel", label="Channel")
    endpoint = OperatorFilter(field_name="endpoint", label="Endpoint", help_text="as /v1/vouchers/{code}/redemption")
    key = OperatorFilter(field_name="key_name", label="API key", help_text="its name")
    request_id = TextFilter(field_name="request_id", label="Request id")
    user = TextFilter(field_name="user_login", label="Dashboard user")

    def get_form_class(self) -> type[forms.Form]:
        form = super().get_form_class()
        return type(form.__name__, (CallForm, form), {})

    def of_status(self, values: list[str]) -> Q:
        asked = Q(pk__in=[])
        for value in values:
            asked |= Q(status__lt=400) if value == "success" else Q(status__gte=400)
        return asked

    def filter_voucher(self, queryset: ApiCallQuerySet, name: str, value: str) -> QuerySet:
        return queryset.touching("voucher", value)

    def filter_text(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Q(request_body__icontains=value) | Q(response_body__icontains=value))


class EventFilter(CallFilter):
    """The filters of one object's calls, which are few enough to be searched through."""

    primary = ("method", "status", "channel", "text", "period")

    voucher = None
    path = None
    endpoint = None
    key = None
    request_id = None
    status_code = None
