"""The app's place in Django."""

from django.apps import AppConfig


class RedemptionsConfig(AppConfig):
    name = "redemptions"
