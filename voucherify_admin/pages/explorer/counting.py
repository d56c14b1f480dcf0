"""Counts the rows of a question by time and by several things at once, never more than the newest so many of them.

One statement a question, with a time limit; knows no list in particular.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import F, QuerySet
from psycopg.errors import QueryCanceled

from voucherify_admin.pages.explorer.facets import Facet

# So many of the newest rows are read at the most.
AT_MOST = 100_000
# So many different values of one thing are fetched at the most.
VALUES = 300


class TooSlowError(Exception):
    """Counting took longer than it may."""


@dataclass
class Counted:
    """What was counted: by cell of time and series, and of each facet (by a name for it) by value.

    `is_cut`: only the newest rows were counted by time; `cut` names the facets of which that is true.
    """

    cells: dict[tuple[datetime, str], int] = field(default_factory=dict)
    values: dict[str, dict[str, int]] = field(default_factory=dict)
    is_cut: bool = False
    cut: set[str] = field(default_factory=set)

    def add(self, other: "Counted") -> None:
        """Take what was counted besides: of other rows, or other things of the same rows."""
        for place, number in other.cells.items():
            self.cells[place] = self.cells.get(place, 0) + number
        for name, values in other.values.items():
            own = self.values.setdefault(name, {})
            for value, number in values.items():
                own[value] = own.get(value, 0) + number
        self.is_cut |= other.is_cut
        self.cut |= other.cut


# What to count by: a name for it, the facet, and the values to tell however rare they are.
Asked = Sequence[tuple[str, Facet, set[str]]]


def newest(
    rows: QuerySet,
    *,
    series: Any,
    facets: Asked = (),
    cell: timedelta | None = None,
    time_field: str = "created_at",
    seconds: float = 5.0,
    at_most: int = AT_MOST,
) -> Counted:
    """Count the newest `at_most` of `rows`: by `cell` (None: not by time) and the series in it, and by facets.

    Raises TooSlowError past `seconds`.
    """
    bounded = rows.order_by(f"-{time_field}", "-pk")
    columns = {"at": F(time_field), "series": series}
    number, counted = tally(bounded, columns, facets=facets, cell=cell, seconds=seconds, at_most=at_most)
    if number >= at_most:
        counted.is_cut, counted.cut = cell is not None, {name for name, _, _ in facets}
    return counted


def tally(
    rows: QuerySet,
    columns: dict[str, Any],
    *,
    facets: Asked = (),
    cell: timedelta | None = None,
    seconds: float,
    at_most: int | None = None,
    number: str = "count(*)",
    values: int = VALUES,
) -> tuple[int, Counted]:
    """Count `rows` by what `columns` calls `at` and `series`, and by facets; also answer how many rows were read.

    `number` is the SQL that makes a count of rows, `values` how many of a facet are fetched. One statement.
    """
    columns |= {f"f{index}": facet.expression for index, (_, facet, _) in enumerate(facets)}
    counted = Counted(values={name: {} for name, _, _ in facets})
    try:
        inner, inside = rows.values(**columns)[:at_most].query.sql_with_params()
    except EmptyResultSet:
        return 0, counted
    parts, parameters = ["SELECT -2, '', '', count(*) FROM asked"], list(inside)
    if cell is not None:
        parts.append(
            "SELECT -1, extract(epoch FROM date_bin(%s, at, 'epoch'))::bigint::text, series::text,"  # noqa: S608
            f" {number} FROM asked GROUP BY 2, 3"
        )
        parameters.append(cell)
    weight = ", weight" if "weight" in columns else ""
    for index, (_, facet, chosen) in enumerate(facets):
        text = facet.as_text.format(f"f{index}")
        parts.append(
            f"(SELECT {index}, value, '', {number} FROM (SELECT {text} AS value{weight} FROM asked) each"  # noqa: S608
            " WHERE value IS NOT NULL GROUP BY value"
            f" ORDER BY value = ANY(%s) DESC, 4 DESC, value LIMIT {values})"
        )
        parameters.append(list(chosen))
    sql = f"WITH asked AS MATERIALIZED ({inner}) {' UNION ALL '.join(parts)}"
    read = 0
    for place, value, series, found in within(sql, parameters, seconds=seconds):
        if place == -2:
            read = found
        elif place == -1:
            counted.cells[datetime.fromtimestamp(int(value), UTC), series] = found
        else:
            counted.values[facets[place][0]][value] = found
    return read, counted


def within(sql: str, parameters: Sequence[Any], *, seconds: float) -> list[tuple]:
    """Run a statement that only reads. Raises TooSlowError when it takes longer than `seconds`."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
            # For whoever goes on in a transaction around this.
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return rows
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlowError from error
        raise
