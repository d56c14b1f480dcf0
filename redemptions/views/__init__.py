"""Pages of the attempts: the list, one attempt, its rollback, the till, the sessions, and the overview."""

from redemptions.views.attempts import RedemptionListView
from redemptions.views.detail import RedemptionDetailView
from redemptions.views.overview import OverviewView
from redemptions.views.redeem import RedeemView
from redemptions.views.rollback import RollBackView
from redemptions.views.sessions import SessionListView, SessionReleaseView
from redemptions.views.what_if import WhatIfView

__all__ = [
    "OverviewView",
    "RedeemView",
    "RedemptionDetailView",
    "RedemptionListView",
    "RollBackView",
    "SessionListView",
    "SessionReleaseView",
    "WhatIfView",
]
