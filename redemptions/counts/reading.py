"""Answers how many attempts a question finds from the counts, and from the attempts for the hours not counted.

Exact, or not at all: what the counts do not tell apart, others must count.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q

from redemptions.counts.building import DAY, HOUR, ceil, floor
from redemptions.models import AttemptCount, ChangedHour, CountState
from voucherify_admin.pages.explorer import Asked, Counted, newest, tally
from voucherify_admin.pages.filters import BaseFilter
from voucherify_admin.pages.filters.fields import changed

Span = AttemptCount.Span
WHEN = ("period", "date_from", "date_to")
# The filters that the counts can be asked, and those for which the hours by status alone will do.
BY_STATUS = {*WHEN, "zone", "status", "result"}
ANSWERED = {*BY_STATUS, "reason", "campaign", "channel", "channel_name"}
# With so many hours to be counted anew, the counts are no shortcut until that is done.
CHANGED_AT_MOST = 500
# So many attempts of hours that are not counted are looked at.
UNCOUNTED_AT_MOST = 100_000
VALUES = 5000
NUMBER = {"columns": {"weight": F("number")}, "number": "sum(weight)::bigint"}


@dataclass(frozen=True)
class Rollup:
    """How far the counts can be relied on at one moment: all hours before `until` but those that changed since."""

    until: datetime
    changed: tuple[datetime, ...]

    @classmethod
    def now(cls) -> "Rollup | None":
        """The counts as they are; None where there are none, or too many hours changed."""
        until = CountState.objects.values_list("counted_until", flat=True).first()
        if until is None:
            return None
        hours = ChangedHour.objects.filter(hour__lt=until).order_by("hour").values_list("hour", flat=True).distinct()
        found = tuple(hours[: CHANGED_AT_MOST + 1])
        return cls(until, found) if len(found) <= CHANGED_AT_MOST else None

    def answers(self, filterset: BaseFilter, *, cell: timedelta | None = None) -> bool:
        """Whether the counts tell apart what is asked, by pieces of time of that size."""
        return filterset.asked() <= ANSWERED and (cell is None or cell == HOUR)

    def count(
        self, filterset: BaseFilter, *, series: Any, facets: Asked, cell: timedelta | None, seconds: float
    ) -> Counted | None:
        """Count the attempts of a question that `answers`; None where too many hours are not counted.

        Raises TooSlowError.
        """
        start, end = filterset.bounds()
        low = None if start is None else ceil(start)
        high = self.until if end is None else min(floor(end), self.until)
        if low is not None and low >= high:
            return None
        # The attempts themselves: before the first whole hour, after the last one, and in hours that changed.
        gaps = [Q(created_at__gte=high)]
        if low is not None and start != low:
            gaps.append(Q(created_at__lt=low))
        changed_hours = [hour for hour in self.changed if (low is None or hour >= low) and hour < high]
        gaps += [Q(created_at__gte=hour, created_at__lt=hour + HOUR) for hour in changed_hours]
        live = newest(
            filterset.rows().filter(reduce(or_, gaps)),
            series=series,
            facets=facets,
            cell=cell,
            seconds=seconds,
            at_most=UNCOUNTED_AT_MOST,
        )
        if live.is_cut or live.cut:
            return None
        rows = self._asked(filterset)
        if cell is not None:
            span = Span.STATUS if filterset.asked() <= BY_STATUS else Span.HOUR
            inside = Q(span=span, starts_at__lt=high) & (Q() if low is None else Q(starts_at__gte=low))
            hours = rows.filter(inside).exclude(starts_at__in=changed_hours)
            columns = {"at": F("starts_at"), "series": series, **NUMBER["columns"]}
            live.add(tally(hours, columns, cell=cell, seconds=seconds, number=NUMBER["number"])[1])
        if facets:
            whole = rows.filter(_days_and_hours(low, high, changed_hours))
            _, found = tally(
                whole,
                dict(NUMBER["columns"]),
                facets=facets,
                seconds=seconds,
                number=NUMBER["number"],
                values=VALUES,
            )
            live.add(found)
        # Somebody may have begun to count everything anew meanwhile; then nothing of this is to be trusted.
        return live if CountState.objects.filter(counted_until__gte=self.until).exists() else None

    def _asked(self, filterset: BaseFilter) -> Any:
        """The counts that the question asks for, whenever; the filter is the list's own."""
        asked = changed(filterset.data, {name: [] for name in WHEN})
        counts = AttemptCount.objects.order_by()
        return type(filterset)(asked, counts, user=filterset.user, now=filterset.now).rows()


def _days_and_hours(low: datetime | None, high: datetime, changed_hours: Collection[datetime]) -> Q:
    """The counts that cover each hour from `low` to `high` once, but those that changed: days where it can be."""
    hours = Q(span=Span.HOUR) & ~Q(starts_at__in=changed_hours)
    last = floor(high, DAY)
    first = None if low is None else ceil(low, DAY)
    if first is not None and first >= last:
        return hours & Q(starts_at__gte=low, starts_at__lt=high)
    broken = sorted({floor(hour, DAY) for hour in changed_hours})
    days = Q(span=Span.DAY, starts_at__lt=last) & ~Q(starts_at__in=broken)
    single = Q(starts_at__gte=last, starts_at__lt=high)
    if first is not None:
        days &= Q(starts_at__gte=first)
        single |= Q(starts_at__gte=low, starts_at__lt=first)
    for day in broken:
        if day < last and (first is None or day >= first):
            single |= Q(starts_at__gte=day, starts_at__lt=day + DAY)
    return days | (hours & single)
