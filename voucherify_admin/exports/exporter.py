"""What can be exported of a list and how a cell is written, all of it as SQL; knows no list and no file by itself."""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import EmptyResultSet, ImproperlyConfigured
from django.db.models import DecimalField, Expression, F, Func, Q, QuerySet, TextField, Value
from django.http import QueryDict
from django.utils import timezone
from django.utils.module_loading import import_string

from voucherify_admin.api import lists
from voucherify_admin.api.errors import ApiError
from voucherify_admin.pages.filters import BaseFilter, Chip

METADATA = "metadata."
MAX_FIELDS = 100
UTC = zoneinfo.ZoneInfo("UTC")
MAX_METADATA_KEY = 200

# A spreadsheet takes a cell for a formula when it begins with one of = + - @ (or their wide forms), with or without
# blanks before it, and drops a leading TAB, CR or LF before it looks. An apostrophe in front makes it text. What is
# nothing but a number, or a phone number in groups of digits, computes nothing and stays as it is: `-12.50`,
# `+48123456789`, `+48 123 456 789`; `+48-123` would be a subtraction, and is guarded.
_HARMLESS = r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]{1,3})?$|\+[0-9]+( [0-9]+)*$"
_BLANK = r"\u0001-\u0020\u007f\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff"
_FORMULA = rf"[{_BLANK}]*[-=+@\uff1d\uff0b\uff0d\uff20\u2212]|[\t\r\n]"
GUARD = rf"^(?!{_HARMLESS})(?={_FORMULA})"


class RefusedError(Exception):
    """The export cannot be made; the text says why, for the person who asked."""


class Text(Func):
    """An expression as text without NULL's empty string, guarded against being taken for a formula."""

    output_field = TextField()

    def __init__(self, expression: Any) -> None:
        super().__init__(expression, Value(GUARD), Value("'"))

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        source, guard, mark = (compiler.compile(each) for each in self.source_expressions)
        text = f"({source[0]})::text"
        # What begins with a letter or a digit is no formula; asking that first spares most cells the expression.
        sql = (
            f"NULLIF(CASE WHEN ascii({text}) BETWEEN 48 AND 57 OR ascii({text}) BETWEEN 65 AND 126 THEN {text} "
            f"ELSE regexp_replace({text}, {guard[0]}, {mark[0]}) END, '')"
        )
        return sql, [*source[1], *source[1], *source[1], *source[1], *guard[1], *mark[1]]


class JsonText(Func):
    """What stands under `path` in a JSON column, as text; NULL where there is nothing."""

    function = "jsonb_extract_path_text"
    output_field = TextField()

    def __init__(self, column: str, *path: str) -> None:
        super().__init__(F(column), *[Value(part) for part in path])


class ListText(Func):
    """The items of the list in a JSON column as one text, with commas; NULL where there is no list, or an empty one."""

    template = (
        "CASE WHEN jsonb_typeof(%(expressions)s) = 'array' THEN (SELECT string_agg(item, ', ' ORDER BY place) "
        "FROM jsonb_array_elements_text(%(expressions)s) WITH ORDINALITY AS listed (item, place)) END"
    )
    output_field = TextField()


class JsonNumber(Func):
    """The number under `key` of a JSON column; NULL where there is nothing, or no number."""

    output_field = DecimalField()

    def __init__(self, column: Any, key: Any) -> None:
        super().__init__(F(column) if isinstance(column, str) else column, Value(key) if isinstance(key, str) else key)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        column, key = (compiler.compile(each) for each in self.source_expressions)
        sql = (
            f"CASE WHEN jsonb_typeof(jsonb_extract_path({column[0]}, {key[0]})) = 'number' "
            f"THEN jsonb_extract_path_text({column[0]}, {key[0]})::numeric END"
        )
        return sql, [*column[1], *key[1], *column[1], *key[1]]


def nothing() -> Expression:
    """What this installation never has, for callers who ask for the column all the same."""
    return Value(None, output_field=TextField())


class LocalTime(Func):
    """A moment in a time zone, as spreadsheets read it: `2026-11-22 15:30:00`."""

    output_field = TextField()

    def __init__(self, expression: Any, zone: Any, pattern: Any) -> None:
        super().__init__(expression, zone, pattern)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        moment, zone, pattern = (compiler.compile(each) for each in self.source_expressions)
        return f"to_char(timezone({zone[0]}, {moment[0]}), {pattern[0]})", [*zone[1], *moment[1], *pattern[1]]


class WholeUnits(Func):
    """Cents as an amount with two decimals: 3800 as 38.00."""

    template = "round(%(expressions)s / 100.0, 2)"


@dataclass(frozen=True)
class Column:
    """One column: its label, the value as an expression (or a field's name), and how it is written.

    `time` is written in the export's time zone, `money` (cents) as an amount on pages and as cents on the API.
    `permission` is needed to have it at all; `is_offered` says whether pages show it (the API knows all columns).
    """

    label: str
    expression: Expression | str
    kind: Literal["text", "number", "money", "time", "json"] = "text"
    permission: str | None = None
    is_offered: bool = True


@dataclass(frozen=True)
class Question:
    """What is to be exported and for whom. Of an export asked for by API `filters` and `order` count, else `query`.

    `reader` has `has_perm`; `query_zone` is the zone in which the dates of `query` are meant, `zone` the file's;
    `now` (aware) is the moment from which "the last 24 hours" count back.
    """

    reader: Any
    query: str = ""
    query_zone: zoneinfo.ZoneInfo = UTC
    filters: Any = None
    order: str = ""
    fields: list[str] = field(default_factory=list)
    zone: zoneinfo.ZoneInfo = UTC
    now: datetime | None = None
    is_wire: bool = False


class Exporter:
    """The base of every exporter: a list's rows and columns, told by attributes."""

    kind: str
    label: str
    # Who may not see the list may not export it.
    permission: str
    filterset_class: type[BaseFilter]
    ordering: Sequence[str] = ("-created_at", "-id")
    columns: Mapping[str, Column]
    default_fields: Sequence[str]
    metadata_field: str | None = "metadata"
    # On the API: names of §6.3, the default of `fields`, the names that `order` takes, the filters' columns.
    wire_default_fields: Sequence[str]
    wire_order: Mapping[str, str] = {"id": "id", "created_at": "created_at"}
    wire_filters: Mapping[str, tuple[str, str]] = {}

    def get_queryset(self) -> QuerySet:
        """All rows that the list can show."""
        raise NotImplementedError

    # --- columns ------------------------------------------------------------------------------------------------

    def offered(self, reader: Any) -> dict[str, Column]:
        """The columns that a page offers to this person."""
        return {
            key: column
            for key, column in self.columns.items()
            if column.is_offered and (column.permission is None or reader.has_perm(column.permission))
        }

    def column(self, key: str) -> Column | None:
        """The column of a key, `metadata.<key>` among them; None when there is no such column."""
        if key in self.columns:
            return self.columns[key]
        name = key.removeprefix(METADATA)
        if self.metadata_field is None or name == key or not 0 < len(name) <= MAX_METADATA_KEY or "\x00" in name:
            return None
        return Column(key, JsonText(self.metadata_field, name))

    def unknown_fields(self, fields: Iterable[str], reader: Any) -> list[str]:
        """Those of `fields` that do not exist or that `reader` may not have; one looks like the other."""
        unknown = []
        for key in fields:
            column = self.column(key)
            if column is None or not (column.permission is None or reader.has_perm(column.permission)):
                unknown.append(key)
        return unknown

    def header(self, question: Question) -> list[str]:
        """The header row: labels, on pages with the unit of money and the zone of times."""
        return [self._label(self._known(key), question) for key in question.fields]

    def _known(self, key: str) -> Column:
        column = self.column(key)
        if column is None:
            raise RefusedError(f"There is no field “{key}”.")
        return column

    def _label(self, column: Column, question: Question) -> str:
        if question.is_wire:
            return column.label
        if column.kind == "money":
            return f"{column.label} ({settings.CURRENCY})"
        if column.kind == "time":
            return f"{column.label} ({question.zone})"
        return column.label

    def _expression(self, column: Column, question: Question) -> Expression:
        value = F(column.expression) if isinstance(column.expression, str) else column.expression
        if column.kind == "number":
            return value
        if column.kind == "money":
            return value if question.is_wire else WholeUnits(value)
        if column.kind == "time":
            pattern = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' if question.is_wire else "YYYY-MM-DD HH24:MI:SS"
            return LocalTime(value, Value(str(question.zone)), Value(pattern))
        return Text(value)

    # --- rows ---------------------------------------------------------------------------------------------------

    def filterset(self, question: Question) -> BaseFilter:
        """The list's own filter over the list's own rows, read in the zone in which it was asked."""
        return self.filterset_class(
            QueryDict(question.query),
            self.get_queryset(),
            request=SimpleNamespace(user=question.reader, GET=QueryDict(question.query)),
            user=question.reader,
            now=question.now or timezone.now(),
        )

    def rows(self, question: Question) -> QuerySet:
        """The rows that were asked for, in the list's order. Raises RefusedError for whatever this reader may not have
        and for a filter that cannot be understood: never are there more rows than were asked for."""
        self.check_rights(question)
        if question.is_wire:
            return self._wire_rows(question)
        with timezone.override(question.query_zone):
            filterset = self.filterset(question)
            if not filterset.is_valid():
                raise RefusedError(sentence(filterset.errors_named()))
            return filterset.qs.order_by(*self.ordering)

    def check_rights(self, question: Question) -> None:
        """Raise RefusedError unless the reader may export this list with these fields, at this moment."""
        for permission in ("exports.add_export", self.permission):
            if not question.reader.has_perm(permission):
                raise RefusedError("The role of whoever asked for it no longer allows it.")
        unknown = self.unknown_fields(question.fields, question.reader)
        if unknown:
            raise RefusedError(f"There is no field “{unknown[0]}” that your role may export.")
        if not question.fields:
            raise RefusedError("Choose at least one field.")

    def chips(self, question: Question) -> list[Chip]:
        """The active filters in words."""
        with timezone.override(question.query_zone):
            return self.filterset(question).chips()

    def statement(self, rows: QuerySet, question: Question) -> tuple[str, Sequence[Any]] | None:
        """The rows' SQL with the columns as expressions, and its parameters; None when there can be no row."""
        columns = [self._expression(self._known(key), question) for key in question.fields]
        if rows.query.distinct:
            # DISTINCT would put the columns of the order among those of the file, and compare whole lines.
            order = rows.query.order_by
            rows = self.get_queryset().filter(pk__in=rows.order_by().values("pk")).order_by(*order)
        try:
            return rows.values_list(*columns).query.sql_with_params()
        except EmptyResultSet:
            return None

    def about_how_many(self, question: Question) -> int:
        """How many rows it will be: exactly up to 10,000, beyond that as the planner estimates."""
        return lists.total_of(self.rows(question))

    def metadata_keys(self, question: Question, *, among: int = 500, most: int = 30) -> list[str]:
        """Metadata keys of the newest `among` rows that were asked for, the most frequent first."""
        if self.metadata_field is None:
            return []
        counts: dict[str, int] = {}
        for metadata in self.rows(question).values_list(self.metadata_field, flat=True)[:among]:
            for key in metadata or {}:
                if len(key) <= MAX_METADATA_KEY:
                    counts[key] = counts.get(key, 0) + 1
        return sorted(counts, key=lambda key: (-counts[key], key))[:most]

    # --- the API's question -------------------------------------------------------------------------------------

    def _wire_rows(self, question: Question) -> QuerySet:
        condition = self.wire_condition(lists.filters_from_json(question.filters), question.reader)
        rows = self.get_queryset().filter(condition)
        return rows.order_by(*self._wire_ordering(question.order))

    def _wire_ordering(self, order: str) -> list[str]:
        if not order:
            return list(self.ordering)
        name = order.removeprefix("-")
        if name not in self.wire_order:
            allowed = ", ".join(f"{each}, -{each}" for each in self.wire_order)
            raise ApiError(
                400,
                "invalid_payload",
                "Invalid payload",
                f"Property .parameters.order should be equal to one of the allowed values [ {allowed} ]",
            )
        sign = "-" if order.startswith("-") else ""
        return [f"{sign}{self.wire_order[name]}", f"{sign}pk"]

    def wire_condition(self, filters: lists.Filters, reader: Any) -> Q:
        """The filters of the API as a condition. Raises ApiError for a field or a value that does not fit, and for
        what `reader` may not ask."""
        return lists.filters_q(filters, self.wire_filters, metadata=self.metadata_field or "")


def sentence(errors: Iterable[tuple[str, str]]) -> str:
    """“The filters of this list cannot be used. From: …”: why nothing is exported."""
    told = " ".join(f"{label}: {error}" if label else error for label, error in errors)
    return f"The filters of this list cannot be used. {told}"


@cache
def get_exporter(kind: str) -> Exporter:
    """Return the exporter of a kind. Raises KeyError for a kind that settings.EXPORTERS does not name."""
    make: Callable[[], Any] = import_string(settings.EXPORTERS[kind])
    exporter = make()
    if not isinstance(exporter, Exporter):
        raise ImproperlyConfigured(f"{settings.EXPORTERS[kind]} is no Exporter")
    return exporter


def label_of(kind: str) -> str:
    """What an export of this kind holds, in words; the kind itself when nothing exports it any more."""
    try:
        return get_exporter(kind).label
    except KeyError:
        return kind
