"""What the search box finds among attempts: ids, orders, requests, and codes that were tried and never existed."""

from collections.abc import Iterable, Iterator

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from redemptions.models import Order, Redemption, Rollback
from voucherify_admin.pages.search import SHOWN, Asked, Group, Hit
from vouchers.models import Voucher

# Attempts of a code are counted so far.
COUNTED = 1000
BY_ID = ("r_", "rf_", "rr_", "rrf_", "v-")


def find(asked: Asked) -> Iterator[Group]:
    """Attempts by id, rollback's id, order or request; and whether a code without a voucher was ever tried."""
    if not asked.user.has_perm("redemptions.view_redemption"):
        return
    if asked.text.startswith(BY_ID):
        yield Group("Attempts", "receipt", [_hit(row, is_exact=True) for row in _by_id(asked.text)])
        return
    orders = list(Order.objects.filter(Q(public_id=asked.text) | Q(source_id=asked.text))[:1])
    if orders:
        rows = Redemption.objects.for_list().filter(public_id__in=list(orders[0].redemptions)[:20]).order_by("pk")
        yield Group("Attempts of this order", "receipt", [_hit(row, is_exact=row.parent_id is None) for row in rows])
    if not Voucher.objects.spelled(asked.text).exists():
        yield from _tried(asked)


def _by_id(text: str) -> Iterable[Redemption]:
    rows = Redemption.objects.for_list()
    if text.startswith("v-"):
        return rows.filter(request_id=text).order_by("pk")[:SHOWN]
    if text.startswith(("rr_", "rrf_")):
        # Looked up first: an OR of the two would read all attempts.
        return rows.filter(pk__in=list(Rollback.objects.filter(public_id=text).values_list("redemption", flat=True)))
    return rows.filter(public_id=text)


def _tried(asked: Asked) -> Iterator[Group]:
    """One line for each spelling under which a code that has no voucher was tried."""
    newest = Redemption.objects.for_list().order_by("-created_at", "-id")
    hits = []
    for code in asked.spellings:
        last = newest.filter(code=code).first()
        if last is not None:
            number = Redemption.objects.filter(code=code)[:COUNTED].count()
            times = "once" if number == 1 else f"{number:,}{'+' if number == COUNTED else ''} times"
            when = f"{timezone.localtime(last.created_at):%-d %b %Y %H:%M}"
            query = urlencode({"code": code, "code_op": "is"})
            note = f"no voucher · tried {times}, last {when} · {last.short_reason or last.get_status_display()}"
            hits.append(Hit(code, f"{reverse('redemptions:list')}?{query}", note, is_code=True))
    yield Group("Codes that were tried", "receipt", hits)


def _hit(row: Redemption, *, is_exact: bool = False) -> Hit:
    who = row.customer_name or row.customer_source_id
    when = f"{timezone.localtime(row.created_at):%-d %b %Y %H:%M}"
    note = " · ".join(part for part in (when, who, row.campaign_name, row.short_reason) if part)
    title = row.code or " + ".join(row.stacked) or row.public_id
    return Hit(title, reverse("redemptions:detail", args=[row.public_id]), note, is_exact, True, row.status)
