"""The page that erases a customer from what was recorded: says what goes and what stays, and asks for a typed word."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView

from campaigns.models import Customer
from redemptions import actions, history
from redemptions.forms import EraseForm
from redemptions.schemas.erasure import erasure_out
from voucherify_admin.async_actions.actions import Asked
from voucherify_admin.pages.views import StaffMixin


class CustomerEraseView(StaffMixin, FormView):
    """What an erasure reaches, a word to type, the erasure."""

    permission_required = ("campaigns.view_customer", "campaigns.erase_customer")
    template_name = "redemptions/customer_erase.html"
    form_class = EraseForm

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(Customer, public_id=self.kwargs["public_id"])

    def get_title(self) -> str:
        return f"Erase {self.customer}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            customer=self.customer,
            summary=history.summaries([self.customer])[self.customer.pk],
            cancel_url=reverse("campaigns:customer_detail", args=[self.customer.public_id]),
            **kwargs,
        )

    def form_valid(self, form: EraseForm) -> HttpResponse:
        request = self.request
        try:
            erasure = actions.erase(self.customer, asked=Asked(owner=request.user, request_id=request.call.request_id))
        except Customer.DoesNotExist as error:
            raise Http404("Somebody else erased the customer at the same moment.") from error
        request.call.touch("customer", erasure.customer_id)
        request.call.log_as_event(erasure_out(erasure), status=200)
        left = "" if erasure.is_done else " A worker still searches the log for what else names them."
        messages.success(request, f"The customer is erased. {erasure.attempts:,} attempts keep their amounts.{left}")
        return redirect("campaigns:customer_list")
