"""Lists as tables: the base of every table and the columns for money, status, time and codes."""

from collections.abc import Callable, Iterable
from typing import Any

import django_tables2 as tables
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from voucherify_admin.pages import show


class BaseTable(tables.Table):
    """A table whose rows are written in one go: no template is rendered for a cell.

    Override `row_link`, and the first cell becomes the link that j, k and Enter walk along. Sorting is off: lists are
    read by position (keyset.py), newest first.
    """

    class Meta:
        template_name = "pages/_table.html"
        orderable = False
        attrs = {"class": "table list-table"}
        default = show.NOTHING

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("orderable", False)
        kwargs.setdefault("default", show.NOTHING)
        super().__init__(*args, **kwargs)

    def row_link(self, record: Any) -> str | None:
        """The address that a record's row leads to."""
        return None

    @property
    def is_wide(self) -> bool:
        """More columns than a screen shows: the table scrolls within itself."""
        return len(self.columns.columns) > 9

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
                column.name,
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
            for index, (name, opening) in enumerate(columns):
                cell = conditional_escape(row.get_cell(name))
                if cell == show.NOTHING:
                    opening = opening.replace("<td", "<td data-empty", 1)
                if index == 0 and address and "<a " not in cell:
                    cell = format_html('<a class="row-link" href="{}">{}</a>', address, cell)
                lines.append(f"{opening}{cell}</td>")
            lines.append("</tr>")
        return mark_safe("".join(lines))  # noqa: S308 - escaped above


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
    """A moment in the reader's zone, to the minute; the title and the row's own page tell the second."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"attrs": {"td": {"class": "when"}}, **kwargs})

    def render(self, value: Any) -> SafeString:
        return show.time(value, short=True)


class CodeColumn(tables.Column):
    """A code or an id in even-width letters with a copy button; `link` gives the address for a record."""

    def __init__(self, *args: Any, link: Callable[[Any], str | None] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not `self.link`, which django-tables2 keeps for its own.
        self.address_of = link

    def render(self, value: str, record: Any) -> SafeString:
        address = self.address_of(record) if self.address_of else None
        if not address:
            return show.code(str(value))
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


def join_cells(parts: Iterable[Any]) -> SafeString:
    """Several pieces in one cell, one under the other."""
    return mark_safe("".join(f"<div>{conditional_escape(part)}</div>" for part in parts if part))  # noqa: S308
