"""The page of one attempt, and the same beside a list: what happened, why, what stands around it; changes nothing."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.views.generic import DetailView

from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption
from redemptions.tables import AttemptTable
from redemptions.views import compared, orders, rule_tree, timeline, wanted
from redemptions.views.effects import given_back
from voucherify_admin.api.models import ApiCall
from voucherify_admin.api.replay import as_curl, call_url
from voucherify_admin.pages.views import DrawerMixin, StaffMixin

# How many other attempts of the same code, and of the same customer, are shown before and after this one.
NEIGHBOURS = 5
MAX_ROLLBACKS = 20
# Among how many calls that touched the voucher or its campaign, before and after, changes are looked for.
CALLS_AROUND = 100


class RedemptionDetailView(DrawerMixin, StaffMixin, DetailView):
    """One attempt. Opened from a list, it knows its place there by the list's question in the address."""

    permission_required = "redemptions.view_redemption"
    queryset = Redemption.objects.select_related("voucher", "campaign", "customer", "parent")
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "redemption"
    template_name = "redemptions/redemption_detail.html"
    drawer_template_name = "redemptions/_attempt_drawer.html"

    def get_title(self) -> str:
        stacked = self.object.stacked
        return f"{len(stacked)} codes on one order" if stacked else self.object.code or "An attempt without a code"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        redemption, user = self.object, self.request.user
        rollbacks = list(redemption.rollbacks.order_by("-created_at", "-id")[:MAX_ROLLBACKS])
        undone_by = next((one for one in rollbacks if one.result == "SUCCESS"), None)
        later, earlier = self.neighbours()
        call, may_see_users = self.get_call(), user.has_perm("redemptions.filter_by_user")
        same_code = self.others(code=redemption.code) if redemption.code else None
        address = reverse("redemptions:detail", args=[redemption.public_id])
        return super().get_context_data(
            question=f"?{self.request.GET.urlencode()}" if self.request.GET else "",
            address=self.request.build_absolute_uri(address),
            later=later,
            earlier=earlier,
            channel=redemption.channel_text(names_users=may_see_users),
            comparison=wanted.comparison(redemption.failure_code, redemption.facts),
            facts=compared.rows(redemption.facts),
            clauses=compared.clauses(redemption.facts),
            logic=compared.logic(redemption.facts),
            rule_name=redemption.facts.get("rule_name") or "",
            rule_lines=rule_tree.lines(redemption.facts),
            rules_met=rule_tree.met(redemption.facts),
            order=orders.in_words(redemption.order),
            metadata=self.get_metadata(),
            customer_metadata=orders.pairs((redemption.customer_snapshot or {}).get("metadata")),
            stack=self.get_stack(),
            rolled_back_as=(redemption.parent or redemption).public_id,
            undone_by=undone_by,
            undone=given_back(undone_by) if undone_by else "",
            may_see_call=user.has_perm("api.view_apicall"),
            call=call,
            call_url=call_url(call) if call else "",
            as_curl=as_curl(call) if call else "",
            same_code=same_code,
            same_customer=self.others(customer=redemption.customer_id) if redemption.customer_id else None,
            moments=timeline.moments(
                redemption,
                call=call,
                changes=self.get_changes(),
                rollbacks=rollbacks,
                others=[row.record for row in same_code.rows] if same_code else [],
                names_users=may_see_users,
            ),
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

    def get_metadata(self) -> list[tuple[str, str, str]]:
        """Each key with its value in words and the question whose list has the attempts with the same value."""
        metadata = self.object.metadata
        told = []
        for key, text in orders.pairs(metadata):
            operator, asked = orders.asked_of_metadata(key, metadata[key])
            question = {"metadata_key": key, "metadata_op": operator, "metadata_value": asked}
            # A key with blanks at its ends, or one that is longer than a question may be, cannot be asked for.
            is_askable = key and key == key.strip() and len(key) <= orders.MAX_ASKED
            told.append((key, text, f"?{urlencode(question)}" if is_askable else ""))
        return told

    def get_stack(self) -> AttemptTable | None:
        """Of a parent its children, in the order in which they were asked for; of a child those beside it."""
        redemption = self.object
        parent = redemption if redemption.stacked else redemption.parent
        if parent is None:
            return None
        rows = Redemption.objects.for_list().filter(parent=parent).exclude(pk=redemption.pk)
        table = AttemptTable(list(rows.order_by("pk")))
        table.request = self.request
        return table

    def get_call(self) -> ApiCall | None:
        """The call behind the attempt, while the log still has it and for those who may read the log."""
        if not self.object.request_id or not self.request.user.has_perm("api.view_apicall"):
            return None
        return ApiCall.objects.filter(request_id=self.object.request_id).order_by("created_at").first()

    def get_changes(self) -> list[ApiCall]:
        """The calls around it that may have changed its voucher or campaign, for those who may read the log."""
        redemption = self.object
        if not redemption.voucher_public_id or not self.request.user.has_perm("api.view_apicall"):
            return []
        objects = [("voucher", redemption.code)]
        if redemption.campaign:
            objects.append(("campaign", redemption.campaign.public_id))
        return ApiCall.objects.around(objects, at=redemption.created_at, each=CALLS_AROUND)

    def others(self, **same: Any) -> AttemptTable:
        """The attempts around this one that share what `same` names; one query."""
        rows: QuerySet = Redemption.objects.for_list().filter(**same)
        table = AttemptTable(rows.around(self.object, each=NEIGHBOURS))
        table.request = self.request
        return table
