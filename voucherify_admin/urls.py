"""Roof: each app's pages under its prefix, and the API."""

from django.contrib import admin
from django.urls import include, path

import vouchers.urls
from redemptions.views import OverviewView
from voucherify_admin.api_urls import api, client_api
from vouchers.views import TransactionListView

urlpatterns = [
    path("", OverviewView.as_view(), name="home"),
    path("", include("redemptions.urls")),
    path("search/", include("voucherify_admin.pages.urls")),
    path("vouchers/", include("vouchers.urls")),
    path("transactions/", TransactionListView.as_view(), name="transactions"),
    path("imports/", include(vouchers.urls.imports)),
    path("", include("campaigns.urls")),
    path("exports/", include("voucherify_admin.exports.urls")),
    path("webhooks/", include("voucherify_admin.webhooks.urls")),
    path("notifications/", include("voucherify_admin.notifications.urls")),
    path("log/", include("voucherify_admin.api.urls")),
    path("account/", include("voucherify_admin.accounts.urls")),
    path("admin/", admin.site.urls),
    path("v1/", api.urls),
    path("client/v1/", client_api.urls),
]
