"""Tells the targets of an event: leaves deliveries in the transaction of what happened; sends nothing itself."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from voucherify_admin.api.wire import iso
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import tasks
from voucherify_admin.webhooks.models import Delivery, Target

# How the ids of events begin, by their family.
PREFIXES = {"redemption": "evred_", "redemption.rollback": "evred_"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """Who did it: a person in the dashboard (USER) or a key (API), and in which request."""

    channel_type: str
    channel_id: str
    channel_name: str = ""
    request_id: str = ""

    def on_wire(self) -> dict[str, Any]:
        """Return Voucherify's `event_source`."""
        if self.channel_type == "USER":
            return {"channel": "USER_PORTAL", "user": {"id": self.channel_id}}
        return {"channel": "API", "api_key": {"name": self.channel_name, "app_id": self.channel_id}}


def tell(event_type: str, row: Any, *, source: Source, now: datetime) -> None:
    """Leave a delivery of this event, which `row` tells of, for each target that listens; sent after the commit.

    Runs in the caller's transaction and never fails it. Without a listening target it costs one small query.
    """
    targets = list(Target.objects.listening(event_type))
    if not targets:
        return
    try:
        with transaction.atomic():
            _record(event_type, row, targets, source, now)
    except Exception:
        logger.exception("The event %s of %s could not be recorded for webhooks", event_type, row)


def _record(event_type: str, row: Any, targets: list[Target], source: Source, now: datetime) -> None:
    family = event_type.rpartition(".")[0]
    data = import_string(settings.WEBHOOK_PAYLOADS[family])(row)
    event = {
        "id": new_id(PREFIXES.get(family, "ev_"), now),
        "type": event_type,
        "created_at": iso(now),
        "entity_id": row.public_id,
        "group_id": source.request_id,
        "event_source": source.on_wire(),
    }
    Delivery.objects.record(targets, event, data, now)

    def hand_over() -> None:
        tasks.enqueue([target.pk for target in targets])

    # Robust: what happened is committed, whatever becomes of telling it now.
    transaction.on_commit(hand_over, robust=True)
