"""Admin pages of exports and their downloads: the audit, to be looked at and never edited."""

from django.contrib import admin

from voucherify_admin.adminsite import RecordAdmin
from voucherify_admin.exports.models import Download, Export


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    list_display = ("public_id", "created_at", "kind", "owner", "state", "rows_written", "finished_at")
    list_filter = ("state", "channel")
    list_select_related = ("owner",)
    search_fields = ("public_id__exact", "owner__username__exact")
    search_help_text = "An export's id, or the login of its owner"


@admin.register(Download)
class DownloadAdmin(RecordAdmin):
    list_display = ("created_at", "export", "user_login", "app_id", "ip_address")
    list_select_related = ("export",)
    ordering = ("-id",)
    search_fields = ("export__public_id__exact", "user_login__exact")
    search_help_text = "An export's id, or a login"
