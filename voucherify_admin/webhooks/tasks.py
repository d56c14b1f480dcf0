"""What the worker does for webhooks: send what is due, and clear away old deliveries."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

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


def enqueue(target_pk: int) -> None:
    """Have a worker send what is due to the target. Without a broker `deliver_due` finds it later."""
    with deliver.app.connection_for_write() as broker:
        try:
            broker.ensure_connection(max_retries=0, timeout=1)
            deliver.apply_async([target_pk], connection=broker, retry=False)
        except (OperationalError, *broker.connection_errors, *broker.channel_errors):
            logger.warning("The broker did not take a webhook's delivery; it is sent with the next round")
