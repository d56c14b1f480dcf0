"""Vouchers from a file or a list: every row has its result, bad rows stop no good ones, and no row comes twice."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from voucherify import models as sdk

from tests.factories import as_json, make_campaign, make_key, make_rule, make_voucher
from voucherify_admin.api.models import ApiCall
from voucherify_admin.async_actions.models import AsyncAction
from vouchers import imports, jobs
from vouchers.imports import FileError, RowError, body_of, read_rows
from vouchers.models import GiftTransaction, Voucher

HEADER = (
    "Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,Redemption Limit,"
    "Additional Info,Region"
)


@pytest.fixture
def upload(client):
    headers = make_key()

    def send(text: str | bytes, path="/vouchers/importCSV", **changes):
        content = text.encode() if isinstance(text, str) else text
        file = SimpleUploadedFile("codes.csv", content, content_type="text/csv")
        return client.post(f"/v1{path}", {"file": file}, headers={**headers, **changes})

    return send


def run(answer) -> AsyncAction:
    assert answer.status_code == 202, answer.content
    action = AsyncAction.objects.get(public_id=answer.json()["async_action_id"])
    action.run()
    return AsyncAction.objects.get(pk=action.pk)


@pytest.mark.django_db
def test_a_file_becomes_vouchers(upload):
    rows = [
        "SPRING-1,DISCOUNT_VOUCHER,true,2026-01-01,2030-12-31T23:59:59Z,PERCENT,12.5,spring,3,By post,EU",
        "SPRING-2,,FALSE,,,AMOUNT,1050,,,,",
        '"GIFT, ""1""",GIFT_VOUCHER,,,,,5000,,,,DE',
        "FIXED-1,DISCOUNT_VOUCHER,1,,,FIXED,999,,,,",
    ]
    answer = upload("\n".join([HEADER, *rows]))
    sdk.VouchersImportCsvCreateResponseBody.from_dict(answer.json())
    action = run(answer)
    assert (action.type, action.done_count, action.failed_count, action.file_name) == (
        "VOUCHERS.IMPORT",
        4,
        0,
        "codes.csv",
    )
    one = Voucher.objects.get(code="SPRING-1")
    assert one.discount == {"type": "PERCENT", "percent_off": 12.5}
    assert (one.quantity, one.category, one.additional_info, one.metadata) == (3, "spring", "By post", {"Region": "EU"})
    assert one.start_date.isoformat() == "2026-01-01T00:00:00+00:00"
    assert one.expiration_date.isoformat() == "2030-12-31T23:59:59+00:00"
    two = Voucher.objects.get(code="SPRING-2")
    assert (two.is_active, two.quantity, two.metadata, two.discount["amount_off"]) == (False, None, {}, 1050)
    gift = Voucher.objects.get(code='GIFT, "1"')
    assert (gift.type, gift.gift_amount, gift.gift_balance) == ("GIFT_VOUCHER", 5000, 5000)
    (loaded,) = GiftTransaction.objects.all()
    assert (loaded.voucher, loaded.amount, loaded.channel_name) == (gift, 5000, "Web shop")
    call = ApiCall.objects.get(path="/v1/vouchers/importCSV")
    assert (call.status, call.request_body) == (202, "(a file; not kept in the log)")


@pytest.mark.django_db
def test_bad_rows_are_told_and_stop_no_good_ones(upload):
    make_voucher(code="TAKEN")
    rows = [
        "GOOD-1,,,,,AMOUNT,100,,,,",
        "TAKEN,,,,,AMOUNT,100,,,,",
        ",,,,,AMOUNT,100,,,,",
        "BAD-1,COUPON,,,,AMOUNT,100,,,,",
        "BAD-2,,maybe,,,AMOUNT,100,,,,",
        "BAD-3,,,,,AMOUNT,10.50,,,,",
        "BAD-4,,,,,PERCENT,120,,,,",
        "BAD-5,,,yesterday,,AMOUNT,100,,,,",
        "BAD-6,,,2030-01-01,2029-01-01,AMOUNT,100,,,,",
        "BAD-7,,,,,AMOUNT,100,,0,,",
        "BAD-8,,,,,,100,,,,",
        "BAD-9,,,,,AMOUNT,,,,,",
        "BAD-\x00,,,,,AMOUNT,100,,,,",
        "BAD-10,,,,,AMOUNT,100,,,,,too,many",
        "GOOD-1,,,,,AMOUNT,100,,,,",
        "GOOD-2,,,,,AMOUNT,100,,,,",
        f"{'X' * 201},,,,,AMOUNT,100,,,,",
        "BAD-11,,,,,UNIT,1,,,,",
    ]
    action = run(upload("\n".join([HEADER, *rows])))
    told = {row["row"]: (row["code"], row["message"]) for row in action.result(most=100)["failed"]}
    expected = {
        2: "exists already",
        3: "Code is empty",
        4: "Voucher Type COUPON should be",
        5: "Active maybe should be true or false",
        6: "Value 10.50 should be a whole number of cents",
        7: ".discount.percent_off",
        8: "Property .start_date cannot be recognized as a ISO-8601",
        9: ".expiration_date should be after .start_date",
        10: ".redemption.quantity",
        11: "Discount Type (empty) should be one of AMOUNT, PERCENT, FIXED",
        12: "Value is empty",
        13: "NUL",
        14: "more cells than the first line",
        15: "exists already",
        17: ".code",
        18: "Discount Type UNIT should be one of",
    }
    assert set(told) == set(expected), told
    for number, text in expected.items():
        assert text in told[number][1], (number, told[number])
    assert told[2][0] == "TAKEN"
    assert set(Voucher.objects.values_list("code", flat=True)) == {"TAKEN", "GOOD-1", "GOOD-2"}
    assert (action.done_count, action.failed_count, action.status) == (2, 16, "DONE")


@pytest.mark.django_db
def test_a_row_that_only_the_database_refuses_is_told_alone(upload, monkeypatch):
    draft = jobs.VoucherCreateIn.draft

    def with_flaw(self, campaign):
        made = draft(self, campaign)
        if self.code == "FLAW":
            made.start_date = made.expiration_date = timezone.now()
        return made

    monkeypatch.setattr(jobs.VoucherCreateIn, "draft", with_flaw)
    make_voucher(code="TAKEN")
    action = run(upload("Code,Discount Type,Value\nA,AMOUNT,1\nFLAW,AMOUNT,1\nTAKEN,AMOUNT,1\nB,AMOUNT,1"))
    told = {row["row"]: row["message"] for row in action.result(most=9)["failed"]}
    assert set(told) == {2, 3}
    assert "voucher_ends_after_start" in told[2]
    assert "exists already" in told[3]
    assert Voucher.objects.filter(code__in=["A", "B"]).count() == 2


@pytest.mark.django_db
def test_an_import_that_was_interrupted_goes_on_and_takes_no_row_twice(upload, monkeypatch):
    monkeypatch.setattr(jobs, "IMPORT_ROWS", 10)
    answer = upload("Code,Discount Type,Value\n" + "".join(f"ROW-{number},AMOUNT,100\n" for number in range(25)))
    action = AsyncAction.objects.get(public_id=answer.json()["async_action_id"])
    assert action._claim()
    job = jobs.ImportVouchers(action)
    action._step(job)
    monkeypatch.setattr(jobs.Voucher.objects, "bulk_create", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        action._step(job)
    monkeypatch.undo()
    monkeypatch.setattr(jobs, "IMPORT_ROWS", 10)
    assert (Voucher.objects.count(), AsyncAction.objects.get().position) == (10, 10)
    assert AsyncAction.objects.get().rescue(timezone.now() + timedelta(minutes=5))
    AsyncAction.objects.get().run()
    AsyncAction.objects.get().run()
    done = AsyncAction.objects.get()
    assert (done.status, done.done_count, done.failed_count, Voucher.objects.count()) == ("DONE", 25, 0, 25)
    assert done.rows.count() == 25


@pytest.mark.django_db
def test_a_campaign_lends_its_template_to_what_the_rows_leave_empty(upload):
    template = {
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"},
        "redemption": {"quantity": 1},
    }
    campaign = make_campaign(name="Spring sale", voucher_template=template, category="spring")
    action = run(
        upload(
            "code;redemption limit;Voucher Type;Value;Discount Type;\nA;;;;\nB;5;;;\nC;;GIFT_VOUCHER;500;\n"
            "D;;;20;PERCENT\nE;;GIFT_VOUCHER;;;",
            "/campaigns/Spring%20sale/importCSV",
        )
    )
    assert (action.type, action.subject_id) == ("CAMPAIGN.VOUCHERS_IMPORT", campaign.public_id)
    a, b = Voucher.objects.get(code="A"), Voucher.objects.get(code="B")
    assert (a.campaign, a.quantity, a.discount, a.category) == (campaign, 1, template["discount"], "spring")
    assert b.quantity == 5
    assert Voucher.objects.get(code="D").discount["percent_off"] == 20
    told = action.result(most=9)["failed"]
    assert [row["row"] for row in told] == [3, 5]
    assert all("as the campaign's vouchers are" in row["message"] for row in told)
    assert upload("Code\nA", "/campaigns/None/importCSV").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "details"),
    [
        (b"", "one of them should be Code"),
        (b"Name,Value\nA,1", "one of them should be Code"),
        (b"Code,Value", "no row below"),
        (b"Code,Value\n\n,\n", "no row below"),
        (b"Code,Value,code\nA,1,B", "The column Code stands twice"),
        ("Code\nÄ".encode("latin-1"), "UTF-8"),
        (b'Code\n"' + b"A" * 140_000, "cannot be read as CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(upload, content, details):
    answer = upload(content)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert details in answer.json()["details"]
    assert not AsyncAction.objects.exists()


@pytest.mark.django_db
def test_a_body_without_a_file_or_too_large_is_refused(upload, client, settings):
    headers = make_key()
    for body, kind in (
        (b"", "application/json"),
        (b"x", "multipart/form-data"),
        (b"{}", "multipart/form-data; boundary="),
    ):
        answer = client.generic("POST", "/v1/vouchers/importCSV", body, content_type=kind, headers=headers)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload"), answer.content
    many = client.post("/v1/vouchers/importCSV", {f"field{number}": "x" for number in range(1100)}, headers=headers)
    assert (many.status_code, many.json()["key"]) == (400, "invalid_payload")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    settings.IMPORT_MAX_BYTES = 5000
    assert upload("Code\n" + "A\n" * 1500).status_code == 202
    large = upload("Code\n" + "A\n" * 4000)
    assert (large.status_code, large.json()["key"]) == (413, "payload_too_large")
    assert "5000 bytes" in large.json()["details"]
    assert upload("Code\nA", **make_key("Viewer")).status_code == 403


@pytest.mark.django_db
def test_a_list_of_vouchers_is_imported_likewise(client):
    headers = make_key()
    campaign = make_campaign(name="C")

    def send(path, body):
        return client.generic("POST", f"/v1{path}", as_json(body), content_type="application/json", headers=headers)

    ten = {"discount": {"type": "AMOUNT", "amount_off": 1000}}
    rule = make_rule({})
    action = run(
        send(
            "/vouchers/import",
            [
                {"code": "A", **ten, "metadata": {"n": 1}},
                {"code": "B"},
                {**ten},
                {"code": "C", **ten, "validation_rules": [rule.public_id]},
                {"code": "D", "gift": {"amount": 100}, "type": "GIFT_VOUCHER"},
            ],
        )
    )
    assert set(Voucher.objects.values_list("code", flat=True)) == {"A", "D"}
    assert [(row["row"], row["code"]) for row in action.result(most=9)["failed"]] == [(2, "B"), (3, ""), (4, "C")]
    assert run(send(f"/campaigns/{campaign.public_id}/import", [{"code": "E", **ten}])).done_count == 1
    assert Voucher.objects.get(code="E").campaign == campaign
    for body in ({}, [], [1], None, "x"):
        answer = send("/vouchers/import", body)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload"), (body, answer.content)


@pytest.mark.django_db
def test_metadata_of_many_vouchers_is_changed_likewise(client, monkeypatch):
    monkeypatch.setattr(jobs, "IMPORT_ROWS", 2)
    headers = make_key("User")
    for code in ("A", "B", "C"):
        make_voucher(code=code, metadata={"old": 1, "n": 0})

    def send(path, body):
        return client.generic("POST", f"/v1{path}", as_json(body), content_type="application/json", headers=headers)

    changes = [{"code": code, "metadata": {"n": number}} for number, code in enumerate(["A", "NONE", "B", "A"], 1)]
    action = run(send("/vouchers/bulk/async", changes))
    assert (action.done_count, action.failed_count, action.message) == (
        3,
        1,
        "3 of 4 were changed. 1 could not be used.",
    )
    assert action.result(most=9)["failed"] == [
        {"row": 2, "code": "NONE", "message": "Cannot find voucher with id NONE"}
    ]
    assert Voucher.objects.get(code="A").metadata == {"old": 1, "n": 4}
    assert Voucher.objects.get(code="B").metadata == {"old": 1, "n": 3}
    # Whole vouchers may be sent back: all but the metadata is left as it is, as Voucherify's reference says.
    run(send("/vouchers/bulk/async", [{"code": "C", "metadata": {"n": 9}, "active": False, "category": "new"}]))
    kept = Voucher.objects.get(code="C")
    assert (kept.metadata, kept.is_active, kept.category) == ({"old": 1, "n": 9}, True, "")
    run(send("/vouchers/metadata/async", {"codes": ["A", "C"], "metadata": {"both": True}}))
    assert [Voucher.objects.get(code=code).metadata.get("both") for code in "ABC"] == [True, None, True]
    for path, body in (
        ("/vouchers/bulk/async", [{"code": "A"}]),
        ("/vouchers/bulk/async", []),
        ("/vouchers/metadata/async", {"codes": [], "metadata": {}}),
        ("/vouchers/metadata/async", {"codes": ["A"], "metadata": 1}),
    ):
        assert send(path, body).status_code == 400


@pytest.mark.django_db
def test_a_campaign_that_is_deleted_meanwhile_ends_the_import_with_a_reason(upload):
    campaign = make_campaign()
    answer = upload("Code,Discount Type,Value\nA,AMOUNT,1", f"/campaigns/{campaign.public_id}/importCSV")
    campaign.delete()
    assert run(answer).message == "The campaign was deleted in the meantime."


def test_separators_marks_and_empty_lines_are_understood():
    rows = list(read_rows('\ufeffCode;Value\r\nA;1\r\n\r\n"B\nC";2\r\n'.encode()))
    assert rows == [{"Code": "A", "Value": "1"}, {"Code": "B\nC", "Value": "2"}]
    assert list(read_rows(b"Code\tValue\nA\t1")) == [{"Code": "A", "Value": "1"}]


def test_a_file_has_a_limit_of_rows(monkeypatch):
    monkeypatch.setattr(imports, "MOST_ROWS", 2)
    with pytest.raises(FileError, match="2 rows at the most"):
        list(read_rows(b"Code\nA\nB\nC"))


def test_a_body_is_json():
    body = body_of({"Code": "A", "Value": "10", "Discount Type": "percent", "Till": " 4 ", "Empty": ""})
    assert json.loads(json.dumps(body))["metadata"] == {"Till": "4"}


def test_a_value_needs_a_number():
    with pytest.raises(RowError, match="percentage"):
        body_of({"Code": "A", "Value": "ten", "Discount Type": "PERCENT"})
