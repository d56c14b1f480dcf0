"""Lists as tables: the base of every table and the columns for money, status, time and codes."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import django_tables2 as tables
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Expression, Model
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django_tables2.columns import BoundColumn
from django_tables2.rows import BoundRow
from django_tables2.utils import signature

from voucherify_admin.pages import show

METADATA = "metadata."


class BaseTable(tables.Table):
    """A table whose rows are written in one go: no template is rendered for a cell.

    Override `row_link`, and the first cell becomes the link that j, k and Enter walk along. Sorting is off: lists are
    read by position (keyset.py), newest first.

    `Meta.fields` are the columns shown by themselves; what is declared besides can be chosen (columns.py). `columns`
    are the names to show, in their order; `metadata.KEY` shows one key of the column `metadata_column`. A column named
    in `needs_permission` is offered only to who holds that permission. `annotations` are what a column reads that
    does not stand on the row: by the column's name, to be fetched under its accessor. No column may query.
    """

    metadata_column: str | None = None
    needs_permission: Mapping[str, str] = {}
    annotations: Mapping[str, Expression] = {}

    class Meta:
        template_name = "pages/_table.html"
        orderable = False
        attrs = {"class": "table list-table"}
        default = show.NOTHING

    def __init__(self, *args: Any, columns: Sequence[str] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("default", show.NOTHING)
        names = self.standard() if columns is None else list(columns)
        self.is_chosen = not set(names) <= set(self.standard())
        names = [name for name in names if name not in (kwargs.get("exclude") or ())]
        kwargs["sequence"] = names
        # None takes a column out: what is not shown is not made either.
        kwargs["extra_columns"] = [(name, None) for name in self.base_columns if name not in names] + [
            (name, MetadataColumn(name.removeprefix(METADATA), accessor=self.metadata_column))
            for name in names
            if self.metadata_column and name.startswith(METADATA)
        ]
        super().__init__(*args, **kwargs)

    @classmethod
    def standard(cls) -> list[str]:
        """The names of the columns that are shown where nobody chose others."""
        return [name for name in cls._meta.fields or cls.base_columns if name in cls.base_columns]

    def row_link(self, record: Any) -> str | None:
        """The address that a record's row leads to."""
        return None

    @property
    def is_wide(self) -> bool:
        """More columns than a screen shows: the table scrolls within itself. A script (lists.js) measures it again."""
        return len(self.columns.columns) > (7 if self.is_chosen else 9)

    def head_html(self) -> SafeString:
        """The header row."""
        cells = (
            format_html('<th scope="col"{}>{}</th>', _attributes(column.column.attrs.get("th")), column.header)
            for column in self.columns
        )
        return mark_safe(f"<tr>{''.join(cells)}</tr>")  # noqa: S308 - escaped above

    def rows_html(self) -> SafeString:
        """All rows; each cell is escaped unless its column answered safe text."""
        columns = [
            (
                _reader(column, self),
                format_html(
                    '<td{} data-label="{}">',
                    _attributes(column.column.attrs.get("td")),
                    column.header or "",
                ),
            )
            for column in self.columns
        ]
        lines: list[str] = []
        for row in self.rows:
            address = self.row_link(row.record)
            lines.append("<tr>" if not address else '<tr class="has-link">')
            is_linked = not address
            for read, opening in columns:
                cell = conditional_escape(read(row))
                if cell == show.NOTHING:
                    opening = opening.replace("<td", "<td data-empty", 1)
                if not is_linked and "<a " not in cell:
                    cell, is_linked = _linked(cell, str(address)), True
                lines.append(f"{opening}{cell}</td>")
            if not is_linked:
                # Each cell leads somewhere of its own; the way to the row itself stands at its end.
                lines[-1] = lines[-1].removesuffix("</td>") + f" {_linked(OPEN, str(address))}</td>"
            lines.append("</tr>")
        return mark_safe("".join(lines))  # noqa: S308 - escaped above


OPEN = mark_safe('<span class="row-open">Open</span>')


def _linked(cell: str, address: str) -> str:
    """A cell as the row's link; a button to copy stays beside the link, for nothing pressable may lie in another."""
    opening = format_html('<a class="row-link" href="{}">', address)
    if cell.startswith('<span class="code">'):
        before, inner, after = cell.partition("</code>")
        return f"{before.replace('<code', f'{opening}<code', 1)}{inner}</a>{after}"
    return f"{opening}{cell}</a>"


def _reader(bound: BoundColumn, table: tables.Table) -> Callable[[BoundRow], Any]:
    """What answers the cell of a column for a row, as django-tables2 would.

    What that finds out for each cell anew, how the value is reached and which arguments `render` takes, is found out
    once. Whatever is not plain is left to it.
    """
    name = str(bound.accessor)
    arguments, catches_all = signature(bound.render)
    offered = {"value", "record", "column", "bound_column", "table"}
    if "__" in name or "." in name or catches_all or bound.link or not offered.issuperset(arguments):
        return lambda row: row.get_cell(bound.name)
    fixed = {"column": bound.column, "bound_column": bound, "table": table}
    fixed = {key: each for key, each in fixed.items() if key in arguments}
    takes_value, takes_record = "value" in arguments, "record" in arguments
    render, empty_values, default = bound.render, bound.column.empty_values, bound.default
    labels: dict[type, dict[Any, Any]] = {}

    def read(row: BoundRow) -> Any:
        record = row.record
        if not isinstance(record, Model):
            return row.get_cell(bound.name)
        value = getattr(record, name, None)
        if callable(value):
            return row.get_cell(bound.name)
        kind = type(record)
        if kind not in labels:
            labels[kind] = _labels(kind, name)
        # The word of a choice stands for its value, as everywhere in django-tables2.
        value = labels[kind].get(value, value) if labels[kind] else value
        if value in empty_values:
            return default
        given = dict(fixed)
        if takes_value:
            given["value"] = value
        if takes_record:
            given["record"] = record
        return render(**given)

    return read


def _labels(model: type[Model], name: str) -> dict[Any, Any]:
    """The words of a column's choices; none for what is no column or has no choices."""
    try:
        return dict(getattr(model._meta.get_field(name), "flatchoices", None) or ())
    except FieldDoesNotExist:
        return {}


def _attributes(attrs: dict[str, Any] | None) -> SafeString:
    return format_html_join("", ' {}="{}"', (attrs or {}).items())


class MoneyColumn(tables.Column):
    """Whole cents as an amount, right aligned."""

    attrs = {"td": {"class": "num"}, "th": {"class": "num"}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": self.attrs, **kwargs})

    def render(self, value: int) -> str:
        return show.money(value)

    def value(self, value: Any) -> Any:
        return value


class StatusColumn(tables.Column):
    """A status as a word with a shape."""

    def render(self, value: Any) -> SafeString:
        return show.status(value)


class TimeColumn(tables.Column):
    """A moment in the reader's zone, UTC in its title; to the minute, or where it is `exact` to the second."""

    def __init__(self, *args: Any, exact: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": {"td": {"class": "when"}}, **kwargs})
        self.exact = exact

    def render(self, value: Any) -> SafeString:
        return show.time(value, short=True, exact=self.exact)


class NameColumn(tables.Column):
    """Text that is cut where it is too long for its column; the title tells it whole."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": {"td": {"class": "name"}}, **kwargs})

    def render(self, value: Any) -> str | SafeString:
        return titled(str(value))


class MetadataColumn(NameColumn):
    """One key of a row's metadata."""

    def __init__(self, key: str, **kwargs: Any) -> None:
        super().__init__(verbose_name=key, **kwargs)
        self.key = key

    def render(self, value: Any) -> str | SafeString:
        found = value.get(self.key) if isinstance(value, dict) else None
        if found is None or isinstance(found, str):
            return titled(found or "")
        return titled(json.dumps(found, ensure_ascii=False))


class CodeColumn(tables.Column):
    """A code or an id in even-width letters with a copy button; `link` gives the address for a record."""

    def __init__(self, *args: Any, link: Callable[[Any], str | None] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not `self.link`, which django-tables2 keeps for its own.
        self.address_of = link

    def render(self, value: str, record: Any) -> SafeString:
        address = self.address_of(record) if self.address_of else None
        if not address:
            return show.code(str(value), is_titled=True)
        return format_html(
            '<span class="code"><a href="{}"><code>{}</code></a>{}</span>', address, value, show.copy_button(str(value))
        )


class LinkColumn(tables.Column):
    """Text that leads to another row's page; `link` gives the address for a record, None leaves the text alone."""

    def __init__(self, *args: Any, link: Callable[[Any], str | None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not `self.link`, which django-tables2 keeps for its own.
        self.address_of = link

    def render(self, value: Any, record: Any) -> Any:
        address = self.address_of(record)
        return format_html('<a href="{}">{}</a>', address, value) if address else value


class NumberColumn(tables.Column):
    """A whole number, right aligned, with thousands marked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": {"td": {"class": "num"}, "th": {"class": "num"}}, **kwargs})

    def render(self, value: int) -> str:
        return f"{value:,}"


# What is shorter fits into every column.
SHORT_NAME = 20


def titled(text: str) -> str | SafeString:
    """`text` with itself as its title where it may be cut off; a dash for nothing."""
    if not text:
        return show.NOTHING
    return text if len(text) < SHORT_NAME else format_html('<span title="{}">{}</span>', text, text)


def join_cells(parts: Iterable[Any]) -> SafeString:
    """Several pieces in one cell, one under the other."""
    return mark_safe("".join(f"<div>{conditional_escape(part)}</div>" for part in parts if part))  # noqa: S308
