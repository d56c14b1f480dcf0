"""What one can ask of campaigns and customers."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from campaigns.models import Campaign, Customer, Segment
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, OperatorFilter, TextFilter

OFFERED = 100


def campaign_names() -> list[str]:
    """The newest campaigns' names, for a field to offer."""
    return list(Campaign.objects.order_by("-created_at", "-id").values_list("name", flat=True)[:OFFERED])


class SuggestingInput(forms.TextInput):
    """A text field that offers some names to pick from; any other can be typed as well."""

    offered = OFFERED

    def names(self) -> Iterable[str]:
        """What is offered; asked anew whenever the field is shown."""
        raise NotImplementedError

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        options = f"{name}-options"
        return format_html(
            '{}<datalist id="{}">{}</datalist>',
            super().render(name, value, {**(attrs or {}), "list": options, "autocomplete": "off"}, renderer),
            options,
            format_html_join("", '<option value="{}"></option>', ((each,) for each in self.names())),
        )


class CampaignInput(SuggestingInput):
    """Offers the newest campaigns."""

    def names(self) -> Iterable[str]:
        return campaign_names()


class SegmentInput(SuggestingInput):
    """Offers the segments in the order of their names."""

    def names(self) -> Iterable[str]:
        return Segment.objects.order_by("name").values_list("name", flat=True)[: self.offered]


class CampaignFilter(BaseFilter):
    """The questions of the list of campaigns."""

    time_field = "created_at"
    primary = ("name", "campaign_type", "state", "period", "date_from", "date_to")

    name = OperatorFilter(
        label="Name", field_name="name", operators=("contains", "is", "not", "starts", "not_contains")
    )
    campaign_type = ChoicesFilter(label="Type", choices=Campaign.CampaignType.choices)
    state = ChoicesFilter(
        label="State",
        choices=[
            ("ACTIVE", "Active"),
            ("DISABLED", "Disabled"),
            ("NOT_YET_ACTIVE", "Not active yet"),
            ("EXPIRED", "Expired"),
        ],
        condition="in_state",
    )

    def in_state(self, value: list[str]) -> Q:
        started = Q(start_date=None) | Q(start_date__lte=self.now)
        running = Q(expiration_date=None) | Q(expiration_date__gte=self.now)
        conditions = {
            "DISABLED": Q(is_active=False),
            "NOT_YET_ACTIVE": Q(is_active=True, start_date__gt=self.now),
            "EXPIRED": Q(is_active=True) & started & Q(expiration_date__lt=self.now),
            "ACTIVE": Q(is_active=True) & started & running,
        }
        wanted = Q()
        for state in value:
            wanted |= conditions[state]
        return wanted


class CustomerFilter(BaseFilter):
    """The questions of the list of customers; those of the first row are answered by indexes."""

    time_field = "created_at"
    metadata_field = "metadata"
    primary = ("source_id", "email", "name", "segment", "period")

    source_id = TextFilter(label="Customer id", method="filter_id", help_text="The shop's own id, or cust_…")
    email = TextFilter(label="E-mail", method="filter_email")
    name = TextFilter(label="Name begins with", field_name="name", lookup_expr="istartswith")
    segment = TextFilter(label="Segment", method="filter_segment", widget=SegmentInput)

    def filter_id(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Q(source_id=value) | Q(public_id=value))

    def filter_email(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        # As the index is written; `iexact` would compare in capitals and walk past it.
        return queryset.alias(email_lower=Lower("email")).filter(email_lower=value.lower())

    def filter_segment(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        segments = list(Segment.objects.filter(Q(name=value) | Q(public_id=value)))
        return queryset.filter(pk__in=Customer.objects.in_any(segments).values("pk"))
