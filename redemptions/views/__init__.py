"""Pages of the attempts: the list, one attempt, its rollback, the till, and the overview of them all."""

from redemptions.views.attempts import RedemptionListView
from redemptions.views.detail import RedemptionDetailView
from redemptions.views.explorer import RedemptionExplorerView
from redemptions.views.overview import OverviewView
from redemptions.views.redeem import RedeemView
from redemptions.views.rollback import RollBackView
from redemptions.views.what_if import WhatIfView

__all__ = [
    "OverviewView",
    "RedeemView",
    "RedemptionDetailView",
    "RedemptionExplorerView",
    "RedemptionListView",
    "RollBackView",
    "WhatIfView",
]
