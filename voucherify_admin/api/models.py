"""Keys that may call the API, and the log of every call; knows objects that a call touched only by name."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils import timezone

from voucherify_admin.accounts.models import ADMINISTRATOR, ROLES
from voucherify_admin.ids import new_id


def hash_token(token: str) -> str:
    """Return the SHA-256 of a key's secret. The secret is 128 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def validate_origins(texts: list[str]) -> None:
    """Raise ValidationError unless all are origins as browsers send them: scheme, host, port, nothing else."""
    for text in texts:
        parts = urlsplit(text)
        address = f"{parts.scheme}://{parts.netloc}".lower()
        if parts.scheme not in ("http", "https") or not parts.netloc or text != address:
            raise ValidationError(
                f"“{text}” is no origin. Enter scheme and host in small letters, with no path, e.g. "
                "https://shop.example.com"
            )


class KeyPairQuerySet(models.QuerySet):
    def issue(self, **values: Any) -> tuple[Any, str]:
        """Create a key with these columns and return it with its secret, which is shown this once and never stored."""
        token = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        return self.create(**values, token_hash=hash_token(token), token_prefix=token[:4]), token

    def authenticate(self, app_id: str, token: str) -> Any:
        """Return the active key with this id and secret, or None."""
        try:
            key = self.filter(app_id=uuid.UUID(app_id), is_active=True).first()
        except ValueError:
            return None
        # Compared also when there is no such key, so that the time taken says nothing.
        stored = key.token_hash if key else hash_token("")
        return key if hmac.compare_digest(stored, hash_token(token)) and key else None


class KeyPair(models.Model):
    """An id and a secret, of which only the hash and four characters are kept."""

    app_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, editable=False)
    token_prefix = models.CharField(max_length=8, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    objects = KeyPairQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class ApiKey(KeyPair):
    """A key pair for servers (X-App-Id, X-App-Token) with a role."""

    role = models.CharField(max_length=20, choices=[(role, role) for role in ROLES], default=ADMINISTRATOR)

    class Meta(KeyPair.Meta):
        verbose_name = "API key"


class ClientKey(KeyPair):
    """A key pair for pages in a browser (X-Client-Application-Id, X-Client-Token).

    Whoever opens the page can read the pair, so it can do little, and only from the origins on its list.
    """

    origins = ArrayField(
        models.CharField(max_length=300),
        validators=[validate_origins],
        help_text="The addresses of the shop's pages, separated by commas, e.g. https://shop.example.com",
    )
    may_redeem = models.BooleanField(
        "client-side redemption", default=False, help_text="Without it the key can validate codes, but not redeem them."
    )
    may_publish = models.BooleanField(
        "client-side publication",
        default=False,
        help_text="Whoever opens the page can then take codes in the name of any customer id, and ask which codes "
        "an id was given from a campaign.",
    )

    # A page is no colleague: it has none of the roles' permissions.
    role = ""

    class Meta(KeyPair.Meta):
        verbose_name = "client-side key"


class ApiCallQuerySet(models.QuerySet["ApiCall"]):
    def touching(self, object_type: str, object_id: str) -> Self:
        """Narrow to the calls that touched one object, e.g. ("voucher", "SPRING-1")."""
        touches = CallTouch.objects.filter(object_type=object_type, object_id=object_id)
        return self.filter(pk__in=touches.values("call_id"))

    def log(self, call: "ApiCall", touched: Sequence[tuple[str, str]]) -> None:
        """Write a call and the objects (type and name) that it touched: one statement, so there is never half of it."""
        fields = [field for field in self.model._meta.concrete_fields if not field.primary_key]
        values = [field.get_db_prep_save(getattr(call, field.attname), connection) for field in fields]
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        marks = ", ".join(["%s"] * len(fields))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH call AS (INSERT INTO api_apicall ({columns}) VALUES ({marks}) RETURNING id, created_at)"  # noqa: S608
                " INSERT INTO api_calltouch (call_id, created_at, object_type, object_id)"
                " SELECT call.id, call.created_at, touched.kind, touched.name"
                " FROM call, UNNEST(%s::text[], %s::text[]) AS touched (kind, name)",
                [*values, [kind for kind, _ in touched], [name for _, name in touched]],
            )

    def ensure_partition(self, month: date) -> None:
        """Create the partition that takes the calls of `month`, if it is not there.

        Calls that came before their partition wait in the default one and are moved over.
        """
        start = month.replace(day=1)
        end = (start + timedelta(days=32)).replace(day=1)
        with connection.cursor() as cursor:
            for table in ("api_apicall", "api_calltouch"):
                cursor.execute("SELECT ensure_month_partition(%s, %s, %s)", [table, start, end])

    def drop_partitions_before(self, day: date) -> list[str]:
        """Drop the monthly partitions that end on or before `day`; return their names."""
        dropped = []
        with connection.cursor() as cursor:
            for table in ("api_apicall", "api_calltouch"):
                cursor.execute(
                    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table]
                )
                for (name,) in cursor.fetchall():
                    suffix = name.removeprefix(f"{table}_")
                    if not suffix.isdigit():
                        continue
                    start = datetime.strptime(suffix, "%Y%m").replace(tzinfo=UTC).date()
                    if (start + timedelta(days=32)).replace(day=1) <= day:
                        cursor.execute(f'DROP TABLE "{name}"')
                        dropped.append(name)
        return dropped


class ApiCall(models.Model):
    """One request to the API, or one act of staff on a voucher, with both bodies; secrets were redacted before.

    The table is partitioned by month, so that retention drops partitions. Nothing has a foreign key to it: the
    attempt behind a call and the call know each other by `request_id`.
    """

    created_at = models.DateTimeField()
    request_id = models.CharField(max_length=40)
    method = models.CharField(max_length=10)
    path = models.TextField()
    query = models.TextField(blank=True)
    # The route with its placeholders, e.g. /v1/vouchers/{code}/redemption; empty when no route matched.
    endpoint = models.CharField(max_length=200, blank=True)
    status = models.PositiveSmallIntegerField()
    duration_ms = models.PositiveIntegerField(help_text="Milliseconds until the answer was ready.")
    channel = models.CharField(max_length=100)
    app_id = models.CharField(max_length=40, blank=True)
    key_name = models.CharField(max_length=100, blank=True)
    user_login = models.CharField(max_length=150, blank=True)
    request_body = models.TextField(blank=True)
    request_body_cut = models.BooleanField(default=False)
    response_body = models.TextField(blank=True)
    response_body_cut = models.BooleanField(default=False)
    ip_address = models.GenericIPAddressField(null=True)
    origin = models.CharField(max_length=300, blank=True)
    user_agent = models.CharField(max_length=500, blank=True)
    is_replayed = models.BooleanField(
        default=False, db_default=False, help_text="Answered as the first call with the same Idempotency-Key."
    )

    objects = ApiCallQuerySet.as_manager()

    class Meta:
        verbose_name = "API call"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="call_newest"),
            models.Index(fields=["request_id"], name="call_request"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_success(self) -> bool:
        return self.status < 400


class CallTouch(models.Model):
    """An object that a call touched, by name, so that the object's page finds its calls after it is gone."""

    call_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    object_type = models.CharField(max_length=30)
    object_id = models.CharField(max_length=200)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "-created_at", "-call_id"], name="touch_object_newest"),
            models.Index(fields=["call_id"], name="touch_call"),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"


class IdempotentAnswerQuerySet(models.QuerySet["IdempotentAnswer"]):
    def claim(self, app_id: str, key: str, fingerprint: str, *, now: datetime) -> tuple["IdempotentAnswer", bool]:
        """Return the row of this key, and whether this call is the first with it (or the first after it ran out).

        While another transaction claims the same key, this waits until it is over.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO api_idempotentanswer (app_id, key, fingerprint, created_at, status, body, touched)"
                " VALUES (%s, %s, %s, %s, 0, '', '[]')"
                " ON CONFLICT (app_id, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,"
                " created_at = EXCLUDED.created_at WHERE api_idempotentanswer.created_at < %s RETURNING id",
                [app_id, key, fingerprint, now, self.kept_since(now)],
            )
            is_first = cursor.fetchone() is not None
        return self.get(app_id=app_id, key=key), is_first

    @staticmethod
    def kept_since(now: datetime) -> datetime:
        """Return the moment before which answers are forgotten."""
        return now - timedelta(hours=settings.IDEMPOTENCY_HOURS)


class IdempotentAnswer(models.Model):
    """What a call with an Idempotency-Key was answered, for whoever sends it again; keys belong to an API key."""

    app_id = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    # JSON as a text, which keeps the order of its properties.
    body = models.TextField()
    # What the call touched, so that the call that repeats it is found there too.
    touched = models.JSONField(default=list)

    objects = IdempotentAnswerQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_age")]
        constraints = [models.UniqueConstraint(fields=["app_id", "key"], name="one_answer_a_key")]

    def __str__(self) -> str:
        return self.key

    def keep(self, status: int, body: str, *, touched: list[tuple[str, str]]) -> None:
        """Keep the answer: its status and its body as JSON."""
        self.status, self.body, self.touched = status, body, touched
        self.save(update_fields=["status", "body", "touched"])


new_request_id = partial(new_id, "v-")
