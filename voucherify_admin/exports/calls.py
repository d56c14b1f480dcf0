"""Which columns of the call log can be exported; its secrets were redacted when the log was written."""

from typing import Any

from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Concat

from voucherify_admin.api import lists
from voucherify_admin.api.errors import invalid_query
from voucherify_admin.api.filters import CallFilter
from voucherify_admin.api.models import ApiCall
from voucherify_admin.api.origins import CLIENT_PREFIX
from voucherify_admin.exports.exporter import Column, Exporter

SEES_USERS = "redemptions.filter_by_user"
SUCCESS, FAILURE = "SUCCESS", "FAILURE"
# Both kinds of keys stand in one column of the log; the path says which kind it was.
_BY_PAGE = Q(path__startswith=CLIENT_PREFIX)
_URL = Case(
    When(query="", then=F("path")),
    default=Concat("path", Value("?"), "query", output_field=TextField()),
    output_field=TextField(),
)


class CallExporter(Exporter):
    """Exports of the API log, and of Voucherify's `exported_object: api_log`."""

    kind = "api_log"
    label = "API log"
    permission = "api.view_apicall"
    filterset_class = CallFilter
    metadata_field = None
    columns = {
        "created_at": Column("Date", "created_at", "time"),
        "method": Column("Method", "method"),
        "url": Column("URL", _URL),
        "endpoint": Column("Endpoint", "endpoint"),
        "status": Column(
            "Status", Case(When(status__lt=400, then=Value(SUCCESS)), default=Value(FAILURE), output_field=TextField())
        ),
        "status_code": Column("Status code", "status", "number"),
        "request_duration": Column("Duration (ms)", "duration_ms", "number"),
        "channel": Column("Channel", "channel"),
        "api_key": Column("API key", "key_name"),
        "user_login": Column("User", "user_login", permission=SEES_USERS),
        "ip_address": Column("IP address", "ip_address"),
        "origin": Column("Origin", "origin"),
        "user_agent": Column("User agent", "user_agent"),
        "request_id": Column("Request ID", "request_id"),
        "app_id": Column("App ID", Case(When(~_BY_PAGE, then=F("app_id")), default=Value(""))),
        "client_app_id": Column("Client app ID", Case(When(_BY_PAGE, then=F("app_id")), default=Value(""))),
        "request_body": Column("Request body", "request_body"),
        "response_body": Column("Response body", "response_body"),
        "id": Column("ID", Cast("id", TextField()), is_offered=False),
        # Voucherify names people by their e-mail addresses, this log by their logins.
        "user_email": Column("User e-mail", "user_login", permission=SEES_USERS, is_offered=False),
    }
    default_fields = (
        "created_at",
        "method",
        "url",
        "status_code",
        "request_duration",
        "channel",
        "api_key",
        "ip_address",
        "request_id",
    )
    wire_default_fields = (
        "id",
        "created_at",
        "status",
        "request_id",
        "channel",
        "method",
        "endpoint",
        "url",
        "app_id",
        "client_app_id",
        "request_duration",
    )
    wire_order = {"created_at": "created_at"}
    wire_filters = {
        "created_at": ("created_at", "date"),
        "channel": ("channel", "text"),
        "method": ("method", "text"),
        "endpoint": ("endpoint", "text"),
        "request_id": ("request_id", "text"),
        "app_id": ("app_id", "text"),
        "client_app_id": ("app_id", "text"),
    }

    def get_queryset(self) -> QuerySet:
        return ApiCall.objects.all()

    def wire_condition(self, filters: lists.Filters, reader: Any) -> Q:
        joined = Q()
        for condition in filters.conditions:
            part = self._part(condition)
            joined = joined | part if filters.any_of else joined & part
        return joined

    def _part(self, condition: lists.Condition) -> Q:
        if condition.field == "status":
            return _status_q(condition)
        part = lists.filters_q(lists.Filters((condition,)), {"status": ("status", "text"), **self.wire_filters})
        kinds = {"app_id": ~_BY_PAGE, "client_app_id": _BY_PAGE}
        return part & kinds.get(condition.field, Q())


def _status_q(condition: lists.Condition) -> Q:
    """SUCCESS and FAILURE as the log keeps them: by the code of the answer."""
    unknown = set(condition.values) - {SUCCESS, FAILURE}
    if unknown or not condition.values or condition.operator not in ("$is", "$is_not", "$in", "$not_in"):
        raise invalid_query(
            "Property .filters[status] takes the conditions $is, $is_not, $in and $not_in with SUCCESS or FAILURE"
        )
    wanted = Q(pk__in=[])
    for value in condition.values:
        wanted |= Q(status__lt=400) if value == SUCCESS else Q(status__gte=400)
    return ~wanted if condition.operator in ("$is_not", "$not_in") else wanted
