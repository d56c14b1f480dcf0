"""Asynchronous actions in Django admin, for reading only."""

from django.contrib import admin

from voucherify_admin.adminsite import RecordAdmin
from voucherify_admin.async_actions.models import AsyncAction


@admin.register(AsyncAction)
class AsyncActionAdmin(RecordAdmin):
    list_display = ("public_id", "type", "status", "owner", "app_id", "created_at", "done_count", "failed_count")
    list_filter = ("status", "type")
    list_select_related = ("owner",)
    search_fields = ("public_id__exact", "request_id__exact")
    search_help_text = "An action's id, or the request id of the call"
