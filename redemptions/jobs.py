"""The asynchronous actions that reach attempts too: deleting a campaign with its codes; a step is a transaction."""

from datetime import datetime

from campaigns.models import Campaign, RuleAssignment
from redemptions.models import Redemption
from voucherify_admin.async_actions.job import Job, Step
from vouchers.models import Publication, Voucher

CODES = 5_000
ATTEMPTS = 20_000
PUBLICATIONS = 20_000


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
        attempts = Redemption.objects.filter(campaign=campaign).order_by("pk").values("pk")[:ATTEMPTS]
        if Redemption.objects.filter(pk__in=attempts.select_for_update()).update(campaign=None, voucher=None):
            return Step(position, 0, is_last=False)
        published = Publication.objects.filter(campaign=campaign).values("pk")[:PUBLICATIONS]
        if Publication.objects.filter(pk__in=published).update(campaign=None):
            return Step(position, 0, is_last=False)
        # From here on nobody can add a code to it.
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        vouchers = dict(Voucher.objects.filter(campaign=campaign).order_by("pk").values_list("pk", "public_id")[:CODES])
        RuleAssignment.objects.binding(vouchers=list(vouchers.values()), campaigns=[]).delete()
        Voucher.objects.filter(pk__in=vouchers).delete()
        is_last = len(vouchers) < CODES
        if is_last:
            RuleAssignment.objects.binding(vouchers=[], campaigns=[campaign.public_id]).delete()
            campaign.delete()
        return Step(position + len(vouchers), len(vouchers), is_last=is_last)
