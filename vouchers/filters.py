"""What one can ask of vouchers, imports, transactions and publications, of the page and its export alike."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from campaigns.filters import CampaignInput
from campaigns.models import Campaign, Customer
from voucherify_admin.async_actions.job import get_job
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, TextFilter
from vouchers.models import GiftTransaction, Publication, Voucher
from vouchers.words import STATES, state_condition


class CodePatternField(forms.CharField):
    """A code, or the beginning of one with a star behind it."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not value.rstrip("*"):
            raise ValidationError("Write at least one character of the code before the *.")


class CodeFilter(TextFilter):
    """Finds by a code or by how it begins, by index in both cases."""

    field_class = CodePatternField


class VoucherFilter(BaseFilter):
    """The questions of the list of vouchers."""

    time_field = "created_at"
    primary = ("code", "campaign", "type", "state", "period")

    code = CodeFilter(label="Code", method="filter_code", help_text="SPRING* finds all that begin so.")
    campaign = TextFilter(label="Campaign", method="filter_campaign", widget=CampaignInput)
    type = ChoicesFilter(label="Type", choices=Voucher.Type.choices)
    state = ChoicesFilter(label="State now", choices=STATES, method="filter_state")

    def filter_code(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        if value.endswith("*"):
            beginning = value.rstrip("*")
            return queryset.filter(Q(code__startswith=beginning) | Q(code__startswith=beginning.upper()))
        return queryset.filter(code__iexact=value)

    def filter_campaign(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        # Looked up first, so that the vouchers are walked by the index that begins with their campaign.
        campaign = Campaign.objects.filter(Q(name=value) | Q(public_id=value)).values_list("pk", flat=True).first()
        return queryset.filter(campaign=campaign) if campaign else queryset.none()

    def filter_state(self, queryset: QuerySet, name: str, value: list[str]) -> QuerySet:
        wanted = Q()
        for state in value:
            wanted |= state_condition(state, now=self.now)
        return queryset.filter(wanted)


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
