"""Periodic care of the call log, and of the answers kept for calls that are sent again."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from voucherify_admin.api.models import ApiCall, IdempotentAnswer


@shared_task
def keep_call_log() -> None:
    """Make the partitions of this and the next month, and drop those past their retention (days in settings)."""
    today = timezone.now().date()
    for month in (today, (today.replace(day=1) + timedelta(days=32))):
        ApiCall.objects.ensure_partition(month)
    ApiCall.objects.drop_partitions_before(today - timedelta(days=settings.CALL_LOG_RETENTION_DAYS))


@shared_task
def forget_idempotent_answers() -> None:
    """Delete the answers that are past their time (hours in settings)."""
    IdempotentAnswer.objects.filter(created_at__lt=IdempotentAnswer.objects.kept_since(timezone.now())).delete()
