"""What was asked to be done by a worker, how far it is and what came of it; knows the work only through its Job."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from voucherify_admin.async_actions.job import Job, RefusedError, get_job
from voucherify_admin.ids import new_id
from voucherify_admin.notifications import actions as notifications
from voucherify_admin.notifications.models import Notification

logger = logging.getLogger(__name__)

# So often in a row a worker may die without getting one step further; after that something in it kills workers.
MAX_DEATHS = 3


class LostError(Exception):
    """The action is no longer this worker's: another one took it over, or it has ended."""


class AsyncActionQuerySet(models.QuerySet["AsyncAction"]):
    def without_a_worker(self, now: datetime) -> Self:
        """Narrow to those that wait too long for a worker, and those whose worker gives no sign of life."""
        long_ago = now - timedelta(seconds=settings.ASYNC_ACTION_STALLED_SECONDS)
        waits_or_runs = Q(status__in=[AsyncAction.Status.ENQUEUED, AsyncAction.Status.IN_PROGRESS])
        return self.filter(waits_or_runs, heartbeat_at__lt=long_ago)

    def about(self, subject_type: str, subject_id: str) -> Self:
        """Narrow to those that wait or run, and work on one subject."""
        under_way = [AsyncAction.Status.ENQUEUED, AsyncAction.Status.IN_PROGRESS]
        return self.filter(status__in=under_way, subject_type=subject_type, subject_id=subject_id)

    def under_way_on(self, subject_type: str, subject_ids: list[str]) -> set[str]:
        """Return those of the subjects (a campaign's public id, say) that an action is at work on."""
        rows = self.filter(
            status__in=[AsyncAction.Status.ENQUEUED, AsyncAction.Status.IN_PROGRESS],
            subject_type=subject_type,
            subject_id__in=subject_ids,
        )
        return set(rows.values_list("subject_id", flat=True))


class AsyncAction(models.Model):
    """One piece of work for a worker, cut into steps that are each done once, whoever dies in between."""

    class Status(models.TextChoices):
        ENQUEUED = "ENQUEUED", "Queued"
        IN_PROGRESS = "IN_PROGRESS", "Running"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "aa_"))
    type = models.CharField(max_length=60, help_text="A key of settings.ASYNC_ACTIONS.")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ENQUEUED)
    # What the job needs to know, as its app wrote it.
    parameters = models.JSONField(default=dict, blank=True)
    # The uploaded input: its name in the storage until the action has ended, and what the person called it.
    file = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    # What it works on, e.g. ("campaign", "camp_…").
    subject_type = models.CharField(max_length=30, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)

    total = models.BigIntegerField(default=0, help_text="Rows of the input, or codes wanted.")
    position = models.BigIntegerField(default=0, help_text="How many of them are behind it.")
    done_count = models.BigIntegerField(default=0)
    failed_count = models.BigIntegerField(default=0)
    message = models.TextField(blank=True, help_text="What came of it, for the person who asked.")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    app_id = models.CharField(max_length=40, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(
        default=timezone.now, help_text="When it was last handed to the workers, then renewed by each step."
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    # Which run may go on with it: a worker that was thought dead finds another number here and leaves.
    attempt = models.PositiveIntegerField(default=0)
    # Runs since the last step that was done.
    deaths = models.PositiveSmallIntegerField(default=0)

    objects = AsyncActionQuerySet.as_manager()

    class Meta:
        verbose_name = "asynchronous action"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="async_action_newest"),
            models.Index(fields=["type", "-created_at", "-id"], name="async_action_type_newest"),
            models.Index(
                fields=["subject_type", "subject_id"],
                condition=Q(status__in=["ENQUEUED", "IN_PROGRESS"]),
                name="async_action_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"

    def get_absolute_url(self) -> str:
        # The page stands in a room above: where work is asked for, it is watched.
        return reverse("imports:detail", args=[self.public_id])

    @property
    def label(self) -> str:
        """What it does, in words: “Import of vouchers”."""
        return get_job(self.type).label if self.type in settings.ASYNC_ACTIONS else self.type

    @property
    def done_word(self) -> str:
        """What is done with its rows: “created”."""
        return get_job(self.type).done_word if self.type in settings.ASYNC_ACTIONS else "done"

    @property
    def is_under_way(self) -> bool:
        return self.status in (self.Status.ENQUEUED, self.Status.IN_PROGRESS)

    @property
    def percent(self) -> int:
        """How much is behind it, 0 to 100; 100 only when it is done."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, self.position * 100 // self.total) if self.total else 0

    @property
    def operation_status(self) -> str:
        """Voucherify's word for what came of it: SUCCESS, FAILED, or UNKNOWN while it runs."""
        if self.is_under_way:
            return "UNKNOWN"
        nothing_worked = self.failed_count and not self.done_count
        return "FAILED" if self.status == self.Status.FAILED or nothing_worked else "SUCCESS"

    def run(self) -> None:
        """Do it, step by step; called by a worker, and harmless when called twice or by two at once."""
        if not self._claim():
            return
        try:
            job = get_job(self.type)(self)
            while not self._step(job):
                pass
        except LostError:
            return
        except (OperationalError, InterfaceError):
            # The database went away: nobody can be told now. What was done stands, and the rescue goes on from there.
            raise
        except RefusedError as refusal:
            self.fail(str(refusal))
        except Exception:
            logger.exception("Asynchronous action %s failed", self.public_id)
            self.fail(f"An unexpected error stopped it. The server's log tells more under {self.public_id}.")
        self._delete_file()

    def _claim(self) -> bool:
        now = timezone.now()
        claimed = AsyncAction.objects.filter(pk=self.pk, status=self.Status.ENQUEUED).update(
            status=self.Status.IN_PROGRESS,
            attempt=F("attempt") + 1,
            deaths=F("deaths") + 1,
            started_at=self.started_at or now,
            heartbeat_at=now,
        )
        if claimed:
            self.refresh_from_db()
        return bool(claimed)

    def _step(self, job: Job) -> bool:
        """Run one step and note it in the same transaction; answers whether it was the last."""
        with transaction.atomic():
            # The lock is the sign of life while the step runs: `rescue` passes over rows that are locked.
            row = (
                AsyncAction.objects.select_for_update()
                .filter(pk=self.pk, attempt=self.attempt, status=self.Status.IN_PROGRESS)
                .first()
            )
            if row is None:
                raise LostError
            step = job.step(row.position, now=timezone.now())
            ActionRow.objects.bulk_create(
                [
                    ActionRow(action=row, number=each.number, name=each.name[:200], error=each.error)
                    for each in step.rows
                ],
                batch_size=2000,
            )
            now = timezone.now()
            row.position = step.position
            row.done_count += step.done
            row.failed_count += sum(bool(each.error) for each in step.rows)
            row.heartbeat_at = now
            row.deaths = 0
            fields = ["position", "done_count", "failed_count", "heartbeat_at", "deaths"]
            if step.is_last:
                row.status, row.finished_at, row.message = self.Status.DONE, now, _summary(row, job)
                fields += ["status", "finished_at", "message"]
            row.save(update_fields=fields)
            if step.is_last:
                row._tell()
        return step.is_last

    def fail(self, reason: str) -> None:
        """End it with the reason in a sentence; nothing if it is no longer this run's."""
        with transaction.atomic():
            mine = AsyncAction.objects.filter(
                pk=self.pk, attempt=self.attempt, status__in=[self.Status.ENQUEUED, self.Status.IN_PROGRESS]
            )
            if mine.update(status=self.Status.FAILED, message=reason, finished_at=timezone.now()):
                self.status, self.message = self.Status.FAILED, reason
                self._tell()

    def _tell(self) -> None:
        """Tell the person who asked, if it was one, that it has ended and how."""
        if self.owner is None:
            return
        failed = self.operation_status == "FAILED"
        file = f": {self.file_name}" if self.file_name else ""
        notifications.notify(
            [self.owner],
            kind=Notification.Kind.ACTION_FAILED if failed else Notification.Kind.ACTION_DONE,
            title=f"{self.label} {'failed' if failed else 'done'}{file}",
            text=self.message,
            url=self.get_absolute_url(),
            about=self.public_id,
        )

    def rescue(self, now: datetime) -> bool:
        """Queue it again after its worker fell silent; give up after MAX_DEATHS. Answers whether it is queued."""
        with transaction.atomic():
            silent = AsyncAction.objects.without_a_worker(now).filter(pk=self.pk)
            row = silent.select_for_update(skip_locked=True).first()
            if row is None:
                return False
            if row.status == self.Status.IN_PROGRESS and row.deaths >= MAX_DEATHS:
                row.fail(
                    f"It was begun {row.deaths} times at the same place, and each time the worker died. "
                    "Ask your administrator to look at the worker's log."
                )
                row._delete_file()
                return False
            row.status, row.heartbeat_at = self.Status.ENQUEUED, now
            row.save(update_fields=["status", "heartbeat_at"])
        return True

    def _delete_file(self) -> None:
        if self.file:
            default_storage.delete(self.file)

    def result(self, *, most: int) -> dict[str, Any]:
        """Return what came of it, with the first `most` rows that failed."""
        failed = self.rows.exclude(error="").order_by("number").values_list("number", "name", "error")[:most]
        return {
            "message": self.message,
            "failed": [{"row": number, "code": name, "message": error} for number, name, error in failed],
            "done_count": self.done_count,
            "failed_count": self.failed_count,
        }


def _summary(action: AsyncAction, job: Job) -> str:
    text = f"{action.done_count:,} of {action.total:,} were {job.done_word}."
    return f"{text} {action.failed_count:,} could not be used." if action.failed_count else text


class ActionRow(models.Model):
    """What came of one row of an action's input. Written with the row's own effect, in one transaction."""

    action = models.ForeignKey(AsyncAction, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField(help_text="1 is the first row after the header.")
    name = models.CharField(max_length=200, blank=True, help_text="The code.")
    error = models.TextField(blank=True, help_text="What is wrong with it; empty: it is done.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["action", "number"], name="one_result_a_row")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
