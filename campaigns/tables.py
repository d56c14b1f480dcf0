"""Columns of the lists of campaigns and customers."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from campaigns.models import Campaign, Customer
from campaigns.words import campaign_state
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, CodeColumn, NameColumn, TimeColumn, titled

# An id on one line; what does not fit is cut.
WHOLE = {"td": {"class": "whole"}}


class CampaignTable(BaseTable):
    """Campaigns with their state now."""

    name = tables.Column()
    campaign_type = tables.Column(verbose_name="Type")
    state = tables.Column(empty_values=(), accessor="is_active")
    start_date = TimeColumn(verbose_name="Starts")
    expiration_date = TimeColumn(verbose_name="Ends")
    created_at = TimeColumn(verbose_name="Created")
    type = tables.Column(verbose_name="Codes")
    category = NameColumn()
    description = NameColumn()
    updated_at = TimeColumn(verbose_name="Changed")
    id = CodeColumn(verbose_name="Id", accessor="public_id", attrs=WHOLE)

    metadata_column = "metadata"

    class Meta(BaseTable.Meta):
        model = Campaign
        fields = ("name", "campaign_type", "state", "start_date", "expiration_date", "created_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()

    def row_link(self, record: Campaign) -> str:
        return reverse("campaigns:detail", args=[record.public_id])

    def render_campaign_type(self, record: Campaign) -> str:
        return record.get_campaign_type_display()

    def render_state(self, record: Campaign) -> SafeString:
        return show.status(campaign_state(record, now=self.now))


class CustomerTable(BaseTable):
    """Customers as the shops know them."""

    name = tables.Column(empty_values=())
    source_id = CodeColumn(verbose_name="Customer id")
    email = tables.Column(verbose_name="E-mail")
    phone = tables.Column()
    created_at = TimeColumn(verbose_name="Created")
    description = NameColumn()
    birthdate = tables.Column(verbose_name="Born")
    city = NameColumn(accessor="address")
    country = NameColumn(accessor="address")
    updated_at = TimeColumn(verbose_name="Changed")
    id = CodeColumn(verbose_name="Id", accessor="public_id", attrs=WHOLE)

    metadata_column = "metadata"

    class Meta(BaseTable.Meta):
        model = Customer
        fields = ("name", "source_id", "email", "phone", "created_at")

    def row_link(self, record: Customer) -> str:
        return reverse("campaigns:customer_detail", args=[record.public_id])

    def render_name(self, record: Customer) -> str:
        return str(record)

    def render_birthdate(self, value: date) -> str:
        return f"{value.day} {value:%b %Y}"

    def render_city(self, value: Any) -> str | SafeString:
        return _part_of(value, "city")

    def render_country(self, value: Any) -> str | SafeString:
        return _part_of(value, "country")


def _part_of(address: Any, name: str) -> str | SafeString:
    return titled(str(address.get(name) or "")) if isinstance(address, dict) else show.NOTHING
