"""Exports of what is no redemption and no voucher: customers, orders, publications, the API log."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from voucherify import models as sdk

from redemptions.models import Order
from tests.factories import (
    as_json,
    make_campaign,
    make_client_key,
    make_customer,
    make_key,
    make_redemption,
    make_rollback,
    make_user,
    make_voucher,
)
from voucherify_admin.api.models import ApiCall
from voucherify_admin.exports import actions
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.exporter import get_exporter
from voucherify_admin.exports.models import Export

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> dict[str, str]:
    return make_key("User")


def send(client, headers, body):
    return client.post("/v1/exports", as_json(body), content_type="application/json", headers=headers)


def rows_of(client, headers, kind, **parameters) -> list[list[str]]:
    """Export over the API and return the file's rows, the header among them."""
    answer = send(client, headers, {"exported_object": kind, "parameters": parameters})
    assert answer.status_code == 200, answer.content
    Export.objects.get(public_id=answer.json()["id"]).build()
    ready = client.get(f"/v1/exports/{answer.json()['id']}", headers=headers).json()
    assert ready["status"] == "DONE", Export.objects.get(public_id=ready["id"]).error
    assert (ready["exported_object"], ready["parameters"]) == (kind, parameters)
    file = client.get(ready["result"]["url"], headers=headers)
    return list(csv.reader(io.StringIO(b"".join(file.streaming_content).decode(), newline="")))


def is_(*values) -> dict:
    return {"conditions": {"$in": list(values)}}


def make_order(**changes) -> Order:
    values = {"status": "PAID", "amount": 5000, "total_amount": 4000, **changes}
    return Order.objects.create(**values)


def published(client, headers, **body) -> dict:
    answer = client.post("/v1/publications", as_json(body), content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("customer", ["Name", "Source ID"]),
        ("order", ["ID", "Source ID", "Status"]),
        ("publication", ["Code", "Customer ID", "Date", "Channel"]),
    ],
)
def test_without_fields_there_are_voucherifys_own(client, key, kind, header):
    assert rows_of(client, key, kind) == [header]


@pytest.mark.parametrize("kind", ["customer", "order", "publication", "api_log", "voucher"])
def test_every_field_and_every_order_that_is_named_can_be_had(client, kind):
    administrator = make_key()
    campaign = make_campaign(name="Spring")
    customer = make_customer(source_id="anna", address={"city": "Łódź"}, birthdate=date(1990, 12, 31))
    make_order(customer=customer, source_id="o-1", content={"total_discount_amount": 1000})
    voucher = make_voucher(code="SPRING", campaign=campaign, validity_day_of_week=[1, 2])
    published(client, administrator, voucher="SPRING", customer={"source_id": "anna"})
    make_rollback(make_redemption(voucher=voucher, customer=customer))
    exporter = get_exporter(kind)
    for name in exporter.wire_order:
        found = rows_of(client, administrator, kind, fields=list(exporter.columns), order=f"-{name}")
        assert found[0] == [column.label for column in exporter.columns.values()]
        assert len(found) >= 2


def test_voucherifys_own_sdk_may_ask_for_any_of_its_fields_but_those_of_products(client, key):
    documented = {
        "order": "id source_id created_at updated_at status amount discount_amount items_discount_amount "
        "total_discount_amount total_amount customer_id referrer_id metadata",
        "publication": "voucher_code customer_id customer_source_id date channel campaign is_winner metadata",
        "customer": "name id description email source_id created_at address_city address_state address_line_1 "
        "address_line_2 address_country address_postal_code redemptions_total_redeemed redemptions_total_failed "
        "redemptions_total_succeeded redemptions_total_rolled_back redemptions_total_rollback_failed "
        "redemptions_total_rollback_succeeded orders_total_amount orders_total_count orders_average_amount "
        "orders_last_order_amount orders_last_order_date loyalty_points loyalty_referred_customers updated_at phone "
        "birthday birthdate metadata",
        "voucher": "code voucher_type value formula discount_type campaign category start_date expiration_date "
        "gift_balance loyalty_balance redemption_quantity redemption_count active qr_code bar_code metadata id "
        "is_referral_code created_at updated_at validity_timeframe_interval validity_timeframe_duration "
        "validity_day_of_week discount_amount_limit campaign_id additional_info customer_id discount_effect "
        "discount_unit_type discount_unit_effect validation_rules_id customer_source_id",
    }
    for kind, fields in documented.items():
        answer = send(client, key, {"exported_object": kind, "parameters": {"fields": fields.split()}})
        assert answer.status_code == 200, (kind, answer.content)
        assert sdk.ExportsCreateResponseBody.from_dict(answer.json()).exported_object == kind
    listed = sdk.ExportsListResponseBody.from_dict(client.get("/v1/exports", headers=key).json())
    assert {one.exported_object for one in listed.exports} == set(documented)


def test_a_customers_export_counts_what_the_customer_did(client, key):
    anna, ben = make_customer(source_id="anna", phone="+48 123 456 789"), make_customer(source_id="ben")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for _ in range(2):
        make_redemption(customer=anna)
    make_redemption(customer=anna, failure_code="voucher_expired")
    make_rollback(make_redemption(customer=anna))
    parent = make_redemption(customer=anna)
    make_redemption(customer=anna, parent=parent)
    make_order(customer=anna, amount=1000, created_at=at)
    make_order(customer=anna, amount=2001, created_at=at + timedelta(days=1), status="FULFILLED")
    make_order(customer=anna, amount=9999, created_at=at + timedelta(days=2), status="CANCELED")
    fields = [
        "source_id",
        "phone",
        "redemptions_total_redeemed",
        "redemptions_total_succeeded",
        "redemptions_total_failed",
        "redemptions_total_rolled_back",
        "redemptions_total_rollback_succeeded",
        "redemptions_total_rollback_failed",
        "orders_total_count",
        "orders_total_amount",
        "orders_average_amount",
        "orders_last_order_amount",
        "orders_last_order_date",
    ]
    found = rows_of(client, key, "customer", fields=fields, order="source_id")
    assert found[1:] == [
        # A stack is one redemption; an order that was canceled was none.
        ["anna", "+48 123 456 789", *"5411102", *("3001", "1501", "2001", "2026-03-02T00:00:00.000Z")],
        ["ben", "", *["0"] * 9, "", ""],
    ]
    assert ben.source_id == "ben"


def test_customers_are_filtered_by_profile_address_and_metadata(client, key):
    make_customer(source_id="a", address={"city": "Berlin"}, metadata={"tier": "gold"})
    make_customer(source_id="b", address={"city": "Paris"}, metadata={"tier": "gold"})
    make_customer(source_id="c")
    asked = {"address.city": is_("Berlin", "Rome"), "metadata.tier": is_("gold")}
    assert rows_of(client, key, "customer", fields=["source_id", "metadata.tier"], filters=asked)[1:] == [["a", "gold"]]
    asked = {"junction": "or", "source_id": is_("c"), "address.city": is_("Paris")}
    found = rows_of(client, key, "customer", fields=["source_id"], filters=asked, order="source_id")
    assert found[1:] == [["b"], ["c"]]


def test_orders_are_exported_in_cents_with_their_discounts(client, key):
    anna = make_customer(source_id="anna")
    make_order(source_id="o-1", customer=anna, content={"discount_amount": 700, "total_discount_amount": 1000})
    make_order(source_id="o-2", status="CREATED", content={"discount_amount": "not a number"})
    fields = [
        "source_id",
        "status",
        "amount",
        "discount_amount",
        "total_discount_amount",
        "total_amount",
        "customer_id",
    ]
    assert rows_of(client, key, "order", fields=fields, order="-source_id")[1:] == [
        ["o-2", "CREATED", "5000", "", "", "4000", ""],
        ["o-1", "PAID", "5000", "700", "1000", "4000", anna.public_id],
    ]
    assert rows_of(client, key, "order", fields=["source_id"], filters={"status": is_("PAID")})[1:] == [["o-1"]]


def test_a_publication_is_one_row_with_all_of_its_codes(client, key):
    campaign = make_campaign(name="Spring", type="STATIC")
    for code in ("S-1", "S-2"):
        make_voucher(code=code, campaign=campaign)
    make_voucher(code="ALONE")
    person = {"source_id": "anna"}
    published(client, key, campaign={"name": "Spring", "count": 2}, customer=person, channel="till", metadata={"n": 1})
    published(client, key, voucher="ALONE", customer=person)
    fields = ["voucher_code", "campaign", "customer_source_id", "channel", "metadata.n", "is_winner"]
    assert rows_of(client, key, "publication", fields=fields, order="created_at")[1:] == [
        ["S-1, S-2", "Spring", "anna", "till", "1", ""],
        ["ALONE", "", "anna", "API", "", ""],
    ]
    for asked, codes in (
        ({"voucher_code": is_("S-1", "S-2")}, ["S-1, S-2"]),
        ({"voucher_code": {"conditions": {"$is_not": ["ALONE"]}}}, ["S-1, S-2"]),
        ({"campaign": is_("Spring")}, ["S-1, S-2"]),
        ({"customer_source_id": is_("nobody")}, []),
    ):
        found = rows_of(client, key, "publication", fields=["voucher_code"], filters=asked)
        assert [row[0] for row in found[1:]] == codes


def test_the_api_log_is_exported_with_redacted_bodies(client):
    administrator = make_key()
    page = make_client_key()
    body = {"code": "SPRING", "discount": {"type": "AMOUNT", "amount_off": 1}, "metadata": {"password": "hunter2"}}
    client.post("/v1/vouchers", as_json(body), content_type="application/json", headers=administrator)
    client.get("/v1/vouchers/NONE?token=hunter2", headers=administrator)
    client.get("/client/v1/validate?code=SPRING", headers=page)
    fields = ["method", "url", "status", "endpoint", "app_id", "client_app_id", "request_body", "response_body"]
    found = rows_of(client, administrator, "api_log", fields=fields, order="created_at")
    posted, missing, validated = found[1:4]
    assert posted[:3] == ["POST", "/v1/vouchers", "SUCCESS"]
    assert (posted[4], posted[5]) == (administrator["X-App-Id"], "")
    assert '"code": "SPRING"' in posted[6] or '"code":"SPRING"' in posted[6]
    assert missing[2:4] == ["FAILURE", "/v1/vouchers/{code}"]
    assert (validated[4], validated[5]) == ("", page["X-Client-Application-Id"])
    assert "hunter2" not in str(found)


def test_the_api_log_is_filtered_by_result_channel_and_key(client):
    administrator, page = make_key(), make_client_key()
    for path, headers in (
        ("/v1/vouchers", {**administrator, "X-Voucherify-Channel": "Till"}),
        ("/v1/vouchers/NONE", administrator),
        ("/client/v1/validate?code=X", page),
    ):
        client.get(path, headers=headers)
    ApiCall.objects.exclude(path="/v1/vouchers").update(created_at=timezone.now() - timedelta(days=2))

    def urls(**filters):
        return [row[0] for row in rows_of(client, administrator, "api_log", fields=["url"], filters=filters)[1:]]

    assert urls(status={"conditions": {"$is": ["FAILURE"]}}) == ["/v1/vouchers/NONE"]
    assert "/v1/vouchers/NONE" not in urls(status={"conditions": {"$is_not": ["FAILURE"]}})
    assert urls(client_app_id=is_(page["X-Client-Application-Id"])) == ["/client/v1/validate?code=X"]
    assert urls(app_id=is_(page["X-Client-Application-Id"])) == []
    before = {"conditions": {"$before": [(timezone.now() - timedelta(days=1)).isoformat()]}}
    assert len(urls(created_at=before)) == 2
    for wrong in ({"status": is_("GREAT")}, {"status": {"conditions": {"$contains": ["S"]}}}, {"path": is_("/")}):
        answer = send(client, administrator, {"exported_object": "api_log", "parameters": {"filters": wrong}})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")


def test_who_may_not_see_a_list_may_not_export_it(client):
    merchant = make_key("Merchant")
    assert send(client, merchant, {"exported_object": "api_log"}).status_code == 403
    for kind in ("customer", "order", "publication", "api_log"):
        page = Client()
        page.force_login(make_user("Merchant"))
        assert page.get(f"/exports/new/?kind={kind}").status_code == 403


def test_only_administrators_export_which_colleague_it_was(client, key):
    for field in ("user_email", "user_login"):
        asked = {"exported_object": "api_log", "parameters": {"fields": ["id", field]}}
        assert send(client, key, asked).json()["key"] == "invalid_export_fields"
        assert send(client, make_key(), asked).status_code == 200


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/customers/?source_id=anna", "customer"),
        ("/log/?method=GET", "api_log"),
        ("/transactions/?type=CREDITS_ADDITION", "voucher_transactions"),
    ],
)
def test_the_lists_have_the_button_and_it_takes_their_filters_along(address, kind):
    for source_id in ("anna", "ben"):
        make_customer(source_id=source_id)
    user = make_user("Viewer")
    page = Client()
    page.force_login(user)
    shown = page.get(address)
    assert shown.context["export_url"] in shown.content.decode().replace("&amp;", "&")
    form = page.get(shown.context["export_url"])
    assert form.status_code == 200
    assert len(form.context["chips"]) == 1
    export = actions.request_export(
        kind,
        form.context["query"],
        user,
        form=FileForm(fields=list(get_exporter(kind).default_fields)),
    )
    export.build()
    export.refresh_from_db()
    assert export.state == Export.State.DONE, export.error
    with default_storage.open(export.file) as file:
        text = file.read().decode()
    if kind == "customer":
        assert "anna" in text
        assert "ben" not in text


def test_what_has_no_list_is_exported_from_the_page_of_exports():
    page = Client()
    page.force_login(make_user())
    shown = page.get("/exports/").content.decode()
    for kind in ("order", "publication", "customer", "redemption", "voucher", "voucher_transactions", "api_log"):
        assert f'value="{kind}"' in shown
        assert page.get(f"/exports/new/?kind={kind}").status_code == 200
