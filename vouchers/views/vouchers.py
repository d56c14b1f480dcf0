"""Pages of vouchers. Attempts stand above and are shown by URL; calls stand below and are listed on the page itself."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views import View

from campaigns.words import rules_in_words
from voucherify_admin.api.filters import EventFilter
from voucherify_admin.api.models import ApiCall
from voucherify_admin.api.tables import CallTable
from voucherify_admin.api.views import may_see_users
from voucherify_admin.pages.views import FilteredListView, StaffMixin
from voucherify_admin.webhooks.actions import Source
from vouchers import actions
from vouchers.filters import TransactionFilter, VoucherFilter
from vouchers.models import GiftTransaction, Voucher
from vouchers.picture import balance_parts
from vouchers.tables import TransactionTable, VoucherTable
from vouchers.words import hours_of, state_now, value_in_words

# So many transactions stand on a gift card's own page.
LATEST = 20


class VoucherListView(FilteredListView):
    """All vouchers, newest first."""

    title = "Vouchers"
    permission_required = "vouchers.view_voucher"
    queryset = Voucher.objects.for_list().defer("metadata", "additional_info")
    filterset_class = VoucherFilter
    table_class = VoucherTable
    list_name = "vouchers"
    export_kind = "voucher"
    empty_text = "No voucher yet. Shops make them over the API, administrators in Django admin too."


class VoucherDetailView(FilteredListView):
    """One code: its voucher now, and as the page's list its events, the calls that touched it.

    A code without a voucher has a page too (with the status 404), for attempts and calls may well have named it.
    """

    permission_required = "vouchers.view_voucher"
    template_name = "vouchers/voucher_detail.html"
    filterset_class = EventFilter
    table_class = CallTable
    empty_text = "No call has touched this voucher yet."
    page_size = 20

    @property
    def may_see_events(self) -> bool:
        return self.request.user.has_perm("api.view_apicall")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.voucher = Voucher.objects.for_list().filter(code=kwargs["code"]).first()
        response = super().get(request, *args, **kwargs)
        if self.voucher is None and not self.is_fragment():
            response.status_code = 404
        return response

    def get_template_names(self) -> list[str]:
        if self.voucher is None and not self.is_fragment():
            return ["vouchers/voucher_missing.html"]
        return super().get_template_names()

    def get_queryset(self) -> QuerySet:
        if not self.may_see_events:
            return ApiCall.objects.none()
        return ApiCall.objects.touching("voucher", self.kwargs["code"]).defer("request_body", "response_body")

    def existed(self) -> bool:
        """Whether a call ever succeeded with this code; asking whether it is valid succeeds for any code."""
        calls = ApiCall.objects.touching("voucher", self.kwargs["code"])
        return calls.filter(status__lt=400, path__startswith="/v1/").exclude(path__contains="/validat").exists()

    def get_table_kwargs(self) -> dict[str, Any]:
        return {} if may_see_users(self.request.user) else {"exclude": ("user_login",)}

    def get_title(self) -> str:
        return self.kwargs["code"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(
            anchor="#events", may_see_events=self.may_see_events, voucher=self.voucher, **kwargs
        )
        if self.is_fragment():
            return context
        if self.voucher is None:
            return context | {"existed": self.may_see_events and self.existed()}
        state, sentence = state_now(self.voucher, now=timezone.now())
        campaign = self.voucher.campaign
        return context | {
            "state": state,
            "sentence": sentence,
            "worth": value_in_words(self.voucher),
            "hours": hours_of(self.voucher),
            **self.balance_context(),
            "rules": rules_in_words(voucher=self.voucher.public_id, campaign=campaign.public_id if campaign else ""),
        }

    def balance_context(self) -> dict[str, Any]:
        """Of a gift card: its balance as a picture, and the latest that moved it."""
        if not self.voucher.is_gift:
            return {}
        latest = GiftTransaction.objects.filter(voucher=self.voucher).order_by("-created_at", "-id")
        table = TransactionTable(latest[:LATEST], exclude=("code",))
        table.request = self.request
        return {"balance_parts": balance_parts(self.voucher), "transactions": table}


class TransactionListView(FilteredListView):
    """What moved the balances of gift cards, newest first."""

    title = "Gift card transactions"
    permission_required = "vouchers.view_voucher"
    queryset = GiftTransaction.objects.all()
    filterset_class = TransactionFilter
    table_class = TransactionTable
    list_name = "transactions"
    export_kind = "voucher_transactions"
    empty_text = "No gift card has been loaded yet."


class VoucherActivationView(StaffMixin, View):
    """Enables or disables one voucher; the act stands among the voucher's events afterwards."""

    permission_required = "vouchers.change_voucher"
    http_method_names = ["post"]
    is_active: bool

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        voucher = get_object_or_404(Voucher, public_id=public_id)
        source = Source("USER", request.user.public_id, request.user.get_username(), request.call.request_id)
        actions.set_active(voucher, self.is_active, source=source, now=timezone.now())
        request.call.touch("voucher", voucher.code)
        request.call.log_as_event(
            {"id": voucher.public_id, "code": voucher.code, "active": voucher.is_active}, status=200
        )
        messages.success(request, f"{voucher.code} is {'enabled' if self.is_active else 'disabled'}.")
        return redirect("vouchers:detail", code=voucher.code)


class VoucherEnableView(VoucherActivationView):
    """Enables a voucher."""

    is_active = True


class VoucherDisableView(VoucherActivationView):
    """Disables a voucher."""

    is_active = False
