"""The admin pages of vouchers and publications; how often a code was used is the attempts' doing and not typed in."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from campaigns.models import Customer
from voucherify_admin.adminsite import MOST_COUNTED, DashboardAdmin, RecordAdmin
from vouchers.forms import VoucherAdminForm
from vouchers.models import GiftTransaction, Origin, Publication, Voucher


@admin.register(Voucher)
class VoucherAdmin(DashboardAdmin):
    form = VoucherAdminForm
    list_display = ("code", "type", "campaign", "is_active", "redeemed_quantity", "quantity", "created_at")
    list_filter = ("type", "is_active")
    list_select_related = ("campaign",)
    autocomplete_fields = ("campaign",)
    search_fields = ("code__startswith", "public_id__exact")
    search_help_text = "The beginning of the code, or an id"
    fieldsets = (
        (None, {"fields": ("code", "type", "campaign", "is_active")}),
        ("Discount", {"fields": ("discount",), "description": "As the API takes it; amounts in cents."}),
        ("Gift card", {"fields": ("gift_amount", "gift_balance", "gift_effect"), "description": "Amounts in cents."}),
        ("Limits", {"fields": ("quantity", "start_date", "expiration_date")}),
        (
            "Hours",
            {
                "fields": ("validity_timeframe", "validity_day_of_week", "validity_hours"),
                "description": "As the API takes them, in the project's time zone; day 0 is Sunday.",
            },
        ),
        ("More", {"fields": ("category", "additional_info", "metadata")}),
        ("Record", {"fields": ("public_id", "redeemed_quantity", "redeemed_amount", "created_at", "updated_at")}),
    )
    readonly_fields = ("public_id", "redeemed_quantity", "redeemed_amount", "created_at", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Voucher | None = None) -> tuple[str, ...]:
        # Attempts hold the code as text, and the balance of a gift card has a history.
        changing = ("code", "type", "gift_amount", "gift_balance") if obj else ()
        return (*self.readonly_fields, *changing)

    def save_model(self, request: HttpRequest, obj: Voucher, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            by = {"channel_type": "USER", "channel_id": request.user.public_id, "channel_name": request.user.username}
            GiftTransaction.objects.open([obj], origin=Origin(obj.created_at, **by))


@admin.register(Publication)
class PublicationAdmin(RecordAdmin):
    """That codes were given to customers. The codes stand on the row, so vouchers that are gone are told too."""

    list_display = ("public_id", "created_at", "given_codes", "customer", "campaign", "channel", "source_id")
    list_select_related = ("customer", "campaign")
    search_fields = ("public_id__exact", "source_id__exact")
    search_help_text = "An id, a code, or a customer's id in the shop, in full"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Publication], search_term: str
    ) -> tuple[QuerySet[Publication], bool]:
        # Codes and customers are looked up first: joined into the question, no index would answer it.
        term = search_term.strip()
        given = Publication.vouchers.through.objects.filter(voucher__code=term)
        if found := list(given.values_list("publication", flat=True)[:MOST_COUNTED]):
            return queryset.filter(pk__in=found), False
        if customers := list(Customer.objects.by_reference(term).values_list("pk", flat=True)):
            return queryset.filter(customer__in=customers), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="codes")
    def given_codes(self, publication: Publication) -> str:
        return ", ".join(publication.codes)
