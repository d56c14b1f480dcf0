"""The page that rolls one redemption back: shows what would change, asks why, tells what came of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView

from redemptions import actions
from redemptions.actions import RollbackRequest
from redemptions.forms import RollBackForm
from redemptions.models import Redemption, Result, Rollback
from redemptions.views.channel import channel_of
from redemptions.views.effects import effect_in_words, given_back, refusal_in_words
from voucherify_admin.pages.views import StaffMixin


class RollBackView(StaffMixin, FormView):
    """Preview, mandatory reason, rollback."""

    permission_required = ("redemptions.view_redemption", "redemptions.roll_back")
    template_name = "redemptions/redemption_roll_back.html"
    form_class = RollBackForm

    @cached_property
    def redemption(self) -> Redemption:
        rows = Redemption.objects.select_related("voucher", "customer", "parent")
        return get_object_or_404(rows, public_id=self.kwargs["public_id"])

    def get_title(self) -> str:
        return f"Roll back {self.named}"

    @property
    def named(self) -> str:
        """What is rolled back, in words."""
        return " + ".join(self.redemption.stacked) or self.redemption.code

    def get_success_url(self) -> str:
        address = reverse("redemptions:detail", args=[self.redemption.public_id])
        return f"{address}?{self.request.GET.urlencode()}" if self.request.GET else address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        preview = actions.preview_rollback(self.redemption)
        done = self.redemption.rollbacks.filter(result=Result.SUCCESS).first()
        return super().get_context_data(
            redemption=self.redemption,
            refusal=preview["refusal"],
            effects=[effect_in_words(name, change) for name, change in preview["effects"].items()],
            children=[
                (child, [effect_in_words(name, change) for name, change in effects.items()])
                for child, effects in preview.get("children", [])
            ],
            undone_by=done,
            undone=given_back(done) if done else "",
            named=self.named,
            cancel_url=self.get_success_url(),
            **kwargs,
        )

    def form_valid(self, form: RollBackForm) -> HttpResponse:
        request = self.request
        asked = RollbackRequest(
            redemption_id=self.redemption.public_id,
            channel=channel_of(request.user),
            reason=form.cleaned_data["reason"],
            request_id=request.call.request_id,
        )
        if self.redemption.stacked:
            done = actions.roll_back_stack(asked)
            rollback, rollbacks = done.parent, [done.parent, *done.rollbacks]
        else:
            rollback = actions.roll_back(asked)
            rollbacks = [rollback]
        for one in rollbacks:
            undone = one.redemption
            for kind, name in (
                ("voucher", undone.code if undone.voucher_public_id else ""),
                ("redemption", undone.public_id),
                ("rollback", one.public_id),
            ):
                request.call.touch(kind, name)
        told = [answer(one, one.redemption) for one in rollbacks]
        told_as = told[0] if len(told) == 1 else {"parent_rollback": told[0], "rollbacks": told[1:]}
        request.call.log_as_event(told_as, status=200 if rollback.result == Result.SUCCESS else 400)
        if rollback.result == Result.SUCCESS:
            messages.success(request, f"{self.named} is rolled back: the use was given back.")
        else:
            messages.error(request, f"Nothing was changed: {refusal_in_words(rollback)}")
        return HttpResponseRedirect(self.get_success_url())


def answer(rollback: Rollback, redemption: Redemption) -> dict[str, Any]:
    """What came of it, for the log of events."""
    return {
        "id": rollback.public_id,
        "object": "redemption_rollback",
        "redemption": redemption.public_id,
        "result": rollback.result,
        "failure_code": rollback.failure_code or None,
        "reason": rollback.reason,
        "effects": rollback.effects,
    }
