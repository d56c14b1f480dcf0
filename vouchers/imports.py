"""Turns a file of vouchers (CSV with Voucherify's header) into bodies as `POST /v1/vouchers/{code}` takes them.

Pure: knows neither models nor the database. What is wrong with a row is a sentence of that row.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

CODE, TYPE, ACTIVE = "code", "voucher type", "active"
START, END = "start date", "expiration date"
DISCOUNT_TYPE, VALUE = "discount type", "value"
CATEGORY, LIMIT, INFO = "category", "redemption limit", "additional info"
COLUMNS = (CODE, TYPE, ACTIVE, START, END, DISCOUNT_TYPE, VALUE, CATEGORY, LIMIT, INFO)
TYPES = {
    "DISCOUNT_VOUCHER": "DISCOUNT_VOUCHER",
    "DISCOUNT": "DISCOUNT_VOUCHER",
    "GIFT_VOUCHER": "GIFT_VOUCHER",
    "GIFT": "GIFT_VOUCHER",
}
DISCOUNTS = {"AMOUNT": "amount_off", "PERCENT": "percent_off", "FIXED": "fixed_amount"}
TRUTHS = {"true": True, "yes": True, "1": True, "": True, "false": False, "no": False, "0": False}
# Marks a row with a cell under no name; no column is called so.
NAMELESS = ""
MOST_ROWS = 500_000
# Cells are kept in a column or in metadata; none of them means anything at this size.
csv.field_size_limit(131_072)


class FileError(ValueError):
    """The file as a whole cannot be read; the text says why."""


class RowError(ValueError):
    """One row cannot be used; the text says why."""


def read_rows(content: bytes) -> Iterator[dict[str, str]]:
    """Give the rows of a CSV file, its columns by their names as the header spells them; empty lines are left out.

    Raises FileError for a file that is no CSV in UTF-8 or has no column Code.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError("The file should be text in UTF-8; save it as “CSV UTF-8”") from error
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [name.strip() for name in next(lines, [])]
        known = [name.lower() for name in header]
        if CODE not in known:
            raise FileError("The first line should name the columns, and one of them should be Code")
        named = [name for name in known if name]
        if len(set(named)) < len(named):
            twice = next(name for name in named if named.count(name) > 1)
            raise FileError(f"The column {header[known.index(twice)]} stands twice in the first line")
        for number, cells in enumerate(line for line in lines if any(cell.strip() for cell in line)):
            if number >= MOST_ROWS:
                raise FileError(f"A file may have {MOST_ROWS:,} rows at the most; cut it into several")
            row = {name: cell for name, cell in zip(header, cells, strict=False) if name}
            nameless = [cell for name, cell in zip(header, cells, strict=False) if not name] + cells[len(header) :]
            if any(cell.strip() for cell in nameless):
                row[NAMELESS] = "yes"
            yield row
    except csv.Error as error:
        raise FileError(f"The file cannot be read as CSV: {error}") from error


def body_of(row: dict[str, str], *, campaign_type: str = "") -> dict[str, Any]:
    """Return the body that creates the row's voucher, its code under `code`; raise RowError.

    In a campaign, whose type of voucher is `campaign_type`, an empty Value leaves what its template says.
    """
    if NAMELESS in row:
        raise RowError("The row has more cells than the first line has columns: cells with separators need quotes")
    cells = {name.lower(): cell.strip() for name, cell in row.items()}
    if any("\x00" in cell for cell in row.values()):
        raise RowError("The row holds a character that cannot be stored (NUL)")
    if not cells.get(CODE):
        raise RowError("Code is empty")
    kind = _kind(cells, campaign_type)
    body: dict[str, Any] = {"code": cells[CODE], "active": _truth(cells)}
    if cells.get(VALUE) or cells.get(DISCOUNT_TYPE):
        body |= {"type": kind, **_worth(cells, kind)}
    elif not campaign_type:
        raise RowError("Value is empty")
    elif kind != campaign_type:
        raise RowError(f"Voucher Type should be {campaign_type}, as the campaign's vouchers are")
    if cells.get(LIMIT):
        body["redemption"] = {"quantity": _whole(cells[LIMIT], "Redemption Limit")}
    for name, column in (("start_date", START), ("expiration_date", END)):
        if cells.get(column):
            body[name] = cells[column]
    for name, column in (("category", CATEGORY), ("additional_info", INFO)):
        if cells.get(column):
            body[name] = cells[column]
    body["metadata"] = {
        name: cell.strip() for name, cell in row.items() if name.lower() not in COLUMNS and cell.strip()
    }
    return body


def _kind(cells: dict[str, str], campaign_type: str) -> str:
    named = cells.get(TYPE, "").upper()
    if not named:
        return campaign_type or "DISCOUNT_VOUCHER"
    if named not in TYPES:
        raise RowError(f"Voucher Type {cells[TYPE]} should be DISCOUNT_VOUCHER or GIFT_VOUCHER")
    return TYPES[named]


def _worth(cells: dict[str, str], kind: str) -> dict[str, Any]:
    value = cells.get(VALUE, "")
    if not value:
        raise RowError("Value is empty")
    if kind == "GIFT_VOUCHER":
        return {"gift": {"amount": _whole(value, "Value")}}
    discount = cells.get(DISCOUNT_TYPE, "").upper()
    if discount not in DISCOUNTS:
        raise RowError(f"Discount Type {discount or '(empty)'} should be one of {', '.join(DISCOUNTS)}")
    amount = _percent(value) if discount == "PERCENT" else _whole(value, "Value")
    return {"discount": {"type": discount, DISCOUNTS[discount]: amount}}


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        unit = " of cents, e.g. 1050 for 10.50" if name == "Value" else ""
        raise RowError(f"{name} {text[:50]} should be a whole number{unit}")
    return int(text)


def _percent(text: str) -> int | float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", text):
        raise RowError(f"Value {text[:50]} should be a percentage, e.g. 10 or 12.5")
    return float(text) if "." in text else int(text)


def _truth(cells: dict[str, str]) -> bool:
    text = cells.get(ACTIVE, "").lower()
    if text not in TRUTHS:
        raise RowError(f"Active {text[:50]} should be true or false")
    return TRUTHS[text]
