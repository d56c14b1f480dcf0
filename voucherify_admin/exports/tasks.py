"""What the worker does for exports: build one, find those whose worker died, clear away what is past its time."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from voucherify_admin.exports.models import Export

logger = logging.getLogger(__name__)

# So long a person who asks for an export waits at the most for a broker that is down or hangs.
BROKER_SECONDS = 2


@shared_task
def build_export(pk: int) -> None:
    """Build the file of one export; nothing is left to do for one that was deleted."""
    if export := Export.objects.filter(pk=pk).first():
        export.build()


@shared_task
def rescue_stalled_exports() -> None:
    """Hand to the workers again what waits too long, or whose worker gives no sign of life."""
    now = timezone.now()
    for export in Export.objects.without_a_worker(now).order_by("pk"):
        if export.rescue(now):
            enqueue(export.pk)


@shared_task
def expire_exports() -> None:
    """Delete the files that are past their time, and those that nobody offers."""
    Export.objects.all().expire(timezone.now())


def enqueue(pk: int) -> None:
    """Hand an export to the workers. Without a broker it stays queued, and `rescue_stalled_exports` finds it."""
    # A connection of its own: one from Celery's pool may be from before the broker's restart, and a person waits here.
    limits = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    with build_export.app.connection_for_write(transport_options=limits) as broker:
        try:
            broker.ensure_connection(max_retries=1, interval_start=0.1, interval_max=0.1, timeout=BROKER_SECONDS)
            build_export.apply_async([pk], connection=broker, retry=False)
        except (OperationalError, *broker.connection_errors, *broker.channel_errors):
            logger.exception("The broker did not take export %s; it stays queued and is tried again", pk)
