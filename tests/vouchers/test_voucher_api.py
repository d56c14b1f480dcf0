"""Vouchers over /v1: made, read, changed, listed, refused; every answer is read by Voucherify's own Python SDK."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone
from voucherify import models as sdk

from tests import factories
from tests.factories import make_campaign, make_key, make_redemption, make_rule, make_voucher
from voucherify_admin.api.models import ApiCall, CallTouch
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

TEN_OFF = {"type": "AMOUNT", "amount_off": 1000}


@pytest.fixture
def headers() -> dict[str, str]:
    return make_key()


@pytest.fixture
def call(client, headers):
    """Send JSON to /v1 and return the answer."""

    def send(method: str, path: str, body=None, **more):
        return client.generic(
            method,
            f"/v1{path}",
            data=b"" if body is None else factories.as_json(body),
            content_type="application/json",
            headers=more.pop("headers", headers),
            **more,
        )

    return send


def assert_error(response, status: int, key: str, details: str = "") -> dict:
    body = response.json()
    assert (response.status_code, body["code"], body["key"]) == (status, status, key), body
    assert body["message"]
    assert body["request_id"].startswith("v-")
    assert details in body.get("details", "")
    return body


def test_a_voucher_is_created_with_its_code_and_read_by_code_and_id(call):
    rule = make_rule({})
    response = call(
        "POST",
        "/vouchers/SPRING-10",
        {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10.5, "amount_limit": 2000},
            "start_date": "2024-01-01",
            "expiration_date": "2034-01-01T10:00:00+02:00",
            "redemption": {"quantity": 5},
            "category": "spring",
            "additional_info": "Handed out at the fair",
            "metadata": {"fair": "Köln", "stand": 12},
            "validation_rules": [rule.public_id],
            "unknown": "ignored",
            "customer": None,
        },
    )
    assert response.status_code == 200, response.content
    body = response.json()
    sdk.VouchersCreateResponseBody.from_dict(body)
    assert body["code"] == "SPRING-10"
    # Where it lands is not made up: without an effect the rules decide it.
    assert body["discount"] == {"type": "PERCENT", "percent_off": 10.5, "amount_limit": 2000}
    assert body["start_date"] == "2024-01-01T00:00:00.000Z"
    assert body["expiration_date"] == "2034-01-01T08:00:00.000Z"
    assert body["redemption"] == {
        "quantity": 5,
        "redeemed_quantity": 0,
        "object": "list",
        "url": "/v1/vouchers/SPRING-10/redemptions?page=1&limit=10",
    }
    assert body["metadata"] == {"fair": "Köln", "stand": 12}
    assert body["active"] is True
    assert body["updated_at"] is None
    assert "holder_id" not in body
    assignments = body["validation_rules_assignments"]
    assert assignments["total"] == 1
    assert assignments["data"][0]["rule_id"] == rule.public_id
    for reference in ("SPRING-10", body["id"]):
        again = call("GET", f"/vouchers/{reference}")
        assert again.json() == body
        sdk.VouchersGetResponseBody.from_dict(again.json())


@pytest.mark.parametrize("path", ["/vouchers", "/vouchers/"])
def test_without_a_code_a_random_one_is_made_as_the_config_says(call, path):
    body = call("POST", path, {"discount": TEN_OFF, "code_config": {"pattern": "SUN-####", "charset": "AB"}}).json()
    sdk.VouchersCreateResponseBody.from_dict(body)
    assert body["type"] == "DISCOUNT_VOUCHER"
    assert len(body["code"]) == 8
    assert set(body["code"].removeprefix("SUN-")) <= {"A", "B"}
    assert len(call("POST", path, {"discount": TEN_OFF}).json()["code"]) == 8


def test_a_pattern_that_is_used_up_says_so(call):
    config = {"discount": TEN_OFF, "code_config": {"pattern": "X-#", "charset": "A"}}
    assert call("POST", "/vouchers", config).json()["code"] == "X-A"
    assert_error(call("POST", "/vouchers", config), 400, "invalid_payload", "Only 0 of 1 codes are free")


def test_a_gift_card_starts_with_its_whole_balance(call):
    body = call("POST", "/vouchers/GIFT-1", {"gift": {"amount": 5000}}).json()
    sdk.VouchersGetResponseBody.from_dict(body)
    assert body["type"] == "GIFT_VOUCHER"
    assert body["gift"] == {"amount": 5000, "subtracted_amount": 0, "balance": 5000, "effect": "APPLY_TO_ORDER"}
    assert body["redemption"]["redeemed_amount"] == 0
    assert body["discount"] is None


@pytest.mark.parametrize("code", ["a b/c", "50%off", "Größe-日本", "x/enabled", "back\\slash", "a#b?c", "vouchers"])
def test_any_code_can_stand_in_an_address(call, code):
    address = f"/vouchers/{quote(code, safe='')}"
    assert call("POST", address, {"discount": TEN_OFF}).json()["code"] == code
    assert call("GET", address).json()["code"] == code
    disabled = call("POST", f"{address}/disable").json()
    assert (disabled["code"], disabled["active"]) == (code, False)
    assert call("POST", f"{address}/enable").json()["active"] is True
    assert call("PUT", address, {"category": "odd"}).json()["category"] == "odd"
    assert call("DELETE", address).status_code == 204
    assert call("GET", address).status_code == 404


def test_a_code_that_is_taken_is_refused_with_409(call):
    make_voucher(code="TAKEN")
    body = assert_error(
        call("POST", "/vouchers/TAKEN", {"discount": TEN_OFF}),
        409,
        "duplicate_found",
        "Duplicated voucher exists with id TAKEN",
    )
    assert body["resource_id"] == "TAKEN"
    assert Voucher.objects.count() == 1


def test_an_unknown_code_is_404_in_voucherifys_words(call):
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")):
        body = assert_error(call(method, f"/vouchers/NO-SUCH{path}"), 404, "not_found")
        assert body["message"] == "Resource not found"
        assert body["details"] == "Cannot find voucher with id NO-SUCH"
        assert (body["resource_id"], body["resource_type"]) == ("NO-SUCH", "voucher")


REFUSED = [
    ({}, "required property 'discount'"),
    ({"type": "GIFT_VOUCHER"}, "required property 'gift'"),
    ({"type": "LOYALTY_CARD"}, "Property .type should be equal to one of the allowed values"),
    ({"type": 5}, "Property .type"),
    ({"discount": "10"}, "Property .discount must be object"),
    ({"discount": {"type": "AMOUNT"}}, ".discount.amount_off"),
    ({"discount": {"type": "AMOUNT", "amount_off": True}}, ".discount.amount_off"),
    ({"discount": {"type": "AMOUNT", "amount_off": -1}}, ".discount.amount_off"),
    ({"discount": {"type": "AMOUNT", "amount_off": 10**16}}, ".discount.amount_off"),
    ({"discount": {"type": "AMOUNT", "amount_off": 10**400}}, ".discount.amount_off"),
    ({"discount": {"type": "PERCENT", "percent_off": 101}}, ".discount.percent_off"),
    ({"discount": {"type": "FREE"}}, ".discount.type"),
    ({"gift": {"amount": 0}}, "Property .gift.amount"),
    ({"gift": {"amount": 10.5}}, "Property .gift.amount must be integer"),
    ({"gift": {"amount": "100"}}, "Property .gift.amount must be integer"),
    ({"gift": {"amount": True}}, "Property .gift.amount must be integer"),
    ({"gift": {"amount": 10**15 + 1}}, "Property .gift.amount"),
    ({"gift": {"amount": 10**30}}, "Property .gift.amount"),
    ({"discount": TEN_OFF, "redemption": {"quantity": 0}}, "Property .redemption.quantity"),
    ({"discount": TEN_OFF, "redemption": {"quantity": 2**31}}, "Property .redemption.quantity"),
    ({"discount": TEN_OFF, "redemption": {"quantity": "5"}}, "Property .redemption.quantity must be integer"),
    ({"discount": TEN_OFF, "redemption": 5}, "Property .redemption must be object"),
    ({"discount": TEN_OFF, "start_date": "tomorrow"}, "Property .start_date cannot be recognized as a ISO-8601"),
    ({"discount": TEN_OFF, "start_date": 1700000000}, "Property .start_date cannot be recognized"),
    ({"discount": TEN_OFF, "start_date": "2024-02-31"}, "Property .start_date cannot be recognized"),
    ({"discount": TEN_OFF, "start_date": "0001-01-01T00:00:00+14:00"}, "Property .start_date cannot be recognized"),
    (
        {"discount": TEN_OFF, "start_date": "2024-05-01", "expiration_date": "2024-05-01"},
        ".expiration_date should be after .start_date",
    ),
    ({"discount": TEN_OFF, "metadata": []}, "Property .metadata must be object"),
    ({"discount": TEN_OFF, "active": "yes"}, "Property .active must be boolean"),
    ({"discount": TEN_OFF, "active": 1}, "Property .active must be boolean"),
    ({"discount": TEN_OFF, "category": "x" * 101}, "Property .category"),
    ({"discount": TEN_OFF, "category": 7}, "Property .category must be string"),
    ({"discount": TEN_OFF, "validation_rules": "val_1"}, "Property .validation_rules must be array"),
    ({"discount": TEN_OFF, "code_config": {"length": 0}}, "Property .code_config.length"),
    (
        {"discount": TEN_OFF, "validity_hours": {"daily": []}},
        "Property .validity_hours.daily should be a list of 1 to 50",
    ),
    ({"discount": TEN_OFF, "metadata": {"a": "x\x00y"}}, "cannot be stored"),
    ([], "must be object"),
    (5, "must be object"),
    ("text", "must be object"),
]


@pytest.mark.parametrize(("body", "details"), REFUSED, ids=[str(index) for index in range(len(REFUSED))])
def test_a_body_that_does_not_fit_is_refused_naming_the_property(call, body, details):
    for path in ("/vouchers", "/vouchers/NEW"):
        assert_error(call("POST", path, body), 400, "invalid_payload", details)
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [b"{", b"<xml/>", b'{"a": NaN}', b'{"a": 1e999}', b"\xff\xfe", b'{"a": "\\ud800"}', b"[" * 5000, b'{"a":' * 200],
)
def test_what_is_no_json_is_refused_and_logged(client, headers, raw):
    response = client.post("/v1/vouchers/NEW", data=raw, content_type="application/json", headers=headers)
    assert_error(response, 400, "invalid_payload")
    assert ApiCall.objects.get().status == 400


def test_codes_that_cannot_be_kept_are_refused(call):
    for code in ("x" * 201, "a%0Ab", "a%00b", "%01"):
        assert call("POST", f"/vouchers/{code}", {"discount": TEN_OFF}).status_code in (400, 404)
    assert_error(call("GET", "/vouchers/a%00b"), 404, "not_found")
    assert not Voucher.objects.exists()


def test_unknown_campaigns_and_rules_are_404_and_nothing_is_created(call):
    for name, kind in (("campaign", "campaign"), ("campaign_id", "campaign")):
        body = assert_error(call("POST", "/vouchers/N", {"discount": TEN_OFF, name: "none"}), 404, "not_found")
        assert body["resource_type"] == kind
    body = assert_error(
        call("POST", "/vouchers/N", {"discount": TEN_OFF, "validation_rules": ["val_none"]}), 404, "not_found"
    )
    assert (body["resource_id"], body["resource_type"]) == ("val_none", "validation_rules")
    assert not Voucher.objects.exists()


def test_a_voucher_of_a_campaign_takes_the_campaigns_offer(call):
    template = {"type": "GIFT_VOUCHER", "gift": {"amount": 700}, "redemption": {"quantity": 2}}
    campaign = make_campaign(name="Fair", voucher_template=template)
    body = call("POST", "/vouchers/F-1", {"campaign": "Fair"}).json()
    assert (body["campaign"], body["campaign_id"]) == ("Fair", campaign.public_id)
    assert body["gift"]["balance"] == 700
    assert body["redemption"]["quantity"] == 2
    assert_error(
        call("POST", "/vouchers/F-2", {"campaign_id": campaign.public_id, "discount": TEN_OFF}),
        400,
        "invalid_payload",
        "Property .type should be GIFT_VOUCHER",
    )


def test_an_update_changes_what_is_sent_and_leaves_the_rest(call):
    voucher = make_voucher(
        code="V", metadata={"a": 1, "b": 2}, category="old", expiration_date=timezone.now() + timedelta(days=1)
    )
    body = call(
        "PUT",
        "/vouchers/V",
        {"metadata": {"b": 3}, "expiration_date": None, "active": None, "code": "OTHER", "redemption": {"quantity": 1}},
    ).json()
    sdk.VouchersUpdateResponseBody.from_dict(body)
    assert body["metadata"] == {"a": 1, "b": 3}
    assert body["expiration_date"] is None
    assert (body["code"], body["category"], body["active"]) == ("V", "old", True)
    assert body["redemption"]["quantity"] is None
    assert body["updated_at"]
    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 0


def test_the_type_of_a_discount_cannot_be_changed(call):
    make_voucher(code="V")
    body = assert_error(
        call("PUT", "/vouchers/V", {"discount": {"type": "PERCENT", "percent_off": 5}}),
        400,
        "invalid_voucher",
        "It is not possible to change Voucher discount type",
    )
    assert body["resource_id"] == "V"
    changed = call("PUT", "/vouchers/V", {"discount": {"type": "AMOUNT", "amount_off": 5}}).json()
    assert changed["discount"]["amount_off"] == 5
    assert_error(call("PUT", "/vouchers/V", {"gift": {"amount": 5}}), 400, "invalid_voucher")


def test_a_new_gift_amount_moves_the_balance_and_never_below_nothing(call):
    make_voucher(code="G", type="GIFT_VOUCHER", gift_amount=5000, gift_balance=1000, redeemed_amount=4000)
    raised = call("PUT", "/vouchers/G", {"gift": {"amount": 6000}}).json()["gift"]
    assert (raised["amount"], raised["balance"], raised["subtracted_amount"]) == (6000, 2000, 0)
    assert_error(call("PUT", "/vouchers/G", {"gift": {"amount": 3999}}), 400, "invalid_voucher", "has been spent")


def test_an_update_cannot_put_the_end_before_the_start(call):
    make_voucher(code="V", start_date=datetime(2030, 1, 1, tzinfo=UTC))
    assert_error(call("PUT", "/vouchers/V", {"expiration_date": "2029-01-01"}), 400, "invalid_voucher", "after")


def test_deleting_a_voucher_keeps_its_redemptions(call):
    voucher = make_voucher(code="GONE")
    make_rule({}, on=voucher)
    redemption = make_redemption(voucher=voucher)
    response = call("DELETE", "/vouchers/GONE")
    assert (response.status_code, response.content) == (204, b"")
    redemption.refresh_from_db()
    assert (redemption.voucher, redemption.code) == (None, "GONE")


def test_the_list_is_newest_first_paged_and_in_voucherifys_envelope(call):
    start = timezone.now() - timedelta(days=30)
    for number in range(12):
        make_voucher(code=f"L{number:02}", created_at=start + timedelta(days=number))
    body = call("GET", "/vouchers").json()
    sdk.VouchersListResponseBody.from_dict(body)
    assert (body["object"], body["data_ref"], body["total"]) == ("list", "vouchers", 12)
    assert [voucher["code"] for voucher in body["vouchers"]][:2] == ["L11", "L10"]
    assert [v["code"] for v in call("GET", "/vouchers?page=2").json()["vouchers"]] == ["L01", "L00"]
    ascending = call("GET", "/vouchers?order=code&limit=1").json()
    assert ascending["vouchers"][0]["code"] == "L00"
    for query in ("limit=0", "limit=101", "page=0", "page=x", "order=colour", "limit=99999999999999999999"):
        assert_error(call("GET", f"/vouchers?{query}"), 400, "invalid_query_params")


def test_the_list_is_filtered_in_each_of_the_ways_that_clients_use(call):
    now = timezone.now()
    campaign = make_campaign(name="Summer")
    a = make_voucher(code="AAA", campaign=campaign, metadata={"till": 7, "city": "Bonn"}, redeemed_quantity=3)
    b = make_voucher(code="BBB", category="vip", expiration_date=now - timedelta(days=1), metadata={"till": "x"})
    c = make_voucher(code="CCC", is_active=False, created_at=now - timedelta(days=100), metadata={"a__b": 1, "0": "z"})

    def codes(query: str) -> str:
        response = call("GET", f"/vouchers?{query}")
        assert response.status_code == 200, response.content
        return "".join(sorted(voucher["code"][0] for voucher in response.json()["vouchers"]))

    assert codes("") == "ABC"
    assert codes("campaign=Summer") == "A"
    assert codes(f"campaign_id={campaign.public_id}") == "A"
    assert codes("category=vip") == "B"
    assert codes("code=CCC") == "C"
    assert codes("code=None&filters[code][conditions][$in]=None") == "ABC"
    assert codes("customer=anybody") == ""
    assert codes(f"ids={a.public_id},{b.public_id}") == "AB"
    assert codes(f"ids[0]={a.public_id}&ids[1]={c.public_id}") == "AC"
    assert codes("created_at[before]=" + (now - timedelta(days=50)).date().isoformat()) == "C"
    assert codes("[created_at][after]=" + (now - timedelta(days=50)).date().isoformat()) == "AB"
    assert codes("filters[code][conditions][$in][0]=AAA&filters[code][conditions][$in][1]=BBB") == "AB"
    assert codes("filters[code][conditions][$in]=['AAA', 'CCC']") == "AC"
    assert codes(f"filters[campaign_ids][conditions][$in]={campaign.public_id}") == "A"
    either = f"filters[campaign_ids][conditions][$is]={campaign.public_id}&filters[code][conditions][$is]=CCC"
    assert codes(either) == ""
    assert codes(f"{either}&filters[junction]=OR") == "AC"
    assert codes("filters[active][conditions][$active]=true") == "A"
    assert codes("filters[active][conditions][$expired]=true") == "B"
    assert codes("filters[active][conditions][$enabled]=true") == "AB"
    assert codes("[filters][active][conditions][$disabled]=") == "C"
    assert codes("filters[redemption.redeemed_quantity][conditions][$more_than]=2") == "A"
    assert codes("filters[expiration_date][conditions][$has_value]=") == "B"
    assert codes("filters[metadata.till][conditions][$is]=7") == "A"
    assert codes("filters[metadata.till][conditions][$is_not]=7") == "BC"
    assert codes("filters[metadata.till][conditions][$more_than]=6") == "A"
    assert codes("filters[metadata.till][conditions][$less_than]=7") == ""
    assert codes("filters[metadata.till][conditions][$has_value]=") == "AB"
    assert codes("filters[metadata.till][conditions][$is_unknown]=") == "C"
    assert codes("filters[metadata.city][conditions][$contains]=ON") == "A"
    assert codes("filters[metadata.city][conditions][$not_contain]=ON") == "BC"
    assert codes("filters[metadata.a__b][conditions][$more_than]=0") == "C"
    assert codes("filters[metadata.0][conditions][$starts_with]=z") == "C"
    assert codes("filters[metadata.contains][conditions][$ends_with]=z") == ""


@pytest.mark.parametrize(
    "query",
    [
        "filters[code]=x",
        "filters[colour][conditions][$is]=x",
        "filters[code][conditions][$near]=x",
        "filters[active][conditions][$near]=x",
        "filters[redemption.redeemed_quantity][conditions][$is]=x",
        "filters[redemption.redeemed_quantity][conditions][$in][0]=99999999999999999999&filters[x]=1",
        "filters[redemption.redeemed_quantity][conditions][$more_than]=99999999999999999999",
        "filters[expiration_date][conditions][$before]=soon",
        "filters[expiration_date][conditions][$is]=0",
        "filters[code][conditions][$is]=%00",
        "filters[metadata.x%00][conditions][$is]=1",
        "code=%00",
        "ids=%00",
        "created_at[before]=soon",
        "created_at[before]=0001-01-01T00:00:00%2B14:00",
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_not_widened(call, query):
    make_voucher()
    response = call("GET", f"/vouchers?{query}")
    assert response.status_code == 400
    assert response.json()["key"] in ("invalid_query_params", "invalid_payload")


def test_the_list_needs_as_many_queries_for_twenty_vouchers_as_for_two(call, django_assert_max_num_queries):
    def queries() -> int:
        with django_assert_max_num_queries(20) as captured:
            assert call("GET", "/vouchers?limit=50").status_code == 200
        return len(captured)

    for _ in range(2):
        make_rule({}, on=make_voucher(campaign=make_campaign()))
    few = queries()
    for _ in range(18):
        make_rule({}, on=make_voucher(campaign=make_campaign()))
    assert queries() == few


def test_each_role_may_do_what_it_may_and_no_more(call):
    make_voucher(code="V")
    for role, statuses in (("Merchant", (200, 403, 403, 403)), ("Viewer", (200, 403, 403, 403)), ("User", (200,) * 4)):
        key = make_key(role)
        seen = (
            call("GET", "/vouchers/V", headers=key).status_code,
            call("POST", f"/vouchers/NEW-{role}", {"discount": TEN_OFF}, headers=key).status_code,
            call("PUT", "/vouchers/V", {"category": role}, headers=key).status_code,
            call("POST", "/vouchers/V/disable", headers=key).status_code,
        )
        assert seen == statuses, role
    assert_error(
        call("DELETE", "/vouchers/V", headers=make_key("Merchant")), 403, "missing_required_permission", "Merchant"
    )
    assert_error(call("GET", "/vouchers", headers={}), 401, "unauthorized")


def test_each_call_is_tied_to_the_voucher_it_touched(call):
    call("POST", "/vouchers/LOGGED", {"discount": TEN_OFF})
    call("POST", "/vouchers/LOGGED", {"discount": TEN_OFF})
    call("POST", "/vouchers/LOGGED/disable")
    call("DELETE", "/vouchers/LOGGED")
    touches = CallTouch.objects.filter(object_type="voucher", object_id="LOGGED")
    assert touches.count() == 4
    assert ApiCall.objects.filter(endpoint="/v1/vouchers/{code}/disable").count() == 1


def test_a_call_that_was_refused_at_the_door_is_still_among_the_vouchers_events(call, client, headers):
    call("POST", "/vouchers/DOOR", {"discount": "x"})
    call("POST", "/vouchers/DOOR", {"discount": TEN_OFF}, headers=make_key("Merchant"))
    call("GET", "/vouchers/DOOR", headers={})
    call("GET", "/vouchers/DOOR")
    client.post("/v1/vouchers/DOOR", data=b"{", content_type="application/json", headers=headers)
    statuses = ApiCall.objects.touching("voucher", "DOOR").order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [400, 403, 401, 404, 400]


def test_the_api_document_describes_every_route_of_the_vouchers(client):
    document = client.get("/v1/openapi.json").json()
    create = document["paths"]["/v1/vouchers/{code}"]["post"]
    assert create["summary"]
    assert set(create["responses"]) >= {"200", "400", "401", "403", "404", "409"}
    assert document["components"]["schemas"]["VoucherOut"]["properties"]["redemption"]
    names = {parameter["name"] for parameter in document["paths"]["/v1/vouchers"]["get"]["parameters"]}
    assert {"limit", "page", "order", "campaign_id", "created_at[before]"} <= names
    assert create["security"] == [{"X-App-Id": [], "X-App-Token": []}]
    example = document["components"]["schemas"]["VoucherIn"]["example"]
    made = client.post("/v1/vouchers/EXAMPLE", data=example, content_type="application/json", headers=make_key())
    assert made.status_code == 200
    assert create["operationId"] == "create_voucher_with_code"
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))
    tags = {tag for path in document["paths"].values() for one in path.values() for tag in one["tags"]}
    assert tags == {tag.capitalize() for tag in tags}
    assert '<a class="link" href="/">' in client.get("/v1/docs").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "told"),
    [(" LEAD", "blank"), ("TAIL ", "blank"), ("..", "slashes"), ("a/../b", "slashes"), ("a/./b", "slashes")],
)
def test_a_code_that_could_not_be_found_again_is_refused_with_the_reason(client, code, told):
    body = {"discount": {"type": "AMOUNT", "amount_off": 100}}
    sent = {"content_type": "application/json", "headers": make_key()}

    in_address = client.post(f"/v1/vouchers/{quote(code, safe='')}", body, **sent)
    in_body = client.post("/v1/vouchers", {**body, "code": code}, **sent)

    for answer in (in_address, in_body):
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert told in answer.json()["details"]
    assert not Voucher.objects.exists()
