"""What webhooks tell of vouchers: `data` of Voucherify's events."""

from typing import Any

from voucherify_admin.api.wire import iso
from vouchers.models import Voucher
from vouchers.schemas import voucher_out


def voucher_payload(voucher: Voucher) -> dict[str, Any]:
    """Return the data of `voucher.enabled` and `voucher.disabled`."""
    return {"voucher": voucher_out(voucher, []), "created_at": iso(voucher.updated_at)}
