"""Validation rules and their assignments over /v1."""

import pytest
from voucherify import models as sdk

from campaigns.models import RuleAssignment, ValidationRule
from tests.factories import as_json, make_campaign, make_key, make_rule, make_voucher

pytestmark = pytest.mark.django_db

RULES = {
    "1": {"name": "order.amount", "property": None, "conditions": {"$more_than": [10000]}, "rules": {}},
    "2": {"name": "customer_segment", "conditions": {"$is": ["seg_x"]}, "error": {"message": "VIPs only"}},
    "logic": "1 and 2",
}


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def test_a_rule_is_kept_as_it_was_written_and_read_back(call):
    sent = {"name": "Over 100 and VIP", "rules": RULES, "error": {"message": "Spend more"}, "context_type": "global"}
    body = call("POST", "/validation-rules", {**sent, "applicable_to": {"included_all": True}}).json()
    sdk.ValidationRulesCreateResponseBody.from_dict(body)
    assert {name: body[name] for name in sent} == sent
    assert (body["type"], body["assignments_count"], body["object"]) == ("expression", 0, "validation_rules")
    assert call("GET", f"/validation-rules/{body['id']}").json() == body
    listed = call("GET", "/validation-rules").json()
    sdk.ValidationRulesListResponseBody.from_dict(listed)
    assert (listed["data"], listed["total"]) == ([body], 1)


def test_a_rule_is_changed_and_deleted_with_its_assignments(call):
    rule = make_rule(RULES, on=make_voucher(), error_message="old")
    path = f"/validation-rules/{rule.public_id}"
    body = call("PUT", path, {"name": "New", "error": {"message": None}}).json()
    sdk.ValidationRulesUpdateResponseBody.from_dict(body)
    assert (body["name"], body["error"], body["rules"], body["assignments_count"]) == ("New", None, RULES, 1)
    assert body["updated_at"]
    assert call("DELETE", path).status_code == 204
    assert call("GET", path).status_code == 404
    assert not RuleAssignment.objects.exists()


def test_the_products_that_a_discount_applies_to_are_kept_and_can_be_taken_away(call):
    tea = {"object": "product", "id": "tea", "strict": True, "effect": "APPLY_TO_EVERY"}
    sent = {"included": [tea], "excluded": [{"object": "sku", "source_id": "green", "effect": "APPLY_TO_EVERY"}]}
    body = call("POST", "/validation-rules", {"name": "Teas", "applicable_to": sent}).json()
    sdk.ValidationRulesCreateResponseBody.from_dict(body)
    assert body["applicable_to"] == {"included_all": False, **sent}
    path = f"/validation-rules/{body['id']}"
    assert call("GET", path).json()["applicable_to"] == body["applicable_to"]
    changed = call("PUT", path, {"applicable_to": {"included_all": True}}).json()
    assert changed["applicable_to"] == {"included_all": True, "included": [], "excluded": []}


@pytest.mark.parametrize(
    ("rules", "details"),
    [
        ({"1": {"name": "order.colour", "conditions": {"$is": ["red"]}}}, "order.colour"),
        ({"1": {"name": "custom_event.metadata", "property": "x"}}, "(custom_event.metadata) cannot be evaluated"),
        ({"1": {"name": "redemption.date", "conditions": {"$timeframe": [1]}}}, "$timeframe"),
        ({"1": {"name": "order.amount", "conditions": {"$near": [1]}}}, "$near"),
        ({"1": {"name": "customer.metadata", "conditions": {"$is": ["x"]}}}, "must have a 'property'"),
        ({"1": {"name": "order.amount", "conditions": {"$is": [1]}}, "logic": "1 and 2"}, "rule '2'"),
        ({"1": {"name": "order.amount", "conditions": {"$is": [1]}}, "logic": "1 and"}, "ends too early"),
        ({"1": "x"}, "Rule '1'"),
    ],
)
def test_a_rule_that_could_not_be_evaluated_is_refused_naming_what_is_wrong(call, rules, details):
    known = make_rule(RULES)
    for method, path in (("POST", "/validation-rules"), ("PUT", f"/validation-rules/{known.public_id}")):
        response = call(method, path, {"name": "R", "rules": rules})
        body = response.json()
        assert (response.status_code, body["key"]) == (400, "invalid_validation_rules")
        assert body["message"] == "Invalid Validation Rule Definition"
        assert details in body["details"]
    assert ValidationRule.objects.get().rules == RULES


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (None, "must be object"),
        ({}, "required property 'name'"),
        ({"name": "R", "rules": []}, "Property .rules must be object"),
        ({"name": "R", "error": "x"}, "Property .error must be object"),
        ({"name": "R", "type": "simple"}, "Property .type"),
        ({"name": "R", "bundle_rules": {"1": {}}}, "Property .bundle_rules is not supported"),
        ({"name": "R", "applicable_to": {"included_all": False}}, "Property .applicable_to.included should list"),
        ({"name": "R", "applicable_to": {"included": ["tea"]}}, "Property .applicable_to.included[0] should be an obj"),
        ({"name": "R", "applicable_to": {"excluded": [{"object": "sku"}]}}, "excluded[0] should have an 'id'"),
        (
            {"name": "R", "applicable_to": {"included": [{"object": "products_collection", "id": "pc_1"}]}},
            "included[0].object should be 'product' or 'sku', not 'products_collection'",
        ),
        ({"name": "R", "applicable_to": {"included": [{"id": "tea", "price": 5}]}}, "included[0].price is not support"),
        (
            {"name": "R", "applicable_to": {"included": [{"id": "tea", "quantity_limit": 2}]}},
            "included[0].quantity_limit is not supported",
        ),
        (
            {"name": "R", "applicable_to": {"included": [{"id": "tea", "amount_limit": 0}]}},
            "included[0].amount_limit should be a whole number of cents, 1 or more, not 0",
        ),
        (
            {"name": "R", "applicable_to": {"excluded": [{"id": "tea", "amount_limit": 5}]}},
            "excluded[0].amount_limit is not supported",
        ),
        (
            {"name": "R", "applicable_to": {"included_all": True, "included": [{"id": "tea", "amount_limit": 5}]}},
            "may limit amounts only where .included_all is false",
        ),
        (
            {"name": "R", "applicable_to": {"included": [{"id": "tea", "effect": "APPLY_TO_CHEAPEST"}]}},
            "included[0].effect is not supported",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(call, body, details):
    response = call("POST", "/validation-rules", body)
    assert (response.status_code, response.json()["key"]) == (400, "invalid_payload")
    assert details in response.json()["details"]


def test_a_rule_is_assigned_in_both_forms_listed_and_taken_away(call):
    rule, voucher, campaign = make_rule(RULES), make_voucher(code="V"), make_campaign(name="C")
    path = f"/validation-rules/{rule.public_id}/assignments"
    first = call("POST", path, {"related_object_type": "voucher", "related_object_id": voucher.public_id})
    body = first.json()
    sdk.ValidationRulesAssignmentsCreateResponseBody.from_dict(body)
    assert (body["rule_id"], body["related_object_id"]) == (rule.public_id, voucher.public_id)
    short = call("POST", path, {"campaign": "C"}).json()
    assert (short["related_object_type"], short["related_object_id"]) == ("campaign", campaign.public_id)
    assert call("GET", f"/validation-rules/{rule.public_id}").json()["assignments_count"] == 2

    repeated = call("POST", path, {"voucher": "V"})
    assert (repeated.status_code, repeated.json()["key"]) == (409, "duplicate_found")
    assert call("POST", f"{path}?force=true", {"voucher": "V"}).status_code == 200

    listed = call("GET", path).json()
    sdk.ValidationRulesAssignmentsListResponseBody.from_dict(listed)
    assert listed["total"] == 2
    every = "/validation-rules-assignments"
    assert call("GET", every).json()["total"] == 2
    assert call("GET", f"{every}?related_object_id={campaign.public_id}").json()["data"] == [short]
    assert call("GET", f"{every}?rule=val_none").json()["total"] == 0
    assert call("GET", "/vouchers/V").json()["validation_rules_assignments"]["total"] == 1

    assert call("DELETE", f"{path}/{short['id']}").status_code == 204
    assert call("DELETE", f"{path}/{short['id']}").status_code == 404
    assert call("GET", every).json()["total"] == 1


def test_an_assignment_to_nothing_or_to_two_things_is_refused(call):
    rule = make_rule(RULES)
    path = f"/validation-rules/{rule.public_id}/assignments"
    for body in (
        None,
        {},
        {"voucher": "V", "campaign": "C"},
        {"related_object_type": "voucher"},
        {"related_object_type": "promotion_tier", "related_object_id": "promo_1"},
        {"voucher": 5},
    ):
        response = call("POST", path, body)
        assert (response.status_code, response.json()["key"]) == (400, "invalid_payload")
    assert call("POST", path, {"voucher": "none"}).json()["resource_type"] == "voucher"
    assert call("POST", path, {"campaign": "none"}).json()["resource_type"] == "campaign"
    assert call("POST", "/validation-rules/val_none/assignments", {"voucher": "V"}).status_code == 404


def test_a_viewers_key_reads_rules_and_changes_none(call):
    rule, viewer = make_rule(RULES), make_key("Viewer")
    assert call("GET", f"/validation-rules/{rule.public_id}", headers=viewer).status_code == 200
    assert call("POST", "/validation-rules", {"name": "R"}, headers=viewer).status_code == 403
    assert call("DELETE", f"/validation-rules/{rule.public_id}", headers=viewer).status_code == 403
    assert call("GET", "/validation-rules", headers=make_key("Merchant")).status_code == 403
