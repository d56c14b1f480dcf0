"""The app's place in Django."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "voucherify_admin.notifications"
    label = "notifications"
    verbose_name = "Notifications"
