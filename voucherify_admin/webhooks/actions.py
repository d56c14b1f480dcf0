"""Tells the targets of an event: leaves deliveries in the transaction of what happened; sends nothing itself."""

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from voucherify_admin.api.wire import iso
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import tasks
from voucherify_admin.webhooks.models import Delivery, Target

logger = logging.getLogger(__name__)


def tell(event_type: str, row: Any, *, now: datetime) -> None:
    """Leave a delivery of this event, which `row` tells of, for each target that listens; sent after the commit.

    Runs in the caller's transaction and never fails it. Without a listening target it costs one small query.
    """
    targets = list(Target.objects.listening(event_type))
    if not targets:
        return
    try:
        with transaction.atomic():
            _record(event_type, row, targets, now)
    except Exception:
        logger.exception("The event %s of %s could not be recorded for webhooks", event_type, row)


def _record(event_type: str, row: Any, targets: list[Target], now: datetime) -> None:
    family = event_type.rpartition(".")[0]
    data = import_string(settings.WEBHOOK_PAYLOADS[family])(row)
    event = {
        "id": new_id("evred_", now),
        "type": event_type,
        "created_at": iso(now),
        "entity_id": row.public_id,
        "group_id": row.request_id,
        "event_source": _source(row),
    }
    Delivery.objects.record(targets, event, data, now)

    def hand_over() -> None:
        tasks.enqueue([target.pk for target in targets])

    # Robust: what happened is committed, whatever becomes of telling it now.
    transaction.on_commit(hand_over, robust=True)


def _source(row: Any) -> dict[str, Any]:
    if row.channel_type == "USER":
        return {"channel": "USER_PORTAL", "user": {"id": row.channel_id}}
    return {"channel": "API", "api_key": {"name": row.channel_name, "app_id": row.channel_id}}
