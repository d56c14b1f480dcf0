"""What one can ask of vouchers, imports, transactions and publications, of the page and its export alike."""

from django.conf import settings
from django.db.models import Q, QuerySet

from campaigns.filters import CampaignInput, campaign_names
from campaigns.models import Campaign, Customer
from voucherify_admin.async_actions.job import get_job
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.pages.filters import Ask, BaseFilter, ChoicesFilter, OperatorFilter, TextFilter, text_condition
from vouchers.models import GiftTransaction, Publication, Voucher
from vouchers.words import STATES, state_condition

# So many campaigns are looked for by a name.
MAX_NAMESAKES = 1000


def star_alone(ask: Ask) -> str:
    """What is wrong with a code that is searched by its beginning, when nothing stands before the star."""
    is_bare = ask.operator == "is" and not ask.values[0].rstrip("*")
    return "Write at least one character of the code before the *." if is_bare else ""


class VoucherFilter(BaseFilter):
    """The questions of the list of vouchers."""

    time_field = "created_at"
    primary = ("code", "campaign", "type", "state", "period")

    code = OperatorFilter(
        label="Code", condition="of_code", check=star_alone, help_text="SPRING* finds all that begin so."
    )
    campaign = OperatorFilter(label="Campaign", condition="of_campaign", suggest=campaign_names)
    type = ChoicesFilter(label="Type", choices=Voucher.Type.choices)
    state = ChoicesFilter(label="State now", choices=STATES, condition="in_state")

    def of_code(self, ask: Ask) -> Q:
        if ask.operator == "is":
            text = ask.values[0]
            beginning = text.rstrip("*") if text.endswith("*") else ""
            return self._begins(beginning) if beginning else Q(code__iexact=text)
        return self._begins(ask.values[0]) if ask.operator == "starts" else text_condition("code", ask)

    def _begins(self, text: str) -> Q:
        return Q(code__startswith=text) | Q(code__startswith=text.upper())

    def of_campaign(self, ask: Ask) -> Q:
        if ask.operator == "has":
            return ~Q(campaign=None)
        # Looked up first, so that the vouchers are walked by the index that begins with their campaign.
        named = text_condition("name", ask)
        if ask.operator in ("is", "in"):
            named |= Q(public_id__in=ask.values)
        return Q(campaign__in=list(Campaign.objects.filter(named).values_list("pk", flat=True)[:MAX_NAMESAKES]))

    def in_state(self, value: list[str]) -> Q:
        wanted = Q()
        for state in value:
            wanted |= state_condition(state, now=self.now)
        return wanted


class ImportFilter(BaseFilter):
    """The questions of the list of imports."""

    time_field = "created_at"
    primary = ("status", "type", "period")

    status = ChoicesFilter(label="State", choices=AsyncAction.Status.choices)
    type = ChoicesFilter(label="What", choices=lambda: [(name, get_job(name).label) for name in settings.ASYNC_ACTIONS])


class TransactionFilter(BaseFilter):
    """The questions of the list of gift card transactions."""

    time_field = "created_at"
    primary = ("code", "type", "period")

    code = TextFilter(label="Code", method="filter_code")
    type = ChoicesFilter(label="Type", choices=GiftTransaction.Type.choices)

    def filter_code(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(code__in={value, value.upper()})


class PublicationFilter(BaseFilter):
    """The questions that the export of publications takes."""

    time_field = "created_at"
    metadata_field = "metadata"
    primary = ("code", "campaign", "customer", "period")

    code = TextFilter(label="Code", method="filter_code")
    campaign = TextFilter(label="Campaign", method="filter_campaign", widget=CampaignInput)
    customer = TextFilter(label="Customer", method="filter_customer")
    channel = TextFilter(label="Channel", field_name="channel", lookup_expr="iexact")

    def filter_code(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        given = Publication.vouchers.through.objects.filter(voucher__code__in={value, value.upper()})
        return queryset.filter(pk__in=given.values("publication"))

    def filter_campaign(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(campaign__in=Campaign.objects.filter(Q(name=value) | Q(public_id=value)))

    def filter_customer(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Q(customer__in=Customer.objects.called(value)) | Q(tracking_id=value))
