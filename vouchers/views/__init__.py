"""Pages of vouchers, one file a subject."""

from vouchers.views.imports import (
    ImportCreateView,
    ImportDetailView,
    ImportListView,
    ImportProgressView,
    ImportResultsView,
)
from vouchers.views.vouchers import (
    TransactionListView,
    VoucherDetailView,
    VoucherDisableView,
    VoucherEnableView,
    VoucherListView,
)

__all__ = [
    "ImportCreateView",
    "ImportDetailView",
    "ImportListView",
    "ImportProgressView",
    "ImportResultsView",
    "TransactionListView",
    "VoucherDetailView",
    "VoucherDisableView",
    "VoucherEnableView",
    "VoucherListView",
]
