"""The columns of the list of exports; must not query: all that it shows stands on the row."""

import django_tables2 as tables
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.exports.models import Export
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, NumberColumn, TimeColumn


def state_badge(export: Export) -> SafeString:
    """The export's state; of one that is being written with how far it is, of one past its time “Expired”."""
    if export.state == Export.State.RUNNING:
        return show.status(export.state, f"Running {export.percent} %")
    if export.state == Export.State.DONE and not export.is_downloadable:
        return show.status(Export.State.EXPIRED)
    return show.status(export.state)


class ExportTable(BaseTable):
    """Each row leads to the export's page."""

    created_at = TimeColumn(verbose_name="Asked for")
    kind = tables.Column(verbose_name="What", accessor="label")
    state = tables.Column()
    conditions = tables.Column(verbose_name="Filters", empty_values=())
    rows_written = NumberColumn(verbose_name="Rows")
    size = tables.Column(attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    expires_at = TimeColumn(verbose_name="Kept until")
    owner = tables.Column(empty_values=())

    class Meta(BaseTable.Meta):
        model = Export
        fields = ("created_at", "kind", "state", "conditions", "rows_written", "size", "expires_at", "owner")

    def row_link(self, record: Export) -> str:
        return record.get_absolute_url()

    def render_state(self, record: Export) -> SafeString:
        return state_badge(record)

    def render_conditions(self, record: Export) -> str | SafeString:
        if record.channel == Export.Channel.API:
            return show.NOTHING if not record.parameters.get("filters") else "by API"
        told = [f"{label}: {value}" for label, value in record.conditions]
        return "; ".join(told) if told else "Complete history"

    def render_size(self, value: int) -> str:
        return filesizeformat(value)

    def render_owner(self, record: Export) -> str | SafeString:
        if record.channel == Export.Channel.API:
            return "API"
        return format_html("{}", record.owner.username) if record.owner else show.NOTHING
