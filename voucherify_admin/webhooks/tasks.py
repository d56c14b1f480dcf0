"""What the worker does for webhooks: send what is due, and clear away old deliveries."""

import logging
import time
from collections.abc import Iterable

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from voucherify_admin.webhooks.models import Delivery, Target

logger = logging.getLogger(__name__)


@shared_task
def deliver(target_pk: int) -> None:
    """Send what is due to one target; goes on in a new task when there is more than one task should do."""
    target = Target.objects.filter(pk=target_pk).first()
    if target and target.deliver_due():
        deliver.delay(target_pk)


@shared_task
def deliver_due() -> None:
    """Look after every target that something is due for: retries, and events whose task was lost."""
    due = Delivery.objects.due(timezone.now()).order_by().values_list("target", flat=True).distinct()
    for target_pk in due:
        deliver.delay(target_pk)


@shared_task
def prune_deliveries() -> None:
    """Delete deliveries that are past their time."""
    Delivery.objects.past_retention(timezone.now()).delete()


class Broker:
    """Hands targets to the workers, unless the broker failed a moment ago: a redemption must not wait for it."""

    # So many seconds after a failure nothing is handed over; `deliver_due` finds it all the same.
    PAUSE = 15.0

    def __init__(self) -> None:
        self._closed_until = 0.0

    def take(self, target_pks: Iterable[int]) -> None:
        """Have a worker send what is due to these targets."""
        if time.monotonic() < self._closed_until:
            return
        try:
            with deliver.app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0.1, interval_max=0.1, timeout=1)
                for target_pk in target_pks:
                    deliver.apply_async([target_pk], connection=connection, retry=False)
        except (OperationalError, RedisError, OSError):
            self._closed_until = time.monotonic() + self.PAUSE
            logger.warning(
                "The broker did not take a webhook's delivery; it is sent with the next round", exc_info=True
            )


enqueue = Broker().take
