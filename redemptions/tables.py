"""The columns of the list of attempts; must not query: all that it shows stands on the row."""

from typing import Any

import django_tables2 as tables
from django.db.models import OuterRef, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from redemptions.models import ChannelType, Redemption, SessionLock
from voucherify_admin.pages import show
from voucherify_admin.pages.tables import (
    BaseTable,
    CodeColumn,
    MoneyColumn,
    NameColumn,
    StatusColumn,
    TimeColumn,
    titled,
)

CURSORS = ("after", "before", "view", "around")
# An id or a code on one line; what does not fit is cut.
WHOLE = {"td": {"class": "whole"}}
# By key, so that it is read of a page's rows alone: orders are bulky, and a sort would read them of all that match.
ORDER_ID = Subquery(Redemption.objects.filter(pk=OuterRef("pk")).values(own_id=KeyTextTransform("id", "order")))
IN_STACK = "One of several codes on one order: open all of them"


class RedemptionTable(BaseTable):
    """Each row leads to the attempt's page and takes the list's question along, for "previous" and "next" there."""

    created_at = TimeColumn(verbose_name="Time", exact=True)
    status = StatusColumn()
    code = tables.Column(attrs={"td": {"class": "code-cell"}}, empty_values=())
    campaign = NameColumn(accessor="campaign_name")
    customer = NameColumn(accessor="customer_name", empty_values=())
    amount = MoneyColumn()
    reason = tables.Column(accessor="short_reason", attrs={"td": {"class": "reason"}})
    channel = NameColumn(accessor="channel_type", empty_values=())
    result = StatusColumn()
    discount_amount = MoneyColumn(verbose_name="Discount")
    gift_amount = MoneyColumn(verbose_name="From gift card")
    reason_in_full = tables.Column(accessor="sentence", attrs={"td": {"class": "long"}})
    failure_code = CodeColumn(attrs=WHOLE)
    customer_source_id = CodeColumn(verbose_name="Customer source id", attrs=WHOLE)
    order_id = CodeColumn(verbose_name="Order id", accessor="order_own_id", attrs=WHOLE)
    tracking_id = CodeColumn(verbose_name="Tracking id", attrs=WHOLE)
    session = CodeColumn(accessor="session_key", attrs=WHOLE)
    api_key = NameColumn(verbose_name="API key", accessor="channel_name")
    user = NameColumn(accessor="channel_name")
    id = CodeColumn(verbose_name="Id", accessor="public_id", attrs=WHOLE)
    voucher_id = CodeColumn(verbose_name="Voucher id", accessor="voucher_public_id", attrs=WHOLE)
    parent = CodeColumn(verbose_name="Parent id", accessor="parent_public_id", attrs=WHOLE)
    request_id = CodeColumn(verbose_name="Request id", attrs=WHOLE)

    metadata_column = "metadata"
    needs_permission = {"user": "redemptions.filter_by_user"}
    annotations = {"order_id": ORDER_ID}

    class Meta(BaseTable.Meta):
        model = Redemption
        fields = ("created_at", "status", "code", "campaign", "customer", "amount", "reason", "channel")

    def before_render(self, request: Any) -> None:
        self.request = request

    def row_link(self, record: Redemption) -> str:
        return reverse("redemptions:detail", args=[record.public_id]) + self._question

    def render_code(self, value: str, record: Redemption) -> str | SafeString:
        if not value:
            # A parent has no code of its own, it stands for those of its children.
            return " + ".join(record.stacked) or show.NOTHING
        # Only lists that name the parents mark what was part of a stack.
        if not (parent := getattr(record, "parent_public_id", None)):
            return show.code(value, is_titled=True)
        return format_html(
            '{}<a class="stack-mark" href="{}" title="{}" aria-label="{}">{}</a>',
            show.code(value, is_titled=True),
            reverse("redemptions:detail", args=[parent]),
            IN_STACK,
            IN_STACK,
            show.icon("link"),
        )

    def render_customer(self, record: Redemption) -> str | SafeString:
        return titled(record.customer_name or record.customer_source_id)

    def render_channel(self, record: Redemption) -> str | SafeString:
        return titled(record.channel_text(names_users=self._names_users))

    def render_api_key(self, value: str, record: Redemption) -> str | SafeString:
        return titled(value if record.channel_type == ChannelType.API else "")

    def render_user(self, value: str, record: Redemption) -> str | SafeString:
        return titled(value if record.channel_type == ChannelType.USER else "")

    @property
    def _question(self) -> str:
        if not hasattr(self, "_asked"):
            query = self.request.GET.copy()
            for name in CURSORS:
                query.pop(name, None)
            self._asked = f"?{query.urlencode()}" if query else ""
        return self._asked

    @property
    def _names_users(self) -> bool:
        return self.request.user.has_perm("redemptions.filter_by_user")


class AttemptTable(RedemptionTable):
    """The few columns for attempts that stand beside another one; leads to their pages without a question."""

    class Meta(RedemptionTable.Meta):
        fields = ("created_at", "status", "code", "customer", "reason")

    _asked = ""


class SessionTable(BaseTable):
    """What sessions keep; each row leads to its voucher and holds the button that lets go of it."""

    session_key = tables.Column(verbose_name="Session", attrs={"td": {"class": "code-cell"}})
    voucher = tables.Column(verbose_name="Code", attrs={"td": {"class": "code-cell"}})
    credits = MoneyColumn(verbose_name="Credits kept")
    created_at = TimeColumn(verbose_name="Since")
    expires_at = TimeColumn(verbose_name="Kept until")
    release = tables.Column(verbose_name="", empty_values=(), attrs={"td": {"class": "row-action"}})

    class Meta(BaseTable.Meta):
        model = SessionLock
        fields = ("session_key", "voucher", "credits", "created_at", "expires_at", "release")

    def render_session_key(self, value: str) -> SafeString:
        return format_html('<code title="{}">{}</code>', value, value)

    def render_voucher(self, record: SessionLock) -> SafeString:
        code = record.voucher.code
        return format_html('<a href="{}"><code>{}</code></a>', reverse("vouchers:detail", args=[code]), code)

    def render_credits(self, value: int, record: SessionLock) -> str:
        return show.money(value) if record.voucher.is_gift else show.NOTHING

    def render_release(self, record: SessionLock) -> SafeString:
        return format_html(
            '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="code" value="{}"><input type="hidden" name="session" value="{}">'
            '<button class="btn btn-sm" type="submit" aria-label="Release session {}">Release</button></form>',
            reverse("redemptions:release_session"),
            get_token(self.request),
            record.voucher.code,
            record.session_key,
            record.session_key,
        )
