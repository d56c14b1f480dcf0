"""The API log and a voucher's events: who may read them, what can be asked, what a call shows."""

import json
import shlex
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_campaign, make_key, make_rule, make_segment, make_user, make_voucher
from voucherify_admin.api.models import ApiCall, CallTouch, new_request_id

pytestmark = pytest.mark.django_db


def make_call(*touched: tuple[str, str], **changes) -> ApiCall:
    """Write a call into the log, tied to what it touched."""
    values = {
        "created_at": timezone.now(),
        "request_id": new_request_id(),
        "method": "POST",
        "path": "/v1/vouchers/SPRING-1/redemption",
        "endpoint": "/v1/vouchers/{code}/redemption",
        "status": 200,
        "duration_ms": 12,
        "channel": "API",
        "app_id": "5f3b",
        "key_name": "Web shop",
        "request_body": '{"customer": {"source_id": "shop-7"}}',
        "response_body": '{"result": "SUCCESS"}',
        "ip_address": "203.0.113.9",
        "origin": "https://shop.example",
        "user_agent": "till/2.1",
    }
    call = ApiCall.objects.create(**{**values, **changes})
    CallTouch.objects.bulk_create(
        CallTouch(call_id=call.pk, created_at=call.created_at, object_type=kind, object_id=name)
        for kind, name in touched
    )
    return call


def events(client, code="SPRING-1", **query) -> list[str]:
    response = client.get(reverse("vouchers:detail", args=[code]), query)
    assert response.status_code == 200
    return [row.request_id for row in response.context["table"].data]


@pytest.fixture
def marketing(client):
    """A client signed in as a marketing user."""
    client.force_login(make_user("User"))
    return client


def test_a_vouchers_events_are_the_calls_that_touched_it_newest_first(marketing):
    make_voucher(code="SPRING-1")
    old = make_call(("voucher", "SPRING-1"), created_at=timezone.now() - timedelta(hours=1))
    new = make_call(("voucher", "SPRING-1"), ("redemption", "r_1"))
    make_call(("voucher", "OTHER"))
    make_call(("campaign", "SPRING-1"))
    assert events(marketing) == [new.request_id, old.request_id]


@pytest.mark.parametrize(
    "query",
    [
        {"method": "DELETE"},
        {"status": "failure"},
        {"channel": "dashboard"},
        {"text": "Łódź"},
        {"text": "not_found"},
        {"date_to": (timezone.now() - timedelta(days=3)).date().isoformat()},
    ],
)
def test_events_are_filtered(marketing, query):
    make_voucher(code="SPRING-1")
    make_call(("voucher", "SPRING-1"))
    wanted = make_call(
        ("voucher", "SPRING-1"),
        method="DELETE",
        status=404,
        channel="dashboard",
        request_body='{"city": "Łódź"}',
        response_body='{"key": "not_found"}',
        created_at=timezone.now() - timedelta(days=5),
    )
    assert events(marketing, **query) == [wanted.request_id]


def test_an_events_filter_that_cannot_be_understood_shows_no_events_and_says_why(marketing):
    make_voucher(code="SPRING-1")
    make_call(("voucher", "SPRING-1"))
    response = marketing.get(reverse("vouchers:detail", args=["SPRING-1"]), {"date_from": "yesterday-ish"})
    assert list(response.context["table"].data) == []
    assert "“yesterday-ish” is not a date" in response.content.decode()


def test_events_have_pages(marketing, monkeypatch):
    monkeypatch.setattr("vouchers.views.VoucherDetailView.page_size", 2)
    make_voucher(code="SPRING-1")
    made = [make_call(("voucher", "SPRING-1")).request_id for _ in range(3)]
    response = marketing.get(reverse("vouchers:detail", args=["SPRING-1"]))
    assert events(marketing, after=response.context["page"].older) == made[:1]


def test_the_voucher_pages_queries_do_not_grow(marketing, django_assert_num_queries, django_assert_max_num_queries):
    voucher = make_voucher(code="SPRING-1", campaign=make_campaign())
    address = reverse("vouchers:detail", args=["SPRING-1"])

    def fill(number):
        for _ in range(number):
            make_call(("voucher", "SPRING-1"))
            segment = make_segment()
            make_rule({"1": {"name": "customer.segment", "conditions": {"$is": [segment.public_id]}}}, on=voucher)

    fill(1)
    with django_assert_max_num_queries(9) as few:
        marketing.get(address)
    fill(15)
    with django_assert_num_queries(len(few)):
        assert len(marketing.get(address).context["table"].data) == 16


def test_htmx_gets_the_events_alone(marketing):
    make_voucher(code="SPRING-1")
    call = make_call(("voucher", "SPRING-1"))
    response = marketing.get(
        reverse("vouchers:detail", args=["SPRING-1"]), headers={"HX-Request": "true", "HX-Target": "list"}
    )
    assert call.request_id in response.content.decode()
    assert "<html" not in response.content.decode()


def test_a_merchant_sees_the_voucher_without_events_and_not_the_log(client):
    client.force_login(make_user("Merchant"))
    make_voucher(code="SPRING-1")
    call = make_call(("voucher", "SPRING-1"))
    page = client.get(reverse("vouchers:detail", args=["SPRING-1"]))
    assert page.status_code == 200
    assert call.request_id not in page.content.decode()
    assert client.get(reverse("api:call_list")).status_code == 403
    assert client.get(reverse("api:call_detail", args=[call.request_id])).status_code == 403


def test_a_code_without_voucher_still_shows_the_calls_that_named_it(marketing):
    tried = make_call(("voucher", "GONE"), status=404)
    response = marketing.get(reverse("vouchers:detail", args=["GONE"]))
    assert response.status_code == 404
    assert tried.request_id in response.content.decode()
    assert "most likely never existed" in response.content.decode()

    make_call(("voucher", "GONE"), method="DELETE", path="/v1/vouchers/GONE", status=204)
    assert "It has been deleted" in marketing.get(reverse("vouchers:detail", args=["GONE"])).content.decode()


def test_a_call_shows_both_bodies_where_it_came_from_and_what_it_touched(marketing):
    call = make_call(("voucher", "SPRING-1"), ("redemption", "r_0d1"), ("customer", "cust_1"))
    content = marketing.get(reverse("api:call_detail", args=[call.request_id])).content.decode()
    for text in (
        "/v1/vouchers/SPRING-1/redemption",
        "203.0.113.9",
        "https://shop.example",
        "till/2.1",
        call.request_id,
        "12 ms",
        "Web shop",
        "&quot;source_id&quot;: &quot;shop-7&quot;",
        "&quot;result&quot;: &quot;SUCCESS&quot;",
        reverse("vouchers:detail", args=["SPRING-1"]),
        reverse("redemptions:detail", args=["r_0d1"]),
        reverse("campaigns:customer_detail", args=["cust_1"]),
    ):
        assert text in content


def test_the_drawer_gets_the_call_without_the_frame(marketing):
    call = make_call()
    response = marketing.get(
        reverse("api:call_detail", args=[call.request_id]), headers={"HX-Request": "true", "HX-Target": "drawer-body"}
    )
    content = response.content.decode()
    assert "<html" not in content
    assert "shop-7" in content
    assert reverse("api:call_detail", args=[call.request_id]) in content
    assert "HX-Target" in response["Vary"]


def test_a_body_that_is_no_json_is_shown_as_it_was(marketing):
    call = make_call(request_body="{broken <b>", request_body_cut=True)
    content = marketing.get(reverse("api:call_detail", args=[call.request_id])).content.decode()
    assert "{broken &lt;b&gt;" in content
    assert "the body was longer" in content


def test_a_call_is_copied_as_curl_with_a_placeholder_for_the_secret(marketing):
    call = make_call(
        path="/v1/vouchers/IT'S 5%/redemption", query="a=1&b=2", request_body='{"note": "it\'s"}', channel="Kasa 1"
    )
    response = marketing.get(reverse("api:call_detail", args=[call.request_id]))
    words = shlex.split(response.context["as_curl"].replace("\\\n", " "))
    assert words[:3] == ["curl", "--request", "POST"]
    assert words[3].endswith("/v1/vouchers/IT'S%205%25/redemption?a=1&b=2")
    assert "X-App-Id: 5f3b" in words
    assert "X-App-Token: YOUR-APP-TOKEN" in words
    assert "X-Voucherify-Channel: Kasa 1" in words
    assert words[-2:] == ["--data-raw", '{"note": "it\'s"}']


def test_a_call_is_copied_as_json(marketing):
    call = make_call(ip_address=None)
    copied = json.loads(marketing.get(reverse("api:call_detail", args=[call.request_id])).context["json_text"])
    assert copied["request_body"] == {"customer": {"source_id": "shop-7"}}
    assert copied["method"] == "POST"
    assert copied["ip_address"] is None


def test_an_act_of_staff_has_no_curl(marketing):
    call = make_call(path="/vouchers/v_1/disable/", channel="dashboard", app_id="", key_name="")
    assert marketing.get(reverse("api:call_detail", args=[call.request_id])).context["as_curl"] == ""


def test_only_administrators_learn_which_colleague_it_was(client):
    make_voucher(code="SPRING-1")
    call = make_call(("voucher", "SPRING-1"), channel="dashboard", user_login="marta.nowak")
    addresses = [
        reverse("api:call_list"),
        reverse("api:call_detail", args=[call.request_id]),
        reverse("vouchers:detail", args=["SPRING-1"]),
    ]
    for role, sees in (("User", False), ("Viewer", False), ("Administrator", True)):
        client.force_login(make_user(role))
        for address in addresses:
            assert ("marta.nowak" in client.get(address).content.decode()) is sees


def test_asking_by_colleague_is_refused_to_others_than_administrators(client):
    call = make_call(user_login="marta")
    make_call(user_login="jan")
    client.force_login(make_user("User"))
    for name in ("marta", "nobody"):
        response = client.get(reverse("api:call_list"), {"user": name})
        assert list(response.context["table"].data) == []
        assert "You may not filter by dashboard user" in response.content.decode()
    client.force_login(make_user("Administrator"))
    response = client.get(reverse("api:call_list"), {"user": "marta"})
    assert [row.pk for row in response.context["table"].data] == [call.pk]


@pytest.mark.parametrize(
    "query",
    [
        {"path": "/v1/campaigns"},
        {"endpoint": "/v1/campaigns/{id}"},
        {"voucher": "AUTUMN"},
        {"status_code": "503"},
        {"key": "Till 4"},
        {"text": "needle", "period": "7d"},
    ],
)
def test_the_log_is_filtered(marketing, query):
    make_call(("voucher", "SPRING-1"))
    wanted = make_call(
        ("voucher", "AUTUMN"),
        path="/v1/campaigns/camp_1",
        endpoint="/v1/campaigns/{id}",
        status=503,
        key_name="Till 4",
        request_body="a needle",
    )
    response = marketing.get(reverse("api:call_list"), query)
    assert [row.pk for row in response.context["table"].data] == [wanted.pk]


def test_a_search_in_all_bodies_of_all_time_is_refused_with_the_remedy(marketing):
    make_call()
    response = marketing.get(reverse("api:call_list"), {"text": "SUCCESS"})
    assert list(response.context["table"].data) == []
    assert "Choose a period or a voucher too" in response.content.decode()


def test_the_logs_queries_do_not_grow(marketing, django_assert_num_queries, django_assert_max_num_queries):
    make_call()
    with django_assert_max_num_queries(6) as few:
        marketing.get(reverse("api:call_list"))
    for _ in range(20):
        make_call(("voucher", "SPRING-1"))
    with django_assert_num_queries(len(few)):
        marketing.get(reverse("api:call_list"))


def test_a_call_that_is_not_in_the_log_is_not_found(marketing):
    assert marketing.get(reverse("api:call_detail", args=["v-0"])).status_code == 404


@pytest.mark.django_db
def test_no_caller_of_the_api_can_pass_for_the_dashboard(client):
    client.get("/v1/redemptions", headers={**make_key(), "X-Voucherify-Channel": "Dashboard"})

    assert ApiCall.objects.get().channel == "API"


@pytest.mark.django_db
def test_what_staff_did_is_logged_with_what_the_api_would_have_answered(client):
    make_voucher(code="ONCE", quantity=1)
    client.force_login(make_user("User"))

    for _ in range(2):
        client.post("/redeem/", {"code": "ONCE", "redeem": "1"})

    calls = ApiCall.objects.touching("voucher", "ONCE").order_by("pk")
    assert [(call.channel, call.status) for call in calls] == [("dashboard", 200), ("dashboard", 400)]
