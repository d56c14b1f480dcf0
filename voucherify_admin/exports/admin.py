"""Exports and their downloads in Django admin, for reading only: an audit that can be edited is none."""

from django.contrib import admin

from voucherify_admin.adminsite import RecordAdmin
from voucherify_admin.exports.models import Download, Export


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    list_display = ("public_id", "kind", "state", "owner", "app_id", "created_at", "rows_written", "size")
    list_filter = ("state", "channel")
    list_select_related = ("owner",)
    search_fields = ("public_id__exact", "owner__username__exact")
    search_help_text = "An export's id, or the login of its owner"


@admin.register(Download)
class DownloadAdmin(RecordAdmin):
    list_display = ("created_at", "export_public_id", "kind", "rows", "user_login", "app_id", "ip_address")
    search_fields = ("export_public_id__exact", "user_login__exact")
    search_help_text = "An export's id, or a login"
