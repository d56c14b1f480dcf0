"""What the search box finds among vouchers: ids, and codes however they are spelled; must stay with indexes."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.http import urlencode

from voucherify_admin.pages.search import SHOWN, Asked, Group, Hit
from vouchers.models import Voucher


def find(asked: Asked) -> Iterator[Group]:
    """The voucher of this id or code, whatever its case, blanks and dashes; and codes that begin so."""
    if not asked.user.has_perm("vouchers.view_voucher") or not asked.forgiven:
        return
    rows = Voucher.objects.select_related("campaign").order_by("code")
    by_id = asked.text.startswith("v_")
    exact = list((rows.filter(public_id=asked.text) if by_id else rows.spelled(asked.text))[:SHOWN])
    as_typed = [voucher for voucher in exact if asked.text in (voucher.code, voucher.public_id)]
    begins = list(rows.filter(code__startswith=asked.text.upper())[: SHOWN + 1]) if len(exact) < SHOWN else []
    hits = [_hit(voucher, is_exact=voucher in (as_typed or exact)) for voucher in exact]
    hits += [_hit(voucher) for voucher in begins if voucher not in exact]
    query = urlencode({"code": asked.text.upper(), "code_op": "starts"})
    yield Group("Vouchers", "ticket", hits, f"{reverse('vouchers:list')}?{query}")


def _hit(voucher: Voucher, *, is_exact: bool = False) -> Hit:
    campaign = voucher.campaign.name if voucher.campaign else "no campaign"
    limit = f" of {voucher.quantity:,}" if voucher.quantity else ""
    uses = f"{voucher.redeemed_quantity:,}{limit} uses"
    url = reverse("vouchers:detail", args=[voucher.code])
    return Hit(voucher.code, url, f"{campaign} · {uses}", is_exact=is_exact, is_code=True)
