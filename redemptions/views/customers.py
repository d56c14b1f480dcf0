"""What a customer did, in numbers: a part of the customer's page, which stands below and loads it by its address."""

from typing import Any

from django.utils.dateparse import parse_datetime
from django.views.generic import DetailView

from campaigns.models import Customer
from redemptions import history
from voucherify_admin.pages.views import StaffMixin


class CustomerFiguresView(StaffMixin, DetailView):
    """The numbers alone for htmx; opened directly they are a small page of their own."""

    permission_required = ("campaigns.view_customer", "redemptions.view_redemption")
    queryset = Customer.objects.all()
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "customer"

    def get_title(self) -> str:
        return f"{self.object} in numbers"

    def get_template_names(self) -> list[str]:
        is_part = bool(self.request.headers.get("HX-Request"))
        return ["redemptions/_customer_figures.html" if is_part else "redemptions/customer_figures.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        summary = history.summaries([self.object])[self.object.pk]
        last = summary["orders"]["last_order_date"]
        return super().get_context_data(summary=summary, last_order=parse_datetime(last) if last else None, **kwargs)
