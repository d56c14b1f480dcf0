"""The columns of the notification center."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.notifications.models import Notification
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, TimeColumn

ICONS = {
    Notification.Kind.EXPORT_READY: "file-download",
    Notification.Kind.EXPORT_FAILED: "alert-triangle",
    Notification.Kind.ACTION_DONE: "upload",
    Notification.Kind.ACTION_FAILED: "alert-triangle",
    Notification.Kind.WEBHOOK_FAILED: "webhook",
}


class NotificationTable(BaseTable):
    """Each row leads where its notice leads, and is read then."""

    title = tables.Column(verbose_name="Notification")
    created_at = TimeColumn(verbose_name="When")
    read_at = tables.Column(verbose_name="State", empty_values=())

    class Meta(BaseTable.Meta):
        model = Notification
        fields = ("title", "created_at", "read_at")

    def row_link(self, record: Notification) -> str:
        return reverse("notifications:open", args=[record.public_id])

    def render_title(self, record: Notification) -> SafeString:
        css = "" if record.read_at else "notice-unread"
        return format_html(
            '<div class="notice">{}<div><span class="{}">{}</span><div class="text-secondary">{}</div></div></div>',
            show.icon(ICONS.get(record.kind, "bell")),
            css,
            record.title,
            record.text,
        )

    def render_read_at(self, record: Notification) -> SafeString:
        return show.status("read" if record.read_at else "new", None)
