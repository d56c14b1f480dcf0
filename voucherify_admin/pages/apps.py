"""The app's place in Django."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "voucherify_admin.pages"
    label = "pages"
    verbose_name = "Pages"
