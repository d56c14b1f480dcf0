"""Erasing a customer: nothing that was recorded names them afterwards, and the sums stay right."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Customer
from redemptions import jobs
from redemptions.actions import erasure
from redemptions.erasure import ERASED, Traces
from redemptions.models import Order, Redemption
from tests.factories import (
    as_json,
    make_customer,
    make_key,
    make_redemption,
    make_rule,
    make_segment,
    make_user,
    make_voucher,
)
from voucherify_admin.api.models import ApiCall
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.exports.models import Export
from voucherify_admin.webhooks.models import Delivery, Target

pytestmark = pytest.mark.django_db

EWA = {
    "source_id": "ewa-k@shop",
    "name": "Ewa Żuk-Kowalska",
    "email": "Ewa.Kowalska@example.com",
    "phone": "+48 601 602 603",
    "address": {"city": "Kraków", "line_1": "ul. Długa 17"},
    "metadata": {"nickname": "Ewcia"},
}
NAMES = ("ewa-k", "Żuk", "Kowalska", "601 602", "Długa", "\\u017b", "\\u0141", "Ewcia")


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers, **more):
        data = b"" if body is None else as_json(body)
        return client.generic(
            method, f"/v1{path}", data=data, content_type="application/json", headers={**headers, **more}
        )

    return send


def what_names_her() -> dict[str, list[str]]:
    """Every column of every table that still holds one of her names."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            cursor.execute(f'SELECT row_to_json(one)::text FROM "{table}" AS one')
            for (text,) in cursor.fetchall():
                plain = json.dumps(json.loads(text), ensure_ascii=False) + text
                if any(name.lower() in plain.lower() for name in NAMES):
                    found.setdefault(table, []).append(text)
    return found


@pytest.fixture
def ewa(call) -> Customer:
    """A customer who left traces wherever there can be some."""
    Target.objects.create(
        name="Shop", url="https://shop.example.com/", events=["redemption.succeeded", "redemption.rollback.succeeded"]
    )
    make_voucher(code="TEN")
    rule = {"1": {"name": "customer.email", "conditions": {"$is": ["anna@example.com"]}}}
    make_rule(rule, on=make_voucher(code="ANNA"))
    order = {
        "amount": 5000,
        "source_id": "order-1",
        "metadata": {"deliver_to": "Ewa Żuk-Kowalska, ul. Długa 17", "till": 4},
        "customer": {"source_id": "ewa-k@shop", "metadata": {"nickname": "Ewcia"}},
    }
    call("POST", "/customers", EWA)
    body = {"customer": EWA, "order": order, "metadata": {"note": "for EWA.KOWALSKA@example.com"}}
    done = call("POST", "/vouchers/TEN/redemption", body, **{"Idempotency-Key": "key-1"}).json()
    assert call("POST", "/vouchers/ANNA/redemption", body).status_code == 400
    call("POST", f"/redemptions/{done['id']}/rollback?reason=Ewa Żuk-Kowalska sent it back")
    call(
        "POST",
        "/publications",
        {"voucher": "TEN", "customer": {"source_id": "ewa-k@shop"}, "metadata": {"to": "Kowalska"}},
    )
    call("POST", "/orders", {"source_id": "order-2", "amount": 1, "customer": {"source_id": "ewa-k@shop"}})
    call("GET", "/customers")
    call("GET", "/customers?email=ewa.kowalska%40example.com")
    call("GET", "/customers/ewa-k%40shop/nothing")
    call("GET", "/redemptions")
    call("POST", "/vouchers/TEN/redemption", {"customer": "Ewa.Kowalska@example.com"})
    call("POST", "/vouchers/TEN/redemption", {"metadata": {"buyer": "ewa.kowalska@example.com", "till": 3}})
    customer = Customer.objects.get()
    make_segment(customer)
    return customer


def test_nothing_names_her_afterwards_and_the_sums_stay(call, ewa):
    other = make_redemption(customer=make_customer(name="Anna"), metadata={"friend": "of Ewa"})
    before = Redemption.objects.order_by("pk").values_list("pk", "status", "amount", "discount_amount", "failure_code")
    before = list(before)
    assert {"redemptions_redemption", "api_apicall", "webhooks_delivery", "redemptions_order"} <= set(what_names_her())

    answer = call("POST", "/customers/ewa-k%40shop/permanent-deletion")

    assert answer.status_code == 200, answer.content
    body = answer.json()
    sdk.CustomersPermanentDeletionCreateResponseBody.from_dict(body)
    assert (body["status"], body["object"], body["related_object"]) == ("DONE", "pernament_deletion", "customer")
    assert body["id"].startswith("del_")
    assert body["related_object_id"] == ewa.public_id
    assert (body["data_json"]["customer"], body["data_json"]["segments"]) == (1, 1)
    assert (body["data_json"]["customer_events"], body["data_json"]["orders"]) == (2, 2)
    assert what_names_her() == {}
    after = Redemption.objects.order_by("pk").values_list("pk", "status", "amount", "discount_amount", "failure_code")
    assert list(after) == before
    attempts = Redemption.objects.filter(customer_name="Erased customer")
    assert attempts.count() == 2
    assert attempts.first().order["metadata"] == {"deliver_to": f"{ERASED}, {ERASED}", "till": 4}
    assert {row.content["amount"] for row in Order.objects.all()} == {5000, 1}
    other.refresh_from_db()
    assert (other.customer_name, other.metadata) == ("Anna", {"friend": "of Ewa"})
    assert call("GET", "/customers/ewa-k%40shop").status_code == 404


def test_the_erasure_itself_is_on_record_without_naming_her(call, ewa):
    call("POST", "/customers/ewa-k%40shop/permanent-deletion")
    logged = ApiCall.objects.order_by("-pk").first()
    assert (logged.path, logged.query, logged.status) == ("/v1/customers/{customer_id}/permanent-deletion", "", 200)
    assert ApiCall.objects.touching("customer", ewa.public_id).filter(pk=logged.pk).exists()
    again = call("POST", "/customers/ewa-k%40shop/permanent-deletion")
    assert (again.status_code, again.json()["details"]) == (404, "Cannot find customer with id ewa-k@shop")
    assert what_names_her() == {}


def test_a_call_that_is_repeated_is_still_answered_and_has_no_second_effect(call, ewa):
    kept = call("POST", "/vouchers/TEN/redemption", {"customer": EWA}, **{"Idempotency-Key": "key-2"}).json()
    attempts = Redemption.objects.count()
    call("POST", f"/customers/{ewa.public_id}/permanent-deletion")
    again = call("POST", "/vouchers/TEN/redemption", {"customer": EWA}, **{"Idempotency-Key": "key-2"})
    assert (again.status_code, again.json()["id"]) == (200, kept["id"])
    assert Redemption.objects.count() == attempts


def test_what_a_webhook_was_to_tell_of_her_is_not_sent_any_more(call, ewa):
    assert set(Delivery.objects.values_list("state", flat=True)) == {"PENDING"}
    call("POST", f"/customers/{ewa.public_id}/permanent-deletion")
    states = set(Delivery.objects.filter(body__contains=ERASED).values_list("state", flat=True))
    assert states == {"FAILED"}
    assert not Delivery.objects.due(timezone.now() + timedelta(days=1)).filter(body__contains=ERASED).exists()


def test_files_that_may_name_her_are_deleted_and_those_under_way_are_written_anew(
    call, ewa, django_capture_on_commit_callbacks
):
    now = timezone.now()

    def export(kind: str, *fields: str, **changes) -> Export:
        file = default_storage.save(f"exports/{kind}-{len(fields)}.csv", ContentFile(b"x"))
        values = {"state": "done", "finished_at": now, "file": file, **changes}
        return Export.objects.create(kind=kind, fields=list(fields), query="customer=ewa-k%40shop&code=TEN", **values)

    telling = export("redemption", "date", "customer_name")
    unknown = export("people", "date")
    harmless = export("redemption", "date")
    codes = export("voucher", "code")
    old = export("redemption", "date", "customer_name", "id", finished_at=ewa.created_at - timedelta(days=1))
    running = export("redemption", "date", "customer_name", "id", "status", state="running", attempt=1, file="")
    with django_capture_on_commit_callbacks(execute=True):
        call("POST", f"/customers/{ewa.public_id}/permanent-deletion")

    def now_of(export: Export) -> tuple[str, bool]:
        export.refresh_from_db()
        return export.state, bool(export.file)

    for gone in (telling, unknown):
        name = gone.file
        assert now_of(gone) == ("expired", False)
        assert not default_storage.exists(name)
    for kept in (harmless, codes, old):
        assert now_of(kept) == ("done", True)
        assert default_storage.exists(kept.file)
    assert now_of(running)[0] == "queued"
    assert Export.objects.without_a_worker(timezone.now()).filter(pk=running.pk).exists()
    assert not running._beat(5), "the worker that wrote it stops"
    assert "code=TEN" in telling.query
    assert "ewa" not in telling.query


def test_a_large_log_is_searched_by_a_worker_that_may_die(call, ewa, monkeypatch):
    monkeypatch.setattr(erasure, "AT_ONCE", 0)
    monkeypatch.setattr(jobs, "SEARCHED", 3)
    body = call("POST", f"/customers/{ewa.public_id}/permanent-deletion").json()
    assert body["status"] == "IN_PROGRESS"
    assert set(what_names_her()) <= {
        "api_apicall",
        "async_actions_asyncaction",
        "redemptions_redemption",
        "webhooks_delivery",
    }, "only what nothing ties to her is left to the worker"
    action = AsyncAction.objects.get(public_id=body["async_action_id"])
    whole, calls = jobs.erasure.erase_found, []

    def dies(*given):
        calls.append(given)
        found = whole(*given)
        if len(calls) == 3:
            raise OperationalError("gone")
        return found

    monkeypatch.setattr(jobs.erasure, "erase_found", dies)
    with pytest.raises(OperationalError):
        action.run()
    assert AsyncAction.objects.get(pk=action.pk).rescue(timezone.now() + timedelta(minutes=5))
    AsyncAction.objects.get(pk=action.pk).run()
    action.refresh_from_db()
    assert (action.status, action.position, action.parameters) == ("DONE", action.total, {})
    assert what_names_her() == {}


def test_an_earlier_customer_of_the_same_id_is_erased_too(call):
    old = make_customer(source_id="shop-7", name="Old name")
    attempt = make_redemption(customer=old)
    old.delete()
    make_customer(source_id="shop-7")
    call("POST", "/customers/shop-7/permanent-deletion")
    attempt.refresh_from_db()
    assert (attempt.customer_name, attempt.customer_source_id) == ("Erased customer", "")


def test_a_short_id_takes_nothing_with_it_that_only_looks_like_it(call):
    make_voucher(code="TEN")
    make_customer(source_id="42", name="Bo", email="", phone="")
    kept = make_redemption(metadata={"boat": "Bo 42", "table": "42"})
    call("GET", "/vouchers?limit=42")
    call("GET", "/customers/42")
    call("POST", "/vouchers/TEN/redemption", {"order": {"amount": 4200}})
    call("POST", "/validations", {"customer": {"source_id": "42"}, "redeemables": [{"object": "voucher", "id": "TEN"}]})
    call("POST", "/customers/42/permanent-deletion")
    kept.refresh_from_db()
    assert kept.metadata == {"boat": "Bo 42", "table": "42"}
    bodies = {row.endpoint: (row.query, row.request_body) for row in ApiCall.objects.all()}
    assert bodies["/v1/vouchers"][0] == "limit=42"
    assert "4200" in bodies["/v1/vouchers/{code}/redemption"][1]
    assert bodies["/v1/validations"][1] == erasure.BODY
    assert not ApiCall.objects.filter(path="/v1/customers/42").exists()


def test_only_administrators_may(call, client, ewa):
    address = f"/customers/{ewa.public_id}/permanent-deletion"
    for role in ("User", "Viewer", "Merchant"):
        assert call("POST", address, headers=make_key(role)).status_code == 403
    page, detail = (reverse(name, args=[ewa.public_id]) for name in ("redemptions:erase", "campaigns:customer_detail"))
    client.force_login(make_user("User"))
    assert page not in client.get(detail).content.decode()
    assert (client.get(page).status_code, client.post(page, {"confirmation": "ERASE"}).status_code) == (403, 403)
    assert Customer.objects.filter(pk=ewa.pk).exists()


def test_the_page_asks_for_a_typed_word_and_is_on_record_without_her_name(client, ewa):
    client.force_login(make_user("Administrator"))
    page, detail = (reverse(name, args=[ewa.public_id]) for name in ("redemptions:erase", "campaigns:customer_detail"))
    assert page in client.get(detail).content.decode()
    assert "Attempts stay" in client.get(page).content.decode()
    refused = client.post(page, {"confirmation": "erase"})
    assert "Type ERASE, in capital letters." in refused.content.decode()
    assert Customer.objects.exists()

    answer = client.post(page, {"confirmation": "ERASE"}, follow=True)

    assert "2 attempts keep their amounts" in answer.content.decode()
    assert client.get(detail).status_code == 404
    logged = ApiCall.objects.get(channel="dashboard")
    assert (logged.path, json.loads(logged.response_body)["status"]) == (page, "DONE")
    assert what_names_her() == {}
    listed = client.get(reverse("redemptions:list")).content.decode()
    assert "Erased customer" in listed


def test_names_are_taken_out_of_texts_however_they_are_written():
    traces = Traces.of({"public_id": "cust_1", "source_id": "ewa@shop.pl", "name": "Ewa Żuk", "email": ""})
    assert traces.cleaned({"a": ["EWA@shop.pl", 5], "ewa żuk": "Bo"}) == {"a": [ERASED, 5], ERASED: "Bo"}
    assert traces.text("?customer=ewa%40shop.pl&x=1") == f"?customer={ERASED}&x=1"
    assert traces.text('{"name": "Ewa \\u017buk"}') == f'{{"name": "{ERASED}"}}'
    assert traces.text("Ewa Żuk", with_words=False) == "Ewa Żuk"
