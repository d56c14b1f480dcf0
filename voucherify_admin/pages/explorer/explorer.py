"""Answers a list's question twice more: how it spreads over time, and which values occur most in it.

Each number agrees with the list that its link opens; where only the newest rows were counted, it says so. What is
counted and how a list names it, a subclass says.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from voucherify_admin.pages.explorer import buckets
from voucherify_admin.pages.explorer.counting import AT_MOST, VALUES, Asked, Counted, TooSlowError, newest
from voucherify_admin.pages.explorer.drawing import Drawing, Slot, draw, labels, stretch_words
from voucherify_admin.pages.explorer.facets import Facet, MetadataFacet
from voucherify_admin.pages.filters import BaseFilter
from voucherify_admin.pages.filters.fields import Parameters, SeveralFilter, changed

# Seconds for all counting of one question.
SECONDS = 6.0
SHOWN = 6
KEY_LENGTH = 200
WHEN = ("period", "date_from", "date_to")
CURSORS: Parameters = {"after": [], "before": []}


@dataclass(frozen=True)
class Series:
    """What a bar is made of: the filter that asks for one, and (value, words) from the ground up."""

    name: str
    expression: Any
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Entry:
    """One value of a facet: its words, how many rows have it, the addresses to ask for it and to leave it out."""

    words: str
    number: int
    share: float
    only: str
    excluding: str
    # Without it again, where it is in or out already.
    undo: str = ""
    is_in: bool = False
    is_out: bool = False


@dataclass
class Shown:
    """A facet as it is shown, `more` values aside (`are_more`: or even more of them).

    `is_cut`: only the newest rows were counted; `is_late`: counting took too long.
    """

    facet: Facet
    entries: list[Entry] = field(default_factory=list)
    more: int = 0
    are_more: bool = False
    is_cut: bool = False
    is_late: bool = False


@dataclass
class Histogram:
    """The bars, how many rows they stand for, and the legend: (value, words, number, address)."""

    drawing: Drawing | None = None
    bucket: str = ""
    zone: str = ""
    total: int = 0
    legend: list[tuple[str, str, int, str]] = field(default_factory=list)
    is_cut: bool = False
    is_late: bool = False


class Explorer:
    """A list's histogram and facets for one request. Subclasses name `series`, `facets` and how the rows are told."""

    filterset_class: type[BaseFilter]
    series: Series
    # What the rows are called when only the newest are counted.
    rows_word = "rows"
    metadata_label = ""
    at_most = AT_MOST

    def __init__(self, request: HttpRequest, *, list_url: str, now: datetime) -> None:
        self.request = request
        self.list_url = list_url
        self.now = now
        self.deadline = time.monotonic() + SECONDS
        self.filterset = self.ask(request.GET)

    def queryset(self) -> QuerySet:
        """All rows that the list can show."""
        raise NotImplementedError

    def facets(self) -> list[Facet]:
        """What the rows are counted by, as this person may see it."""
        raise NotImplementedError

    def count(self, filterset: BaseFilter, *, facets: Asked = (), cell: timedelta | None = None) -> Counted:
        """Count the rows of a question: by `cell` and series, and by facets. Raises TooSlowError."""
        return newest(
            filterset.rows(),
            series=self.series.expression,
            facets=facets,
            cell=cell,
            time_field=filterset.time_field or "created_at",
            seconds=self.seconds_left(),
            at_most=self.at_most,
        )

    def seconds_left(self) -> float:
        """For what is still to be counted. Raises TooSlowError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TooSlowError
        return left

    def ask(self, data: QueryDict) -> BaseFilter:
        """The list's filter set over a question."""
        return self.filterset_class(data, self.queryset(), request=self.request, now=self.now)

    @property
    def is_valid(self) -> bool:
        return self.filterset.is_valid()

    # --- counting -----------------------------------------------------------------------------------------------

    def explore(self) -> tuple[Histogram, list[Shown]]:
        """The histogram and the facets of the question, which must be a valid one.

        Facets whose filter is not set are counted over the very rows of the list, by the histogram's statement; each
        of the others is counted over the rows that the list would have without its filter.
        """
        facets = [(str(index), facet, self.chosen(facet)) for index, facet in enumerate(self.all_facets())]
        own = [each for each in facets if not self.is_asked(each[1])]
        shown = {name: Shown(facet) for name, facet, _ in facets}
        histogram = Histogram(zone=str(self.filterset.zone))
        try:
            counted = self.count(self.filterset, facets=own, cell=self.cell())
        except TooSlowError:
            histogram.is_late = True
            for name, _, _ in own:
                shown[name].is_late = True
        else:
            histogram = self.histogram(counted)
            for name, facet, _ in own:
                shown[name] = self.shown(facet, counted.values.get(name, {}), is_cut=name in counted.cut)
        for name, facet, chosen in facets:
            if not self.is_asked(facet):
                continue
            others = self.ask(self.filterset.asked_without(facet.name, facet.key))
            try:
                counted = self.count(others, facets=[(name, facet, chosen)])
            except TooSlowError:
                shown[name].is_late = True
            else:
                shown[name] = self.shown(facet, counted.values.get(name, {}), is_cut=name in counted.cut)
        return histogram, list(shown.values())

    def all_facets(self) -> list[Facet]:
        facets = [each for each in self.facets() if each.name in self.filterset.filters]
        return [*facets, MetadataFacet(self.key, label=self.metadata_label)] if self.key else facets

    def is_asked(self, facet: Facet) -> bool:
        """Whether the question without the facet's filter is another one."""
        asked = changed(self.request.GET, CURSORS)
        return self.filterset.asked_without(facet.name, facet.key).urlencode() != asked.urlencode()

    def chosen(self, facet: Facet) -> set[str]:
        """The values that are in or out already; they are shown however rare they are."""
        included, excluded = self.several(facet.name).chosen(self.request.GET, facet.name, facet.key)
        return included | excluded

    def several(self, name: str) -> SeveralFilter:
        filter_ = self.filterset.filters[name]
        assert isinstance(filter_, SeveralFilter)  # noqa: S101 - facets are named in the code
        return filter_

    # --- the metadata key ---------------------------------------------------------------------------------------

    @property
    def keys(self) -> list[str]:
        """The metadata keys to choose from, with the one that was asked for."""
        if not self.metadata_label:
            return []
        if not hasattr(self, "_keys"):
            self._keys = self.filterset.metadata_keys()
            asked = self.request.GET.get("facet", "").strip()
            if asked and "\x00" not in asked and len(asked) <= KEY_LENGTH and asked not in self._keys:
                self._keys.append(asked)
        return self._keys

    @property
    def key(self) -> str:
        """Whose values are counted: the key that the address names, else the most frequent one."""
        asked = self.request.GET.get("facet", "").strip()
        return asked if asked in self.keys else self.keys[0] if self.keys else ""

    # --- facets -------------------------------------------------------------------------------------------------

    def shown(self, facet: Facet, counted: dict[str, int], *, is_cut: bool) -> Shown:
        included, excluded = self.several(facet.name).chosen(self.request.GET, facet.name, facet.key)
        values = facet.values(counted)
        # What is asked for and was not found is shown as well: with a nought, to take it out again.
        found = {value for value, _, _ in values}
        values += [(*named, 0) for named in facet.named(sorted((included | excluded) - found))]
        marked = [each for each in values if each[0] in included | excluded]
        top = [each for each in values if each in values[:SHOWN] or each in marked]
        highest = max([1, *(number for _, _, number in values)])
        entries = [
            Entry(
                words,
                number,
                round(100 * number / highest, 2),
                only=self.list_url + self.filterset.asking_only(facet.name, value, facet.key),
                excluding=self.list_url + self.filterset.asking_excluding(facet.name, value, facet.key),
                undo=self.without_value(facet, value) if value in included | excluded else "",
                is_in=value in included,
                is_out=value in excluded,
            )
            for value, words, number in top
        ]
        return Shown(facet, entries, more=len(values) - len(top), is_cut=is_cut, are_more=len(counted) >= VALUES)

    def without_value(self, facet: Facet, value: str) -> str:
        """The address with one value neither in nor out, what else is chosen left as it is."""
        return self.list_url + self.filterset.asking_neither(facet.name, value, facet.key)

    # --- the histogram ------------------------------------------------------------------------------------------

    def cell(self) -> timedelta:
        """In what pieces of time to count, so that any bucket that may fit can be put together of them."""
        start, end = self.filterset.bounds()
        zone = self.filterset.zone
        if start is None:
            return buckets.coarse(zone, self.now)
        return buckets.cell(start, self.until(start, end), zone)

    def until(self, start: datetime, end: datetime | None) -> datetime:
        """Where the axis ends: nothing is later than now."""
        return max(start + buckets.MINUTE, min(end, self.now) if end else self.now)

    def histogram(self, counted: Counted) -> Histogram:
        filterset, zone = self.filterset, self.filterset.zone
        numbers = {value: 0 for value, _ in self.series.values}
        for (_, value), number in counted.cells.items():
            numbers[value] = numbers.get(value, 0) + number
        histogram = Histogram(
            zone=str(zone),
            total=sum(numbers.values()),
            is_cut=counted.is_cut,
            legend=[
                (
                    value.lower().replace("_", "-"),
                    words,
                    numbers[value],
                    self.list_url + filterset.asking_only(self.series.name, value),
                )
                for value, words in self.series.values
            ],
        )
        if not counted.cells:
            return histogram
        start, end = self.extent(counted)
        bucket = buckets.fitting(start, end)
        size = self.cell()
        while bucket.length < size:
            bucket = buckets.BUCKETS[buckets.BUCKETS.index(bucket) + 1]
        edges = buckets.edges(start, end, bucket, zone)
        bars = buckets.fold(counted.cells, edges)
        one_day = start.astimezone(zone).date() == (end - timedelta(microseconds=1)).astimezone(zone).date()
        slots = []
        for index, bar in enumerate(bars):
            when = self.between(edges[index], edges[index + 1])
            slots.append(
                Slot(
                    stretch_words(edges[index], edges[index + 1], bucket, zone),
                    self.address(when),
                    [
                        (value, words, bar.get(value, 0), self.address(when, value))
                        for value, words in self.series.values
                    ],
                )
            )
        places = buckets.ticks(edges, bucket, zone)
        histogram.drawing = draw(slots, labels(edges, places, bucket, zone, one_day=one_day))
        histogram.bucket = bucket.name
        return histogram

    def extent(self, counted: Counted) -> tuple[datetime, datetime]:
        """From when to when the axis goes: the stretch that was asked for, else that of the rows."""
        start, end = self.filterset.bounds()
        oldest, newest = min(at for at, _ in counted.cells), max(at for at, _ in counted.cells) + self.cell()
        if start is None:
            return oldest, min(newest, end or newest)
        # What is later than the end (a clock may be ahead) is put into the last bar.
        return (oldest if counted.is_cut else start), self.until(start, end)

    def between(self, start: datetime, end: datetime) -> Parameters:
        """The parameters that ask for a bucket, within the stretch that was asked for."""
        asked_start, asked_end = self.filterset.bounds()
        start, end = max(start, asked_start or start), min(end, asked_end or end)
        zone = self.filterset.zone
        first, last = start.astimezone(zone), end.astimezone(zone)
        midnight = lambda at: (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)  # noqa: E731
        if midnight(first) and midnight(last) and last > first:
            dates = [str(first.date()), str(datetime.fromordinal(last.toordinal() - 1).date())]
        else:
            whole = not end.second and not end.microsecond
            last = (end - (buckets.MINUTE if whole else timedelta(seconds=1))).astimezone(zone)
            dates = [_moment(first), _moment(last, seconds=not whole)]
        return {**CURSORS, "period": [], "date_from": dates[:1], "date_to": dates[1:], "zone": [str(zone)]}

    def address(self, when: Parameters, value: str | None = None) -> str:
        data = self.request.GET
        narrowed = {} if value is None else self.several(self.series.name).only(data, self.series.name, value)
        return f"{self.list_url}?{changed(data, {**when, **narrowed}).urlencode()}"


def _moment(local: datetime, *, seconds: bool = False) -> str:
    """A time as the filter reads it back: local, with its distance from UTC where the clock shows it twice."""
    plain = local.replace(tzinfo=None)
    text = plain.isoformat(
        timespec="auto" if plain.microsecond else "seconds" if seconds or plain.second else "minutes"
    )
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{text}{local:%z}" if twice else text


__all__ = ["Entry", "Explorer", "Histogram", "Series", "Shown"]
