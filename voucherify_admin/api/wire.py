"""The types that bodies, queries and answers are made of; knows no endpoint and no model.

Values are taken as they are: a text "5" is no number and true is no 1.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from voucherify_admin.api.errors import ErrorOut, not_found

MAX_CENTS = 10**15
MAX_COUNT = 2**31 - 1

Row = TypeVar("Row", bound=Model)


def iso(moment: datetime | None) -> str | None:
    """Return Voucherify's form of a moment, e.g. 2022-11-18T12:30:32.622Z; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def errors(*statuses: int) -> dict[int, type[ErrorOut]]:
    """Return the part of `response=` that declares the errors of an operation; those of every call are among them."""
    return dict.fromkeys((*statuses, 401, 403, 429), ErrorOut)


def found(rows: QuerySet[Row], resource_type: str, asked: str) -> Row:
    """Return the first of `rows`; raise ApiError 404, naming what was asked for, when there is none."""
    # No column holds a NUL, and PostgreSQL refuses to be asked for one.
    row = None if "\x00" in asked else rows.first()
    if row is None:
        raise not_found(resource_type, asked)
    return row


def _moment(value: Any) -> datetime:
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
        if moment is None and isinstance(value, str) and (day := parse_date(value)):
            moment = datetime.combine(day, time.min)
        if moment is not None:
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("datetime_parsing", "should be an ISO 8601 date-time")


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and (day := parse_date(value[:10])):
            return day
    except ValueError:
        pass
    raise PydanticCustomError("date_parsing", "should be a date such as 1990-12-31")


def _query_text(value: str) -> str | None:
    if "\x00" in value:
        raise ValueError("holds a character that no value has (NUL)")
    # Voucherify's Python SDK sends the text None for what is not set.
    return None if value in ("", "None") else value


def _plain(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("must not hold control characters")
    return value


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation")
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"}, mode="validation")]
Cents = Annotated[StrictInt, Field(gt=0, le=MAX_CENTS, description="Whole cents.")]
Count = Annotated[StrictInt, Field(ge=1, le=MAX_COUNT)]
Short = Annotated[StrictStr, Field(max_length=100)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Long = Annotated[StrictStr, Field(max_length=20_000)]
Metadata = Annotated[dict[str, Any], Field(description="Your own keys and values.", examples=[{"till": "Berlin 3"}])]

# What an answer holds: written already, only described.
Timestamp = Annotated[str, Field(examples=["2024-01-31T12:30:32.622Z"], json_schema_extra={"format": "date-time"})]
QueryText = Annotated[str, AfterValidator(_query_text)]


def example(value: dict[str, Any]) -> ConfigDict:
    """Return the `model_config` of a body whose page in the reference shows `value`, ready to be tried out."""
    return ConfigDict(json_schema_extra={"example": value})


class BodyIn(BaseModel):
    """A body: unknown properties are ignored, an explicit null means absent."""

    model_config = ConfigDict(extra="ignore")


class ListQuery(BaseModel):
    """What every list can be asked; `lists.window` and `lists.ordering` read and check it."""

    model_config = ConfigDict(extra="ignore")

    limit: Annotated[
        Any, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100, "default": 10, "title": "Limit"})
    ] = None
    page: Annotated[Any, WithJsonSchema({"type": "integer", "minimum": 1, "default": 1, "title": "Page"})] = None
    order: Annotated[
        QueryText | None, Field(description="A field, with `-` before it for descending. Newest first by default.")
    ] = None
