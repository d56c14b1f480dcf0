"""Pages of webhooks: who is told of what, each delivery with both of its sides, and sending one again."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import CreateView, DetailView, TemplateView, UpdateView, View

from voucherify_admin.pages.views import FilteredListView, StaffMixin
from voucherify_admin.webhooks import tasks
from voucherify_admin.webhooks.filters import AnyDeliveryFilter, DeliveryFilter, TargetFilter
from voucherify_admin.webhooks.forms import TargetForm
from voucherify_admin.webhooks.models import MOST_ATTEMPTS, Delivery, Target
from voucherify_admin.webhooks.tables import AnyDeliveryTable, DeliveryTable, TargetTable, state_badge

# Where the secret waits for the one page that shows it.
SECRET = "webhook_secret_of"


class TargetListView(FilteredListView):
    """All webhooks, newest first."""

    title = "Webhooks"
    permission_required = "webhooks.view_target"
    template_name = "webhooks/target_list.html"
    queryset = Target.objects.all()
    filterset_class = TargetFilter
    table_class = TargetTable
    empty_text = "No webhook yet. One tells another system of redemptions and rollbacks as they happen."


class TargetFormMixin(StaffMixin):
    """The form of a webhook, new or known."""

    model = Target
    form_class = TargetForm
    template_name = "webhooks/target_form.html"
    slug_field = slug_url_kwarg = "public_id"


class TargetCreateView(TargetFormMixin, CreateView):
    """Makes a webhook; the page that follows shows its secret."""

    permission_required = "webhooks.add_target"
    title = "New webhook"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(submit_label="Create", cancel_url=reverse("webhooks:list"), **kwargs)

    def form_valid(self, form: ModelForm) -> HttpResponse:
        response = super().form_valid(form)
        self.request.session[SECRET] = self.object.public_id
        messages.success(self.request, f"{self.object} is created.")
        return response


class TargetUpdateView(TargetFormMixin, UpdateView):
    """Changes a webhook. What was recorded for the old address is sent to the new one."""

    permission_required = "webhooks.change_target"

    def get_title(self) -> str:
        return f"Change {Target.objects.get(pk=self.object.pk)}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=self.object.get_absolute_url(), **kwargs)


class TargetMixin(StaffMixin):
    """Finds the webhook of the address."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def target(self) -> Target:
        return get_object_or_404(Target, public_id=self.kwargs["public_id"])


class TargetDetailView(TargetMixin, FilteredListView):
    """One webhook and its deliveries, newest first; the secret once, after it was made."""

    permission_required = ("webhooks.view_target", "webhooks.view_delivery")
    template_name = "webhooks/target_detail.html"
    filterset_class = DeliveryFilter
    table_class = DeliveryTable
    empty_text = "Nothing has happened yet that this webhook would be told of."

    def get_title(self) -> str:
        return self.target.name

    def get_queryset(self) -> QuerySet:
        return self.target.deliveries.defer("body", "response_body")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        secret = ""
        if not self.is_fragment() and self.request.session.get(SECRET) == self.target.public_id:
            del self.request.session[SECRET]
            secret = self.target.secret
        return super().get_context_data(target=self.target, secret=secret, **kwargs)


class TargetSecretView(TargetMixin, TemplateView):
    """Makes a new secret in the place of the old one, after asking."""

    permission_required = "webhooks.change_target"
    template_name = "pages/confirm.html"

    def get_title(self) -> str:
        return f"New secret for {self.target}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            question="From now on deliveries are signed with a new secret, which the next page shows once. The "
            "receiver refuses them until it knows it.",
            submit_label="Make a new secret",
            cancel_url=self.target.get_absolute_url(),
            danger=True,
            **kwargs,
        )

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        self.target.renew_secret()
        request.session[SECRET] = self.target.public_id
        return redirect(self.target)


class TargetDeleteView(TargetMixin, TemplateView):
    """Deletes a webhook with the record of its deliveries, after asking."""

    permission_required = "webhooks.delete_target"
    template_name = "pages/confirm.html"

    def get_title(self) -> str:
        return f"Delete {self.target}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            question=f"{self.target.url} is no longer told of anything, and the record of its deliveries is deleted.",
            submit_label="Delete",
            cancel_url=self.target.get_absolute_url(),
            danger=True,
            **kwargs,
        )

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        self.target.delete()
        messages.success(request, f"{self.target} is deleted.")
        return redirect("webhooks:list")


class DeliveryListView(FilteredListView):
    """The deliveries of all webhooks, newest first; the page of a redemption loads those about it as a fragment."""

    title = "Deliveries"
    permission_required = ("webhooks.view_target", "webhooks.view_delivery")
    template_name = "webhooks/delivery_list.html"
    queryset = Delivery.objects.select_related("target").defer("body", "response_body")
    filterset_class = AnyDeliveryFilter
    table_class = AnyDeliveryTable
    empty_text = "No webhook was told."


class DeliveryDetailView(StaffMixin, DetailView):
    """One delivery: what was sent and what was answered last."""

    permission_required = "webhooks.view_delivery"
    queryset = Delivery.objects.select_related("target")
    slug_field = slug_url_kwarg = "public_id"

    def get_title(self) -> str:
        return self.object.event_type

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(badge=state_badge(self.object), most=MOST_ATTEMPTS, **kwargs)


class DeliveryResendView(StaffMixin, View):
    """Sends a delivery again: the same id and body, at once."""

    permission_required = "webhooks.change_delivery"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        delivery = get_object_or_404(Delivery, public_id=public_id)
        delivery.send_again(now=timezone.now())
        tasks.enqueue([delivery.target_id])
        messages.success(request, "It is sent again.")
        return redirect(delivery)
