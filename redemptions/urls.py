"""Pages of the attempts and of the till; the overview stands at the root of the site."""

from django.urls import path

from redemptions import views

app_name = "redemptions"

urlpatterns = [
    path("redemptions/", views.RedemptionListView.as_view(), name="list"),
    path("redemptions/<slug:public_id>/", views.RedemptionDetailView.as_view(), name="detail"),
    path("redemptions/<slug:public_id>/roll-back/", views.RollBackView.as_view(), name="roll_back"),
    path("redemptions/<slug:public_id>/what-if/", views.WhatIfView.as_view(), name="what_if"),
    path("customers/<slug:public_id>/numbers/", views.CustomerFiguresView.as_view(), name="customer_figures"),
    path("customers/<slug:public_id>/erase/", views.CustomerEraseView.as_view(), name="erase"),
    path("sessions/", views.SessionListView.as_view(), name="sessions"),
    path("sessions/release/", views.SessionReleaseView.as_view(), name="release_session"),
    path("redeem/", views.RedeemView.as_view(), name="redeem"),
]
