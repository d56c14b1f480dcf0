"""The base of every filter set: what one can ask of a list, how it is told in chips, and what cannot be understood.

Knows no model. An invalid form must never widen the question: ask `rows()`, not `qs`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

import django_filters
from django import forms
from django.db import connection
from django.db.models import Model, QuerySet
from django.forms.utils import pretty_name
from django.http import QueryDict
from django.utils import timezone as django_timezone

from voucherify_admin.pages import show
from voucherify_admin.pages.filters.fields import (
    MetadataFilter,
    Parameters,
    SeveralFilter,
    changed,
    flat,
    values_of,
)
from voucherify_admin.pages.filters.moments import (
    PERIODS,
    Moment,
    MomentFilter,
    MomentInput,
    ZoneFilter,
    stretch,
    zone_called,
)
from voucherify_admin.pages.filters.money import MoneyField

CURSORS = ("after", "before")
# So many rows are looked at for the metadata keys to suggest.
KEYS_AMONG = 500
# What an address of a list may hold besides its filters: the place in the list, and how it is looked at.
BESIDES = (*CURSORS, "columns", "view", "around", "bucket", "facet")
# Links in mail and campaigns come with marks of their own.
_MARKS = ("utm_", "fbclid", "gclid", "mc_")


@dataclass(frozen=True)
class Chip:
    """One active condition: its words and the query string without it."""

    label: str
    value: str
    query: str
    is_excluding: bool = False


class FilterForm(forms.Form):
    """The form of a filter set: says what does not fit together."""

    # Set by the filter set for what the reader may not ask.
    refused: tuple[str, ...] = ()
    # Names in the address that no filter reads.
    unknown: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("date_from"), cleaned.get("date_to")
        if start and end and start.start >= end.end:
            self.add_error("date_to", "This is before the date in “From”.")
        low, high = cleaned.get("amount_min"), cleaned.get("amount_max")
        if low is not None and high is not None and low > high:
            self.add_error("amount_max", "This is less than the smallest amount.")
        for label in self.refused:
            self.add_error(None, f"You may not filter by {label}: your role has no permission for it.")
        for name in self.unknown:
            self.add_error(None, f"There is no filter “{name[:100]}” here. Take it out of the address.")
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
    zone = ZoneFilter(label="Time zone")
    metadata = MetadataFilter(label="Metadata")

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
        # In which zone "today" and typed dates are meant: the one that the address names, else the reader's.
        asked = self._values("zone")[-1:]
        self.zone: tzinfo = (zone_called(asked[0]) if asked else None) or django_timezone.get_current_timezone()
        if self.time_field is None:
            for name in ("period", "date_from", "date_to", "zone"):
                self.filters.pop(name, None)
        else:
            for name in ("date_from", "date_to"):
                self.filters[name].field_name = self.time_field
                self.filters[name].extra |= {"zone": self.zone, "help_text": str(self.zone)}
        if self.metadata_field is None:
            self.filters.pop("metadata", None)
        else:
            self.filters["metadata"] = self.filters.pop("metadata")
            self.filters["metadata"].field_name = self.metadata_field
            self.filters["metadata"].offer(self.metadata_keys)
        self.unknown = self._unknown()
        self.refused = self._drop_forbidden()

    def _unknown(self) -> tuple[str, ...]:
        """Names in the address that nothing reads: a misspelt filter must not show more than was asked for."""
        known = {*BESIDES, *(each for name in self.filters for each in self.parameters(name))}
        return tuple(name for name in self.data if name not in known and not name.startswith(_MARKS))

    def parameters(self, name: str) -> tuple[str, ...]:
        """The parameters of the address that a filter reads."""
        filter_ = self.filters.get(name)
        return filter_.parameters(name) if isinstance(filter_, SeveralFilter) else (name,)

    def _drop_forbidden(self) -> tuple[str, ...]:
        """Takes out what this person may not ask; answers the labels of those that were asked all the same."""
        asked = []
        for name, permission in self.needs_permission.items():
            if self.user is not None and self.user.has_perm(permission):
                continue
            names = self.parameters(name)
            dropped = self.filters.pop(name, None)
            if dropped is not None and any(value for each in names for value in self._values(each)):
                asked.append(str(dropped.label or pretty_name(name)).lower())
        return tuple(asked)

    def get_form_class(self) -> type[forms.Form]:
        fields = {name: filter_.field for name, filter_ in self.filters.items()}
        known = {"refused": self.refused, "unknown": self.unknown}
        return type(f"{type(self).__name__}Form", (FilterForm,), {**fields, **known})

    # --- asking -------------------------------------------------------------------------------------------------

    def rows(self) -> QuerySet:
        """The rows that were asked for; none when the question cannot be understood."""
        return self.qs if self.is_valid() else self.queryset.none()

    def filter_period(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        start, end = stretch(value, self.now, self.zone)
        queryset = queryset.filter(**{f"{self.time_field}__gte": start})
        return queryset if end is None else queryset.filter(**{f"{self.time_field}__lt": end})

    def asked(self) -> set[str]:
        """The names of the filters that are set."""
        return {name for name in self.filters if self._is_set(name)}

    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """From when, and up to (not including) when the question asks; None: no bound. Of a valid question only."""
        if self.time_field is None or not self.is_valid():
            return None, None
        cleaned = self.form.cleaned_data
        starts, ends = [], []
        if cleaned.get("period"):
            start, end = stretch(cleaned["period"], self.now, self.zone)
            starts.append(start)
            ends += [end] if end else []
        starts += [cleaned["date_from"].start] if cleaned.get("date_from") else []
        ends += [cleaned["date_to"].end] if cleaned.get("date_to") else []
        return max(starts, default=None), min(ends, default=None)

    # --- the same question, changed -----------------------------------------------------------------------------

    def asking_only(self, name: str, value: str, key: str = "") -> str:
        """The query string that asks for one value of a filter (of metadata: of one `key`) instead of others."""
        return self._asking({**self._several(name).only(self.data, name, value, key)})

    def asking_excluding(self, name: str, value: str, key: str = "") -> str:
        """The query string that excludes a value of a filter besides."""
        return self._asking(self._several(name).excluding(self.data, name, value, key))

    def asking_neither(self, name: str, value: str, key: str = "") -> str:
        """The query string in which a value is neither asked for nor excluded."""
        return self._asking(self._several(name).neither(self.data, name, value, key))

    def asked_without(self, name: str, key: str = "") -> QueryDict:
        """The question as if a filter were not set, for counting what it could be set to."""
        return changed(self.data, {**self._several(name).without(self.data, name, key), "after": [], "before": []})

    def _several(self, name: str) -> SeveralFilter:
        filter_ = self.filters[name]
        if not isinstance(filter_, SeveralFilter):
            raise TypeError(f"{name} takes one value only")
        return filter_

    def _asking(self, changes: Parameters) -> str:
        return f"?{changed(self.data, {**changes, 'after': [], 'before': []}).urlencode()}"

    def metadata_keys(self) -> list[str]:
        """The keys that the newest rows have, the most frequent first: one query, of a few rows only."""
        return newest_keys(self.queryset.model, self.metadata_field or "metadata")

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
        return sum(1 for field in self.more_fields if self._is_set(field.name))

    def _is_set(self, name: str) -> bool:
        if name == "zone":
            return False
        return any(value for each in self.parameters(name) for value in self._values(each))

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
            filter_ = self.filters[name]
            if isinstance(filter_, SeveralFilter):
                label = str(self.form[name].label)
                for part in filter_.parts(self.data, name):
                    chips.append(Chip(label, part.text, self._asking(part.rest), part.is_excluding))
                continue
            if name == "zone":
                continue
            several = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
            # Of a field that takes one value, a repeated one counts as Django counts it: the last.
            values = self._values(name) if several else self._values(name)[-1:]
            for value in values:
                if value == "":
                    continue
                text = self._text(name, field, value)
                left = [each for each in self._values(name) if several and each != value]
                chips.append(Chip(str(self.form[name].label), text, self._asking({name: left})))
        # What may not be asked can still be taken out of the address.
        for name in self.needs_permission:
            if name not in self.form.fields:
                chips += [
                    Chip(pretty_name(name), "not permitted", self._asking({name: []}))
                    for value in self._values(name)[-1:]
                    if value
                ]
        chips += [Chip("Unknown", name, self._asking({name: []})) for name in self.unknown]
        return chips

    def each_away(self) -> list[Chip]:
        """The active filters, each once whatever its values, with the question without it; of metadata each row."""
        away = []
        by_label: dict[str, list[Chip]] = {}
        for chip in self.chips():
            by_label.setdefault(chip.label, []).append(chip)
        for name in self.form.fields:
            label, filter_ = str(self.form[name].label), self.filters[name]
            chips = by_label.pop(label, [])
            if isinstance(filter_, MetadataFilter) or not isinstance(filter_, SeveralFilter):
                away += chips
            elif chips:
                query = self._asking(filter_.without(self.data, name))
                away.append(Chip(label, ", ".join(chip.value for chip in chips), query))
        return away

    def clear_query(self) -> str:
        """The query string without any filter, other parts of the address kept."""
        names = {each for name in self.base_filters for each in self._all_parameters(name)}
        return self._asking({name: [] for name in (*names, *self.unknown)})

    def _all_parameters(self, name: str) -> tuple[str, ...]:
        filter_ = self.base_filters[name]
        return filter_.parameters(name) if isinstance(filter_, SeveralFilter) else (name,)

    def _values(self, name: str) -> list[str]:
        return values_of(self.data, name)

    def _text(self, name: str, field: forms.Field, value: str) -> str:
        if isinstance(field, forms.ModelChoiceField):
            return self._chosen_row(name, field, value)
        if isinstance(field, forms.ChoiceField):
            return next((str(label) for key, label in flat(field.choices) if str(key) == value), value)
        if isinstance(field, forms.NullBooleanField | forms.BooleanField):
            return {"true": "yes", "on": "yes", "1": "yes", "false": "no", "0": "no"}.get(value.lower(), value)
        cleaned = getattr(self.form, "cleaned_data", {}).get(name)
        if isinstance(field, MoneyField) and isinstance(cleaned, int):
            return show.money(cleaned)
        if isinstance(cleaned, Moment):
            local = cleaned.local(self.zone)
            day = f"{local.day} {local:%b %Y}"
            text = f"{day} {local:%H:%M}" if cleaned.has_time else day
            is_own = str(self.zone) == django_timezone.get_current_timezone_name()
            return text if is_own else f"{text} ({self.zone})"
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


def newest_keys(model: type[Model], column: str) -> list[str]:
    """The keys that a column of JSON has in the newest rows, the most frequent first: one query, of a few rows only."""
    newest = model._default_manager.order_by("-created_at", "-pk").values(column)[:KEYS_AMONG]
    sql, parameters = newest.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key FROM ({sql}) newest (metadata), "  # noqa: S608 - the ORM's own
            "jsonb_object_keys(CASE jsonb_typeof(metadata) WHEN 'object' THEN metadata ELSE '{}' END) key "
            "WHERE length(key) <= 200 GROUP BY key ORDER BY count(*) DESC, key LIMIT 50",
            parameters,
        )
        return [key for (key,) in cursor]
