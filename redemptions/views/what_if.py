"""The page that thinks a failed attempt through again, by today's voucher, rules and customer; records nothing."""

from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.views.generic import DetailView

from redemptions import actions, sentences
from redemptions.models import Redemption, Result
from redemptions.views import compared
from voucherify_admin.pages.views import StaffMixin


class WhatIfView(StaffMixin, DetailView):
    """What the attempt came to then, what it would come to now, and what is different."""

    permission_required = "redemptions.view_redemption"
    template_name = "redemptions/what_if.html"
    slug_field = slug_url_kwarg = "public_id"
    context_object_name = "redemption"
    title = "What if it were tried today?"

    def get_queryset(self) -> QuerySet[Redemption]:
        # A success is on record as it happened; to ask again is what the page that redeems is for.
        return Redemption.objects.filter(result=Result.FAILURE).select_related("customer")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        redemption, now = self.object, timezone.now()
        decision = actions.reconsider(redemption, now=now)
        sentence = ""
        if decision.reason:
            tell = partial(sentences.sentence, code=redemption.code, tz=timezone.get_current_timezone())
            sentence = tell(decision.reason, decision.compared, currency=settings.CURRENCY)
        return super().get_context_data(
            question=f"?{self.request.GET.urlencode()}" if self.request.GET else "",
            now=now,
            decision=decision,
            sentence=sentence,
            is_same=decision.reason == redemption.failure_code and sentence == redemption.sentence,
            differences=compared.differences(
                # What the caller was told adds nothing to the values themselves.
                {name: value for name, value in redemption.facts.items() if name != "details"},
                decision.compared,
            ),
            **kwargs,
        )
