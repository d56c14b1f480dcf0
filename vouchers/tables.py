"""Columns of the lists of vouchers and of imports."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import (
    BaseTable,
    CodeColumn,
    MoneyColumn,
    NameColumn,
    NumberColumn,
    TimeColumn,
    titled,
)
from vouchers.models import GiftTransaction, Voucher
from vouchers.words import value_in_words, voucher_state

# An id on one line; what does not fit is cut.
WHOLE = {"td": {"class": "whole"}}


class VoucherTable(BaseTable):
    """Vouchers with what they give, their state now and how often they were used."""

    code = CodeColumn(attrs=WHOLE)
    state = tables.Column(accessor="is_active")
    worth = tables.Column(verbose_name="Value", accessor="type")
    campaign = tables.Column()
    used = tables.Column(
        accessor="redeemed_quantity", attrs={"td": {"class": "num"}, "th": {"class": "num"}}, verbose_name="Used"
    )
    start_date = TimeColumn(verbose_name="Starts")
    expiration_date = TimeColumn(verbose_name="Expires")
    created_at = TimeColumn(verbose_name="Created")
    type = tables.Column(verbose_name="Type")
    left = MoneyColumn(verbose_name="Balance", accessor="gift_balance")
    loaded = MoneyColumn(verbose_name="Ever loaded", accessor="gift_amount")
    redeemed_amount = MoneyColumn(verbose_name="Taken from the balance")
    holder = NameColumn()
    category = NameColumn()
    published_count = NumberColumn(verbose_name="Published")
    additional_info = NameColumn(verbose_name="Additional info")
    updated_at = TimeColumn(verbose_name="Changed")
    id = CodeColumn(verbose_name="Id", accessor="public_id", attrs=WHOLE)

    metadata_column = "metadata"
    needs_permission = {"holder": "campaigns.view_customer"}

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

    def render_left(self, value: int, record: Voucher) -> str | SafeString:
        return show.money(value) if record.is_gift else show.NOTHING

    def render_loaded(self, value: int, record: Voucher) -> str | SafeString:
        return show.money(value) if record.is_gift else show.NOTHING

    def render_redeemed_amount(self, value: int, record: Voucher) -> str | SafeString:
        return show.money(value) if record.is_gift else show.NOTHING

    def render_used(self, record: Voucher) -> str:
        limit = "∞" if record.quantity is None else f"{record.quantity:,}"
        return f"{record.redeemed_quantity:,} / {limit}"


def action_badge(action: AsyncAction) -> SafeString:
    """The state of an import; of one that runs with how far it is."""
    if action.status == AsyncAction.Status.IN_PROGRESS:
        return show.status("RUNNING", f"Running {action.percent} %")
    return show.status("QUEUED" if action.status == AsyncAction.Status.ENQUEUED else action.status)


class ImportTable(BaseTable):
    """Each row leads to the import's page."""

    created_at = TimeColumn(verbose_name="Asked for")
    type = tables.Column(verbose_name="What", accessor="label")
    status = tables.Column(verbose_name="State")
    file_name = tables.Column(verbose_name="File")
    total = NumberColumn(verbose_name="Rows")
    done_count = NumberColumn(verbose_name="Done")
    failed_count = NumberColumn(verbose_name="Not used")
    owner = tables.Column(empty_values=(), verbose_name="By")

    class Meta(BaseTable.Meta):
        model = AsyncAction
        fields = ("created_at", "type", "status", "file_name", "total", "done_count", "failed_count", "owner")

    def row_link(self, record: AsyncAction) -> str:
        return reverse("imports:detail", args=[record.public_id])

    def render_status(self, record: AsyncAction) -> SafeString:
        return action_badge(record)

    def render_owner(self, record: AsyncAction) -> str | SafeString:
        if record.owner:
            return record.owner.username
        return "API" if record.app_id else show.NOTHING


class TransactionTable(BaseTable):
    """What moved the balances of gift cards, and because of what; a row leads to its attempt."""

    created_at = TimeColumn(verbose_name="Time", exact=True)
    code = CodeColumn(attrs={"td": {"class": "code-cell"}})
    type = tables.Column()
    amount = MoneyColumn()
    balance = MoneyColumn(verbose_name="Balance")
    because = tables.Column(verbose_name="Because of", accessor="reason", empty_values=())
    channel = NameColumn(verbose_name="Channel", accessor="channel_type", empty_values=())
    total = MoneyColumn(verbose_name="Loaded in all")
    reason = NameColumn(verbose_name="Reason given")
    source_id = CodeColumn(verbose_name="Caller’s number", attrs=WHOLE)
    id = CodeColumn(verbose_name="Id", accessor="public_id", attrs=WHOLE)
    voucher_id = CodeColumn(verbose_name="Voucher id", accessor="voucher_public_id", attrs=WHOLE)
    campaign_id = CodeColumn(verbose_name="Campaign id", accessor="campaign_public_id", attrs=WHOLE)
    rollback_id = CodeColumn(verbose_name="Rollback id", accessor="rollback_public_id", attrs=WHOLE)

    class Meta(BaseTable.Meta):
        model = GiftTransaction
        fields = ("created_at", "code", "type", "amount", "balance", "because", "channel")

    def render_amount(self, value: int) -> str:
        return f"+{show.money(value)}" if value > 0 else show.money(value)

    def render_because(self, record: GiftTransaction) -> SafeString | str:
        if not record.redemption_public_id:
            return record.reason or show.NOTHING
        # An address of the room above, which this one does not import.
        address = reverse("redemptions:detail", args=[record.redemption_public_id])
        why = f", {record.reason}" if record.reason else ""
        noun = "Rollback of" if record.rollback_public_id else "Redemption"
        return format_html('{} <a href="{}"><code>{}</code></a>{}', noun, address, record.redemption_public_id, why)

    def render_channel(self, record: GiftTransaction) -> SafeString | str:
        if record.channel_type == "USER":
            return "Dashboard"
        return titled(record.channel_name or record.channel_type)
