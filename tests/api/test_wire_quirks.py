"""What callers send in several spellings is read, and what Voucherify answers in its own way is answered so."""

import json
import re
from urllib.parse import quote

import pytest
from django.test import Client

from tests.factories import make_customer, make_key, make_redemption, make_voucher
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    client, headers = Client(), make_key(role="Administrator")

    def send(method: str, path: str, body=None, content_type="application/json", **more):
        data = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        return client.generic(method, f"/v1/{path}", data, content_type=content_type, headers={**headers, **more})

    return send


def codes(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return sorted(row["voucher"]["code"] for row in answer.json()["redemptions"])


@pytest.fixture
def attempts():
    for code in ("A", "B C", "D"):
        make_redemption(voucher=make_voucher(code=code))


@pytest.mark.parametrize(
    "query",
    [
        "filters[voucher_code][conditions][$in][0]=A&filters[voucher_code][conditions][$in][1]=B C",
        "filters%5Bvoucher_code%5D%5Bconditions%5D%5B%24in%5D%5B0%5D=A"
        "&filters%5Bvoucher_code%5D%5Bconditions%5D%5B%24in%5D%5B1%5D=B+C",
    ],
)
def test_filters_are_read_with_raw_and_with_encoded_brackets(call, attempts, query):
    assert codes(call("GET", f"redemptions?{query}")) == ["A", "B C"]


def test_a_stray_bracket_before_a_filter_is_forgiven(call, attempts):
    assert codes(call("GET", "redemptions?[filters][voucher_code][conditions][$is]=A")) == ["A"]
    assert codes(call("GET", "redemptions?[created_at][before]=2020-01-01")) == []


def test_a_list_of_values_may_be_a_python_literal(call, attempts):
    assert codes(call("GET", "redemptions?filters[voucher_code][conditions][$in]=['A', 'B C']")) == ["A", "B C"]


def test_the_text_none_counts_as_not_sent(call, attempts):
    query = "filters[voucher_code][conditions][$in]=None&filters[voucher_code][conditions][$is]=D&limit=None"
    assert codes(call("GET", f"redemptions?{query}")) == ["D"]


@pytest.mark.parametrize("junction", ["or", "OR", "Or"])
def test_conditions_are_joined_by_or_in_any_case(call, attempts, junction):
    query = f"filters[junction]={junction}&filters[voucher_code][conditions][$is]=A&filters[result][conditions][$is]=X"
    assert codes(call("GET", f"redemptions?{query}")) == ["A"]


def test_metadata_that_is_a_list_is_asked_by_how_many_values_it_has(call):
    for code, colours in (("NONE", []), ("ONE", ["red"]), ("TWO", ["red", "blue"]), ("TEXT", "red")):
        make_redemption(voucher=make_voucher(code=code), metadata={"colours": colours})
    for operator, wanted in (("$count", ["ONE"]), ("$count_more", ["TWO"]), ("$count_less", ["NONE"])):
        assert codes(call("GET", f"redemptions?filters[metadata.colours][conditions][{operator}]=1")) == wanted
    for field, value in (("voucher_code", "1"), ("metadata.colours", "some"), ("metadata.colours", "1.5")):
        refused = call("GET", f"redemptions?filters[{field}][conditions][$count]={value}")
        assert (refused.status_code, refused.json()["key"]) == (400, "invalid_query_params")
        assert f".filters[{field}][conditions][$count]" in refused.json()["details"]


@pytest.mark.parametrize("moment", ["2024-01-01", "2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00%2B00:00"])
def test_dates_come_as_days_or_as_moments_with_either_offset(call, attempts, moment):
    assert codes(call("GET", f"redemptions?created_at[after]={moment}")) == ["A", "B C", "D"]


@pytest.mark.parametrize("body", ["", "5", "null", "{}"])
def test_where_no_field_is_required_any_json_or_none_is_an_empty_body(call, body):
    make_voucher(code="A")
    assert call("POST", "vouchers/A/redemption", body).status_code == 200


def test_a_voucher_is_created_at_the_address_with_a_slash_at_its_end_too(call):
    made = call("POST", "vouchers/", {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}})
    assert made.status_code == 200
    assert made.json()["code"]


def test_page_zero_is_refused_and_a_page_past_the_end_is_empty(call, attempts):
    refused = call("GET", "redemptions?page=0")
    assert (refused.status_code, refused.json()["key"]) == (400, "invalid_query_params")
    assert codes(call("GET", "redemptions?page=500")) == []


@pytest.mark.parametrize("code", ["a b/c", "ąę%", "x+y&z", "50%20off"])
def test_codes_with_slashes_blanks_and_signs_are_found_by_their_path(call, code):
    voucher = make_voucher(code=code)
    assert call("GET", f"vouchers/{quote(code, safe='')}").json()["id"] == voucher.public_id
    assert call("GET", f"vouchers/{voucher.public_id}").json()["code"] == code
    assert call("POST", f"vouchers/{quote(code, safe='')}/redemption").status_code == 200


def test_the_address_that_a_voucher_names_for_its_redemptions_answers(call):
    make_redemption(voucher=make_voucher(code="A"))
    named = call("GET", "vouchers/A").json()["redemption"]["url"]
    assert named == "/v1/vouchers/A/redemptions?page=1&limit=10"
    assert call("GET", named.removeprefix("/v1/")).json() == call("GET", "vouchers/A/redemption").json()


def test_what_is_created_is_answered_with_200_and_what_is_deleted_with_204(call):
    body = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    assert call("POST", "vouchers/A", body).status_code == 200
    assert call("DELETE", "vouchers/A").status_code == 204


def test_version_and_channel_headers_are_taken_and_the_channel_stands_in_the_log(call):
    more = {"X-Voucherify-API-Version": "v2018-08-01", "X-Voucherify-Channel": "Python-SDK"}
    assert call("GET", "vouchers", **more).status_code == 200
    assert ApiCall.objects.get().channel == "Python-SDK"


def test_the_reason_of_a_rollback_stands_in_the_query_or_in_the_body(call):
    for path, body in (("?reason=mistake", {}), ("", {"reason": "mistake"})):
        redemption = make_redemption(voucher=make_voucher(redeemed_quantity=1))
        told = call("POST", f"redemptions/{redemption.public_id}/rollback{path}", body)
        assert told.json()["reason"] == "mistake"


def test_both_names_of_an_unknown_code_find_its_attempts(call):
    make_redemption(code="A", failure_code="not_found")
    for name in ("not_found", "resource_not_found"):
        found = call("GET", f"redemptions?filters[failure_code][conditions][$is]={name}").json()
        assert [row["failure_code"] for row in found["redemptions"]] == ["not_found"]


def test_what_is_not_there_is_told_in_voucherifys_words(call):
    told = call("GET", "vouchers/NONE").json()
    assert {key: told[key] for key in ("code", "key", "message", "details", "resource_id", "resource_type")} == {
        "code": 404,
        "key": "not_found",
        "message": "Resource not found",
        "details": "Cannot find voucher with id NONE",
        "resource_id": "NONE",
        "resource_type": "voucher",
    }
    assert told["request_id"].startswith("v-")


def test_campaigns_leave_unset_dates_out_where_vouchers_tell_null(call):
    made = call("POST", "campaigns", {"name": "S", "voucher": {"discount": {"type": "AMOUNT", "amount_off": 100}}})
    assert "expiration_date" not in made.json()
    make_voucher(code="A")
    assert call("GET", "vouchers/A").json()["expiration_date"] is None


def test_the_customer_of_a_filter_that_nobody_is_finds_nothing_and_is_no_error(call, attempts):
    assert call("GET", "redemptions?customer=nobody").json() == {
        "object": "list",
        "data_ref": "redemptions",
        "redemptions": [],
        "total": 0,
    }


def test_older_names_of_rules_are_read_with_underscores(call):
    rule = {
        "rules": {"1": {"name": "customer_metadata", "property": "vip", "conditions": {"$is": [True]}}, "logic": "1"}
    }
    assert call("POST", "validation-rules", {"name": "VIP", **rule}).status_code == 200


def test_a_rule_on_a_segment_that_is_not_there_fails_with_its_own_text(call):
    make_voucher(code="A")
    make_customer(source_id="ann")
    rule = {
        "1": {"name": "customer.segment", "conditions": {"$is": ["seg_gone"]}, "error": {"message": "Members only"}}
    }
    made = call("POST", "validation-rules", {"name": "VIP", "rules": {**rule, "logic": "1"}}).json()
    call("POST", f"validation-rules/{made['id']}/assignments", {"voucher": "A"})
    told = call("POST", "vouchers/A/redemption", {"customer": {"source_id": "ann"}}).json()
    assert (told["key"], told["error"]["message"]) == ("customer_rules_violated", "Members only")


def test_a_customer_is_erased_at_the_address_and_under_the_spelling_that_are_published(call):
    make_customer(source_id="ann")
    told = call("POST", "customers/ann/permanent-deletion").json()
    assert (told["object"], told["related_object"]) == ("pernament_deletion", "customer")


@pytest.mark.parametrize(
    ("path", "data_ref"),
    [
        ("redemptions", "redemptions"),
        ("vouchers/CARD/redemption", "redemption_entries"),
        ("vouchers", "vouchers"),
        ("campaigns", "campaigns"),
        ("customers", "customers"),
        ("orders", "orders"),
        ("exports", "exports"),
        ("publications", "publications"),
        ("validation-rules", "data"),
        ("validation-rules-assignments", "data"),
        ("vouchers/CARD/transactions", "data"),
        ("customers/ann/activity", "data"),
        ("segments", "data"),
    ],
)
def test_each_list_stands_under_the_name_that_it_gives(call, path, data_ref):
    make_voucher(code="CARD", type="GIFT_VOUCHER", discount=None, gift_amount=900, gift_balance=900)
    make_customer(source_id="ann")
    told = call("GET", path).json()
    assert (told["object"], told["data_ref"]) == ("list", data_ref)
    assert isinstance(told[data_ref], list)


def test_ids_begin_as_voucherifys_do(call):
    def of(kind, answer):
        assert answer.status_code < 300, answer.content
        assert re.fullmatch(kind, answer.json()["id"]), (kind, answer.json()["id"])
        return answer.json()

    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    hexadecimal = "[0-9a-f]{18}"
    of(f"v_{hexadecimal}", call("POST", "vouchers/A", discount))
    of(f"camp_{hexadecimal}", call("POST", "campaigns", {"name": "S", "voucher": discount}))
    of(f"cust_{hexadecimal}", call("POST", "customers", {"source_id": "ann"}))
    of(f"seg_{hexadecimal}", call("POST", "segments", {"name": "S", "type": "static", "customers": []}))
    of(f"ord_{hexadecimal}", call("POST", "orders", {"amount": 100}))
    of(f"exp_{hexadecimal}", call("POST", "exports", {"exported_object": "voucher"}))
    of(f"pub_{hexadecimal}", call("POST", "publications", {"voucher": "A", "customer": {"source_id": "ann"}}))
    rule = of(f"val_{hexadecimal}", call("POST", "validation-rules", {"name": "R", "rules": {}}))
    of(f"asgm_{hexadecimal}", call("POST", f"validation-rules/{rule['id']}/assignments", {"voucher": "A"}))
    redeemable = {"redeemables": [{"object": "voucher", "id": "A"}]}
    of(f"valid_{hexadecimal}", call("POST", "validations", redeemable))
    used = of(f"r_{hexadecimal}", call("POST", "vouchers/A/redemption"))
    of(f"rr_{hexadecimal}", call("POST", f"redemptions/{used['id']}/rollback"))
    again = call("POST", f"redemptions/{used['id']}/rollback").json()
    assert re.fullmatch(f"rrf_{hexadecimal}", again["resource_id"])
    unknown = call("POST", "vouchers/NONE/redemption").json()
    assert re.fullmatch(f"rf_{hexadecimal}", unknown["resource_id"])
    assert re.fullmatch(f"v-{hexadecimal}", unknown["request_id"])


def test_an_attempt_on_an_unknown_code_is_about_itself(call):
    refused = call("POST", "vouchers/NONE/redemption").json()
    told = call("GET", f"redemptions/{refused['resource_id']}").json()
    assert (told["related_object_type"], told["related_object_id"]) == ("redemption", told["id"])
    assert (told["voucher"], told["order"], told["failure_code"]) == (None, None, "not_found")


def test_the_older_validation_answers_200_and_a_reason_that_equals_the_message(call):
    make_voucher(code="A", is_active=False)
    answer = call("POST", "vouchers/A/validate")
    told = answer.json()
    assert (answer.status_code, told["valid"], told["code"]) == (200, False, "A")
    assert told["reason"] == told["error"]["message"] == "voucher is disabled"


def test_a_voucher_that_nobody_holds_has_no_holder_id_and_no_update_yet(call):
    make_voucher(code="A")
    told = call("GET", "vouchers/A").json()
    assert "holder_id" not in told
    assert (told["updated_at"], told["metadata"], told["redemption"]["quantity"]) == (None, {}, None)


def test_a_voucher_with_a_discount_alone_is_a_discount_voucher(call):
    made = call("POST", "vouchers/A", {"discount": {"type": "AMOUNT", "amount_off": 100}})
    assert (made.status_code, made.json()["type"]) == (200, "DISCOUNT_VOUCHER")


def test_what_nobody_documents_in_a_body_is_ignored(call):
    make_voucher(code="A")
    assert (
        call("POST", "vouchers/A/redemption", {"colour": "red", "order": {"amount": 100, "till": 4}}).status_code == 200
    )


@pytest.mark.parametrize("accept", ["text/plain", "text/csv", "application/xml", "application/json, text/plain, */*"])
def test_no_wish_of_a_client_for_a_kind_of_answer_is_refused(call, accept):
    answer = call("GET", "vouchers", Accept=accept)
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, "application/json")


def test_moments_are_told_in_utc_with_milliseconds(call):
    make_voucher(code="A", expiration_date="2030-05-01T12:00:00+02:00")
    told = call("GET", "vouchers/A").json()
    assert told["expiration_date"] == "2030-05-01T10:00:00.000Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["created_at"])


def test_wrong_keys_are_told_in_voucherifys_words():
    answer = Client().get("/v1/vouchers", headers={"X-App-Id": "a", "X-App-Token": "b"})
    told = answer.json()
    assert (answer.status_code, told["code"], told["key"], told["message"]) == (
        401,
        401,
        "unauthorized",
        "Unauthorized",
    )


def test_codes_are_told_apart_by_their_case(call):
    make_voucher(code="Spring")
    assert call("GET", "vouchers/Spring").status_code == 200
    assert call("GET", "vouchers/SPRING").status_code == 404


def test_levels_of_an_order_without_discount_are_left_out(call):
    make_voucher(code="A")
    order = {"items": [{"product_id": "tea", "quantity": 1, "price": 5000}]}
    told = call("POST", "vouchers/A/redemption", {"order": order}).json()["order"]
    assert told["total_applied_discount_amount"] == told["applied_discount_amount"] > 0
    assert not [name for name in told if name.startswith("items_")]
