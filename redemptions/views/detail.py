"""The page of one attempt: what happened, why, and what stands around it; changes nothing."""

from typing import Any

from django.db.models import QuerySet
from django.views.generic import DetailView

from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption
from redemptions.tables import AttemptTable
from redemptions.views import compared, orders
from voucherify_admin.api.models import ApiCall
from voucherify_admin.pages.views import StaffMixin

# How many other attempts of the same code, and of the same customer, are shown before and after this one.
NEIGHBOURS = 5
MAX_ROLLBACKS = 20


class RedemptionDetailView(StaffMixin, DetailView):
    """One attempt. Opened from a list, it knows its place there by the list's question in the address."""

    permission_required = "redemptions.view_redemption"
    queryset = Redemption.objects.select_related("voucher", "campaign", "customer", "parent")
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "redemption"

    def get_title(self) -> str:
        return self.object.code or "An attempt without a code"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        redemption, user = self.object, self.request.user
        rollbacks = list(redemption.rollbacks.order_by("-created_at", "-id")[:MAX_ROLLBACKS])
        later, earlier = self.neighbours()
        return super().get_context_data(
            question=f"?{self.request.GET.urlencode()}" if self.request.GET else "",
            later=later,
            earlier=earlier,
            channel=redemption.channel_text(names_users=user.has_perm("redemptions.filter_by_user")),
            facts=compared.rows(redemption.facts),
            clauses=compared.clauses(redemption.facts),
            logic=compared.logic(redemption.facts),
            rules_met=compared.rules_met(redemption.facts),
            order=orders.in_words(redemption.order),
            metadata=orders.pairs(redemption.metadata),
            customer_metadata=orders.pairs((redemption.customer_snapshot or {}).get("metadata")),
            rollbacks=rollbacks,
            undone_by=next((one for one in rollbacks if one.result == "SUCCESS"), None),
            may_see_call=user.has_perm("api.view_apicall"),
            call=self.get_call(),
            same_code=self.others(code=redemption.code) if redemption.code else None,
            same_customer=self.others(customer=redemption.customer_id) if redemption.customer_id else None,
            **kwargs,
        )

    def neighbours(self) -> tuple[Redemption | None, Redemption | None]:
        """The attempts above and below this one in the list that it was opened from; one query."""
        rows = Redemption.objects.only("public_id", "created_at")
        asked = RedemptionFilter(self.request.GET, rows, request=self.request)
        if not asked.is_valid():
            return None, None
        here = (self.object.created_at, self.object.pk)
        rows = asked.qs.around(self.object, each=1)
        later = next((row for row in rows if (row.created_at, row.pk) > here), None)
        return later, next((row for row in rows if (row.created_at, row.pk) < here), None)

    def get_call(self) -> ApiCall | None:
        """The call behind the attempt, while the log still has it and for those who may read the log."""
        if not self.object.request_id or not self.request.user.has_perm("api.view_apicall"):
            return None
        return ApiCall.objects.filter(request_id=self.object.request_id).order_by("created_at").first()

    def others(self, **same: Any) -> AttemptTable:
        """The attempts around this one that share what `same` names; one query."""
        rows: QuerySet = Redemption.objects.for_list().filter(**same)
        table = AttemptTable(rows.around(self.object, each=NEIGHBOURS))
        table.request = self.request
        return table
