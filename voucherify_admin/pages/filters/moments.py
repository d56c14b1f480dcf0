"""Dates and times as they are typed into a filter: presets, moments, and the time zone in which they are meant."""

import re
import zoneinfo
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone as django_timezone

PERIODS = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "today": "Today",
    "yesterday": "Yesterday",
    "last_night": "Last night (18:00 to 06:00)",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
}
_SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}


def stretch(period: str, now: datetime, zone: tzinfo) -> tuple[datetime, datetime | None]:
    """The stretch that a preset of PERIODS names at `now`: from, and up to (not including; None: no end). Both in UTC.

    Days, weeks (from Monday) and months are those of the calendar in `zone`; the hours of a span are counted back.
    """
    if period in _SPANS:
        return now - _SPANS[period], None
    local = now.astimezone(zone)
    today = local.date()
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    evening, morning = time(18), time(6)
    days: dict[str, tuple[Any, Any]] = {
        "today": (today, None),
        "yesterday": (today - timedelta(days=1), today),
        "this_week": (monday, None),
        "last_week": (monday - timedelta(days=7), monday),
        "this_month": (first, None),
        "last_month": ((first - timedelta(days=1)).replace(day=1), first),
    }
    if period == "last_night":
        # Before six the night is still going on.
        start = datetime.combine(today - timedelta(days=1), evening, zone)
        return start.astimezone(UTC), datetime.combine(today, morning, zone).astimezone(UTC)
    start, end = days[period]
    midnight = lambda day: datetime.combine(day, time.min, zone).astimezone(UTC)  # noqa: E731
    return midnight(start), None if end is None else midnight(end)


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

    zone: tzinfo | None = None

    def __init__(self, *, at_end: bool = False) -> None:
        super().__init__()
        self.at_end = at_end

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        widget["type"] = "datetime-local"
        if value:
            zone = self.zone or django_timezone.get_current_timezone()
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
    """A date or a time in `zone`, else in the active one; cleans to a Moment."""

    def __init__(self, *, zone: tzinfo | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = zone
        self.widget.zone = zone

    def to_python(self, value: Any) -> Moment | None:
        if value in self.empty_values:
            return None
        try:
            return Moment(str(value), self.zone or django_timezone.get_current_timezone())
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


def zone_called(name: str) -> tzinfo | None:
    """The time zone of an IANA name; None for what is none."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None


class ZoneField(forms.ChoiceField):
    """In which zone typed dates are meant: the reader's own, UTC, the installation's, or any that the address names."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("null_label", None)
        super().__init__(**{**kwargs, "choices": self.offered})

    @staticmethod
    def offered() -> list[tuple[str, str]]:
        own = django_timezone.get_current_timezone_name()
        others = [name for name in dict.fromkeys(("UTC", settings.TIME_ZONE)) if name != own]
        return [(own, f"{own} (yours)"), *((name, name) for name in others)]

    def valid_value(self, value: str) -> bool:
        return zone_called(value) is not None

    def validate(self, value: str) -> None:
        if value and not self.valid_value(value):
            raise ValidationError(
                "“%(value)s” is no time zone; write one such as Europe/Warsaw.", params={"value": value}
            )


class ZoneFilter(django_filters.Filter):
    """Narrows nothing by itself: it says in which zone the dates beside it are meant."""

    field_class = ZoneField

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        return qs
