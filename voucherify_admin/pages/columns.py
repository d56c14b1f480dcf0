"""Which columns of a list a person sees, in which order and how dense, and how that is remembered; shows nothing.

A choice is kept under the list's name on the person's own row. What it names and there no longer is, or is not for
this person, is passed over in silence: a choice must never break a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from voucherify_admin.pages.tables import METADATA, BaseTable

MAX_COLUMNS = 40
MAX_METADATA_KEY = 200
COMFORTABLE, COMPACT = "comfortable", "compact"
DENSITIES = {COMFORTABLE: "Comfortable", COMPACT: "Compact"}
SIZES = (25, 50, 100)


@dataclass(frozen=True)
class Choice:
    """How a person looks at one list; `columns` and `size` (rows a page) are None where the list's own do."""

    columns: tuple[str, ...] | None = None
    density: str = COMFORTABLE
    size: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What is stored: only what differs from the standard."""
        stored: dict[str, Any] = {}
        if self.columns is not None:
            stored["columns"] = list(self.columns)
        if self.density != COMFORTABLE:
            stored["density"] = self.density
        if self.size is not None:
            stored["size"] = self.size
        return stored


def choice_of(user: Any, list_name: str) -> Choice:
    """What a person chose for a list; the standard for who chose nothing, and for what was stored and is no choice."""
    stored = (getattr(user, "list_choices", None) or {}).get(list_name)
    if not isinstance(stored, dict):
        return Choice()
    columns, density, size = stored.get("columns"), stored.get("density"), stored.get("size")
    return Choice(
        tuple(each for each in columns if isinstance(each, str))[:MAX_COLUMNS] if isinstance(columns, list) else None,
        density if density in DENSITIES else COMFORTABLE,
        size if size in SIZES else None,
    )


def remember(user: Any, list_name: str, choice: Choice) -> None:
    """Keep a person's choice for a list; the standard is kept by keeping nothing."""
    user.keep_list_choice(list_name, choice.as_json() or None)


def offered(table_class: type[BaseTable], user: Any) -> list[str]:
    """The names of the columns that this person may choose from, metadata apart: the standard ones first."""
    standard = table_class.standard()
    names = [*standard, *(name for name in table_class.base_columns if name not in standard)]
    needed = table_class.needs_permission
    return [name for name in names if name not in needed or user.has_perm(needed[name])]


def is_metadata_name(name: str) -> bool:
    """Whether a column's name means a metadata key that there can be."""
    key = name.removeprefix(METADATA)
    return name.startswith(METADATA) and 0 < len(key) <= MAX_METADATA_KEY and "\x00" not in key


def allowed(names: Sequence[str], table_class: type[BaseTable], user: Any) -> list[str]:
    """Those of `names` that this table can show to this person, each once, in their order."""
    known = set(offered(table_class, user))
    has_metadata = bool(table_class.metadata_column)
    return [name for name in dict.fromkeys(names) if name in known or (has_metadata and is_metadata_name(name))]


def columns_of(user: Any, list_name: str, table_class: type[BaseTable]) -> list[str] | None:
    """The names of the columns that a person chose for a list, in their order; None where the standard ones do.

    Metadata columns are named `metadata.KEY`. For whoever wants to begin from what is on the person's screen.
    """
    chosen = choice_of(user, list_name).columns
    names = allowed(chosen, table_class, user) if chosen is not None else []
    return names or None


def fetched_for(queryset: QuerySet, table_class: type[BaseTable], names: Sequence[str]) -> QuerySet:
    """The rows with all that these columns read, so that none of them costs a query a row."""
    base = table_class.base_columns
    besides = table_class.annotations
    annotations = {str(base[name].accessor): besides[name] for name in names if name in besides}
    if annotations:
        queryset = queryset.annotate(**annotations)
    deferred, is_deferring = queryset.query.deferred_loading
    if not deferred or not is_deferring:
        return queryset
    read = {str(base[name].accessor or name).partition("__")[0] for name in names if name in base}
    if table_class.metadata_column and any(name.startswith(METADATA) for name in names):
        read.add(table_class.metadata_column)
    return queryset.defer(None).defer(*(deferred - read)) if deferred & read else queryset
