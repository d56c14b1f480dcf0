"""The app's place in Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "voucherify_admin.accounts"
    label = "accounts"
    verbose_name = "People"
