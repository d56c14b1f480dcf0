"""Voucherify's lists: envelope, paging, order and filter syntax; knows no model.

Source: Voucherify's API reference, "Pagination" and "Filters", and what its SDKs send.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.lookups import IsNull
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from voucherify_admin.api.errors import ApiError, invalid_query
from voucherify_admin.pages.filters.conditions import OPERATORS as OPERATORS_OF_PAGES
from voucherify_admin.pages.filters.conditions import Ask, combine, json_condition, json_text, text_condition

# Up to here a list's `total` is exact; beyond, it is the planner's estimate, for counting all would cost the page.
EXACT_TOTAL = 10_000

FILTER_FORMS = (
    "Property .parameters.filters should match either `filters[${field}][conditions][${condition}][${index}]` "
    "or `filters[${field}][conditions][${condition}]` format"
)


@dataclass(frozen=True)
class Condition:
    """One part of a filter: `field` `operator` `values`, e.g. failure_code $in [a, b]."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Filters:
    """Conditions and how they are joined: all of them (`and`) or any (`or`)."""

    conditions: tuple[Condition, ...] = ()
    any_of: bool = False


def parse_moment(text: str, place: str) -> datetime:
    """Return an aware UTC datetime from an ISO 8601 date or date-time; raise ApiError 400 naming `place`."""
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = datetime.combine(day, time.min)
        if moment is not None:
            return moment.replace(tzinfo=UTC) if timezone.is_naive(moment) else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # A day that does not exist, or one that lies before the year 1 in UTC.
        pass
    raise invalid_query(f"Property {place} cannot be recognized as a ISO-8601 compliant date")


def _number(parameters: QueryDict, name: str, default: int, most: int) -> int:
    text = parameters.get(name, "")
    if text in ("", "None"):
        return default
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= most:
        raise invalid_query(f"Property .{name} should be an integer between 1 and {most}")
    return int(text)


def ordering(parameters: QueryDict | Mapping[str, str], fields: Mapping[str, str], default: str) -> list[str]:
    """Return the ORM's ordering for `order=field` or `order=-field`; `fields` maps wire names to columns.

    Raises ApiError 400 for a name that is not offered.
    """
    wanted = parameters.get("order") or default
    if wanted == "None":
        wanted = default
    name = wanted.removeprefix("-")
    if name not in fields:
        raise invalid_query(f"Property .order should be equal to one of the allowed values [ {', '.join(fields)} ]")
    sign = "-" if wanted.startswith("-") else ""
    column = fields[name]
    return [f"{sign}{column}"] if column == "pk" else [f"{sign}{column}", f"{sign}pk"]


def total_of(queryset: QuerySet) -> int:
    """Return how many rows there are: exactly up to EXACT_TOTAL, as PostgreSQL's planner estimates beyond."""
    counted = queryset.order_by()[: EXACT_TOTAL + 1].count()
    if counted <= EXACT_TOTAL:
        return counted
    return max(EXACT_TOTAL, estimate_of(queryset))


def estimate_of(queryset: QuerySet) -> int:
    """Return the planner's estimate of the number of rows."""
    sql, parameters = queryset.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def window(request: HttpRequest) -> tuple[int, int]:
    """Return (offset, limit) of the page that `limit` (1–100, default 10) and `page` (from 1) ask for."""
    limit = _number(request.GET, "limit", 10, 100)
    page = _number(request.GET, "page", 1, 1_000_000)
    return (page - 1) * limit, limit


def page_of(
    request: HttpRequest,
    queryset: QuerySet,
    *,
    data_ref: str,
    to_wire: Callable[[list[Any]], list[dict]],
    order: Mapping[str, str],
    default_order: str = "-created_at",
) -> dict:
    """Return one page like `answer`; `to_wire` gets the page's rows at once, so that it can fetch what they share."""
    offset, limit = window(request)
    rows = list(queryset.order_by(*ordering(request.GET, order, default_order))[offset : offset + limit])
    return {"object": "list", "data_ref": data_ref, data_ref: to_wire(rows), "total": total_of(queryset)}


def answer(
    request: HttpRequest,
    queryset: QuerySet,
    *,
    data_ref: str,
    to_wire: Callable[[Any], dict],
    order: Mapping[str, str],
    default_order: str = "-created_at",
) -> dict:
    """Return one page of `queryset` in the old style of envelope, the array under the name of `data_ref`."""
    return page_of(
        request,
        queryset,
        data_ref=data_ref,
        to_wire=lambda rows: [to_wire(row) for row in rows],
        order=order,
        default_order=default_order,
    )


_FILTER_KEY = re.compile(r"^filters\[([^\]]+)\]\[conditions\]\[(\$\w+)\](?:\[\d*\])?$")


def _values(raw: Iterable[str]) -> list[str]:
    values: list[str] = []
    for text in raw:
        # The Python SDK sends a list as a Python literal, and an unset operator as the text None.
        if text == "None":
            continue
        if text.startswith("[") and text.endswith("]"):
            try:
                literal = ast.literal_eval(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                literal = text
            values += [str(item) for item in literal] if isinstance(literal, list) else [text]
        else:
            values.append(text)
    return values


def texts(parameters: QueryDict, name: str) -> list[str]:
    """Return a list of values however it was sent: repeated, indexed, as a Python list, separated by commas."""
    pattern = re.compile(rf"{re.escape(name)}(\[\d*\])?")
    sent = [text for key, raw in parameters.lists() if pattern.fullmatch(key) for text in _values(raw)]
    found = [part.strip() for text in sent for part in text.split(",") if part.strip()]
    if any("\x00" in text for text in found):
        raise invalid_query(f"Property .{name} holds a character that no value has (NUL)")
    return found


def filters_from_query(parameters: QueryDict) -> Filters:
    """Return the filters of a query string; raise ApiError 400 for what starts as a filter and is none."""
    found: dict[tuple[str, str], list[str]] = {}
    any_of = False
    for key, raw in parameters.lists():
        # The documentation also writes [filters][active]… and [created_at][before] with a stray bracket.
        name = re.sub(r"^\[(\w+)\]", r"\1", key)
        if name == "filters[junction]":
            any_of = raw[-1].lower() == "or"
        elif name.startswith("filters"):
            match = _FILTER_KEY.match(name)
            values = _values(raw)
            if match and values:
                found.setdefault((match[1], match[2]), []).extend(values)
            elif not match and values:
                raise ApiError(400, "invalid_payload", "Invalid payload", FILTER_FORMS)
    conditions = tuple(Condition(field, operator, tuple(values)) for (field, operator), values in found.items())
    return Filters(conditions, any_of)


def filters_from_json(value: Any) -> Filters:
    """Return the filters of the JSON form that exports and segments use; raise ApiError 400 for another shape."""
    if value is None:
        return Filters()
    if not isinstance(value, dict):
        raise ApiError(400, "invalid_payload", "Invalid payload", FILTER_FORMS)
    conditions = []
    for field, part in value.items():
        if field == "junction" or part is None:
            continue
        operators = part.get("conditions") if isinstance(part, dict) else None
        if not isinstance(operators, dict):
            raise ApiError(400, "invalid_payload", "Invalid payload", FILTER_FORMS)
        for operator, raw in operators.items():
            if raw is not None:
                many = raw if isinstance(raw, list) else [raw]
                conditions.append(Condition(field, operator, tuple(_plain(item) for item in many)))
    return Filters(tuple(conditions), str(value.get("junction", "")).lower() == "or")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def created_between(parameters: QueryDict, column: str = "created_at", name: str = "created_at") -> Q:
    """Return the condition of `created_at[before]` and `created_at[after]`."""
    condition = Q()
    for side, lookup in (("before", "lt"), ("after", "gt")):
        for key in (f"{name}[{side}]", f"[{name}][{side}]"):
            text = parameters.get(key)
            if text and text != "None":
                condition &= Q(**{f"{column}__{lookup}": parse_moment(text, f".{name}[{side}]")})
    return condition


# Voucherify's operators -> those of pages/filters/conditions.py, where SQL is made of them for pages and API alike.
OPERATORS = {
    "$is": "in",
    "$in": "in",
    "$is_not": "not_in",
    "$not_in": "not_in",
    "$starts_with": "starts",
    "$ends_with": "ends",
    "$contains": "contains",
    "$not_contain": "not_contains",
    "$has_value": "has",
    "$is_unknown": "none",
    "$more_than": "gt",
    "$less_than": "lt",
    "$more_than_equal": "gte",
    "$less_than_equal": "lte",
    "$after": "after",
    "$before": "before",
    "$count": "count",
    "$count_more": "count_more",
    "$count_less": "count_less",
}
_OF_LISTS = ("count", "count_more", "count_less")
_COMPARED = {"gt": "gt", "lt": "lt", "gte": "gte", "lte": "lte", "after": "gt", "before": "lt"}


def filters_q(filters: Filters, fields: Mapping[str, tuple[str, str]], *, metadata: str = "") -> Q:
    """Return the filters as one Q. `fields` maps wire names to (column, kind); `metadata` names a JSON column.

    Raises ApiError 400 for a field that is not offered.
    """
    joined = Q()
    for condition in filters.conditions:
        head, _, key = condition.field.partition(".")
        if metadata and head == "metadata" and key:
            part = condition_q(condition, f"{metadata}__{key}", "json")
        elif condition.field in fields:
            part = condition_q(condition, *fields[condition.field])
        else:
            known = [*fields, *(["metadata.*"] if metadata else [])]
            raise invalid_query(f"Property .filters cannot ask for '{condition.field}'; known are {', '.join(known)}")
        joined = joined | part if filters.any_of else joined & part
    return joined


def condition_q(condition: Condition, column: str, kind: str = "text") -> Q:
    """Return one condition as a Q on `column`. `kind` is "text", "number", "date" or "json" (a key of a JSON object,
    `column` being e.g. `metadata__till`).

    Raises ApiError 400 for an operator or a value that does not fit the column.
    """
    place = f".filters[{condition.field}][conditions][{condition.operator}]"
    operator = OPERATORS.get(condition.operator, "")
    if kind == "json":
        return _json_q(condition, *column.split("__", 1), place)
    if operator in _OF_LISTS:
        raise _no_list(condition, place)
    if operator in ("has", "none"):
        has = text_condition(column, Ask("has")) if kind == "text" else Q(**{f"{column}__isnull": False})
        return ~has if operator == "none" else has
    if not condition.values:
        raise invalid_query(f"Property {place} needs a value")
    if kind == "date" and (q := _relative(condition.operator, column, condition.values[0], place)) is not None:
        return q
    values = tuple(_typed(text, kind, place) for text in condition.values)
    if operator in _COMPARED:
        return Q(**{f"{column}__{_COMPARED[operator]}": values[0]})
    if not operator:
        raise invalid_query(f"Property {place} is not a condition that this field knows")
    return combine([Ask(operator, values)], partial(text_condition, column))


def _no_list(condition: Condition, place: str) -> ApiError:
    return invalid_query(f"Property {place} counts the values of a list, and '{condition.field}' is none: ask metadata")


def _typed(text: str, kind: str, place: str) -> Any:
    if kind == "number":
        if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
            raise invalid_query(f"Property {place} must be integer")
        return int(text)
    if kind == "date":
        return parse_moment(text, place)
    if "\x00" in text:
        raise invalid_query(f"Property {place} holds a character that no value has (NUL)")
    return text


def _json_q(condition: Condition, field: str, key: str, place: str) -> Q:
    """A condition on one key of a JSON object; what is null there has no value."""
    if "\x00" in key:
        raise invalid_query(f"Property {place} holds a character that no key has (NUL)")
    operator = OPERATORS.get(condition.operator, "")
    if not operator:
        raise invalid_query(f"Property {place} is not a condition that this field knows")
    if operator in _OF_LISTS and not condition.field.startswith("metadata."):
        raise _no_list(condition, place)
    values = tuple(_typed(value, "text", place) for value in condition.values)
    if operator in ("has", "none"):
        has = ~Q(IsNull(json_text(field, key), True))
        return ~has if operator == "none" else has
    ask = Ask(operator, values, key)
    if OPERATORS_OF_PAGES[operator].takes == "number":
        _typed(values[0], "number", place)
    elif OPERATORS_OF_PAGES[operator].takes == "date":
        parse_moment(values[0], place)
    return combine([ask], partial(json_condition, field))


def _relative(operator: str, column: str, text: str, place: str) -> Q | None:
    names = ("$more_than_ago", "$less_than_ago", "$is_days_ago", "$more_than_future", "$less_than_future")
    if operator not in (*names, "$is_days_in_future"):
        return None
    if not re.fullmatch(r"\d{1,5}", text):
        raise invalid_query(f"Property {place} must be a number of days")
    days, now = timedelta(days=int(text)), timezone.now()
    today: date = timezone.localdate()
    return {
        "$more_than_ago": Q(**{f"{column}__lt": now - days}),
        "$less_than_ago": Q(**{f"{column}__gt": now - days, f"{column}__lte": now}),
        "$is_days_ago": Q(**{f"{column}__date": today - days}),
        "$more_than_future": Q(**{f"{column}__gt": now + days}),
        "$less_than_future": Q(**{f"{column}__gte": now, f"{column}__lt": now + days}),
        "$is_days_in_future": Q(**{f"{column}__date": today + days}),
    }[operator]
