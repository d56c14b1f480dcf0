"""The app's place in Django."""

from django.apps import AppConfig


class VouchersConfig(AppConfig):
    name = "vouchers"
