"""Pages of campaigns and customers; their vouchers and attempts are shown by URL, for these stand above."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import DetailView, TemplateView

from campaigns import actions
from campaigns.filters import CampaignFilter, CustomerFilter
from campaigns.models import Campaign, Customer, Segment
from campaigns.tables import CampaignTable, CustomerTable
from campaigns.words import campaign_sentence, campaign_state, hours_in_words, rules_in_words
from voucherify_admin.async_actions.actions import Asked
from voucherify_admin.pages.views import FilteredListView, StaffMixin

ADDRESS = ("line_1", "line_2", "postal_code", "city", "state", "country")


class CampaignListView(FilteredListView):
    """All campaigns, newest first."""

    title = "Campaigns"
    permission_required = "campaigns.view_campaign"
    queryset = Campaign.objects.all()
    filterset_class = CampaignFilter
    table_class = CampaignTable
    list_name = "campaigns"
    empty_text = "No campaign yet. Shops make them over the API, administrators in Django admin too."


class CampaignDetailView(StaffMixin, DetailView):
    """One campaign: its state now, its dates and rules, its vouchers and their attempts."""

    permission_required = "campaigns.view_campaign"
    queryset = Campaign.objects.all()
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "campaign"

    def get_title(self) -> str:
        return self.object.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        return super().get_context_data(
            state=campaign_state(self.object, now=now),
            sentence=campaign_sentence(self.object, now=now),
            hours=hours_in_words(self.object.schedule),
            rules=rules_in_words(campaign=self.object.public_id),
            **kwargs,
        )


class CampaignDeleteView(StaffMixin, TemplateView):
    """Says what goes and what stays, and then has a worker delete the campaign with its codes."""

    permission_required = ("campaigns.view_campaign", "campaigns.delete_campaign")
    template_name = "campaigns/campaign_delete.html"

    @cached_property
    def campaign(self) -> Campaign:
        return get_object_or_404(Campaign.objects.present(), public_id=self.kwargs["public_id"])

    def get_title(self) -> str:
        return f"Delete {self.campaign}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            campaign=self.campaign,
            codes=self.campaign.vouchers.count(),
            cancel_url=reverse("campaigns:detail", args=[self.campaign.public_id]),
            **kwargs,
        )

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        asked = Asked(owner=request.user, request_id=request.call.request_id)
        action = actions.delete_campaign(self.campaign, asked=asked, now=timezone.now())
        request.call.touch("campaign", self.campaign.public_id)
        request.call.touch("async_action", action.public_id)
        request.call.log_as_event({"async_action_id": action.public_id}, status=202)
        messages.success(
            request, f"{self.campaign} is being deleted. None of its codes can be redeemed from this moment on."
        )
        # An address of the room above, for those who may see how far it is.
        if request.user.has_perm("vouchers.add_voucher"):
            return redirect("imports:detail", public_id=action.public_id)
        return redirect("campaigns:list")


class CustomerListView(FilteredListView):
    """All customers, newest first."""

    title = "Customers"
    permission_required = "campaigns.view_customer"
    queryset = Customer.objects.defer("address", "description", "metadata")
    filterset_class = CustomerFilter
    table_class = CustomerTable
    list_name = "customers"
    export_kind = "customer"
    empty_text = "No customer yet. They come with the first attempt that names one, or over the API."


class CustomerDetailView(StaffMixin, DetailView):
    """One customer: the profile, the segments, what they redeemed."""

    permission_required = "campaigns.view_customer"
    queryset = Customer.objects.all()
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "customer"

    def get_title(self) -> str:
        return str(self.object)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        address = self.object.address if isinstance(self.object.address, dict) else {}
        # The database forgets the order of keys; what is not among the usual ones comes last.
        keys = [*ADDRESS, *(address.keys() - set(ADDRESS))]
        return super().get_context_data(
            address=[str(address[key]) for key in keys if address.get(key)],
            segments=Segment.objects.holding(self.object),
            **kwargs,
        )
