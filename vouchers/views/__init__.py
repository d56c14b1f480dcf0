"""Pages of vouchers, one file a subject."""

from vouchers.views.imports import (
    ImportCreateView,
    ImportDetailView,
    ImportListView,
    ImportProgressView,
    ImportResultsView,
)
from vouchers.views.vouchers import VoucherDetailView, VoucherDisableView, VoucherEnableView, VoucherListView

__all__ = [
    "ImportCreateView",
    "ImportDetailView",
    "ImportListView",
    "ImportProgressView",
    "ImportResultsView",
    "VoucherDetailView",
    "VoucherDisableView",
    "VoucherEnableView",
    "VoucherListView",
]
