"""The page, and with a script the dialog, on which a person chooses a list's columns; what is chosen columns.py keeps.

Everything is done by one form: boxes, numbers for the order, buttons that move a column or add one. A button that only
arranges answers the same page anew and keeps nothing; "Show these columns" keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse

from voucherify_admin.pages import columns
from voucherify_admin.pages.columns import METADATA, BaseTable, Choice
from voucherify_admin.pages.filters import newest_keys

MAX_LINES = 200


@dataclass(frozen=True)
class Line:
    """One column as the form has it, shown or not."""

    name: str
    label: str
    is_shown: bool

    @property
    def is_metadata(self) -> bool:
        return self.name.startswith(METADATA)


class Chooser:
    """The lines of the form for one list and one person, in the order in which the columns stand or would stand."""

    def __init__(self, list_name: str, table_class: type[BaseTable], user: Any, *, page_size: int) -> None:
        self.list_name, self.table_class, self.user = list_name, table_class, user
        self.page_size = page_size
        self.offered = columns.offered(table_class, user)
        labels = table_class([], columns=self.offered).columns
        self.labels = {column.name: str(column.header) for column in labels}
        kept = columns.choice_of(user, list_name)
        self.density, self.size = kept.density, kept.size or page_size
        names = columns.columns_of(user, list_name, table_class) or columns.allowed(
            table_class.standard(), table_class, user
        )
        self.lines = self._lines(names, shown=names)
        self.error = ""

    def _lines(self, names: Sequence[str], *, shown: Sequence[str]) -> list[Line]:
        """`names` in their order, and after them whatever else there is."""
        every = columns.allowed([*names, *self.offered], self.table_class, self.user)[:MAX_LINES]
        return [Line(name, self.labels.get(name, name.removeprefix(METADATA)), name in set(shown)) for name in every]

    def read(self, data: QueryDict) -> None:
        """Take over what the form says: boxes, numbers, and the button that moved or added a column."""
        names, places = data.getlist("column"), data.getlist("place")
        order = sorted(range(len(names)), key=lambda index: _place(index, places))
        names, shown = [names[index] for index in order], data.getlist("show")
        self.density = data["density"] if data.get("density") in columns.DENSITIES else columns.COMFORTABLE
        self.size = next((size for size in columns.SIZES if str(size) == data.get("size")), self.page_size)
        direction, _, name = data.get("move", "").partition(":")
        if name in names and direction in ("up", "down"):
            index = names.index(name)
            other = max(index - 1, 0) if direction == "up" else min(index + 1, len(names) - 1)
            names[index], names[other] = names[other], names[index]
        key = (data.get("add") or data.get("key") or "").strip()
        if key and self.table_class.metadata_column:
            name = METADATA + key
            if columns.is_metadata_name(name):
                last = max((names.index(each) for each in names if each in shown), default=-1)
                names = [each for each in names[: last + 1] if each != name] + [
                    name,
                    *[each for each in names[last + 1 :] if each != name],
                ]
                shown = [*shown, name]
            else:
                self.error = f"A metadata key has {columns.MAX_METADATA_KEY} characters at the most."
        self.lines = self._lines(names, shown=shown)
        if not self.error and not self.chosen:
            self.error = "Choose one column at least."
        if len(self.chosen) > columns.MAX_COLUMNS:
            self.error = f"These are more than {columns.MAX_COLUMNS} columns."

    @property
    def chosen(self) -> list[str]:
        """The names of the columns to show, in their order."""
        return [line.name for line in self.lines if line.is_shown]

    @property
    def choice(self) -> Choice:
        """What to keep; None for what is as it would be anyway."""
        standard = columns.allowed(self.table_class.standard(), self.table_class, self.user)
        return Choice(
            None if self.chosen == standard else tuple(self.chosen),
            self.density,
            None if self.size == self.page_size else self.size,
        )

    @property
    def has_metadata(self) -> bool:
        return bool(self.table_class.metadata_column)

    @property
    def suggested(self) -> list[str]:
        """The metadata keys of the newest rows that are no column yet."""
        column, model = self.table_class.metadata_column, self.table_class._meta.model
        if not column or model is None:
            return []
        there = {line.name for line in self.lines}
        return [key for key in newest_keys(model, column) if METADATA + key not in there]


def _place(index: int, places: Sequence[str]) -> tuple[int, int]:
    """Where a line goes: by its number, and of two with one number the one that was moved there comes first."""
    was = index + 1
    text = places[index] if index < len(places) else ""
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else was
    # Moved down it stands behind the one that has the number, for that one moves up.
    return wanted, (wanted > was) - (wanted < was)


class ChooserMixin:
    """Gives a FilteredListView the page `?view=columns`; needs its `list_name`, `table_class` and `page_size`."""

    list_name = ""
    table_class: type[BaseTable]
    page_size: int
    title: str
    request: HttpRequest

    def chooser_context(self, chooser: Chooser) -> dict[str, Any]:
        back = self.request.GET.copy()
        back.pop("view", None)
        query = f"?{back.urlencode()}" if back else ""
        back["view"] = "columns"
        return {
            "chooser": chooser,
            "title": f"Columns of “{self.title}”",
            "back": f"{self.request.path}{query}",
            "action": f"{self.request.path}?{back.urlencode()}",
            "densities": columns.DENSITIES.items(),
            "sizes": sorted({*columns.SIZES, self.page_size}),
        }

    def show_chooser(self, *, chooser: Chooser | None = None, status: int = 200) -> HttpResponse:
        """The form; alone where a script asks for it, for its dialog."""
        chooser = chooser or self.get_chooser()
        in_dialog = self.request.headers.get("HX-Request") == "true"
        template = "pages/_columns.html" if in_dialog else "pages/columns.html"
        return TemplateResponse(self.request, template, self.chooser_context(chooser), status=status)

    def get_chooser(self) -> Chooser:
        return Chooser(self.list_name, self.table_class, self.request.user, page_size=self.page_size)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.list_name or request.GET.get("view") != "columns":
            return self.http_method_not_allowed(request, *args, **kwargs)  # type: ignore[attr-defined]
        chooser = self.get_chooser()
        back = self.chooser_context(chooser)["back"]
        if "standard" in request.POST:
            columns.remember(request.user, self.list_name, Choice())
            return HttpResponseRedirect(back)
        chooser.read(request.POST)
        if "move" in request.POST or "add" in request.POST:
            return self.show_chooser(chooser=chooser)
        if chooser.error:
            return self.show_chooser(chooser=chooser, status=422)
        columns.remember(request.user, self.list_name, chooser.choice)
        return HttpResponseRedirect(back)
