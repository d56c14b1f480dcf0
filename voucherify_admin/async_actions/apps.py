"""The app's place in Django."""

from django.apps import AppConfig


class AsyncActionsConfig(AppConfig):
    name = "voucherify_admin.async_actions"
    label = "async_actions"
    verbose_name = "Asynchronous actions"
