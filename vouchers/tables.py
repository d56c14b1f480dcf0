"""Columns of the list of vouchers."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, CodeColumn, TimeColumn
from vouchers.models import Voucher
from vouchers.words import value_in_words, voucher_state


class VoucherTable(BaseTable):
    """Vouchers with what they give, their state now and how often they were used."""

    code = CodeColumn(attrs={"td": {"class": "whole"}})
    state = tables.Column(accessor="is_active")
    worth = tables.Column(verbose_name="Value", accessor="type")
    campaign = tables.Column()
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
        return reverse("vouchers:detail", args=[record.code])

    def render_state(self, record: Voucher) -> SafeString:
        return show.status(voucher_state(record, now=self.now)[0])

    def render_worth(self, record: Voucher) -> str:
        return value_in_words(record)

    def render_campaign(self, record: Voucher) -> SafeString | str:
        if not self.request.user.has_perm("campaigns.view_campaign"):
            return record.campaign.name
        address = reverse("campaigns:detail", args=[record.campaign.public_id])
        return format_html('<a href="{}">{}</a>', address, record.campaign.name)

    def render_used(self, record: Voucher) -> str:
        limit = "∞" if record.quantity is None else f"{record.quantity:,}"
        return f"{record.redeemed_quantity:,} / {limit}"
