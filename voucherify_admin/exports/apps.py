"""The app's place in Django."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "voucherify_admin.exports"
    label = "exports"
    verbose_name = "Exports"
