"""The results of an action, row by row, as CSV; reads rows and writes nothing."""

import csv
from collections.abc import Iterator

from django.http import StreamingHttpResponse

from voucherify_admin.async_actions.models import AsyncAction

# What makes a spreadsheet take a cell for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    def write(self, text: str) -> str:
        return text


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(action: AsyncAction) -> Iterator[str]:
    writer = csv.writer(_Line())
    # With the mark that tells Excel that it is UTF-8.
    yield "\ufeff" + writer.writerow(["Row", "Code", "Result", "What is wrong"])
    rows = action.rows.order_by("number").values_list("number", "name", "error")
    for number, name, error in rows.iterator(chunk_size=2000):
        yield writer.writerow([number, _cell(name), "FAILED" if error else "OK", _cell(error)])


def csv_response(action: AsyncAction) -> StreamingHttpResponse:
    """Return the answer that hands the results out as a file, to no cache."""
    response = StreamingHttpResponse(_lines(action), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{action.public_id}-results.csv"'
    response["Cache-Control"] = "no-store, private"
    return response
