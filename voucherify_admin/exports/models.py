"""What was exported: who, which query, in which state, which file; knows lists only through their Exporter."""

from functools import partial

from django.conf import settings
from django.db import models
from django.utils import timezone

from voucherify_admin.ids import new_id


class Export(models.Model):
    """One file made, or being made, from a filtered list."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "exp_"))
    kind = models.CharField(max_length=40, help_text="A key of settings.EXPORTERS.")
    # The list's own query string, as it stood in the address bar (dashboard), or made from the API's parameters.
    query = models.TextField(blank=True)
    fields = models.JSONField(default=list, help_text="Column keys in the order wanted; metadata.<key> for metadata.")
    # The API's own body, echoed by GET /v1/exports/{id}.
    parameters = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    separator = models.CharField(max_length=1, default=",")
    with_bom = models.BooleanField(default=True)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="exports"
    )
    # For an export asked for by API: the key that may download it.
    app_id = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=10, choices=[("WEBSITE", "Dashboard"), ("API", "API")], default="WEBSITE")

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    error = models.TextField(blank=True, help_text="Why it failed, for the person who asked.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True, help_text="Renewed by the worker while it writes.")
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Which build of this export may finish it: a worker that was thought dead cannot overwrite its successor's file.
    attempt = models.PositiveSmallIntegerField(default=0)
    rows_expected = models.BigIntegerField(null=True, blank=True, help_text="The planner's estimate, or a count.")
    rows_written = models.BigIntegerField(default=0)
    size = models.BigIntegerField(null=True, blank=True, help_text="Bytes.")
    file = models.CharField(max_length=200, blank=True, help_text="Name in the storage; set once complete.")

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="export_newest"),
            models.Index(fields=["owner", "-created_at", "-id"], name="export_owner_newest"),
            models.Index(fields=["state", "heartbeat_at"], name="export_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Download(models.Model):
    """One download of an export's file: who and when, for the audit."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="downloads")
    created_at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    user_login = models.CharField(max_length=150, blank=True)
    app_id = models.CharField(max_length=40, blank=True)
    ip_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.export_id} by {self.user_login or self.app_id}"
