"""Periodic care of the attempts: the counts behind histogram and facets are brought up to date."""

from celery import shared_task
from django.utils import timezone

from redemptions import counts


@shared_task
def count_attempts() -> None:
    """Count the hours that are over, and those that changed since."""
    counts.bring_up_to_date(timezone.now())
