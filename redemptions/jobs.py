"""The asynchronous actions that reach attempts too: deleting a campaign, erasing a person; a step is a transaction."""

from datetime import datetime

from campaigns.models import Campaign, RuleAssignment
from redemptions.actions import erasure
from redemptions.erasure import Traces
from redemptions.models import Redemption
from voucherify_admin.async_actions.job import Job, Step
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.webhooks import actions as webhooks
from vouchers.jobs import source_of
from vouchers.models import Publication, Voucher

CODES = 5_000
ATTEMPTS = 20_000
PUBLICATIONS = 20_000
SEARCHED = 5_000


class DeleteCampaign(Job):
    """Deletes a campaign's vouchers and then the campaign; what was recorded stays, with the names as text.

    Attempts are let go of first: a rollback locks the attempt before its voucher, so this must not do it the other
    way round.
    """

    label = "Deletion of a campaign"
    done_word = "deleted"

    def step(self, position: int, *, now: datetime) -> Step:
        """Let go of the next ATTEMPTS attempts, or delete the next CODES vouchers, or at last the campaign."""
        campaign = Campaign.objects.filter(public_id=self.action.subject_id).first()
        if campaign is None:
            return Step(position, 0, is_last=True)
        # The keys are read first: a LIMIT within the statement that changes the rows would not hold for sure.
        rows = Redemption.objects.filter(campaign=campaign).order_by("pk").select_for_update()
        if attempts := list(rows.values_list("pk", flat=True)[:ATTEMPTS]):
            Redemption.objects.filter(pk__in=attempts).update(campaign=None, voucher=None)
            return Step(position, 0, is_last=False)
        published = Publication.objects.filter(campaign=campaign).order_by("pk")
        if publications := list(published.values_list("pk", flat=True)[:PUBLICATIONS]):
            Publication.objects.filter(pk__in=publications).update(campaign=None)
            return Step(position, 0, is_last=False)
        # From here on nobody can add a code to it.
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        vouchers = dict(Voucher.objects.filter(campaign=campaign).order_by("pk").values_list("pk", "public_id")[:CODES])
        RuleAssignment.objects.binding(vouchers=list(vouchers.values()), campaigns=[]).delete()
        Voucher.objects.filter(pk__in=vouchers).delete()
        is_last = len(vouchers) < CODES
        if is_last:
            webhooks.tell("campaign.deleted", campaign, source=source_of(self.action), now=now)
            RuleAssignment.objects.binding(vouchers=[], campaigns=[campaign.public_id]).delete()
            campaign.delete()
        return Step(position + len(vouchers), len(vouchers), is_last=is_last)


class SearchForTraces(Job):
    """Searches what is on record for a person who was erased, so that lists that showed them forget them too."""

    label = "Erasure of a customer"
    done_word = "searched"

    def step(self, position: int, *, now: datetime) -> Step:
        """Erase what names the person among the next SEARCHED keys; the last step forgets what was searched for."""
        asked = self.action.parameters
        traces = Traces(identifiers=tuple(asked["identifiers"]))
        passed = position
        for name, first, end in asked["ranges"]:
            if passed < end - first:
                begin = first + passed
                done = min(SEARCHED, end - begin)
                erasure.erase_found(name, begin, begin + done, traces)
                return self._noted(position + done, done)
            passed -= end - first
        return self._noted(position, 0)

    def _noted(self, position: int, done: int) -> Step:
        is_last = position >= self.action.total
        if is_last:
            AsyncAction.objects.filter(pk=self.action.pk).update(parameters={})
        return Step(position, done, is_last=is_last)
