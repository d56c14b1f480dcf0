"""Who is told of which events, and each delivery with what came of it; knows an event only as its body."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from voucherify_admin.accounts.models import User
from voucherify_admin.ids import new_id
from voucherify_admin.notifications import actions as notifications
from voucherify_admin.notifications.models import Notification
from voucherify_admin.webhooks import sending
from voucherify_admin.webhooks.events import EVENTS, Told
from voucherify_admin.webhooks.sending import Outcome

SIGNATURE_HEADER = "x-voucherify-signature"
# The first attempt and twelve more, 1, 2, 4, … minutes later, a day at the most: as Voucherify does.
MOST_ATTEMPTS = 13
LONGEST_WAIT = timedelta(hours=24)
# So long an attempt may take before another worker may begin one; longer than the sending itself can.
LEASE = timedelta(seconds=60)
# So long a task goes on delivering before it lets others have the worker.
BATCH_SECONDS = 20
# First half of the advisory lock's key; the second is the target.
LOCK = 0x57_48


def _new_nonce() -> str:
    return secrets.token_hex(16)


class TargetQuerySet(models.QuerySet["Target"]):
    def listening(self, events: Iterable[str]) -> Self:
        """Narrow to the active targets that are to be told of one of these events."""
        return self.filter(is_active=True, events__overlap=sorted(events))


class Target(models.Model):
    """An address that is told of events. Its secret is derived from SECRET_KEY and a nonce, and stored nowhere."""

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "wh_"))
    name = models.CharField(max_length=100)
    url = models.CharField("address", max_length=2000)
    events = ArrayField(models.CharField(max_length=60), default=list)
    is_active = models.BooleanField("active", default=True)
    nonce = models.CharField(max_length=40, default=_new_nonce, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Since when deliveries are given up: administrators were told then, and are not again until one arrives.
    given_up_at = models.DateTimeField(null=True, editable=False)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook"
        indexes = [models.Index(fields=["-created_at", "-id"], name="webhook_target_newest")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("webhooks:detail", args=[self.public_id])

    @property
    def secret(self) -> str:
        """The key of the signatures. It changes with SECRET_KEY and with `renew_secret`."""
        derived = salted_hmac("voucherify_admin.webhooks.secret", f"{self.public_id}:{self.nonce}", algorithm="sha256")
        return f"whsec_{derived.hexdigest()}"

    def renew_secret(self) -> None:
        """Make the old secret invalid at once."""
        self.nonce = _new_nonce()
        self.save(update_fields=["nonce"])

    def signature(self, body: bytes) -> str:
        """Return the hex HMAC-SHA256 of the body."""
        return hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def deliver_due(self, *, now: datetime | None = None) -> bool:
        """Send what is due to this target, oldest first, one after the other; answers whether some is left.

        One worker at a time speaks to a target, and when it cannot be reached turns to other things: a receiver that
        is down costs one attempt a round, not one for each event that waits for it.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, self.pk % 2**31])
            if not cursor.fetchone()[0]:
                return False
        end = time.monotonic() + BATCH_SECONDS
        try:
            while time.monotonic() < end:
                delivery = self.deliveries.due(now or timezone.now()).order_by("next_attempt_at", "pk").first()
                if delivery is None:
                    return False
                outcome = delivery.attempt(now=now)
                if outcome is None or outcome.status is None:
                    return False
            return True
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, self.pk % 2**31])


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> Self:
        """Narrow to what is to be sent now."""
        return self.filter(state=Delivery.State.PENDING, next_attempt_at__lte=now, target__is_active=True)

    def about(self, public_id: str) -> Self:
        """Narrow to those that a page about this row shows: told of it itself, or of what came of it."""
        return self.filter(Q(entity_id=public_id) | Q(subject_id=public_id))

    def past_retention(self, now: datetime) -> Self:
        """Narrow to those that have ended and are older than they are kept."""
        old = now - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)
        return self.exclude(state=Delivery.State.PENDING).filter(created_at__lt=old)


class Delivery(models.Model):
    """One event for one target: what is sent, how often it was tried, what was answered last. Written with the event.

    A receiver may get it more than once, always under the same id.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "Waiting"
        DELIVERED = "DELIVERED", "Delivered"
        FAILED = "FAILED", "Failed"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "whs_"))
    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event_id = models.CharField(max_length=40)
    event_type = models.CharField(max_length=60, choices=EVENTS)
    entity_id = models.CharField(max_length=40, help_text="What it tells of: a redemption, a voucher, a customer …")
    subject_id = models.CharField(max_length=40, blank=True, help_text="The redemption whose page shows it too.")
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_body = models.TextField(blank=True, help_text="Its beginning.")
    error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
            models.Index(fields=["target", "-created_at", "-id"], name="delivery_target_newest"),
            models.Index(
                fields=["target", "next_attempt_at"], condition=models.Q(state="PENDING"), name="delivery_due"
            ),
            models.Index(fields=["entity_id"], name="delivery_entity"),
            models.Index(fields=["subject_id"], condition=~models.Q(subject_id=""), name="delivery_subject"),
        ]

    def __str__(self) -> str:
        return self.public_id

    def get_absolute_url(self) -> str:
        return reverse("webhooks:delivery", args=[self.public_id])

    @classmethod
    def of(cls, target: Target, event: dict[str, Any], told: Told, now: datetime) -> Self:
        """Return the delivery of an event to a target, not saved yet. The envelope is Voucherify's."""
        delivery = cls(
            target=target,
            event_id=event["id"],
            event_type=event["type"],
            entity_id=told.entity_id,
            subject_id=told.subject_id,
            created_at=now,
            next_attempt_at=now,
        )
        envelope = {
            "id": delivery.public_id,
            "project_id": "proj_dashboard",
            "created_at": event["created_at"],
            "type": event["type"],
            "data": told.data,
            "source": {"id": target.public_id, "object": "webhook", "target_url": target.url},
            "event": event,
        }
        delivery.body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"), default=str)
        return delivery

    @property
    def headers(self) -> dict[str, str]:
        """What is sent beside the body."""
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Redemption-Dashboard-Webhooks",
            SIGNATURE_HEADER: self.target.signature(self.body.encode()),
        }

    def attempt(self, *, now: datetime | None = None) -> Outcome | None:
        """Send it once if it is due, note what came of it and answer it; None when it is not due.

        Harmless when two begin at once: the second finds it claimed. A worker that dies in between leaves the claim,
        which ends after LEASE.
        """
        now = now or timezone.now()
        mine = Delivery.objects.filter(pk=self.pk, state=self.State.PENDING)
        if not mine.filter(next_attempt_at__lte=now).update(
            next_attempt_at=now + LEASE, last_attempt_at=now, attempts=F("attempts") + 1
        ):
            return None
        self.refresh_from_db()
        outcome = sending.post(
            self.target.url, self.body.encode(), self.headers, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE
        )
        if outcome.is_success:
            self.state, self.next_attempt_at = self.State.DELIVERED, None
        elif self.attempts >= MOST_ATTEMPTS:
            self.state, self.next_attempt_at = self.State.FAILED, None
        else:
            self.next_attempt_at = now + wait_after(self.attempts)
        with transaction.atomic():
            # Only where nobody pressed “Send again” meanwhile.
            noted = mine.filter(attempts=self.attempts).update(
                state=self.state,
                next_attempt_at=self.next_attempt_at,
                duration_ms=outcome.milliseconds,
                response_status=outcome.status,
                response_body=outcome.body,
                error=outcome.error,
            )
            if noted and self.state == self.State.FAILED:
                self._tell_given_up(outcome.error, now)
            elif outcome.is_success and self.target.given_up_at is not None:
                Target.objects.filter(pk=self.target_id).update(given_up_at=None)
        return outcome

    def _tell_given_up(self, trouble: str, now: datetime) -> None:
        """Tell those who look after webhooks that this one does not arrive; once a target until one arrives."""
        if not Target.objects.filter(pk=self.target_id, given_up_at=None).update(given_up_at=now):
            return
        users = User.objects.with_perm("webhooks.change_target", backend="django.contrib.auth.backends.ModelBackend")
        notifications.notify(
            users,
            kind=Notification.Kind.WEBHOOK_FAILED,
            title=f"{self.target} does not receive its webhooks"[:200],
            text=f"{self.event_type} was given up after {self.attempts} attempts. {trouble} "
            "You are not told again until a delivery to this address arrives.",
            url=self.get_absolute_url(),
            about=self.public_id,
        )

    def send_again(self, *, now: datetime) -> None:
        """Make it due at once with all its attempts before it; the receiver sees the same id and body."""
        Delivery.objects.filter(pk=self.pk).update(
            state=self.State.PENDING, attempts=0, next_attempt_at=now, error="", response_status=None, response_body=""
        )


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that failed: 1, 2, 4, … minutes, a day at the most."""
    return min(timedelta(minutes=2 ** (attempts - 1)), LONGEST_WAIT)
