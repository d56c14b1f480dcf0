"""What stands above a list: a histogram of the question over time, and the values that occur most in it."""

from voucherify_admin.pages.explorer.counting import AT_MOST, Asked, Counted, TooSlowError, newest, tally
from voucherify_admin.pages.explorer.explorer import Explorer, Series
from voucherify_admin.pages.explorer.facets import Facet, MetadataFacet
from voucherify_admin.pages.explorer.views import ExplorerView

__all__ = [
    "AT_MOST",
    "Asked",
    "Counted",
    "Explorer",
    "ExplorerView",
    "Facet",
    "MetadataFacet",
    "Series",
    "TooSlowError",
    "newest",
    "tally",
]
