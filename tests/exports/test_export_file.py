"""What an export's file holds: the list's rows in the list's order, and cells that no spreadsheet computes."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from redemptions.models import Redemption
from tests.factories import make_campaign, make_customer, make_redemption, make_user, make_voucher
from voucherify_admin.exports import actions
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.exporter import RefusedError, get_exporter
from voucherify_admin.exports.models import Export

pytestmark = pytest.mark.django_db


def export_of(user, query="", *, fields=("id",), kind="redemption", **form) -> Export:
    """Ask for an export and build it at once."""
    export = actions.request_export(kind, query, user, form=FileForm(fields=list(fields), **form))
    export.build()
    export.refresh_from_db()
    return export


def cells(export: Export) -> list[list[str]]:
    """The file's rows, the header among them."""
    assert export.state == Export.State.DONE, export.error
    with default_storage.open(export.file) as file:
        text = file.read().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=export.separator))


def test_an_export_holds_the_rows_of_the_list_in_its_order():
    user = make_user()
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    for number in range(120):
        failed = {"failure_code": "voucher_expired", "failure_message": "voucher expired"} if number % 3 else {}
        # Several at the same instant, so that the order within it counts too.
        make_redemption(created_at=at + timedelta(minutes=number // 4), **failed)
    query = "reason=voucher_expired"

    page = Client()
    page.force_login(user)
    shown, address = [], f"/redemptions/?{query}"
    while address:
        context = page.get(address).context
        shown += [row.public_id for row in context["page"].rows]
        older = context["page"].older
        address = f"/redemptions/?{query}&after={older}" if older else None

    rows = cells(export_of(user, query))
    assert rows == [["ID"], *([each] for each in shown)]
    assert len(shown) == 80


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", 4),
        ("result=FAILURE", 2),
        ("result=FAILURE&result=SUCCESS", 4),
        ("code=SPRING-1", 1),
        ("campaign=Winter", 1),
        ("customer=anna-1", 1),
        ("metadata_key=till&metadata_value=7", 1),
        ("amount_min=60.00", 1),
        ("code=nothing-of-the-sort", 0),
    ],
)
def test_each_filter_of_the_list_is_respected(query, matches):
    user = make_user()
    voucher = make_voucher(code="SPRING-1", campaign=make_campaign(name="Winter"))
    make_redemption(voucher=voucher, customer=make_customer(source_id="anna-1", name="Anna"))
    make_redemption(failure_code="voucher_expired", metadata={"till": 7})
    make_redemption(failure_code="not_found")
    make_redemption(amount=7000)
    rows = cells(export_of(user, query, fields=["id", "date"]))
    assert len(rows) - 1 == matches
    assert {len(row) for row in rows} == {2}


def test_the_last_24_hours_count_back_from_when_it_was_asked_for():
    user = make_user()
    make_redemption(created_at=timezone.now() - timedelta(hours=23))
    export = actions.request_export("redemption", "period=24h", user, form=FileForm(fields=["id"]))
    Export.objects.filter(pk=export.pk).update(created_at=timezone.now() - timedelta(hours=3))
    make_redemption(created_at=timezone.now() - timedelta(hours=26))
    export.refresh_from_db()
    export.build()
    export.refresh_from_db()
    assert export.rows_written == 2


def test_dates_of_a_filter_are_read_in_the_zone_of_whoever_asked_and_written_in_the_zone_of_the_file():
    user = make_user(time_zone="Asia/Tokyo")
    # 1 December in Tokyo, still 30 November in UTC.
    make_redemption(created_at=datetime(2026, 11, 30, 16, 30, tzinfo=UTC))
    make_redemption(created_at=datetime(2026, 11, 30, 14, 30, tzinfo=UTC))
    with timezone.override("Asia/Tokyo"):
        export = actions.request_export(
            "redemption", "date_from=2026-12-01", user, form=FileForm(fields=["date"], time_zone="Europe/Warsaw")
        )
    export.build()
    export.refresh_from_db()
    assert cells(export) == [["Date (Europe/Warsaw)"], ["2026-11-30 17:30:00"]]


def test_an_invalid_filter_fails_and_never_exports_everything():
    user = make_user()
    make_redemption()
    for query in ("date_from=yesterday", "result=PERHAPS", "amount_min=abc", "metadata_value=7", "period=forever"):
        with pytest.raises(RefusedError):
            actions.request_export("redemption", query, user, form=FileForm(fields=["id"]))
    assert not Export.objects.exists()

    # One that was saved all the same, by an older version say, fails in the worker and says why.
    export = Export.objects.create(kind="redemption", query="date_from=yesterday", fields=["id"], owner=user)
    export.build()
    export.refresh_from_db()
    assert (export.state, export.file) == (Export.State.FAILED, "")
    assert "yesterday" in export.error
    assert not default_storage.exists(f"exports/{export.public_id}.1.csv")


def test_the_user_filter_and_the_user_column_are_for_administrators():
    colleague = make_user(username="colleague")
    make_redemption(channel_type="USER", user=colleague, channel_name="colleague", channel_id=colleague.public_id)
    make_redemption()
    marketing, administrator = make_user(), make_user("Administrator")
    for query, fields in (("user=colleague", ["id"]), ("user=nobody-at-all", ["id"]), ("", ["id", "user_login"])):
        with pytest.raises(RefusedError) as refused:
            actions.request_export("redemption", query, marketing, form=FileForm(fields=fields))
        assert "colleague" not in str(refused.value)
    rows = cells(export_of(administrator, "user=colleague", fields=["user_login", "channel"]))
    assert rows == [["User", "Channel"], ["colleague", "Dashboard"]]
    assert cells(export_of(marketing, fields=["channel", "api_key"])) == [
        ["Channel", "API key"],
        ["API", "Web shop"],
        ["Dashboard", ""],
    ]


def test_an_export_runs_with_the_rights_that_its_owner_has_then():
    user = make_user("Administrator")
    make_redemption()
    export = actions.request_export("redemption", "user=", user, form=FileForm(fields=["id", "user_login"]))
    user.groups.clear()
    Export.objects.get(pk=export.pk).build()
    export.refresh_from_db()
    assert export.state == Export.State.FAILED
    assert "role" in export.error


GUARDED = [
    ("=1+1", "'=1+1"),
    ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
    ("+1+1", "'+1+1"),
    ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ("@SUM(A1:A2)", "'@SUM(A1:A2)"),
    ("\t=1", "'\t=1"),
    ("\r=1", "'\r=1"),
    ("\n=1", "'\n=1"),
    ("\ttext", "'\ttext"),
    ("  =1+1", "'  =1+1"),
    ("\u00a0=1+1", "'\u00a0=1+1"),
    ("\ufeff=1+1", "'\ufeff=1+1"),
    ("\u200b=1", "'\u200b=1"),
    ("\uff1d1+1", "'\uff1d1+1"),
    ("+48-123-456", "'+48-123-456"),
    ("-1\n=2", "'-1\n=2"),
    ("5\n=cmd", "5\n=cmd"),
    ("+48123456789", "+48123456789"),
    ("+48 123 456 789", "+48 123 456 789"),
    ("-12.50", "-12.50"),
    ("-12,50", "-12,50"),
    ("-1e5", "-1e5"),
    ("1000", "1000"),
    ('Anna, "the" buyer; one\ttwo', 'Anna, "the" buyer; one\ttwo'),
    ("Zażółć 顧客 🎁", "Zażółć 顧客 🎁"),
    ("a=b", "a=b"),
    ("'=1", "'=1"),
    ("50%", "50%"),
    ("{0} %s %%", "{0} %s %%"),
]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_can_act_as_a_formula_while_numbers_and_phone_numbers_stay(separator):
    user = make_user()
    at = timezone.now()
    for number, (text, _) in enumerate(GUARDED):
        make_redemption(
            created_at=at - timedelta(seconds=number), customer_name=text, metadata={"note": text}, campaign_name=text
        )
    fields = ["customer_name", "metadata.note", "campaign"]
    rows = cells(export_of(user, fields=fields, separator=separator))
    assert rows[1:] == [[safe, safe, safe] for _, safe in GUARDED]


def test_amounts_are_numbers_and_nothing_is_an_empty_cell():
    user = make_user()
    make_redemption(amount=123456, discount_amount=None, gift_amount=-5, metadata={"items": 3, "ok": True, "1": "one"})
    fields = ["order_amount", "discount_amount", "gift_amount", "tracking_id", "metadata.items", "metadata.ok"]
    rows = cells(export_of(user, fields=[*fields, "metadata.1", "metadata.none", "metadata"]))
    assert rows[0][:2] == ["Order amount (EUR)", "Discount amount (EUR)"]
    assert rows[1][:8] == ["1234.56", "", "-0.05", "", "3", "true", "one", ""]
    assert rows[1][8] == '{"1": "one", "ok": true, "items": 3}'


def test_every_column_can_be_exported_and_the_header_names_it():
    user = make_user("Administrator")
    make_redemption(
        voucher=make_voucher(campaign=make_campaign(name="Autumn")),
        customer=make_customer(name="Anna"),
        order={"id": "ord_1", "amount": 5000},
        failure_code="voucher_expired",
        failure_message="voucher expired",
        tracking_id="track_1",
    )
    for kind in ("redemption", "voucher"):
        exporter = get_exporter(kind)
        header, row = cells(export_of(user, kind=kind, fields=list(exporter.columns)))
        assert len(header) == len(set(header)) == len(exporter.columns)
        named = dict(zip(exporter.columns, row, strict=True))
        if kind == "redemption":
            assert named["reason"] == "Voucher expired"
            assert named["order_id"] == "ord_1"
            assert named["customer_id"].startswith("cust_")
            assert named["status"] == "Failed"
        else:
            assert (named["value"], named["discount_type"], named["campaign"]) == ("1000", "AMOUNT", "Autumn")


def test_a_file_for_excel_begins_with_a_mark_and_another_one_does_not():
    user = make_user()
    for with_bom in (True, False):
        export = export_of(user, with_bom=with_bom)
        with default_storage.open(export.file) as file:
            raw = file.read()
        assert raw == (b"\xef\xbb\xbf" if with_bom else b"") + b"ID\n"
        assert export.size == len(raw)


def test_many_rows_pass_through_the_storage_in_pieces():
    user = make_user()
    make_redemption(metadata={"long": "x" * 5000})
    first = Redemption.objects.get()
    copies = []
    for number in range(300):
        first.pk, first.public_id = None, f"r_{number:018d}"
        copies.append(Redemption(**{f.attname: getattr(first, f.attname) for f in Redemption._meta.concrete_fields}))
    Redemption.objects.bulk_create(copies)
    export = export_of(user, fields=["id", "metadata.long"])
    assert (export.rows_written, export.rows_expected, export.percent) == (301, 301, 100)
    assert len(cells(export)) == 302
