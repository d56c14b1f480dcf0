"""Streams the rows of one SQL statement into a spreadsheet (XLSX), in constant memory; knows no export.

Every cell has its type: a text is never a formula and never a link, whatever it begins with.
"""

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
import xlsxwriter
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from voucherify_admin.exports.writer import BrokenOffError, Pulse, Written

# What a sheet holds, and a cell; source: Excel specifications and limits. The header is a row too.
MAX_ROWS = 1_048_576 - 1
MAX_TEXT = 32_767
FETCHED = 2_000
WIDTHS = {"time": 19, "money": 13, "number": 12, "json": 40, "text": 22}
CUT = " … (cut)"


class TooManyRowsError(Exception):
    """There are more rows than a sheet holds."""


def write_sheet(
    statement: tuple[str, Sequence[Any]] | None,
    header: Sequence[str],
    kinds: Sequence[str],
    *,
    name: str,
    beat: Callable[[int], bool],
) -> Written:
    """Write `header` and the rows of `statement` to the storage as `name`; `kinds` tell how each column is written.

    Raises TooManyRowsError past MAX_ROWS, BrokenOffError when `beat(rows so far)`, called about once a second, answers
    False. Whatever is raised, a file may be left under `name`, and the caller deletes it.
    """
    connection.ensure_connection()
    # The writer keeps rows in files of its own, and leaves them when it is broken off: their folder goes in any case.
    with tempfile.TemporaryDirectory(prefix="export-") as folder, tempfile.TemporaryFile(dir=folder) as file:
        # A slow storage is still work: without a sign of life another worker would begin again meanwhile.
        with Pulse(beat, connection.connection) as pulse:
            try:
                _fill(file, folder, statement, header, kinds, pulse, name)
            except psycopg.errors.QueryCanceled:
                if pulse.lost:
                    raise BrokenOffError(name) from None
                raise
            if pulse.lost:
                raise BrokenOffError(name)
            size = file.seek(0, 2)
            file.seek(0)
            stored = default_storage.save(name, File(file))
        if pulse.lost:
            raise BrokenOffError(stored)
    if default_storage.size(stored) != size:
        raise OSError(f"The storage holds {default_storage.size(stored)} of {size} bytes")
    return Written(stored, pulse.rows, size)


def _fill(
    file: Any,
    folder: str,
    statement: tuple[str, Sequence[Any]] | None,
    header: Sequence[str],
    kinds: Sequence[str],
    pulse: Pulse,
    name: str,
) -> None:
    options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    formats = {
        "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
    }
    for place, kind in enumerate(kinds):
        sheet.set_column(place, place, max(WIDTHS[kind], min(len(header[place]) + 2, 40)))
    sheet.freeze_panes(1, 0)
    for place, label in enumerate(header):
        sheet.write_string(0, place, label, bold)
    with closing(_rows(statement)) as rows:
        for row in rows:
            if pulse.lost:
                raise BrokenOffError(name)
            if pulse.rows >= MAX_ROWS:
                raise TooManyRowsError
            pulse.rows += 1
            for place, value in enumerate(row):
                _write(sheet, pulse.rows, place, value, formats.get(kinds[place]))
    sheet.autofilter(0, 0, max(pulse.rows, 1), len(header) - 1)
    book.close()


def _write(sheet: Any, row: int, place: int, value: Any, cell_format: Any) -> None:
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(row, place, value, cell_format)
    elif isinstance(value, int | Decimal | float) and not isinstance(value, bool):
        sheet.write_number(row, place, value, cell_format)
    else:
        text = str(value)
        sheet.write_string(row, place, text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(CUT)] + CUT)


def _rows(statement: tuple[str, Sequence[Any]] | None) -> Generator[tuple[Any, ...], None, None]:
    """The rows, fetched a few at a time by a cursor that PostgreSQL keeps."""
    if statement is None:
        return
    with transaction.atomic(), connection.connection.cursor(name="export_sheet") as cursor:
        cursor.itersize = FETCHED
        cursor.execute(*statement)
        yield from cursor
