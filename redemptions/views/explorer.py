"""The histogram and the facets of the Redemptions view: what its attempts are counted by, and how that reads."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django.utils.functional import cached_property

from campaigns.models import Campaign
from redemptions import counts, sentences
from redemptions.engine import EVERY_REASON
from redemptions.filters import RedemptionFilter
from redemptions.models import ChannelType, Redemption
from voucherify_admin.pages.explorer import Asked, Counted, Explorer, ExplorerView, Facet, Series
from voucherify_admin.pages.explorer.facets import askable
from voucherify_admin.pages.filters import BaseFilter

# What the counts tell apart.
COUNTED = {"reason", "status", "campaign", "channel", "channel_name"}
REASONS = {reason.value for reason in EVERY_REASON}
# A campaign is counted by its key; one that is gone by the name that stands on the attempt.
CAMPAIGN = Case(
    When(campaign=None, then=Concat(Value("="), "campaign_name")),
    default=Concat(Value("#"), Cast("campaign_id", CharField())),
    output_field=CharField(),
)
KEY_NAME = Case(When(channel_type=ChannelType.API, then=F("channel_name")), output_field=CharField())


class RedemptionExplorer(Explorer):
    """Attempts by status over time; by reason, status, campaign, channel and a metadata key."""

    filterset_class = RedemptionFilter
    series = Series(
        "status",
        F("status"),
        (("SUCCEEDED", "Succeeded"), ("ROLLED_BACK", "Rolled back"), ("FAILED", "Failed")),
    )
    rows_word = "attempts"
    metadata_label = "Metadata"

    def queryset(self) -> QuerySet:
        return Redemption.objects.all()

    @cached_property
    def rollup(self) -> counts.Rollup | None:
        return counts.Rollup.now()

    def count(self, filterset: BaseFilter, *, facets: Asked = (), cell: timedelta | None = None) -> Counted:
        """From the counts what they tell, exactly; the rest from the newest attempts."""
        rollup = self.rollup
        if rollup is None or not rollup.answers(filterset):
            return super().count(filterset, facets=facets, cell=cell)
        told = [each for each in facets if each[1].name in COUNTED]
        rest = [each for each in facets if each[1].name not in COUNTED]
        told_cell = cell if rollup.answers(filterset, cell=cell) else None
        counted = None
        if told or told_cell is not None:
            counted = rollup.count(
                filterset,
                series=self.series.expression,
                facets=told,
                cell=told_cell,
                seconds=self.seconds_left(),
            )
        if counted is None:
            return super().count(filterset, facets=facets, cell=cell)
        if rest or told_cell != cell:
            counted.add(super().count(filterset, facets=rest, cell=None if told_cell else cell))
        return counted

    def facets(self) -> list[Facet]:
        names_users = self.request.user.has_perm("redemptions.filter_by_user")
        return [
            Facet("reason", "Reason", F("failure_code"), told=reasons),
            Facet("campaign", "Campaign", CAMPAIGN, told=campaigns),
            Facet("status", "Status", F("status"), words=lambda value: str(Redemption.Status(value).label)),
            Facet("channel", "Channel", F("channel_type"), words=lambda value: str(ChannelType(value).label)),
            Facet(
                "channel_name",
                "Key or user" if names_users else "API key",
                F("channel_name") if names_users else KEY_NAME,
            ),
        ]


def reasons(codes: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Reasons by their words; one that this version does not know cannot be asked for."""
    return {code: (code, sentences.label(code)) for code in codes if code in REASONS}


def campaigns(counted: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Campaigns by the name that the filter takes: today's, and of those that are gone the one they had."""
    keys = [int(value[1:]) for value in counted if value.startswith("#")]
    names = dict(Campaign.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}
    told = {f"#{key}": (name, name) for key, name in names.items() if askable(name)}
    gone = [value[1:] for value in counted if value.startswith("=") and askable(value[1:])]
    # The filter takes a name for that of the campaign that has it today.
    taken = set(Campaign.objects.filter(name__in=gone).values_list("name", flat=True)) if gone else set()
    return told | {f"={name}": (name, name) for name in gone if name not in taken}


class RedemptionExplorerView(ExplorerView):
    """What stands above and beside the list of attempts."""

    permission_required = "redemptions.view_redemption"
    explorer_class = RedemptionExplorer
    list_url_name = "redemptions:list"
    list_title = "Redemptions"
