"""Tells the targets of an event: leaves deliveries in the transaction of what happened; sends nothing itself."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from voucherify_admin.api.wire import iso
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import tasks
from voucherify_admin.webhooks.events import Told, names_of
from voucherify_admin.webhooks.models import Delivery, Target

# How the ids of events begin, by their family.
PREFIXES = {"redemption": "evred_", "redemption.rollback": "evred_"}

logger = logging.getLogger(__name__)

# The name of an event and the row, or rows, that its payload is made from.
Happening = tuple[str, Any]


@dataclass(frozen=True)
class Source:
    """Who did it: a person in the dashboard (USER), a key (API) or nobody (INTERNAL), and in which request."""

    channel_type: str
    channel_id: str
    channel_name: str = ""
    request_id: str = ""

    def on_wire(self) -> dict[str, Any]:
        """Return Voucherify's `event_source`."""
        if self.channel_type == "USER":
            return {"channel": "USER_PORTAL", "user": {"id": self.channel_id}}
        if self.channel_type == "INTERNAL":
            return {"channel": "INTERNAL"}
        return {"channel": "API", "api_key": {"name": self.channel_name, "app_id": self.channel_id}}


# What no person and no key asked for.
INTERNAL = Source("INTERNAL", "")


def tell(event_type: str, row: Any, *, source: Source, now: datetime) -> None:
    """Leave a delivery of this event, which `row` tells of, for each target that listens; sent after the commit.

    Runs in the caller's transaction and never fails it. Without a listening target it costs one small query.
    """
    tell_each([(event_type, row)], source=source, now=now)


def tell_each(happenings: Iterable[Happening], *, source: Source, now: datetime) -> None:
    """The same for several events at once: one query to see who listens, and one statement for all deliveries."""
    happenings = list(happenings)
    if not happenings:
        return
    targets = list(Target.objects.listening({event_type for event_type, _ in happenings}))
    if not targets:
        return
    try:
        with transaction.atomic():
            _record(happenings, targets, source, now)
    except Exception:
        logger.exception("The events %s could not be recorded for webhooks", [name for name, _ in happenings[:5]])


def is_listened_to(*event_types: str) -> bool:
    """Whether a target is to be told of one of these events: for those who must read rows only to tell of them."""
    return Target.objects.listening(event_types).exists()


def _record(happenings: list[Happening], targets: list[Target], source: Source, now: datetime) -> None:
    deliveries: list[Delivery] = []
    for event_type, row in happenings:
        listening = [target for target in targets if event_type in target.events]
        if not listening:
            continue
        told = _told(event_type, row)
        event = {
            "id": new_id(PREFIXES.get(event_type.rpartition(".")[0], "ev_"), now),
            "type": event_type,
            "created_at": iso(now),
            "entity_id": told.entity_id,
            "group_id": source.request_id,
            "event_source": source.on_wire(),
        }
        deliveries += [Delivery.of(target, event, told, now) for target in listening]
    Delivery.objects.bulk_create(deliveries, batch_size=500)

    def hand_over() -> None:
        tasks.enqueue(sorted({delivery.target_id for delivery in deliveries}))

    # Robust: what happened is committed, whatever becomes of telling it now.
    transaction.on_commit(hand_over, robust=True)


def _told(event_type: str, row: Any) -> Told:
    payloads = settings.WEBHOOK_PAYLOADS
    return import_string(next(payloads[name] for name in names_of(event_type) if name in payloads))(row)
