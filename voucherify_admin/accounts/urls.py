"""Signing in and out and changing one's password; people are made by administrators, so nothing else is open."""

from allauth.account import views
from django.urls import path
from django.views.generic import RedirectView

from voucherify_admin.accounts.views import SignInView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="account_login"),
    path("sign-out/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/", views.password_change, name="account_change_password"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    # allauth asks for the addresses of these pages; there are none here.
    path("sign-up/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("password/reset/", RedirectView.as_view(pattern_name="account_login"), name="account_reset_password"),
    path("password/set/", RedirectView.as_view(pattern_name="account_change_password"), name="account_set_password"),
]
