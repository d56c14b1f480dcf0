"""Pages of the attempts: list, one attempt, rollback, till, sessions, overview; and erasing a customer."""

from redemptions.views.attempts import RedemptionListView
from redemptions.views.customers import CustomerFiguresView
from redemptions.views.detail import RedemptionDetailView
from redemptions.views.erase import CustomerEraseView
from redemptions.views.overview import OverviewView
from redemptions.views.redeem import RedeemView
from redemptions.views.rollback import RollBackView
from redemptions.views.sessions import SessionListView, SessionReleaseView
from redemptions.views.what_if import WhatIfView

__all__ = [
    "CustomerEraseView",
    "CustomerFiguresView",
    "OverviewView",
    "RedeemView",
    "RedemptionDetailView",
    "RedemptionListView",
    "RollBackView",
    "SessionListView",
    "SessionReleaseView",
    "WhatIfView",
]
