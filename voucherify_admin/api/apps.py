"""The app's place in Django."""

from django.apps import AppConfig


class APIConfig(AppConfig):
    name = "voucherify_admin.api"
    label = "api"
    verbose_name = "API"
