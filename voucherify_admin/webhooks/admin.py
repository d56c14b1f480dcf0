"""Webhooks in Django admin, for reading only: their pages make and change them."""

from django.contrib import admin
from django.http import HttpRequest

from voucherify_admin.adminsite import RecordAdmin
from voucherify_admin.webhooks.models import Delivery, Target


@admin.register(Target)
class TargetAdmin(RecordAdmin):
    list_display = ("public_id", "name", "url", "is_active", "created_at")
    list_filter = ("is_active",)

    def get_fields(self, request: HttpRequest, obj: Target | None = None) -> list[str]:
        # The nonce is half of the secret.
        return [name for name in super().get_fields(request, obj) if name != "nonce"]


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ("public_id", "target", "event_type", "state", "attempts", "response_status", "created_at")
    list_filter = ("state", "event_type")
    list_select_related = ("target",)
    search_fields = ("public_id__exact", "event_id__exact", "entity_id__exact")
    search_help_text = "The id of a delivery, an event, a redemption or a rollback"
