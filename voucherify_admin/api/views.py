"""Pages of the call log: the list, and one call with both bodies. What a call touched is shown by URL alone."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.http import Http404
from django.urls import NoReverseMatch, reverse
from django.views.generic import DetailView

from voucherify_admin.api.filters import METHODS, CallFilter
from voucherify_admin.api.models import ApiCall, CallTouch
from voucherify_admin.api.replay import as_curl, as_json, call_url
from voucherify_admin.api.tables import CallTable
from voucherify_admin.pages import show
from voucherify_admin.pages.explorer import Explorer, ExplorerView, Facet, Series
from voucherify_admin.pages.views import DrawerMixin, FilteredListView, StaffMixin

SUCCESS = Case(When(status__lt=400, then=Value("success")), default=Value("failure"), output_field=CharField())
# What stands above is named by URL: this package is floor.
PAGES = {
    "voucher": ("Voucher", "vouchers:detail", "vouchers.view_voucher"),
    "redemption": ("Redemption", "redemptions:detail", "redemptions.view_redemption"),
    "campaign": ("Campaign", "campaigns:detail", "campaigns.view_campaign"),
    "customer": ("Customer", "campaigns:customer_detail", "campaigns.view_customer"),
    "async_action": ("Import", "imports:detail", "vouchers.add_voucher"),
    "export": ("Export", "exports:detail", "exports.add_export"),
}


def may_see_users(user: Any) -> bool:
    """Whether a person may learn which colleague did something in the dashboard."""
    return user.has_perm("redemptions.filter_by_user")


class CallListView(FilteredListView):
    """Every request to the API, and what staff did to vouchers."""

    title = "API log"
    template_name = "api/call_list.html"
    permission_required = "api.view_apicall"
    queryset = ApiCall.objects.defer("request_body", "response_body")
    filterset_class = CallFilter
    table_class = CallTable
    list_name = "calls"
    is_live = True
    noun = ("call", "calls")
    export_kind = "api_log"
    empty_text = "No call to the API yet."
    explorer_url_name = "api:call_explorer"


class CallExplorer(Explorer):
    """Calls by success and failure over time; by method, status, endpoint, channel and key."""

    filterset_class = CallFilter
    series = Series("status", SUCCESS, (("success", "Success"), ("failure", "Failure")))
    rows_word = "calls"

    def queryset(self) -> QuerySet:
        return ApiCall.objects.all()

    def facets(self) -> list[Facet]:
        return [
            Facet("endpoint", "Endpoint", F("endpoint")),
            Facet("method", "Method", F("method"), told=methods),
            Facet("status", "Status", SUCCESS, words=str.capitalize),
            Facet("channel", "Channel", F("channel")),
            Facet("key", "API key", F("key_name")),
        ]


def methods(counted: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The methods that the filter knows; others are too rare to ask for."""
    return {name: (name, name) for name in counted if name in METHODS}


class CallExplorerView(ExplorerView):
    """What stands above the list of calls."""

    permission_required = "api.view_apicall"
    explorer_class = CallExplorer
    list_url_name = "api:call_list"
    list_title = "API log"


class CallDetailView(DrawerMixin, StaffMixin, DetailView):
    """One call: what was sent, what was answered, from where, and what it touched."""

    permission_required = "api.view_apicall"
    template_name = "api/call_detail.html"
    drawer_template_name = "api/_call_drawer.html"
    context_object_name = "call"

    def get_object(self, queryset: Any = None) -> ApiCall:
        call = ApiCall.objects.filter(request_id=self.kwargs["request_id"]).order_by("-created_at").first()
        if call is None:
            raise Http404("There is no such call in the log; old calls are removed after some time.")
        return call

    def get_title(self) -> str:
        return f"{self.object.method} {self.object.path}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        call, user = self.object, self.request.user
        with_user = may_see_users(user)
        return super().get_context_data(
            url=call_url(call),
            touched=list(touched_pages(call, user)),
            user_login=call.user_login if with_user else "",
            json_text=show.pretty_json(as_json(call, with_user=with_user)),
            as_curl=as_curl(call),
            **kwargs,
        )


def touched_pages(call: ApiCall, user: Any) -> Any:
    """Yield (word, name, address or None) for what the call touched and this person may see."""
    touches = CallTouch.objects.filter(call_id=call.pk, created_at=call.created_at).order_by("pk")
    for touch in touches:
        word, url_name, permission = PAGES.get(touch.object_type, (touch.object_type.capitalize(), "", ""))
        if permission and not user.has_perm(permission):
            continue
        try:
            address = reverse(url_name, args=[touch.object_id]) if url_name else None
        except NoReverseMatch:
            address = None
        yield word, touch.object_id, address
