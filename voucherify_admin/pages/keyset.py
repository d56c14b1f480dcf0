"""Pages of a list by position instead of by number: as quick on row ten million as on row one; counts nothing."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, F, Field, Func, Model, QuerySet, TextField, Value

MAX_CURSOR_LENGTH = 500


class BadCursorError(ValueError):
    """A cursor that this list did not make."""


class _Row(Func):
    """`ROW(a, b)`: PostgreSQL compares whole rows by one index, where an OR of columns would not."""

    function = "ROW"
    output_field = TextField()


class _Compare(Func):
    """`ROW(…) < ROW(…)`."""

    template = "(%(expressions)s)"
    output_field = BooleanField()
    conditional = True


def _beyond(keyset: Sequence[str], values: Sequence[Any], fields: Sequence[Field], operator: str) -> _Compare:
    return _Compare(
        _Row(*[F(name) for name in keyset]),
        _Row(*[Value(value, output_field=field) for value, field in zip(values, fields, strict=True)]),
        arg_joiner=f" {operator} ",
    )


def encode(values: Sequence[Any]) -> str:
    """The cursor for the row that has these values: unpadded base64url, safe in a URL."""
    text = json.dumps([None if value is None else _text(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def decode(cursor: str, fields: Sequence[Field]) -> list[Any]:
    """The values in `cursor`, one a field.

    Raises BadCursorError for whatever `encode` did not make for these fields.
    """
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise BadCursorError(cursor)
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise BadCursorError(cursor)
    if not isinstance(parts, list) or len(parts) != len(fields) or not all(isinstance(part, str) for part in parts):
        raise BadCursorError(cursor)
    values = []
    for part, field in zip(parts, fields, strict=True):
        try:
            value = field.to_python(part)
            # Validators know the column's range: a number past bigint is a bad cursor, not a database error.
            field.run_validators(value)
            if isinstance(value, datetime):
                # In UTC, for PostgreSQL reads fewer offsets than Python writes; a time without a zone names no moment.
                value = value.astimezone(UTC) if value.tzinfo else None
        except (ValidationError, ValueError, OverflowError):
            raise BadCursorError(cursor)
        if value is None or "\x00" in part:
            raise BadCursorError(cursor)
        values.append(value)
    return values


@dataclass(frozen=True)
class KeysetPage:
    """One page of rows, newest first, with the cursors of its neighbours (None where there is none)."""

    rows: list[Any]
    older: str | None = None
    newer: str | None = None
    first: str | None = None

    @property
    def has_other_pages(self) -> bool:
        return bool(self.older or self.newer)


def _fields(model: type[Model], keyset: Sequence[str]) -> list[Field]:
    fields = []
    for name in keyset:
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        if not isinstance(field, Field):
            raise FieldDoesNotExist(name)
        fields.append(field)
    return fields


def paginate(
    queryset: QuerySet,
    *,
    keyset: Sequence[str] = ("created_at", "id"),
    after: str | None = None,
    before: str | None = None,
    size: int = 50,
) -> KeysetPage:
    """The `size` rows that follow the cursor `after` or precede `before`, in descending order of `keyset`.

    The last name of `keyset` must be unique, else rows with equal values could be lost between pages. One query (two
    where `before` reaches the top of the list, for the top page is always a full one). Raises BadCursorError.
    """
    fields = _fields(queryset.model, keyset)
    if before and not after:
        rows = _fetch(queryset, keyset, size, beyond=_beyond(keyset, decode(before, fields), fields, ">"), upwards=True)
        if len(rows) > size:
            rows = rows[:size][::-1]
            return _page(rows, keyset, older=True, newer=True)
    beyond = _beyond(keyset, decode(after, fields), fields, "<") if after else None
    rows = _fetch(queryset, keyset, size, beyond=beyond, upwards=False)
    return _page(rows[:size], keyset, older=len(rows) > size, newer=bool(after))


def newer(queryset: QuerySet, cursor: str, *, keyset: Sequence[str] = ("created_at", "id")) -> QuerySet:
    """The rows that stand above the cursor's row. Raises BadCursorError."""
    fields = _fields(queryset.model, keyset)
    return queryset.filter(_beyond(keyset, decode(cursor, fields), fields, ">"))


def _fetch(
    queryset: QuerySet, keyset: Sequence[str], size: int, *, beyond: _Compare | None, upwards: bool
) -> list[Any]:
    if beyond is not None:
        queryset = queryset.filter(beyond)
    order = keyset if upwards else [f"-{name}" for name in keyset]
    return list(queryset.order_by(*order)[: size + 1])


def _page(rows: list[Any], keyset: Sequence[str], *, older: bool, newer: bool) -> KeysetPage:
    if not rows:
        return KeysetPage([])
    first, last = (encode([getattr(row, name) for name in keyset]) for row in (rows[0], rows[-1]))
    return KeysetPage(rows, older=last if older else None, newer=first if newer else None, first=first)
