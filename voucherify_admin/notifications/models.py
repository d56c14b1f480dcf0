"""What was told to whom; knows only a title, a text and an address, not what they are about."""

from functools import partial
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from voucherify_admin.ids import new_id


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def mark_read(self) -> int:
        """Mark all rows of this queryset read; return how many were unread."""
        return self.unread().update(read_at=timezone.now())


class Notification(models.Model):
    """One notice to one person, shown in the notification center until it is read."""

    class Kind(models.TextChoices):
        EXPORT_READY = "export_ready", "Export ready"
        EXPORT_FAILED = "export_failed", "Export failed"
        ACTION_DONE = "action_done", "Import or other work done"
        ACTION_FAILED = "action_failed", "Import or other work failed"
        WEBHOOK_FAILED = "webhook_failed", "Webhook not received"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "ntf_"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=30, choices=Kind.choices)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    # A path on this site. Opened by a click on the notice; a download for a ready export.
    url = models.CharField(max_length=500, blank=True)
    # What the notice is about. A task that is delivered twice tells once.
    about = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "about"], name="one_notice_a_subject")]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return self.title
