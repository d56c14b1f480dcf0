"""An export as a spreadsheet holds the same rows with typed cells, none of which computes or links anything."""

import io
import re
import tempfile
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.test import Client
from django.urls import reverse

from tests.factories import make_redemption, make_user
from voucherify_admin.exports import actions, models, sheet, writer
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.exporter import RefusedError
from voucherify_admin.exports.models import Export
from voucherify_admin.notifications.models import Notification

pytestmark = pytest.mark.django_db

SPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheet_of(query: str = "", *, fields: list[str], **form: Any) -> Export:
    export = actions.request_export(
        "redemption", query, make_user("Administrator"), form=FileForm(fields=fields, format="xlsx", **form)
    )
    export.build()
    export.refresh_from_db()
    return export


def parts(export: Export) -> dict[str, str]:
    """The files in the spreadsheet."""
    assert export.state == Export.State.DONE, export.error
    with default_storage.open(export.file) as file, zipfile.ZipFile(io.BytesIO(file.read())) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


def cells(export: Export) -> list[list[str | float | None]]:
    """The rows, the header among them: texts as texts, numbers as numbers, nothing where there is no cell."""
    root = ElementTree.fromstring(parts(export)["xl/worksheets/sheet1.xml"])
    width, rows = len(export.fields), []
    for row in root.iterfind(".//s:row", SPACE):
        line: list[str | float | None] = [None] * width
        for cell in row.iterfind("s:c", SPACE):
            column = ord(re.match("[A-Z]+", cell.attrib["r"])[0]) - ord("A")
            if cell.attrib.get("t") == "inlineStr":
                line[column] = "".join(cell.itertext())
            else:
                line[column] = float(cell.find("s:v", SPACE).text)
        rows.append(line)
    return rows


def test_cells_have_the_type_of_what_they_hold():
    make_redemption(
        code="0012",
        amount=1250,
        metadata={"phone": "+48 123", "till": 4},
        created_at=datetime(2026, 3, 1, 22, 59, 30, tzinfo=UTC),
    )
    make_redemption(code="B", amount=None, created_at=datetime(2026, 3, 1, tzinfo=UTC))
    export = sheet_of(
        fields=["date", "voucher_code", "order_amount", "metadata.phone", "metadata.till"], time_zone="Europe/Warsaw"
    )
    header, first, second = cells(export)
    assert header[0] == "Date (Europe/Warsaw)"
    # Days since 1900, as spreadsheets count: 1 March 2026, 23:59:30.
    days = (datetime(2026, 3, 1, 23, 59, 30) - datetime(1899, 12, 30)) / timedelta(days=1)
    assert first[0] == pytest.approx(days, abs=1e-6)
    assert first[1:] == ["0012", 12.5, "+48 123", "4"]
    assert second[1:] == ["B", None, None, None]


def test_nothing_computes_and_nothing_is_a_link():
    for text in ("=1+1", "@SUM(A1)", "+48-1", "https://example.com", "mailto:a@b.c", "{=A1}", "-2"):
        make_redemption(code=text)
    export = sheet_of(fields=["voucher_code"])
    content = parts(export)
    assert "<f>" not in content["xl/worksheets/sheet1.xml"]
    assert "hyperlink" not in "".join(content)
    assert "hyperlink" not in content["xl/worksheets/sheet1.xml"]
    assert {row[0] for row in cells(export)[1:]} >= {"=1+1", "@SUM(A1)", "+48-1", "-2"}


def test_the_first_row_stays_in_view_and_can_be_filtered():
    make_redemption()
    text = parts(sheet_of(fields=["date", "voucher_code"]))["xl/worksheets/sheet1.xml"]
    assert 'state="frozen"' in text
    assert '<autoFilter ref="A1:B2"/>' in text


def test_a_text_too_long_for_a_cell_is_cut_and_says_so():
    make_redemption(metadata={"note": "x" * 40_000})
    (_, row) = cells(sheet_of(fields=["metadata.note"]))
    assert len(row[0]) == sheet.MAX_TEXT
    assert row[0].endswith("(cut)")


def test_more_rows_than_a_sheet_holds_are_refused_before_it_begins_and_while_it_is_written(monkeypatch):
    for _ in range(4):
        make_redemption()
    monkeypatch.setattr(actions, "MAX_ROWS", 3)
    with pytest.raises(RefusedError, match="Choose CSV, or narrow the filters"):
        sheet_of(fields=["id"])
    monkeypatch.setattr(actions, "MAX_ROWS", 100)
    monkeypatch.setattr(sheet, "MAX_ROWS", 3)
    export = sheet_of(fields=["id"])
    assert (export.state, export.error) == (Export.State.FAILED, models.TOO_MANY_ROWS)
    assert not default_storage.exists(export.file or "exports/none")


def test_it_is_asked_for_on_the_page_and_downloaded_under_its_name():
    make_redemption(code="A")
    user, client = make_user("User"), Client()
    client.force_login(user)
    form = {
        "kind": "redemption",
        "query": "",
        "scope": "shown",
        "columns": ["voucher_code"],
        "format": "xlsx",
        "time_zone": "UTC",
    }
    answer = client.post(reverse("exports:create"), form)
    export = Export.objects.get()
    assert answer["Location"] == export.get_absolute_url()
    export.build()
    file = client.get(reverse("exports:download", args=[export.public_id]))
    assert file["Content-Type"].endswith("spreadsheetml.sheet")
    assert re.search(r'filename="redemptions-[\d-]+\.xlsx"', file["Content-Disposition"])
    assert Notification.objects.get().title == "Your export of redemptions is ready"
    # The next one begins as the last was.
    page = client.get(reverse("exports:create"), {"kind": "redemption"}).content.decode()
    assert '<option value="xlsx" selected>' in page


def test_an_empty_list_is_a_sheet_with_a_header():
    assert cells(sheet_of("code=NOTHING", fields=["voucher_code"])) == [["Voucher code"]]


def test_the_sheet_that_another_build_takes_over_is_broken_off():
    make_redemption()
    user = make_user("Administrator")
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id"], format="xlsx"))
    Export.objects.filter(pk=export.pk).update(state=Export.State.CANCELLED)
    export.build()
    export.refresh_from_db()
    assert (export.state, export.file) == (Export.State.CANCELLED, "")


def test_a_sheet_that_is_broken_off_leaves_nothing_on_the_worker_s_disk(monkeypatch, tmp_path: Path):
    for _ in range(2):
        make_redemption()
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(sheet, "MAX_ROWS", 1)
    assert sheet_of(fields=["id"]).error == models.TOO_MANY_ROWS
    assert list(folder.iterdir()) == []


def test_a_slow_storage_is_no_dead_worker(monkeypatch):
    """Signs of life go on while the file is handed over, else another worker would begin again."""
    make_redemption()
    handing_over, alive = threading.Event(), threading.Event()
    save = FileSystemStorage.save

    def beat(export: Export, rows: int) -> bool:
        if handing_over.is_set():
            alive.set()
        return True

    def slow_save(*args: Any, **named: Any) -> str:
        handing_over.set()
        assert alive.wait(10), "no sign of life while the storage took its time"
        return save(*args, **named)

    monkeypatch.setattr(writer, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(Export, "_beat", beat)
    monkeypatch.setattr(FileSystemStorage, "save", slow_save)
    assert sheet_of(fields=["id"]).state == Export.State.DONE
