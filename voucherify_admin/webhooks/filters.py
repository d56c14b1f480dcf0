"""What one can ask of the deliveries of a webhook."""

from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, TextFilter
from voucherify_admin.webhooks.models import EVENTS, Delivery


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
    entity_id = TextFilter(label="Redemption or rollback", help_text="Its id.")
