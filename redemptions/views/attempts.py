"""The Redemptions view: every attempt that the filter asks for; only names what the base view needs."""

from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption
from redemptions.tables import RedemptionTable
from voucherify_admin.pages.views import FilteredListView


class RedemptionListView(FilteredListView):
    """All attempts, newest first."""

    template_name = "redemptions/redemption_list.html"
    permission_required = "redemptions.view_redemption"
    title = "Redemptions"
    queryset = Redemption.objects.for_list().with_parents()
    filterset_class = RedemptionFilter
    table_class = RedemptionTable
    list_name = "redemptions"
    is_live = True
    noun = ("attempt", "attempts")
    export_kind = "redemption"
    explorer_url_name = "redemptions:explorer"
    empty_text = "No code was tried yet. Each attempt appears here, successful or not."
