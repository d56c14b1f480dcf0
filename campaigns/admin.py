"""Admin pages of the offer: campaigns, customers, segments and rules."""

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from campaigns.forms import CampaignAdminForm, CustomerAdminForm, RuleAssignmentForm
from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership, ValidationRule
from voucherify_admin.adminsite import DashboardAdmin


@admin.register(Campaign)
class CampaignAdmin(DashboardAdmin):
    form = CampaignAdminForm
    list_display = ("name", "campaign_type", "is_active", "start_date", "expiration_date", "created_at")
    list_filter = ("campaign_type", "is_active")
    search_fields = ("name__startswith", "name__iexact", "public_id__exact")
    search_help_text = "The beginning of the name, or an id"
    readonly_fields = ("public_id", "created_at", "updated_at")


@admin.register(Customer)
class CustomerAdmin(DashboardAdmin):
    form = CustomerAdminForm
    list_display = ("__str__", "source_id", "email", "phone", "created_at")
    search_fields = ("source_id__startswith", "public_id__exact")
    search_help_text = "The beginning of the shop's own id, an id, or a full e-mail address"
    readonly_fields = ("public_id", "created_at", "updated_at")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        if "@" in search_term:
            # As the index on e-mail addresses is written.
            by_email = queryset.alias(email_lower=Lower("email")).filter(email_lower=search_term.strip().lower())
            return by_email, False
        return super().get_search_results(request, queryset, search_term)


class NewMembershipInline(admin.TabularInline):
    """Customers to be added. Those who are in it stand in a list of their own: a segment may have millions."""

    model = SegmentMembership
    verbose_name = "customer to add"
    verbose_name_plural = "Add customers"
    autocomplete_fields = ("customer",)
    extra = 1
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SegmentMembership]:
        return super().get_queryset(request).none()


@admin.register(Segment)
class SegmentAdmin(DashboardAdmin):
    list_display = ("name", "type", "public_id", "created_at")
    ordering = ("name", "id")
    search_fields = ("name__istartswith", "public_id__exact")
    readonly_fields = ("public_id", "created_at", "updated_at", "members")
    inlines = (NewMembershipInline,)

    @admin.display(description="customers")
    def members(self, segment: Segment) -> SafeString | str:
        if segment.pk is None:
            return "Save the segment first."
        address = f"{reverse('admin:campaigns_segmentmembership_changelist')}?{urlencode({'q': segment.public_id})}"
        return format_html('<a href="{}">All customers in this segment</a>', address)


@admin.register(SegmentMembership)
class SegmentMembershipAdmin(DashboardAdmin):
    list_display = ("segment", "customer")
    list_select_related = ("segment", "customer")
    ordering = ("-id",)
    search_fields = ("segment__public_id__exact", "customer__source_id__exact", "customer__public_id__exact")
    search_help_text = "A segment's id, or a customer's"
    autocomplete_fields = ("segment", "customer")


@admin.register(ValidationRule)
class ValidationRuleAdmin(DashboardAdmin):
    list_display = ("name", "public_id", "created_at", "updated_at")
    search_fields = ("name__istartswith", "public_id__exact")
    readonly_fields = ("public_id", "created_at", "updated_at")


@admin.register(RuleAssignment)
class RuleAssignmentAdmin(DashboardAdmin):
    form = RuleAssignmentForm
    list_display = ("rule", "related_object_type", "related_object_id", "created_at")
    list_select_related = ("rule",)
    ordering = ("-id",)
    search_fields = ("related_object_id__exact", "rule__public_id__exact", "public_id__exact")
    search_help_text = "The id of a voucher, a campaign or a rule"
    autocomplete_fields = ("rule",)
    readonly_fields = ("public_id", "created_at")
