"""The columns of the lists of webhooks and of their deliveries."""

import django_tables2 as tables
from django.utils.safestring import SafeString

from voucherify_admin.pages import show
from voucherify_admin.pages.tables import BaseTable, NumberColumn, TimeColumn
from voucherify_admin.webhooks.models import Delivery, Target

STATES = {Delivery.State.PENDING: "QUEUED", Delivery.State.DELIVERED: "SUCCEEDED", Delivery.State.FAILED: "FAILED"}

# So many of a webhook's events stand in the list of webhooks.
MOST_NAMED = 3


def state_badge(delivery: Delivery) -> SafeString:
    """The state of a delivery as a badge."""
    return show.status(STATES[Delivery.State(delivery.state)], delivery.get_state_display())


class TargetTable(BaseTable):
    """Each row leads to the webhook with its deliveries."""

    name = tables.Column()
    url = tables.Column(verbose_name="Address")
    is_active = tables.Column(verbose_name="State")
    events = tables.Column()
    created_at = TimeColumn(verbose_name="Created")

    class Meta(BaseTable.Meta):
        model = Target
        fields = ("name", "url", "is_active", "events", "created_at")

    def row_link(self, record: Target) -> str:
        return record.get_absolute_url()

    def render_is_active(self, record: Target) -> SafeString:
        return show.status("ACTIVE" if record.is_active else "DISABLED")

    def render_events(self, value: list[str]) -> str:
        more = len(value) - MOST_NAMED
        return ", ".join(value[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


class DeliveryTable(BaseTable):
    """Each row leads to the delivery with both of its sides."""

    created_at = TimeColumn(verbose_name="Time")
    event_type = tables.Column(verbose_name="Event")
    state = tables.Column()
    attempts = NumberColumn()
    response_status = tables.Column(verbose_name="Answer")
    next_attempt_at = TimeColumn(verbose_name="Next attempt")
    entity_id = tables.Column(verbose_name="About")

    class Meta(BaseTable.Meta):
        model = Delivery
        fields = ("created_at", "event_type", "state", "attempts", "response_status", "next_attempt_at", "entity_id")

    def row_link(self, record: Delivery) -> str:
        return record.get_absolute_url()

    def render_event_type(self, record: Delivery) -> str:
        return record.event_type

    def render_state(self, record: Delivery) -> SafeString:
        return state_badge(record)

    def render_response_status(self, value: int) -> SafeString:
        return show.status(value)


class AnyDeliveryTable(DeliveryTable):
    """The same with the webhook that each went to, for lists of all of them."""

    target = tables.Column(verbose_name="Webhook")

    class Meta(DeliveryTable.Meta):
        fields = ("created_at", "target", "event_type", "state", "attempts", "response_status")
        sequence = ("created_at", "target", "event_type", "state", "attempts", "response_status")
        exclude = ("next_attempt_at", "entity_id")
