"""The search box: one text, asked of every app that has something to find; knows none of them by itself.

Each app names a function in `settings.SEARCHES`. It gets an Asked and gives Groups, by a few short queries that indexes
answer, whatever was typed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.module_loading import import_string
from django.views.generic import TemplateView

from voucherify_admin.pages.views import StaffMixin

MAX_LENGTH = 200
# So many lines a kind are shown; its list has the others.
SHOWN = 5
SUGGESTED = 8


@dataclass(frozen=True)
class Asked:
    """What was typed, blanks at its ends aside, and by whom (`has_perm`)."""

    text: str
    user: Any

    @property
    def spellings(self) -> list[str]:
        """The text as codes may be written: other case, dashes for blanks, or neither."""
        bare = "".join(self.text.split())
        dashed = "-".join(self.text.split())
        forms = (self.text, bare, dashed, *(each.upper() for each in (self.text, bare, dashed)))
        return list(dict.fromkeys((*forms, self.text.lower())))

    @property
    def forgiven(self) -> str:
        """The text as `forgiven_code` indexes write it: in capitals, without blanks, dashes and underscores."""
        return self.text.upper().translate(str.maketrans("", "", " -_"))


@dataclass(frozen=True)
class Hit:
    """One line: what was found, where it leads, and what tells it from its neighbours.

    An exact hit is what was asked for by name: when there is but one, its page is opened at once.
    """

    title: str
    url: str
    note: str = ""
    is_exact: bool = False
    is_code: bool = False
    status: str = ""


@dataclass(frozen=True)
class Group:
    """The hits of one kind. `url` leads to all of them in their list, where there may be more than are shown."""

    label: str
    icon: str
    hits: list[Hit] = field(default_factory=list)
    url: str = ""


Searcher = Callable[[Asked], Iterable[Group]]


def search(asked: Asked) -> list[Group]:
    """All groups in which something was found, exact hits first within each."""
    groups = []
    for name in settings.SEARCHES:
        searcher: Searcher = import_string(name)
        for group in searcher(asked):
            if group.hits:
                hits = sorted(group.hits, key=lambda hit: not hit.is_exact)
                groups.append(Group(group.label, group.icon, hits[:SHOWN], group.url if len(hits) >= SHOWN else ""))
    # What was asked for by its name stands above what only begins so.
    return sorted(groups, key=lambda group: not any(hit.is_exact for hit in group.hits))


class SearchView(StaffMixin, TemplateView):
    """`/search/?q=…`: opens what was asked for by name, else shows what was found; `?suggest` answers lines alone."""

    template_name = "pages/search.html"
    title = "Search"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.text = request.GET.get("q", "").strip()
        self.groups: list[Group] = []
        self.problem = ""
        if len(self.text) > MAX_LENGTH or "\x00" in self.text:
            self.problem = f"Search for {MAX_LENGTH} characters at the most, none of them a NUL."
        elif self.text:
            self.groups = search(Asked(self.text, request.user))
        exact = {hit.url for group in self.groups for hit in group.hits if hit.is_exact}
        if len(exact) == 1 and not self.is_suggesting:
            return redirect(exact.pop())
        return super().get(request, *args, **kwargs)

    @property
    def is_suggesting(self) -> bool:
        """Whether the box asks for lines to choose from while somebody types."""
        return "suggest" in self.request.GET

    def get_template_names(self) -> list[str]:
        return ["pages/_suggestions.html"] if self.is_suggesting else [self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        hits = [(group, hit) for group in self.groups for hit in group.hits][:SUGGESTED]
        return super().get_context_data(
            text=self.text, groups=self.groups, hits=hits, problem=self.problem, search_text=self.text, **kwargs
        )
