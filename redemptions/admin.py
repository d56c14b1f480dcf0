"""Admin pages of attempts, rollbacks and orders: records, to be looked at and never edited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from campaigns.models import Customer
from redemptions.models import Order, Redemption, Rollback
from voucherify_admin.adminsite import RecordAdmin


@admin.register(Redemption)
class RedemptionAdmin(RecordAdmin):
    list_display = ("public_id", "created_at", "status", "code", "campaign_name", "customer_name", "failure_code")
    list_filter = ("status", "channel_type")
    search_fields = ("public_id__exact", "code__exact", "customer_source_id__exact")
    search_help_text = "An id, a code, or a customer's id in the shop, in full"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Redemption]:
        rows = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name.endswith("_changelist")
        return rows.defer("order", "customer_snapshot", "facts") if is_list else rows


@admin.register(Rollback)
class RollbackAdmin(RecordAdmin):
    list_display = ("public_id", "created_at", "result", "redemption", "reason", "channel_type", "channel_name")
    list_filter = ("result", "channel_type")
    list_select_related = ("redemption",)
    search_fields = ("public_id__exact", "redemption__public_id__exact")
    search_help_text = "The id of a rollback or of a redemption"


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = ("__str__", "created_at", "status", "amount", "total_amount", "customer", "updated_at")
    list_select_related = ("customer",)
    search_fields = ("source_id__exact", "public_id__exact")
    search_help_text = "The shop's own id of the order, an id, or a customer's, in full"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows = super().get_queryset(request)
        is_list = request.resolver_match and request.resolver_match.url_name.endswith("_changelist")
        return rows.defer("content", "redemptions", "metadata") if is_list else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        # The customer is looked up first: joined into the question, no index would answer it.
        customers = list(Customer.objects.by_reference(search_term.strip()).values_list("pk", flat=True))
        if customers:
            return queryset.filter(customer__in=customers), False
        return super().get_search_results(request, queryset, search_term)
