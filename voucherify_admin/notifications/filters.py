"""What one can ask of the notices: all of them, or those that were not read."""

import django_filters
from django.db.models import QuerySet

from voucherify_admin.pages.filters import BaseFilter


class NotificationFilter(BaseFilter):
    """The one question of the notification center."""

    primary = ("show",)

    show = django_filters.ChoiceFilter(
        label="Show", choices=[("unread", "Unread only")], empty_label="All", method="filter_show"
    )

    def filter_show(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.unread()
