"""Exports over the API: created, listed, read, downloaded with a token that is bound to its key, deleted."""

import csv
import io

import pytest
from django.core.files.storage import default_storage

from tests.factories import make_customer, make_key, make_redemption, make_user, make_voucher
from voucherify_admin.api.models import ApiCall, ApiKey
from voucherify_admin.exports.models import Download, Export

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> dict[str, str]:
    return make_key("User")


def create(client, key, parameters=None, kind="redemption", status=200) -> dict:
    body = {"exported_object": kind}
    if parameters is not None:
        body["parameters"] = parameters
    answer = client.post("/v1/exports", body, content_type="application/json", headers=key)
    assert answer.status_code == status, answer.content
    return answer.json()


def built(client, key, parameters=None, kind="redemption") -> dict:
    export = Export.objects.get(public_id=create(client, key, parameters, kind)["id"])
    export.build()
    answer = client.get(f"/v1/exports/{export.public_id}", headers=key).json()
    assert answer["status"] == "DONE", Export.objects.get(pk=export.pk).error
    return answer


def download(client, key, export) -> list[list[str]]:
    answer = client.get(export["result"]["url"], headers=key)
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))


def test_an_export_is_created_read_downloaded_and_deleted(client, key):
    redemption = make_redemption(voucher=make_voucher(code="SPRING"), customer=make_customer(source_id="anna-1"))
    created = create(client, key)
    assert created["id"].startswith("exp_")
    assert created | {"id": "", "created_at": ""} == {
        "id": "",
        "object": "export",
        "created_at": "",
        "status": "SCHEDULED",
        "channel": "API",
        "exported_object": "redemption",
        "parameters": {},
        "result": None,
        "user_id": None,
    }
    Export.objects.get().build()
    ready = client.get(f"/v1/exports/{created['id']}", headers=key).json()
    assert ready["status"] == "DONE"
    answer = client.get(ready["result"]["url"], headers=key)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Cache-Control"] == "no-store, private"
    header, row = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert header == ["ID", "Object", "Voucher code", "Customer ID", "Date", "Result"]
    assert row[:4] == [redemption.public_id, "redemption", "SPRING", redemption.customer.public_id]
    assert row[4].endswith("Z")
    assert row[5] == "SUCCESS"
    logged = Download.objects.get()
    assert (logged.app_id, logged.export_public_id) == (key["X-App-Id"], created["id"])

    file = Export.objects.get().file
    assert client.delete(f"/v1/exports/{created['id']}", headers=key).status_code == 204
    assert not default_storage.exists(file)
    assert client.get(f"/v1/exports/{created['id']}", headers=key).status_code == 404
    assert Download.objects.get().export_public_id == created["id"], "the audit outlives the export"


def test_parameters_choose_fields_order_and_rows_and_are_echoed(client, key):
    for code, amount in (("B-2", 200), ("A-1", 1000), ("C-3", 300)):
        make_redemption(voucher=make_voucher(code=code), amount=amount, metadata={"till": code})
    make_redemption(failure_code="not_found", failure_message="Resource not found")
    parameters = {
        "order": "-voucher_code",
        "fields": ["voucher_code", "order_amount", "metadata.till", "failure_code", "loyalty_points"],
        "filters": {"junction": "and", "result": {"conditions": {"$is": ["SUCCESS"]}}},
    }
    export = built(client, key, parameters)
    assert export["parameters"] == parameters
    assert download(client, key, export) == [
        ["Voucher code", "Order amount", "metadata.till", "Failure code", "Loyalty points"],
        ["C-3", "300", "C-3", "", ""],
        ["B-2", "200", "B-2", "", ""],
        ["A-1", "1000", "A-1", "", ""],
    ]


def test_null_and_empty_parameters_mean_absent(client, key):
    make_redemption()
    assert create(client, key, {"order": None, "fields": None, "filters": None})["parameters"] == {}
    assert create(client, key, {"order": "", "filters": {}})["parameters"] == {"filters": {}}
    answer = client.post(
        "/v1/exports", '{"exported_object":"redemption","parameters":null}', content_type="text/plain", headers=key
    )
    assert answer.json()["parameters"] == {}


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({"voucher_code": {"conditions": {"$in": ["A-1", "B-2"]}}}, ["A-1", "B-2"]),
        ({"voucher_code": {"conditions": {"$is": ["A-1"]}}}, ["A-1"]),
        ({"voucher_code": {"conditions": {"$starts_with": ["B"]}}, "result": None}, ["B-2"]),
        ({"failure_code": {"conditions": {"$has_value": [""]}}}, []),
        ({"metadata.till": {"conditions": {"$is": [7]}}}, ["A-1"]),
        ({"metadata.colours": {"conditions": {"$count": [2]}}}, ["A-1"]),
        ({"metadata.colours": {"conditions": {"$count_more": [1]}}}, ["A-1"]),
        ({"metadata.colours": {"conditions": {"$count_less": [2]}}}, ["B-2"]),
        ({"created_at": {"conditions": {"$after": ["2020-01-01"]}}}, ["A-1", "B-2"]),
        ({"created_at": {"conditions": {"$before": ["2020-01-01T00:00:00.000Z"]}}}, []),
    ],
)
def test_filters_in_json_are_those_of_the_list(client, key, filters, codes):
    make_redemption(voucher=make_voucher(code="A-1"), metadata={"till": 7, "colours": ["red", "blue"]})
    make_redemption(voucher=make_voucher(code="B-2"), metadata={"colours": []})
    rows = download(client, key, built(client, key, {"fields": ["voucher_code"], "filters": filters}))
    assert sorted(row[0] for row in rows[1:]) == codes


@pytest.mark.parametrize(
    ("parameters", "error_key"),
    [
        ({"fields": ["id", "nonsense"]}, "invalid_export_fields"),
        ({"fields": ["id", "user_login"]}, "invalid_export_fields"),
        ({"fields": ["metadata."]}, "invalid_export_fields"),
        ({"fields": "id"}, "invalid_payload"),
        ({"order": "date"}, "invalid_payload"),
        ({"filters": []}, "invalid_payload"),
        ({"filters": {"result": "SUCCESS"}}, "invalid_payload"),
        ({"filters": {"nonsense": {"conditions": {"$is": ["x"]}}}}, "invalid_query_params"),
        ({"filters": {"result": {"conditions": {"$nonsense": ["x"]}}}}, "invalid_query_params"),
        ({"filters": {"created_at": {"conditions": {"$after": ["yesterday"]}}}}, "invalid_query_params"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_exports_nothing(client, key, parameters, error_key):
    assert create(client, key, parameters, status=400)["key"] == error_key
    assert not Export.objects.exists()


def test_an_unknown_field_is_told_with_those_that_there_are(client, key):
    answer = create(client, key, {"fields": ["nonsense"]}, status=400)
    assert answer["message"] == "Invalid Export"
    assert answer["details"].startswith("Unsupported field used. Allowed fields: ")
    assert "user_login" not in answer["details"]


@pytest.mark.parametrize("kind", ["dragon", "points_expiration"])
def test_an_object_that_there_is_not_is_told_with_those_that_there_are(client, key, kind):
    answer = create(client, key, kind=kind, status=400)
    assert answer["key"] == "invalid_payload"
    assert answer["details"] == (
        "Property .exported_object should be equal to one of the allowed values "
        "[ api_log, customer, order, publication, redemption, voucher, voucher_transactions ]"
    )


def test_only_an_administrators_key_filters_by_user_or_exports_the_users(client, key):
    make_redemption(channel_type="USER", channel_name="colleague")
    filters = {"user_login": {"conditions": {"$is": ["colleague"]}}}
    unknown = {"user_login": {"conditions": {"$is": ["nobody"]}}}
    refused = [create(client, key, {"filters": asked}, status=403) for asked in (filters, unknown)]
    assert refused[0] | {"request_id": ""} == refused[1] | {"request_id": ""}
    administrator = make_key("Administrator")
    export = built(client, administrator, {"filters": filters, "fields": ["user_login"]})
    assert download(client, administrator, export) == [["User"], ["colleague"]]


def test_a_token_is_bound_to_its_export_and_its_key(client, key):
    make_redemption()
    mine, other = built(client, key), built(client, key)
    url = mine["result"]["url"]
    token = url.partition("token=")[2]
    another_key = make_key("Administrator")
    assert client.get(url).status_code == 401
    assert client.get(url, headers=another_key).status_code == 401
    for wrong in ("", "None", "x", token[:-1], token + "x"):
        answer = client.get(f"/v1/exports/{mine['id']}?token={wrong}", headers=key)
        assert (answer.status_code, answer.json()["key"]) == (401, "unauthorized"), wrong
    assert client.get(f"/v1/exports/{other['id']}?token={token}", headers=key).status_code == 401
    assert client.get(f"/v1/exports/exp_unknown?token={token}", headers=key).status_code == 401
    assert not Download.objects.exists()
    # Keys of administrators see the exports of all keys, by tokens of their own.
    seen = client.get(f"/v1/exports/{mine['id']}", headers=another_key).json()
    assert client.get(seen["result"]["url"], headers=another_key).status_code == 200


def test_no_token_is_written_to_the_log(client, key):
    make_redemption()
    export = built(client, key)
    token = export["result"]["url"].partition("token=")[2]
    client.get(export["result"]["url"], headers=key)
    client.get("/v1/exports", headers=key)
    calls = list(ApiCall.objects.all())
    assert len(calls) >= 4
    for call in calls:
        assert token not in call.response_body + call.query + call.path


def test_keys_see_their_own_exports_and_those_of_administrators_all(client, key):
    other = make_key("User", name="Till")
    mine, theirs = create(client, key)["id"], create(client, other)["id"]
    Export.objects.create(kind="redemption", fields=["id"], owner=make_user())
    listed = client.get("/v1/exports", headers=key).json()
    assert (listed["object"], listed["data_ref"], listed["total"]) == ("list", "exports", 1)
    assert [each["id"] for each in listed["exports"]] == [mine]
    assert client.get(f"/v1/exports/{theirs}", headers=key).status_code == 404
    assert client.delete(f"/v1/exports/{theirs}", headers=key).status_code == 404
    everything = client.get("/v1/exports?order=created_at", headers=make_key()).json()
    assert [each["id"] for each in everything["exports"]] == [mine, theirs]


def test_who_may_not_export_may_do_nothing_here(client, key):
    export = create(client, key)["id"]
    for headers, status in ((make_key("Merchant"), 403), ({}, 401)):
        assert client.get("/v1/exports", headers=headers).status_code == status
        assert client.get(f"/v1/exports/{export}", headers=headers).status_code == status
        assert client.delete(f"/v1/exports/{export}", headers=headers).status_code == status
        create(client, headers, status=status)


def test_a_key_that_lost_its_role_or_was_switched_off_gets_no_file(client, key):
    make_redemption()
    export = create(client, key)["id"]
    ApiKey.objects.filter(app_id=key["X-App-Id"]).update(role="Merchant")
    Export.objects.get(public_id=export).build()
    assert Export.objects.get(public_id=export).state == Export.State.FAILED
    ApiKey.objects.filter(app_id=key["X-App-Id"]).update(role="User")
    ready = built(client, key)
    ApiKey.objects.filter(app_id=key["X-App-Id"]).update(role="Merchant")
    assert client.get(ready["result"]["url"], headers=key).status_code == 403


def test_vouchers_are_exported_too(client, key):
    make_voucher(code="TEN")
    make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    export = built(client, key, {"order": "code"}, kind="voucher")
    assert download(client, key, export) == [
        ["Code", "Voucher type", "Value", "Discount type"],
        ["GIFT", "GIFT_VOUCHER", "5000", ""],
        ["TEN", "DISCOUNT_VOUCHER", "1000", "AMOUNT"],
    ]
    filtered = built(
        client, key, {"fields": ["code"], "filters": {"code": {"conditions": {"$is": ["TEN"]}}}}, kind="voucher"
    )
    assert download(client, key, filtered) == [["Code"], ["TEN"]]


def test_an_export_that_ended_otherwise_says_so(client, key):
    export = create(client, key)["id"]
    for state, status in (("failed", "ERROR"), ("cancelled", "ERROR"), ("running", "IN_PROGRESS"), ("expired", "DONE")):
        Export.objects.filter(public_id=export).update(state=state)
        answer = client.get(f"/v1/exports/{export}", headers=key).json()
        assert (answer["status"], answer["result"]) == (status, None)


def test_the_answers_are_understood_by_voucherifys_own_sdk(client, key):
    from voucherify import ExportsCreateResponseBody, ExportsGetResponseBody, ExportsListResponseBody

    make_redemption()
    created = create(client, key, {"order": "-created_at", "fields": ["id", "voucher_code"]})
    assert ExportsCreateResponseBody.from_dict(created)
    Export.objects.get().build()
    assert ExportsGetResponseBody.from_dict(client.get(f"/v1/exports/{created['id']}", headers=key).json())
    assert ExportsListResponseBody.from_dict(client.get("/v1/exports", headers=key).json())
