"""Columns of the list of vouchers."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, CodeColumn, LinkColumn, TimeColumn
from vouchers.models import Voucher
from vouchers.words import value_in_words, voucher_state


def voucher_page(voucher: Voucher) -> str:
    """The address of a voucher's page."""
    return reverse("vouchers:detail", args=[voucher.code])


def campaign_page(voucher: Voucher) -> str | None:
    """The address of the page of a voucher's campaign."""
    return reverse("campaigns:detail", args=[voucher.campaign.public_id]) if voucher.campaign else None


class VoucherTable(BaseTable):
    """Vouchers with what they give, their state now and how often they were used."""

    code = CodeColumn()
    state = tables.Column(accessor="is_active")
    worth = tables.Column(verbose_name="Value", accessor="type")
    campaign = LinkColumn(accessor="campaign", link=campaign_page)
    used = tables.Column(
        accessor="redeemed_quantity", attrs={"td": {"class": "num"}, "th": {"class": "num"}}, verbose_name="Used"
    )
    start_date = TimeColumn(verbose_name="Starts")
    expiration_date = TimeColumn(verbose_name="Expires")
    created_at = TimeColumn(verbose_name="Created")

    class Meta(BaseTable.Meta):
        model = Voucher
        fields = ("code", "state", "worth", "campaign", "used", "start_date", "expiration_date", "created_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()

    def row_link(self, record: Voucher) -> str:
        return voucher_page(record)

    def render_state(self, record: Voucher) -> SafeString:
        return show.status(voucher_state(record, now=self.now)[0])

    def render_worth(self, record: Voucher) -> str:
        return value_in_words(record)

    def render_used(self, record: Voucher) -> str:
        limit = "∞" if record.quantity is None else f"{record.quantity:,}"
        return f"{record.redeemed_quantity:,} / {limit}"
