"""What the worker does for asynchronous actions: run one, and find those whose worker died."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from voucherify_admin.async_actions.models import AsyncAction

logger = logging.getLogger(__name__)

# So long a caller waits at the most for a broker that is down.
BROKER_SECONDS = 2


@shared_task
def run_async_action(pk: int) -> None:
    """Run one action; nothing is left to do for one that was deleted."""
    if action := AsyncAction.objects.filter(pk=pk).first():
        action.run()


@shared_task
def rescue_stalled_actions() -> None:
    """Hand to the workers again what waits too long, or whose worker gives no sign of life."""
    now = timezone.now()
    for action in AsyncAction.objects.without_a_worker(now).order_by("pk"):
        if action.rescue(now):
            enqueue(action.pk)


def enqueue(pk: int) -> None:
    """Hand an action to the workers. Without a broker it stays queued, and `rescue_stalled_actions` finds it."""
    # A connection of its own: one from Celery's pool may be from before the broker's restart, and somebody waits here.
    with run_async_action.app.connection_for_write() as broker:
        try:
            broker.ensure_connection(max_retries=1, interval_start=0.1, interval_max=0.1, timeout=BROKER_SECONDS)
            run_async_action.apply_async([pk], connection=broker, retry=False)
        except (OperationalError, *broker.connection_errors, *broker.channel_errors):
            logger.exception("The broker did not take action %s; it stays queued and is tried again", pk)
