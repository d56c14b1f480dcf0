"""The app's place in Django."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "voucherify_admin.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"
