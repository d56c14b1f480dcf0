"""Small parts of a list that a page asks for after it stands: how many rows are new, and what each filter takes away.

They count up to a bound and for a bounded time, and hold no list up.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django_filters import FilterSet

from voucherify_admin.pages import keyset
from voucherify_admin.pages.counting import count_up_to
from voucherify_admin.pages.filters import Chip

# Parameters of an address that ask for a part of the page, and are no part of the list's question.
PARTS = ("view", "around")
MAX_NEW = 100
MAX_WITHOUT = 1000
MAX_FILTERS = 8
# Milliseconds for one number, and for all that one answer may count.
FOR_ONE, FOR_ALL = 1000, 2500


@dataclass(frozen=True)
class WayBack:
    """An active filter, the question without it, and how many rows that has (a word; empty when nobody counted)."""

    chip: Chip
    number: str = ""


class FragmentsMixin:
    """Gives a FilteredListView `?view=news&around=CURSOR` and `?view=without`."""

    keyset: tuple[str, ...]
    request: HttpRequest
    # What a row is called, once and several times.
    noun: tuple[str, str] = ("row", "rows")

    def question(self) -> QueryDict:
        """The list's question with the place in the list, without the part of the page that is asked for."""
        asked = self.request.GET.copy()
        for name in PARTS:
            asked.pop(name, None)
        return asked

    def show_news(self) -> HttpResponse:
        """How many rows that answer the question came after the cursor's; nothing for a question without answer."""
        filterset = self.get_filterset()  # type: ignore[attr-defined]
        number: int | None = 0
        if filterset.is_valid():
            try:
                rows = keyset.newer(filterset.rows(), self.request.GET.get("around", ""), keyset=self.keyset)
                number = count_up_to(rows, MAX_NEW, milliseconds=FOR_ONE)
            except keyset.BadCursorError:
                number = 0
        asked = self.question()
        for name in ("after", "before"):
            asked.pop(name, None)
        return TemplateResponse(
            self.request,
            "pages/_news.html",
            {
                "number": number,
                "is_more": number == MAX_NEW,
                "shown": MAX_NEW - 1,
                "noun": self.noun,
                "newest": f"{self.request.path}?{asked.urlencode()}" if asked else self.request.path,
            },
        )

    def show_without(self) -> HttpResponse:
        """For each active filter how many rows there would be without it."""
        filterset = self.get_filterset()  # type: ignore[attr-defined]
        return TemplateResponse(
            self.request, "pages/_without.html", {"ways": self.ways_back(filterset, is_counting=True)}
        )

    def ways_back(self, filterset: FilterSet, *, is_counting: bool = False) -> list[WayBack]:
        """The active filters, the first few, each as a way back; with numbers only where `is_counting`."""
        chips = filterset.each_away()[:MAX_FILTERS]
        if not is_counting:
            return [WayBack(chip) for chip in chips]
        started = time.monotonic()
        ways = []
        for chip in chips:
            left = FOR_ALL - int(1000 * (time.monotonic() - started))
            ways.append(WayBack(chip, self._number_of(chip, min(FOR_ONE, left)) if left > 0 else ""))
        return ways

    def _number_of(self, chip: Chip, milliseconds: int) -> str:
        view: Any = self
        without = view.filterset_class(QueryDict(chip.query[1:]), view.get_queryset(), request=self.request)
        if not without.is_valid():
            return ""
        number = count_up_to(without.rows(), MAX_WITHOUT, milliseconds=milliseconds)
        if number is None:
            return ""
        return f"{MAX_WITHOUT:,}+" if number == MAX_WITHOUT else f"{number:,}"
