"""Admin page of notices: to be looked at and never edited."""

from django.contrib import admin

from voucherify_admin.adminsite import RecordAdmin
from voucherify_admin.notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    list_display = ("created_at", "user", "kind", "title", "read_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    ordering = ("-id",)
    search_fields = ("user__username__exact", "public_id__exact")
    search_help_text = "A login, or a notice's id"
