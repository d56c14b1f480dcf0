"""What one can ask of the deliveries of a webhook."""

from django.db.models import QuerySet

from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, TextFilter
from voucherify_admin.webhooks.events import EVENTS
from voucherify_admin.webhooks.models import Delivery


class TargetFilter(BaseFilter):
    """The questions of the list of webhooks."""

    time_field = "created_at"
    primary = ("name",)

    name = TextFilter(label="Name")


class DeliveryFilter(BaseFilter):
    """The questions of the list of deliveries."""

    time_field = "created_at"
    primary = ("state", "event_type", "entity_id", "period")

    state = ChoicesFilter(label="State", choices=Delivery.State.choices)
    event_type = ChoicesFilter(label="Event", choices=EVENTS)
    entity_id = TextFilter(label="About", help_text="The id of a redemption, voucher, customer …")


class AnyDeliveryFilter(DeliveryFilter):
    """The same of the deliveries of all webhooks; `about` finds what came of a redemption too."""

    primary = ("state", "event_type", "about", "period")

    entity_id = None
    about = TextFilter(label="About", method="filter_about", help_text="The id of a redemption, voucher, customer …")

    def filter_about(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.about(value)
