"""Columns of the call log."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.api.models import ApiCall
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, CodeColumn, NameColumn, StatusColumn, TimeColumn

LONGEST_PATH = 90
# An id or an address on one line; what does not fit is cut.
WHOLE = {"td": {"class": "whole"}}


class CallTable(BaseTable):
    """Calls, newest first; each row opens the call with its bodies."""

    created_at = TimeColumn(verbose_name="Time", exact=True)
    call = tables.Column(verbose_name="Call", accessor="path", attrs={"td": {"class": "call"}})
    status = StatusColumn(verbose_name="Status")
    channel = NameColumn(verbose_name="Channel")
    key_name = NameColumn(verbose_name="API key")
    user_login = NameColumn(verbose_name="User")
    ip_address = CodeColumn(verbose_name="IP address", attrs=WHOLE)
    duration_ms = tables.Column(verbose_name="Took", attrs={"td": {"class": "num"}, "th": {"class": "num"}})

    method = tables.Column()
    path = CodeColumn(attrs=WHOLE)
    query = CodeColumn(attrs=WHOLE)
    endpoint = CodeColumn(attrs=WHOLE)
    request_id = CodeColumn(verbose_name="Request id", attrs=WHOLE)
    app_id = CodeColumn(verbose_name="Key’s id", attrs=WHOLE)
    origin = NameColumn()
    user_agent = NameColumn(verbose_name="User agent")
    is_replayed = tables.Column(verbose_name="Repeated")

    needs_permission = {"user_login": "redemptions.filter_by_user"}

    class Meta(BaseTable.Meta):
        model = ApiCall
        fields = (
            "created_at",
            "call",
            "status",
            "channel",
            "key_name",
            "user_login",
            "ip_address",
            "duration_ms",
        )

    def row_link(self, record: ApiCall) -> str:
        return reverse("api:call_detail", args=[record.request_id])

    def render_call(self, record: ApiCall) -> SafeString:
        path = record.path if len(record.path) <= LONGEST_PATH else record.path[: LONGEST_PATH - 1] + "…"
        return format_html('<code title="{}">{} {}</code>', record.path, record.method, path)

    def render_is_replayed(self, value: bool) -> str | SafeString:
        return "Yes" if value else show.NOTHING

    def render_duration_ms(self, value: int) -> str:
        return f"{value:,} ms"
