"""Periodic care of the call log."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from voucherify_admin.api.models import ApiCall


@shared_task
def keep_call_log() -> None:
    """Make the partitions of this and the next month, and drop those past their retention (days in settings)."""
    today = timezone.now().date()
    for month in (today, (today.replace(day=1) + timedelta(days=32))):
        ApiCall.objects.ensure_partition(month)
    ApiCall.objects.drop_partitions_before(today - timedelta(days=settings.CALL_LOG_RETENTION_DAYS))
