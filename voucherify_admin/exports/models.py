"""What was exported: who, which query, in which state, which file; knows lists only through their Exporter."""

import logging
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from voucherify_admin.api.auth import permissions_of
from voucherify_admin.api.errors import ApiError
from voucherify_admin.api.models import ApiKey
from voucherify_admin.exports.exporter import Question, RefusedError, get_exporter, label_of
from voucherify_admin.exports.sheet import MAX_ROWS, TooManyRowsError, write_sheet
from voucherify_admin.exports.writer import BrokenOffError, Written, write
from voucherify_admin.ids import new_id
from voucherify_admin.notifications import actions as notifications

logger = logging.getLogger(__name__)

# So often a build whose worker died is begun again; after that something in it kills workers.
MAX_ATTEMPTS = 3
FOLDER = "exports"
TOO_MANY_ROWS = f"A sheet holds {MAX_ROWS:,} rows at the most, and these are more. Choose CSV, or narrow the filters."


class KeyReader:
    """Whoever holds a key, with the rights that the key's role has at this moment."""

    def __init__(self, key: ApiKey) -> None:
        self.permissions = permissions_of(key.role)

    def has_perm(self, permission: str) -> bool:
        return permission in self.permissions


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: Any) -> Self:
        """Narrow to a person's own exports; administrators see everyone's."""
        return self if user.has_perm("accounts.administer") else self.filter(owner=user)

    def of_key(self, key: ApiKey) -> Self:
        """Narrow to the exports that were asked for with this key; a key of administrators sees those of all keys."""
        by_api = self.filter(channel=Export.Channel.API)
        if "accounts.administer" in permissions_of(key.role):
            return by_api
        return by_api.filter(app_id=str(key.app_id))

    def without_a_worker(self, now: datetime) -> Self:
        """Narrow to those that wait too long for a worker, and those whose worker gives no sign of life."""
        long_ago = now - timedelta(seconds=settings.EXPORT_STALLED_SECONDS)
        waits_or_runs = Q(state__in=[Export.State.QUEUED, Export.State.RUNNING])
        return self.filter(waits_or_runs, heartbeat_at__lt=long_ago)

    def expire(self, now: datetime) -> None:
        """Take the files that are past their time off offer and delete them, and whatever dead builds left behind."""
        for export in self.filter(state=Export.State.DONE, expires_at__lte=now):
            export.expire()
        delete_orphans()


class Export(models.Model):
    """One file made, or being made, from a filtered list."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        EXPIRED = "expired", "Expired"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel (XLSX)"

    class Channel(models.TextChoices):
        WEBSITE = "WEBSITE", "Dashboard"
        API = "API", "API"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "exp_"))
    kind = models.CharField(max_length=40, help_text="A key of settings.EXPORTERS.")
    # The list's own query string, as it stood in the address bar. An export asked for by API has `parameters` instead.
    query = models.TextField(blank=True)
    # The zone in which the dates of `query` were meant, which may be another than that of the file.
    query_time_zone = models.CharField(max_length=64, default="UTC")
    # What `query` meant in words when it was asked: [[label, value], …].
    conditions = models.JSONField(default=list, blank=True)
    fields = models.JSONField(default=list, help_text="Column keys in the order wanted; metadata.<key> for metadata.")
    # The API's own parameters, echoed by GET /v1/exports/{id}.
    parameters = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    # The default stands in the database too, for workers of the version before.
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.CSV, db_default=Format.CSV)
    separator = models.CharField(max_length=1, default=",")
    with_bom = models.BooleanField(default=True)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="exports"
    )
    # For an export asked for by API: the key that may download it.
    app_id = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.WEBSITE)

    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    error = models.TextField(blank=True, help_text="Why it failed, for the person who asked.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(
        default=timezone.now, help_text="When it was last handed to the workers, then renewed by the one that writes."
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Which build of this export may finish it: a worker that was thought dead cannot overwrite its successor's file.
    attempt = models.PositiveSmallIntegerField(default=0)
    rows_expected = models.BigIntegerField(null=True, blank=True, help_text="The planner's estimate, or a count.")
    rows_written = models.BigIntegerField(default=0)
    size = models.BigIntegerField(null=True, blank=True, help_text="Bytes.")
    file = models.CharField(max_length=200, blank=True, help_text="Name in the storage; set once complete.")

    objects = ExportQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="export_newest"),
            models.Index(fields=["owner", "-created_at", "-id"], name="export_owner_newest"),
            models.Index(fields=["app_id", "-created_at", "-id"], name="export_key_newest"),
            models.Index(fields=["state", "heartbeat_at"], name="export_state"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    def get_absolute_url(self) -> str:
        return reverse("exports:detail", args=[self.public_id])

    # --- what a page says of it ---------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """What is in the file: “Redemptions”."""
        return label_of(self.kind)

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_downloadable(self) -> bool:
        """Whether there is a file on offer at this moment."""
        return self.state == self.State.DONE and bool(self.file) and not self.is_past(timezone.now())

    def is_past(self, now: datetime) -> bool:
        """Whether the time of the file is over at `now`, swept up or not."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def percent(self) -> int:
        """How much is written, 0 to 100. Never 100 before it is done: how many rows there are was an estimate."""
        if self.state == self.State.DONE:
            return 100
        if not self.rows_expected:
            return 0
        return min(99, self.rows_written * 100 // self.rows_expected)

    @property
    def filename(self) -> str:
        """The name that the downloaded file gets, `redemptions-2026-11-22-1530.csv`, in the file's time zone."""
        moment = self.created_at.astimezone(zoneinfo.ZoneInfo(self.time_zone))
        return f"{self.label.lower().replace(' ', '-')}-{moment:%Y-%m-%d-%H%M}.{self.format}"

    @property
    def content_type(self) -> str:
        """The file's media type."""
        if self.format == self.Format.XLSX:
            return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return "text/csv; charset=utf-8"

    # --- the story of its file ----------------------------------------------------------------------------------

    def build(self) -> None:
        """Write the file and offer it, or say why not; called by a worker, and harmless when called twice.

        Only the build that claimed the row last may finish it; any other deletes what it wrote and leaves.
        """
        if not self._claim():
            return
        try:
            written = self._write()
        except BrokenOffError:
            # Cancelled, deleted, or taken over by another worker: it is no longer this build's row.
            self._delete_file(self.attempt)
        except RefusedError as refusal:
            self.fail(str(refusal))
        except TooManyRowsError:
            self.fail(TOO_MANY_ROWS)
        except ApiError as error:
            self.fail(str(error.body.get("details", error)))
        except OSError as error:
            logger.exception("The file of export %s could not be stored", self.public_id)
            self.fail(f"The file could not be stored: {error.strerror or type(error).__name__}.")
        except Exception:
            logger.exception("Export %s failed", self.public_id)
            self.fail(f"An unexpected error stopped it. The server's log tells more under {self.public_id}.")
        else:
            self._publish(written)

    def _claim(self) -> bool:
        now = timezone.now()
        claimed = Export.objects.filter(pk=self.pk, state=self.State.QUEUED).update(
            state=self.State.RUNNING,
            attempt=F("attempt") + 1,
            started_at=now,
            heartbeat_at=now,
            rows_written=0,
            rows_expected=None,
        )
        if claimed:
            self.refresh_from_db()
        return bool(claimed)

    def _write(self) -> Written:
        exporter = get_exporter(self.kind)
        question = self.question()
        rows = exporter.rows(question)
        self._mine().update(rows_expected=exporter.about_how_many(question))
        if self.format == self.Format.XLSX:
            return write_sheet(
                exporter.statement(rows, question),
                exporter.header(question),
                exporter.kinds(question),
                name=self._file_name(self.attempt),
                beat=self._beat,
            )
        return write(
            exporter.statement(rows, question),
            exporter.header(question),
            name=self._file_name(self.attempt),
            separator=self.separator,
            with_bom=self.with_bom,
            beat=self._beat,
        )

    def _beat(self, rows_written: int) -> bool:
        """Say how far it is; answers False when this build has lost its row."""
        return bool(self._mine().update(rows_written=rows_written, heartbeat_at=timezone.now()))

    def _mine(self) -> ExportQuerySet:
        return Export.objects.filter(pk=self.pk, attempt=self.attempt, state=self.State.RUNNING)

    def _publish(self, written: Written) -> None:
        now = timezone.now()
        with transaction.atomic():
            won = self._mine().update(
                state=self.State.DONE,
                file=written.name,
                size=written.size,
                rows_written=written.rows,
                rows_expected=written.rows,
                finished_at=now,
                heartbeat_at=now,
                expires_at=now + timedelta(days=settings.EXPORT_RETENTION_DAYS),
            )
            if won:
                self._tell(
                    "export_ready",
                    f"Your export of {self.label.lower()} is ready",
                    f"{written.rows:,} rows. The file is kept for {settings.EXPORT_RETENTION_DAYS} days.",
                    reverse("exports:download", args=[self.public_id]),
                )
        if not won:
            default_storage.delete(written.name)
        for attempt in range(1, self.attempt):
            self._delete_file(attempt)

    def fail(self, reason: str) -> None:
        """End it without a file, with the reason in a sentence, and tell its owner; nothing if it is not ours."""
        with transaction.atomic():
            failed = Export.objects.filter(
                pk=self.pk, attempt=self.attempt, state__in=[self.State.QUEUED, self.State.RUNNING]
            ).update(state=self.State.FAILED, error=reason, finished_at=timezone.now())
            if failed:
                self._tell(
                    "export_failed",
                    f"Your export of {self.label.lower()} failed",
                    reason,
                    self.get_absolute_url(),
                )
        self._delete_files()

    def cancel(self) -> bool:
        """End it before it is done; the worker that writes it notices within a second or two and stops."""
        cancelled = Export.objects.filter(pk=self.pk, state__in=[self.State.QUEUED, self.State.RUNNING]).update(
            state=self.State.CANCELLED, finished_at=timezone.now()
        )
        return bool(cancelled)

    def rescue(self, now: datetime) -> bool:
        """Queue it again after its worker fell silent; give up after MAX_ATTEMPTS. Answers whether it is queued."""
        if self.state == self.State.RUNNING and self.attempt >= MAX_ATTEMPTS:
            self.fail(
                f"It was begun {self.attempt} times, and each time the worker that wrote it died. "
                "Narrow the filters or ask your administrator to look at the worker's log."
            )
            return False
        # The heartbeat is part of the condition: a worker that woke up in between keeps its row.
        unchanged = Export.objects.filter(pk=self.pk, state=self.state, heartbeat_at=self.heartbeat_at)
        return bool(unchanged.update(state=self.State.QUEUED, heartbeat_at=now))

    def expire(self) -> None:
        """Take the file off offer, then delete it; in this order, so that no offer is ever empty."""
        name = self.file
        if Export.objects.filter(pk=self.pk, state=self.State.DONE).update(state=self.State.EXPIRED, file=""):
            default_storage.delete(name)

    def remove(self) -> None:
        """Delete the row and its files. A worker that writes it notices and stops."""
        self.delete()
        self._delete_files()
        if self.file:
            default_storage.delete(self.file)

    # --- what was asked, by whom --------------------------------------------------------------------------------

    def question(self, *, reader: Any = None) -> Question:
        """What is to be exported, with the rights of `reader` (who has `has_perm`), or those that its owner has now.

        Raises RefusedError when the owner is no longer there.
        """
        return Question(
            reader=self._reader() if reader is None else reader,
            query=self.query,
            query_zone=zoneinfo.ZoneInfo(self.query_time_zone),
            filters=self.parameters.get("filters"),
            order=self.parameters.get("order") or "",
            fields=list(self.fields),
            zone=zoneinfo.ZoneInfo(self.time_zone),
            now=self.created_at,
            is_wire=self.channel == self.Channel.API,
            is_typed=self.format == self.Format.XLSX,
        )

    def _reader(self) -> Any:
        if self.channel == self.Channel.API:
            key = ApiKey.objects.filter(app_id=self.app_id, is_active=True).first()
            if key is None:
                raise RefusedError("The API key that asked for it is no longer active.")
            return KeyReader(key)
        if self.owner is None or not self.owner.is_active:
            raise RefusedError("The account that asked for it is no longer active.")
        return self.owner

    def _tell(self, kind: str, title: str, text: str, url: str) -> None:
        if self.owner is not None:
            notifications.notify([self.owner], kind=kind, title=title, text=text, url=url, about=self.public_id)

    # --- files --------------------------------------------------------------------------------------------------

    def _file_name(self, attempt: int) -> str:
        # Each attempt writes a file of its own, so that two of them never write into one.
        return f"{FOLDER}/{self.public_id}.{attempt}.{self.format}"

    def _delete_file(self, attempt: int) -> None:
        default_storage.delete(self._file_name(attempt))

    def _delete_files(self) -> None:
        for attempt in range(1, self.attempt + 1):
            self._delete_file(attempt)


def delete_orphans() -> None:
    """Delete files in the storage's folder that no export offers and no running build writes."""
    try:
        names = default_storage.listdir(FOLDER)[1]
    except (FileNotFoundError, NotImplementedError):
        return
    for batch in _batches(names, 500):
        ids = {name.partition(".")[0] for name in batch}
        kept = set()
        for public_id, file, state, attempt, suffix in Export.objects.filter(public_id__in=ids).values_list(
            "public_id", "file", "state", "attempt", "format"
        ):
            kept.add(file)
            if state == Export.State.RUNNING:
                kept.add(f"{FOLDER}/{public_id}.{attempt}.{suffix}")
        for name in batch:
            if f"{FOLDER}/{name}" not in kept:
                default_storage.delete(f"{FOLDER}/{name}")


def _batches(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


class Download(models.Model):
    """One download of an export's file: who and when, for the audit; stays when the export is deleted."""

    export = models.ForeignKey(Export, null=True, on_delete=models.SET_NULL, related_name="downloads")
    export_public_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    rows = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    user_login = models.CharField(max_length=150, blank=True)
    app_id = models.CharField(max_length=40, blank=True)
    ip_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="download_newest")]

    def __str__(self) -> str:
        return f"{self.export_public_id} by {self.user_login or self.app_id}"
