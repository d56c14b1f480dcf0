"""The API of redemptions: answers, lists, refusals, and the log line behind every call."""

import json
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from voucherify import RedemptionsGetResponseBody, RedemptionsListResponseBody, RedemptionsRollbackCreateResponseBody

from redemptions.models import Redemption, Rollback
from tests import factories
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers=factories.make_key())


def post(client: Client, path: str, body=None):
    return client.post(path, {} if body is None else body, content_type="application/json")


def redeem(client: Client, code: str, **body):
    return post(client, f"/v1/vouchers/{code}/redemption", body)


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    RedemptionsListResponseBody.from_dict(answer.json())
    return [entry["id"] for entry in answer.json()["redemptions"]]


def test_a_success_answers_the_redemption_with_the_whole_voucher_and_the_priced_order(client):
    factories.make_voucher(code="TEN", campaign=factories.make_campaign(name="Spring"))

    answer = redeem(
        client,
        "TEN",
        order={"amount": 5000, "source_id": "o-1"},
        customer={"source_id": "shop-1", "name": "Ada"},
        metadata={"till": "4"},
        tracking_id="t-1",
    )

    body = answer.json()
    assert answer.status_code == 200
    RedemptionsGetResponseBody.from_dict(body)
    assert (body["object"], body["result"], body["status"]) == ("redemption", "SUCCESS", "SUCCEEDED")
    assert (body["order"]["total_amount"], body["order"]["source_id"]) == (4000, "o-1")
    assert (body["customer"]["name"], body["metadata"], body["tracking_id"]) == ("Ada", {"till": "4"}, "t-1")
    assert body["voucher"]["redemption"]["redeemed_quantity"] == 1
    assert body["voucher"]["campaign"] == "Spring"
    assert body["channel"] == {"channel_id": ApiCall.objects.get().app_id, "channel_type": "API"}


def test_the_current_way_to_redeem_answers_a_list_of_one_and_no_parent(client):
    factories.make_voucher(code="TEN")

    answer = post(client, "/v1/redemptions", {"redeemables": [{"object": "voucher", "id": "TEN"}]}).json()

    assert [one["voucher"]["code"] for one in answer["redemptions"]] == ["TEN"]
    assert answer["redemptions"][0]["redemption"] is None
    assert "parent_redemption" not in answer
    assert (answer["inapplicable_redeemables"], answer["skipped_redeemables"]) == ([], [])


@pytest.mark.parametrize(
    "code", ["a b/c", "100%", "zażółć", "ключ", "with/redemption", "quote'\"", "\N{ROCKET}", "nul\x00byte"]
)
def test_a_code_may_hold_anything(client, code):
    stored = "\x00" not in code
    if stored:
        factories.make_voucher(code=code)

    answer = redeem(client, quote(code, safe=""))

    assert answer.status_code == (200 if stored else 404), answer.content
    assert Redemption.objects.get().code == code.replace("\x00", "\ufffd")


def test_a_voucher_and_an_attempt_of_a_rule_answer_the_rules_own_text(client):
    voucher = factories.make_voucher(code="RULED")
    rules = {
        "1": {
            "name": "order.amount",
            "conditions": {"$more_than_or_equal": [5000]},
            "error": {"message": "Please spend 50 euros."},
        }
    }
    rule = factories.make_rule(rules, on=voucher, name="Minimum")

    answer = redeem(client, "RULED", order={"amount": 3800}).json()

    assert answer["error"] == {"message": "Please spend 50 euros."}
    assert answer["details"].endswith(rule.public_id)
    facts = client.get(f"/v1/redemptions/{answer['resource_id']}").json()
    assert (facts["failure_facts"]["wanted"], facts["failure_facts"]["found"]) == ([5000], 3800)
    assert facts["failure_sentence"] == "Order €38.00 is below the minimum €50.00 of rule “Minimum”."


def test_the_list_mixes_rollbacks_in_newest_first(client):
    factories.make_voucher(code="TEN")
    first = redeem(client, "TEN").json()["id"]
    second = redeem(client, "TEN").json()["id"]
    rollback = post(client, f"/v1/redemptions/{first}/rollback").json()["id"]
    failed = redeem(client, "NONE").json()["resource_id"]

    assert ids(client.get("/v1/redemptions")) == [failed, rollback, second, first]
    assert ids(client.get("/v1/redemptions?order=created_at&limit=2")) == [first, second]
    assert ids(client.get("/v1/redemptions?limit=2&page=2")) == [second, first]
    assert client.get("/v1/redemptions").json()["total"] == 4


REDEMPTIONS = "&filters[object][conditions][$is]=redemption"
ROLLED_BACK = "filters[status][conditions][$is]=ROLLED_BACK"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("result=FAILURE", ["failed"]),
        ("result=SUCCESS&result=FAILURE" + REDEMPTIONS, ["failed", "second", "first"]),
        ("filters[failure_code][conditions][$in][0]=resource_not_found", ["failed"]),
        ("filters%5Bvoucher_code%5D%5Bconditions%5D%5B%24is%5D=TEN" + REDEMPTIONS, ["second", "first"]),
        ("filters[voucher_code][conditions][$in]=['TEN', 'B C']" + REDEMPTIONS, ["second", "first"]),
        ("filters[object][conditions][$is_not]=redemption", ["rollback"]),
        (ROLLED_BACK, ["first"]),
        ("filters[metadata.till][conditions][$is]=4", ["second"]),
        ("filters[metadata.amount][conditions][$more_than]=9", ["second"]),
        (ROLLED_BACK + "&filters[voucher_code][conditions][$starts_with]=NO&filters[junction]=OR", ["failed", "first"]),
        (
            "filters[object][conditions][$is]=redemption&filters[voucher_code][conditions][$is]=X&filters[junction]=or",
            ["failed", "second", "first"],
        ),
        ("filters[voucher_code][conditions][$is]=None&filters[result]=None&result=FAILURE", ["failed"]),
        ("customer=shop-1", ["second"]),
        ("customer=nobody", []),
        ("campaign=Spring", ["rollback", "second", "first"]),
        ("created_at[before]=2020-01-01", []),
        ("[created_at][after]=2020-01-01T00:00:00.000Z&result=FAILURE", ["failed"]),
    ],
)
def test_the_list_can_be_narrowed(client, query, found):
    factories.make_voucher(code="TEN", campaign=factories.make_campaign(name="Spring"))
    names = {redeem(client, "TEN").json()["id"]: "first"}
    second = redeem(client, "TEN", metadata={"till": 4, "amount": 10}, customer={"source_id": "shop-1"})
    names[second.json()["id"]] = "second"
    names[post(client, f"/v1/redemptions/{next(iter(names))}/rollback").json()["id"]] = "rollback"
    names[redeem(client, "NONE").json()["resource_id"]] = "failed"

    assert [names[one] for one in ids(client.get(f"/v1/redemptions?{query}"))] == found


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "page=0",
        "page=x",
        "order=colour",
        "result=MAYBE",
        "created_at[before]=yesterday",
        "filters[colour][conditions][$is]=red",
        "filters[voucher_code][$is]=TEN",
        "filters[voucher_code][conditions][$sounds_like]=TEN",
        "filters[created_at][conditions][$after]=soon",
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_and_never_answered_with_everything(client, query):
    redeem(client, "NONE")

    answer = client.get(f"/v1/redemptions?{query}")

    assert answer.status_code == 400
    assert answer.json()["key"] in ("invalid_query_params", "invalid_payload")
    assert answer.json()["details"]


def test_only_an_administrators_key_may_ask_which_user_it_was():
    factories.make_redemption(channel_type="USER", channel_name="ada")
    factories.make_redemption(channel_type="API", channel_name="ada")
    question = "/v1/redemptions?filters[user_login][conditions][$is]={}"

    assert len(ids(Client(headers=factories.make_key()).get(question.format("ada")))) == 1
    marketing = Client(headers=factories.make_key("User"))
    answers = [marketing.get(question.format(name)) for name in ("ada", "nobody")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json()["details"] == answers[1].json()["details"]


def test_the_list_asks_the_same_number_of_queries_for_three_rows_and_for_thirty(client):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/v1/redemptions?limit=100").status_code == 200
        return len(captured)

    def rows(count: int) -> None:
        for _ in range(count):
            voucher = factories.make_voucher(campaign=factories.make_campaign())
            factories.make_rollback(factories.make_redemption(voucher=voucher, customer=factories.make_customer()))
            factories.make_redemption(failure_code="not_found")

    rows(3)
    few = queries()
    rows(27)
    assert queries() == few


def test_a_rollback_answers_what_went_back(client):
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    redemption = redeem(client, "GIFT", gift={"credits": 2000}).json()
    assert (redemption["amount"], redemption["gift"]) == (2000, {"amount": 2000})

    answer = post(client, f"/v1/redemptions/{redemption['id']}/rollback?reason=Returned&tracking_id=t")

    body = answer.json()
    RedemptionsRollbackCreateResponseBody.from_dict(body)
    assert (body["object"], body["redemption"], body["reason"]) == ("redemption_rollback", redemption["id"], "Returned")
    assert (body["amount"], body["gift"], body["tracking_id"]) == (-2000, {"amount": -2000}, "t")
    assert body["voucher"]["gift"]["balance"] == 5000
    assert client.get(f"/v1/redemptions/{body['id']}").json()["id"] == body["id"]


def test_the_stack_form_of_a_rollback_answers_a_list(client):
    factories.make_voucher(code="TEN")
    redemption = redeem(client, "TEN", order={"amount": 5000}).json()

    answer = post(client, f"/v1/redemptions/{redemption['id']}/rollbacks", {"reason": "Returned"}).json()

    assert [one["reason"] for one in answer["rollbacks"]] == ["Returned"]
    assert (answer["order"]["status"], answer["order"]["total_amount"]) == ("CANCELED", 5000)


def test_a_second_rollback_is_refused_and_names_the_recorded_one(client):
    factories.make_voucher(code="TEN")
    redemption = redeem(client, "TEN").json()["id"]
    post(client, f"/v1/redemptions/{redemption}/rollback")

    answer = post(client, f"/v1/redemptions/{redemption}/rollback")

    assert (answer.status_code, answer.json()["key"]) == (400, "already_rolled_back")
    assert answer.json()["resource_type"] == "redemption_rollback"
    assert Rollback.objects.get(public_id=answer.json()["resource_id"]).result == "FAILURE"


def test_a_setting_makes_the_reason_of_a_rollback_mandatory(client, settings):
    settings.API_ROLLBACK_REASON_REQUIRED = True
    factories.make_voucher(code="TEN")
    redemption = redeem(client, "TEN").json()["id"]

    answer = post(client, f"/v1/redemptions/{redemption}/rollback")

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert "'reason'" in answer.json()["details"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/redemptions/r_none", "redemption"), ("/v1/vouchers/NONE/redemption", "voucher")],
)
def test_what_is_not_there_is_a_404_that_names_it(client, path, kind):
    body = client.get(path).json()

    assert (body["code"], body["key"], body["resource_type"]) == (404, "not_found", kind)


def test_a_vouchers_own_list_counts_its_uses(client):
    factories.make_voucher(code="TEN", quantity=5)
    redeem(client, "TEN")
    redeem(client, "TEN", order="wrong")

    body = client.get("/v1/vouchers/TEN/redemption").json()

    assert (body["quantity"], body["redeemed_quantity"], body["total"]) == (5, 1, 2)
    assert [entry["result"] for entry in body["redemption_entries"]] == ["FAILURE", "SUCCESS"]
    assert client.get("/v1/vouchers/TEN/redemptions").json() == body


def test_a_validation_says_what_would_happen_and_records_no_attempt(client):
    factories.make_voucher(code="TEN")

    good = post(client, "/v1/vouchers/TEN/validate", {"order": {"amount": 5000}})
    bad = post(client, "/v1/vouchers/NONE/validate")

    assert (good.json()["valid"], good.json()["order"]["total_discount_amount"]) == (True, 1000)
    assert (bad.status_code, bad.json()["valid"], bad.json()["reason"]) == (200, False, "voucher not found")
    assert not Redemption.objects.exists()


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("Viewer", "get", "/v1/redemptions", 200),
        ("Viewer", "post", "/v1/vouchers/TEN/redemption", 403),
        ("Merchant", "post", "/v1/vouchers/TEN/redemption", 200),
        ("Merchant", "post", "/v1/redemptions", 403),
        ("Merchant", "post", "/v1/redemptions/r_1/rollback", 403),
        ("User", "post", "/v1/redemptions/r_1/rollback", 404),
    ],
)
def test_a_key_may_do_what_its_role_may(role, method, path, status):
    factories.make_voucher(code="TEN")
    client = Client(headers=factories.make_key(role))

    answer = client.get(path) if method == "get" else post(client, path)

    assert answer.status_code == status
    assert Redemption.objects.filter(result="FAILURE").count() == 0


@pytest.mark.parametrize("headers", [{}, {"X-App-Id": "no-uuid", "X-App-Token": "x"}])
def test_a_call_without_a_right_key_is_no_attempt_yet_stands_in_the_log(headers):
    answer = post(Client(headers=headers), "/v1/vouchers/TEN/redemption")

    assert answer.status_code == 401
    assert answer.json()["key"] == "unauthorized"
    assert not Redemption.objects.exists()
    assert ApiCall.objects.get().status == 401


@pytest.mark.parametrize(
    "raw",
    [b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b"[" * 5000],
)
def test_a_body_that_is_no_json_is_no_attempt_yet_its_call_belongs_to_the_voucher(client, raw):
    answer = client.post("/v1/vouchers/TEN/redemption", raw, content_type="application/json")

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert not Redemption.objects.exists()
    assert ApiCall.objects.touching("voucher", "TEN").get().status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"order": []},
        {"order": {"amount": 10**40}},
        {"order": {"amount": 1.5}},
        {"order": {"items": [{"product_id": "x", "quantity": 10**30, "price": 10**30}]}},
        {"gift": {"credits": 0}},
        {"gift": {"credits": "5"}},
        {"customer": {"source_id": 5}},
        {"customer": {"source_id": "x" * 201}},
        {"metadata": []},
        {"session": {"type": "KEEP"}},
        {"session": {"type": "LOCK", "key": "k", "ttl": 10**9}},
        {"tracking_id": "x" * 201},
    ],
)
def test_a_body_that_does_not_fit_is_an_attempt_that_says_what_is_wrong(client, body):
    factories.make_voucher(code="TEN")

    answer = redeem(client, "TEN", **body)

    assert answer.status_code == 400, answer.content
    assert answer.json()["details"]
    attempt = Redemption.objects.get(public_id=answer.json()["resource_id"])
    assert attempt.voucher.redeemed_quantity == 0


@pytest.mark.parametrize("raw", [b"", b"5", b"null", b"[]"])
def test_no_object_is_an_empty_one_where_nothing_is_required(client, raw):
    factories.make_voucher(code="TEN")

    assert client.post("/v1/vouchers/TEN/redemption", raw, content_type="application/json").status_code == 200


def test_the_call_is_logged_with_both_bodies_and_without_secrets(client):
    factories.make_voucher(code="TEN")
    body = {"metadata": {"Password": "hunter2", "deep": [{"api-key": "k", "till": "4"}]}}

    client.post(
        "/v1/vouchers/TEN/redemption?token=abc&reason=x",
        json.dumps(body),
        content_type="application/json",
        headers={"User-Agent": "Till/2", "Origin": "https://shop.example.com", "X-Voucherify-Channel": "Python-SDK"},
    )

    call = ApiCall.objects.get()
    assert (call.method, call.path, call.status) == ("POST", "/v1/vouchers/TEN/redemption", 200)
    assert call.endpoint == "/v1/vouchers/{code}/redemption"
    assert (call.channel, call.user_agent, call.origin) == ("Python-SDK", "Till/2", "https://shop.example.com")
    assert call.ip_address == "127.0.0.1"
    assert json.loads(call.request_body)["metadata"] == {
        "Password": "[redacted]",
        "deep": [{"api-key": "[redacted]", "till": "4"}],
    }
    assert json.loads(call.response_body)["object"] == "redemption"
    assert call.query == "token=[redacted]&reason=x"
    assert Redemption.objects.get().request_id == call.request_id


def test_the_callers_address_is_read_from_behind_as_many_proxies_as_are_ours(client, settings):
    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.1"}
    client.get("/v1/redemptions", headers=headers)
    settings.TRUSTED_PROXIES = 2
    client.get("/v1/redemptions", headers=headers)

    assert [call.ip_address for call in ApiCall.objects.order_by("pk")] == ["127.0.0.1", "203.0.113.9"]


def test_a_body_over_the_limit_is_refused_and_a_long_one_is_cut_in_the_log(client, settings):
    settings.CALL_LOG_BODY_BYTES = 100
    redeem(client, "TEN", metadata={"text": "ż" * 200})
    cut = ApiCall.objects.get()
    assert cut.request_body_cut
    assert len(cut.request_body.encode()) <= 100

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 50
    answer = redeem(client, "TEN", metadata={"text": "x" * 200})
    assert (answer.status_code, answer.json()["key"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "key"),
    [
        ("patch", "/v1/redemptions", 405, "method_not_allowed"),
        ("get", "/v1/unheard-of", 404, "not_found"),
    ],
)
def test_what_the_api_does_not_have_is_refused_in_its_own_shape(client, method, path, status, key):
    answer = getattr(client, method)(path)

    assert (answer.status_code, answer.json()["code"], answer.json()["key"]) == (status, status, key)
    assert answer.json()["request_id"] == ApiCall.objects.get().request_id
