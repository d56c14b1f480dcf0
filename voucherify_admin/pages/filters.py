"""What one can ask of a list: the base of every filter set, its fields for dates, money and metadata, and its chips.

Knows no model. An invalid form must never widen the question: ask `rows()`, not `qs`.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms.utils import pretty_name
from django.http import QueryDict
from django.utils import timezone as django_timezone

from voucherify_admin.pages import show

CURSORS = ("after", "before")
MAX_CENTS = 2**53 - 1

PERIODS = {
    "today": "Today",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
}
_SPANS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}


@dataclass(frozen=True)
class Chip:
    """One active condition: its words and the query string without it."""

    label: str
    value: str
    query: str


class Moment:
    """A typed date or time, as the stretch it names: from `start` up to, not including, `end` (both aware)."""

    _SHAPE = re.compile(
        r"\d{4}-\d{2}-\d{2}"
        r"(?:[T ](?P<hm>\d{2}:\d{2})(?::(?P<s>\d{2}(?:\.\d{1,6})?))?)?"
        r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
    )

    def __init__(self, text: str, zone: tzinfo) -> None:
        """Raises ValueError unless `text` is a date, a time to the minute or the second, with or without an offset."""
        match = self._SHAPE.fullmatch(text.strip())
        if not match:
            raise ValueError(text)
        self.has_time = bool(match["hm"])
        if match["zone"] and not self.has_time:
            raise ValueError(text)
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            # Of an hour that the clocks repeat, the stretch takes both.
            self.start = moment.replace(tzinfo=zone)
            last = moment.replace(tzinfo=zone, fold=1)
        else:
            self.start = last = moment
        try:
            if not self.has_time:
                self.end = (moment + timedelta(days=1)).replace(tzinfo=zone)
            else:
                # Half a second that was typed means that instant's second; a minute means the whole minute.
                step = timedelta(seconds=1) if match["s"] else timedelta(minutes=1)
                self.end = last.astimezone(UTC).replace(microsecond=0) + step
            self.start, self.end = self.start.astimezone(UTC), self.end.astimezone(UTC)
        except OverflowError:
            raise ValueError(text)

    def local(self, zone: tzinfo) -> datetime:
        return self.start.astimezone(zone)


class MomentInput(forms.DateTimeInput):
    """The browser's date and time picker; what it could not show (a typing error) stays readable as text."""

    def __init__(self, *, at_end: bool = False) -> None:
        super().__init__()
        self.at_end = at_end

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        widget["type"] = "datetime-local"
        if value:
            zone = django_timezone.get_current_timezone()
            try:
                moment = Moment(str(value), zone)
            except ValueError:
                widget["type"] = "text"
                widget["value"] = str(value)
                return context
            local = moment.local(zone)
            if not moment.has_time and self.at_end:
                local = local.replace(hour=23, minute=59)
            widget["value"] = local.strftime("%Y-%m-%dT%H:%M" + (":%S" if local.second else ""))
        return context

    def format_value(self, value: Any) -> str | None:
        return str(value) if value else None


class MomentField(forms.Field):
    """A date or a time in the active zone; cleans to a Moment."""

    def to_python(self, value: Any) -> Moment | None:
        if value in self.empty_values:
            return None
        try:
            return Moment(str(value), django_timezone.get_current_timezone())
        except (ValueError, OverflowError):
            raise ValidationError(
                "“%(value)s” is not a date or a time; write 2026-11-27 or 2026-11-27 18:30.", params={"value": value}
            )


class MomentFilter(django_filters.Filter):
    """Rows from the start (`lookup_expr="gte"`) or up to the end (`"lt"`) of what was typed."""

    field_class = MomentField

    def filter(self, qs: QuerySet, value: Moment | None) -> QuerySet:
        if value is None:
            return qs
        edge = value.end if self.lookup_expr == "lt" else value.start
        return qs.filter(**{f"{self.field_name}__{self.lookup_expr}": edge})


class MoneyField(forms.Field):
    """An amount such as 12.50, cleaned to whole cents."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "0.00"})

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value).strip().replace(",", ".")
        try:
            cents = Decimal(text) * 100
            if not re.fullmatch(r"-?\d{1,15}(\.\d{1,2})?", text) or abs(cents) > MAX_CENTS:
                raise InvalidOperation
        except InvalidOperation:
            raise ValidationError("“%(value)s” is not an amount; write it as 12.50.", params={"value": value})
        return int(cents)


class MoneyFilter(django_filters.Filter):
    """Compares a column of cents with an amount typed in whole units."""

    field_class = MoneyField


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """Any of several fixed values, chosen by boxes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        # The choices are of one column, so no row comes twice; DISTINCT would sort all rows before the first is shown.
        kwargs.setdefault("distinct", False)
        super().__init__(*args, **kwargs)

    def is_noop(self, qs: QuerySet, value: Any) -> bool:
        return not value


class TextFilter(django_filters.CharFilter):
    """Text, exactly as it is stored, blanks at the ends aside."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 500)
        super().__init__(*args, **kwargs)


def metadata_condition(name: str, key: str, value: str) -> Q:
    """Rows whose JSON column `name` holds `value` under `key`, whether it was sent as text, number, true or null."""
    condition = Q(**{f"{name}__contains": {key: value}})
    try:
        typed = json.loads(value)
    except (ValueError, RecursionError):
        return condition
    if typed is None or isinstance(typed, bool | int) or (isinstance(typed, float) and math.isfinite(typed)):
        condition |= Q(**{f"{name}__contains": {key: typed}})
    return condition


class FilterForm(forms.Form):
    """The form of a filter set: says what does not fit together."""

    # Set by the filter set for what the reader may not ask.
    refused: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("date_from"), cleaned.get("date_to")
        if start and end and start.start >= end.end:
            self.add_error("date_to", "This is before the date in “From”.")
        if cleaned.get("metadata_value") and not cleaned.get("metadata_key") and "metadata_key" not in self.errors:
            self.add_error("metadata_key", "Name the metadata key that should have this value.")
        low, high = cleaned.get("amount_min"), cleaned.get("amount_max")
        if low is not None and high is not None and low > high:
            self.add_error("amount_max", "This is less than the smallest amount.")
        for label in self.refused:
            self.add_error(None, f"You may not filter by {label}: your role has no permission for it.")
        return cleaned


class BaseFilter(django_filters.FilterSet):
    """The base of every filter set.

    `time_field` and `metadata_field` name the columns that the date range and the metadata pair ask; without them these
    fields are left out. `primary` are the fields shown at once, the others stand under "More filters".
    `needs_permission` maps a filter to the permission without which it is not shown, and refused when asked by URL.
    `now` (aware) is the moment that "last 24 hours" counts back from; an export hands in the moment it was asked for.
    """

    time_field: str | None = None
    metadata_field: str | None = None
    primary: tuple[str, ...] = ()
    needs_permission: Mapping[str, str] = {}

    period = django_filters.ChoiceFilter(
        choices=list(PERIODS.items()), label="Period", empty_label="Any time", method="filter_period"
    )
    date_from = MomentFilter(label="From", lookup_expr="gte", widget=MomentInput())
    date_to = MomentFilter(label="To", lookup_expr="lt", widget=MomentInput(at_end=True))
    metadata_key = TextFilter(label="Metadata key", method="filter_metadata_key")
    metadata_value = TextFilter(label="Metadata value", method="filter_metadata_value")

    def __init__(
        self,
        data: QueryDict | Mapping[str, Any] | None = None,
        queryset: QuerySet | None = None,
        *,
        request: Any = None,
        user: Any = None,
        now: datetime | None = None,
        prefix: str | None = None,
    ) -> None:
        # Bound always: an empty question is a valid one, and `is_valid()` then says so.
        super().__init__(QueryDict() if data is None else data, queryset, request=request, prefix=prefix)
        self.user = user if user is not None else getattr(request, "user", None)
        self.now = now or django_timezone.now()
        if self.time_field is None:
            for name in ("period", "date_from", "date_to"):
                self.filters.pop(name, None)
        else:
            zone = django_timezone.get_current_timezone_name()
            self.filters["date_from"].field_name = self.filters["date_to"].field_name = self.time_field
            self.filters["date_from"].extra["help_text"] = self.filters["date_to"].extra["help_text"] = zone
        if self.metadata_field is None:
            for name in ("metadata_key", "metadata_value"):
                self.filters.pop(name, None)
        else:
            for name in ("metadata_key", "metadata_value"):
                self.filters[name] = self.filters.pop(name)
        self.refused = self._drop_forbidden()

    def _drop_forbidden(self) -> tuple[str, ...]:
        """Takes out what this person may not ask; answers the labels of those that were asked all the same."""
        asked = []
        for name, permission in self.needs_permission.items():
            if self.user is not None and self.user.has_perm(permission):
                continue
            dropped = self.filters.pop(name, None)
            if dropped is not None and any(self._values(name)):
                asked.append(str(dropped.label or pretty_name(name)).lower())
        return tuple(asked)

    def get_form_class(self) -> type[forms.Form]:
        fields = {name: filter_.field for name, filter_ in self.filters.items()}
        return type(f"{type(self).__name__}Form", (FilterForm,), {**fields, "refused": self.refused})

    # --- asking -------------------------------------------------------------------------------------------------

    def rows(self) -> QuerySet:
        """The rows that were asked for; none when the question cannot be understood."""
        return self.qs if self.is_valid() else self.queryset.none()

    def filter_period(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        if value == "today":
            start = django_timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        else:
            start = self.now - _SPANS[value]
        return queryset.filter(**{f"{self.time_field}__gte": start})

    def filter_metadata_key(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        # With a value beside it the pair says more than the key alone.
        if self.form.cleaned_data.get("metadata_value"):
            return queryset
        return queryset.filter(**{f"{self.metadata_field}__has_key": value})

    def filter_metadata_value(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        key = self.form.cleaned_data["metadata_key"]
        return queryset.filter(metadata_condition(str(self.metadata_field), key, value))

    # --- showing ------------------------------------------------------------------------------------------------

    @property
    def primary_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.primary if name in self.form.fields]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.form.fields if name not in self.primary]

    @property
    def more_active(self) -> int:
        """How many of the fields under "More filters" are set."""
        return sum(1 for field in self.more_fields if any(self._values(field.name)))

    @property
    def more_open(self) -> bool:
        return any(field.errors for field in self.more_fields)

    def errors_named(self) -> list[tuple[str, str]]:
        """(label of the field, what is wrong with it) for a person."""
        named = []
        for name, errors in self.form.errors.items():
            label = "" if name == "__all__" else str(self.form[name].label)
            named += [(label, str(error)) for error in errors]
        return named

    def chips(self) -> list[Chip]:
        """The active conditions, each value its own; also those of a form that is not valid, so they can be removed."""
        self.is_valid()  # fills cleaned_data, from which the words are made
        chips = []
        for name, field in self.form.fields.items():
            several = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
            # Of a field that takes one value, a repeated one counts as Django counts it: the last.
            values = self._values(name) if several else self._values(name)[-1:]
            if name == "metadata_value" and any(self._values("metadata_key")):
                continue
            for value in values:
                if value == "":
                    continue
                label, text = str(self.form[name].label), self._text(name, field, value)
                gone: dict[str, str | None] = {name: value if several else None}
                if name == "metadata_key" and any(self._values("metadata_value")):
                    pair = self._values("metadata_value")[-1]
                    label, text = "Metadata", f"{value} = {pair}"
                    gone["metadata_value"] = None
                chips.append(Chip(label, text, self._query_without(gone)))
        # What may not be asked can still be taken out of the address.
        for name in self.needs_permission:
            if name not in self.form.fields:
                chips += [
                    Chip(pretty_name(name), "not permitted", self._query_without({name: None}))
                    for value in self._values(name)[-1:]
                    if value
                ]
        return chips

    def clear_query(self) -> str:
        """The query string without any filter, other parts of the address kept."""
        query = self._query()
        for name in (*self.base_filters, *CURSORS):
            query.pop(name, None)
        return f"?{query.urlencode()}"

    def _values(self, name: str) -> list[str]:
        if isinstance(self.data, QueryDict):
            return [value.strip() for value in self.data.getlist(name)]
        value = self.data.get(name)
        values = value if isinstance(value, list | tuple) else [] if value is None else [value]
        return [str(each).strip() for each in values]

    def _query(self) -> QueryDict:
        if isinstance(self.data, QueryDict):
            return self.data.copy()
        query = QueryDict(mutable=True)
        for name in self.data:
            query.setlist(name, self._values(name))
        return query

    def _query_without(self, gone: Mapping[str, str | None]) -> str:
        """The query string less one value of a name, or less the whole name (None)."""
        query = self._query()
        for name, value in gone.items():
            query.setlist(name, [each for each in query.getlist(name) if value is not None and each.strip() != value])
        for name in CURSORS:
            query.pop(name, None)
        return f"?{query.urlencode()}"

    def _text(self, name: str, field: forms.Field, value: str) -> str:
        if isinstance(field, forms.ModelChoiceField):
            return self._chosen_row(name, field, value)
        if isinstance(field, forms.ChoiceField):
            return next((str(label) for key, label in _flat(field.choices) if str(key) == value), value)
        if isinstance(field, forms.NullBooleanField | forms.BooleanField):
            return {"true": "yes", "on": "yes", "1": "yes", "false": "no", "0": "no"}.get(value.lower(), value)
        cleaned = getattr(self.form, "cleaned_data", {}).get(name)
        if isinstance(field, MoneyField) and isinstance(cleaned, int):
            return show.money(cleaned)
        if isinstance(cleaned, Moment):
            local = cleaned.local(django_timezone.get_current_timezone())
            day = f"{local.day} {local:%b %Y}"
            return f"{day} {local:%H:%M}" if cleaned.has_time else day
        if isinstance(cleaned, date):
            return f"{cleaned.day} {cleaned:%b %Y}"
        return value

    def _chosen_row(self, name: str, field: forms.ModelChoiceField, value: str) -> str:
        chosen = getattr(self.form, "cleaned_data", {}).get(name)
        rows: Iterable[Any] = chosen if isinstance(chosen, QuerySet | list | tuple) else [chosen]
        for row in rows:
            if row is not None and str(field.prepare_value(row)) == value:
                return field.label_from_instance(row)
        return value


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for key, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield key, label


def money_label(text: str) -> str:
    """A label for a field in whole units of money: `Amount from (EUR)`."""
    return f"{text} ({settings.CURRENCY})"
