"""Several codes on one order over HTTP: parent and children, both modes, what is recorded, rolling all of it back."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from voucherify import (
    RedemptionsGetResponseBody,
    RedemptionsListResponseBody,
    RedemptionsRedeemResponseBody,
    RedemptionsRollbacksCreateResponseBody,
)

from redemptions.models import Redemption, Rollback
from tests import factories
from voucherify_admin.api.models import ApiCall
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

HALF = {"type": "PERCENT", "percent_off": 50, "effect": "APPLY_TO_ORDER"}


@pytest.fixture
def client() -> Client:
    return Client(headers=factories.make_key())


def post(client: Client, path: str, body=None):
    return client.post(path, body or {}, content_type="application/json")


def redeem(client: Client, *codes, **body):
    redeemables = [{"object": "voucher", **(code if isinstance(code, dict) else {"id": code})} for code in codes]
    return post(client, "/v1/redemptions", {"redeemables": redeemables, **body})


def test_two_codes_are_two_children_of_a_parent_and_the_order_runs_through_them(client):
    factories.make_voucher(code="TEN", campaign=factories.make_campaign(name="Spring"))
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)

    answer = redeem(
        client,
        "TEN",
        {"id": "GIFT", "gift": {"credits": 500}},
        order={"amount": 5000, "source_id": "o-1"},
        customer={"source_id": "shop-1"},
        metadata={"till": "4"},
        tracking_id="t-1",
    )

    body = answer.json()
    assert answer.status_code == 200, body
    RedemptionsRedeemResponseBody.from_dict(body)
    assert list(body) == [
        "redemptions",
        "parent_redemption",
        "order",
        "inapplicable_redeemables",
        "skipped_redeemables",
    ]
    parent, (ten, gift) = body["parent_redemption"], body["redemptions"]
    assert (parent["related_object_type"], parent["related_object_id"]) == ("redemption", parent["id"])
    assert (parent["voucher"], parent["redemption"], parent["customer"]["source_id"]) == (None, None, "shop-1")
    assert [one["id"] for one in parent["related_redemptions"]["redemptions"]] == [ten["id"], gift["id"]]
    assert {ten["redemption"], gift["redemption"]} == {parent["id"]}
    assert (ten["voucher"]["code"], ten["voucher"]["campaign"]) == ("TEN", "Spring")
    assert ten["voucher"]["redemption"]["redeemed_quantity"] == 1
    assert (ten["order"]["discount_amount"], ten["order"]["applied_discount_amount"]) == (1000, 1000)
    assert (gift["order"]["discount_amount"], gift["order"]["applied_discount_amount"]) == (1500, 500)
    assert (gift["amount"], gift["gift"]) == (500, {"amount": 500})
    order = body["order"]
    assert (order["discount_amount"], order["total_applied_discount_amount"], order["total_amount"]) == (
        1500,
        1500,
        3500,
    )
    assert {ten["order"]["id"], gift["order"]["id"]} == {order["id"]}
    assert order["redemptions"] == {
        parent["id"]: {
            "date": parent["date"],
            "related_object_type": "redemption",
            "related_object_id": parent["id"],
            "stacked": [ten["id"], gift["id"]],
        }
    }
    assert Redemption.objects.filter(metadata={"till": "4"}, tracking_id="t-1").count() == 3


def test_each_code_shows_its_own_attempt_and_the_list_parent_and_children(client):
    for code in ("A", "B"):
        factories.make_voucher(code=code)
    body = redeem(client, "A", "B").json()

    listed = client.get("/v1/redemptions").json()
    RedemptionsListResponseBody.from_dict(listed)
    ids = [one["id"] for one in (body["parent_redemption"], *body["redemptions"])]
    assert {entry["id"] for entry in listed["redemptions"]} == set(ids)
    for place, code in enumerate(("A", "B")):
        entries = client.get(f"/v1/vouchers/{code}/redemption").json()["redemption_entries"]
        assert [entry["id"] for entry in entries] == [body["redemptions"][place]["id"]]
    found = client.get(f"/v1/redemptions?filters[parent_redemption_id][conditions][$is]={ids[0]}").json()
    assert found["total"] == 2
    for code in ("A", "B"):
        assert ApiCall.objects.touching("voucher", code).filter(path="/v1/redemptions", method="POST").count() == 1


@pytest.mark.parametrize(("base", "total"), [("DISCOUNTED_AMOUNT", 2000), ("INITIAL_AMOUNT", 1500)])
def test_a_percentage_is_of_what_the_setting_says(client, settings, base, total):
    settings.STACKING_DISCOUNT_BASE = base
    factories.make_voucher(code="TEN")
    factories.make_voucher(code="HALF", discount=HALF)

    answer = redeem(client, "TEN", "HALF", order={"amount": 5000})

    assert answer.json()["order"]["total_amount"] == total


def test_a_discount_on_items_runs_through_the_lines(client):
    per_item = {"type": "PERCENT", "percent_off": 50, "effect": "APPLY_TO_ITEMS"}
    factories.make_voucher(code="A", discount=per_item)
    factories.make_voucher(code="B", discount=per_item)
    items = [{"product_id": "tea", "quantity": 2, "price": 1000}, {"product_id": "cup", "quantity": 1, "price": 400}]

    order = redeem(client, "A", "B", order={"items": items}).json()["order"]

    assert [line["discount_amount"] for line in order["items"]] == [1500, 300]
    assert [line["applied_discount_amount"] for line in order["items"]] == [1500, 300]
    assert (order["items_applied_discount_amount"], order["total_amount"]) == (1800, 600)


def test_one_code_that_cannot_be_used_leaves_the_others_and_is_a_failed_attempt(client):
    factories.make_voucher(code="TEN")
    factories.make_voucher(code="OFF", is_active=False)

    answer = redeem(client, "OFF", "TEN", "NONE", order={"amount": 5000})

    body = answer.json()
    assert answer.status_code == 200
    RedemptionsRedeemResponseBody.from_dict(body)
    assert [one["voucher"]["code"] for one in body["redemptions"]] == ["TEN"]
    refused = body["inapplicable_redeemables"]
    assert [(one["id"], one["result"]["error"]["key"]) for one in refused] == [
        ("OFF", "voucher_disabled"),
        ("NONE", "not_found"),
    ]
    for one in refused:
        failed = client.get(f"/v1/redemptions/{one['result']['error']['resource_id']}").json()
        RedemptionsGetResponseBody.from_dict(failed)
        assert (failed["id"][:3], failed["redemption"]) == ("rf_", body["parent_redemption"]["id"])
    assert body["order"]["redemptions"][body["parent_redemption"]["id"]]["stacked"] == [body["redemptions"][0]["id"]]


def test_when_none_can_be_used_parent_and_children_are_on_record_as_failed(client):
    factories.make_voucher(code="OFF", is_active=False)

    answer = redeem(client, "OFF", "NONE")

    body = answer.json()
    assert (answer.status_code, body["key"]) == (400, "no_applicable_redeemables")
    assert (body["message"], body["resource_type"]) == ("No applicable redeemables", "redemption")
    parent = Redemption.objects.get(public_id=body["resource_id"])
    assert (parent.failure_code, parent.code, parent.voucher) == ("no_applicable_redeemables", "", None)
    assert parent.sentence == (
        "None of the 2 codes could be used: OFF (voucher disabled), NONE (voucher did not exist)."
    )
    children = parent.children.order_by("pk")
    assert [(one.code, one.failure_code) for one in children] == [("OFF", "voucher_disabled"), ("NONE", "not_found")]
    assert client.get(f"/v1/redemptions/{parent.public_id}").json()["related_object_id"] == parent.public_id


def test_in_mode_all_one_refusal_refuses_the_whole_in_its_own_words(client, settings):
    settings.STACKING_MODE = "ALL"
    factories.make_voucher(code="TEN")
    factories.make_voucher(code="OFF", is_active=False)

    answer = redeem(client, "TEN", "OFF", order={"amount": 5000})

    body = answer.json()
    assert (answer.status_code, body["key"], body["redeemable_id"]) == (400, "voucher_disabled", "OFF")
    child = Redemption.objects.get(public_id=body["resource_id"])
    assert (child.code, child.parent.failure_code, child.parent.public_id[:3]) == ("OFF", "voucher_disabled", "rf_")
    assert child.parent.sentence == "Voucher OFF is disabled; enable it to let it pass."
    assert not Redemption.objects.filter(code="TEN").exists()
    assert not Voucher.objects.filter(redeemed_quantity__gt=0).exists()


def test_a_code_named_twice_is_refused_also_when_once_by_its_id(client):
    voucher = factories.make_voucher(code="TEN")
    factories.make_voucher(code="B")

    answer = redeem(client, "TEN", "B", voucher.public_id)

    assert (answer.status_code, answer.json()["key"]) == (400, "duplicated_redeemables")
    parent = Redemption.objects.get(public_id=answer.json()["resource_id"])
    assert sorted(parent.children.values_list("code", "failure_code")) == [
        ("B", "duplicated_redeemables"),
        ("TEN", "duplicated_redeemables"),
    ]
    assert "“TEN” was named more than once" in parent.sentence


@pytest.mark.parametrize(
    ("redeemables", "told"),
    [
        ([], "redeemables"),
        ([{"object": "voucher", "id": f"C{number}"} for number in range(31)], "30 items"),
        ([{"object": "promotion_tier", "id": "promo_1"}], "[ voucher ]"),
        ([{"object": "voucher"}], "'id'"),
    ],
)
def test_redeemables_that_do_not_fit_are_one_failed_attempt(client, redeemables, told):
    answer = post(client, "/v1/redemptions", {"redeemables": redeemables})

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert told in answer.json()["details"]
    assert Redemption.objects.get().public_id == answer.json()["resource_id"]


def test_what_is_wrong_with_the_request_is_an_attempt_on_each_of_its_codes(client):
    for code in ("A", "B"):
        factories.make_voucher(code=code)

    answer = redeem(client, "A", "B", "NONE", metadata="till 4")

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    parent = Redemption.objects.get(code="", parent=None)
    failed = parent.children.order_by("pk").values_list("code", "failure_code")
    assert list(failed) == [(code, "invalid_payload") for code in ("A", "B", "NONE")]
    assert parent.stacked == ["A", "B", "NONE"]
    assert client.get("/v1/vouchers/B/redemption").json()["redemption_entries"][0]["result"] == "FAILURE"


def test_a_customer_that_nobody_is_fails_the_whole_by_that(client):
    for code in ("A", "B"):
        factories.make_voucher(code=code)

    answer = redeem(client, "A", "B", customer={"id": "cust_nobody"})

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert Redemption.objects.filter(failure_code="invalid_payload").count() == 3


def test_thirty_codes_fit_on_one_order_and_their_ids_differ(client):
    codes = [factories.make_voucher().code for _ in range(30)]

    body = redeem(client, *codes, order={"amount": 100_000}).json()

    assert [one["voucher"]["code"] for one in body["redemptions"]] == codes
    assert body["order"]["total_amount"] == 70_000
    assert [one["id"] for one in body["redemptions"]] == sorted(one["id"] for one in body["redemptions"])


def test_a_count_per_customer_counts_the_codes_before_it_in_the_same_stack(client):
    campaign = factories.make_campaign()
    rules = {"1": {"name": "redemption.count.per_customer", "conditions": {"$less_than_or_equal": [1]}}}
    factories.make_rule(rules, on=campaign)
    for code in ("A", "B"):
        factories.make_voucher(code=code, campaign=campaign)

    body = redeem(client, "A", "B", customer={"source_id": "s1"}).json()

    assert [one["voucher"]["code"] for one in body["redemptions"]] == ["A"]
    assert body["inapplicable_redeemables"][0]["result"]["error"]["key"] == "redemption_rules_violated"


def test_a_parent_is_rolled_back_with_all_its_children(client):
    factories.make_voucher(code="TEN")
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    factories.make_voucher(code="OFF", is_active=False)
    stack = redeem(client, "TEN", "OFF", "GIFT", order={"amount": 5000}).json()
    parent = stack["parent_redemption"]["id"]

    answer = post(client, f"/v1/redemptions/{parent}/rollbacks?reason=Returned", {"metadata": {"till": "9"}})

    body = answer.json()
    assert answer.status_code == 200, body
    RedemptionsRollbacksCreateResponseBody.from_dict(body)
    assert [one["redemption"] for one in body["rollbacks"]] == [one["id"] for one in stack["redemptions"]]
    assert (body["parent_rollback"]["redemption"], body["parent_rollback"]["reason"]) == (parent, "Returned")
    assert (body["order"]["status"], body["order"]["total_amount"]) == ("CANCELED", 5000)
    link = body["order"]["redemptions"][parent]
    assert link["rollback_id"] == body["parent_rollback"]["id"]
    assert link["rollback_stacked"] == [one["id"] for one in body["rollbacks"]]
    assert body["rollbacks"][1]["voucher"]["gift"]["balance"] == 5000
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {0}
    assert set(Redemption.objects.exclude(code="OFF").values_list("status", flat=True)) == {"ROLLED_BACK"}
    again = client.get(f"/v1/redemptions/{stack['redemptions'][0]['id']}").json()
    assert (again["status"], again["order"]["redemptions"][parent]["rollback_id"]) == (
        "ROLLED_BACK",
        link["rollback_id"],
    )
    assert again["metadata"] == {"till": "9"}

    twice = post(client, f"/v1/redemptions/{parent}/rollbacks")
    assert (twice.status_code, twice.json()["key"]) == (400, "already_rolled_back")
    assert Rollback.objects.get(public_id=twice.json()["resource_id"]).result == "FAILURE"


@pytest.mark.parametrize(
    ("of", "endpoint", "key"),
    [
        ("parent", "rollback", "invalid_redemption"),
        ("child", "rollback", "invalid_redemption_parent"),
        ("child", "rollbacks", "invalid_redemption_parent"),
    ],
)
def test_only_the_whole_is_rolled_back(client, of, endpoint, key):
    for code in ("A", "B"):
        factories.make_voucher(code=code)
    body = redeem(client, "A", "B").json()
    asked = body["parent_redemption"]["id"] if of == "parent" else body["redemptions"][0]["id"]

    answer = post(client, f"/v1/redemptions/{asked}/{endpoint}")

    assert (answer.status_code, answer.json()["key"]) == (400, key)
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {1}


def test_a_failed_parent_cannot_be_rolled_back(client):
    parent = redeem(client, "NONE", "NOBODY").json()["resource_id"]

    assert post(client, f"/v1/redemptions/{parent}/rollbacks").json()["key"] == "invalid_redemption"


def test_a_stack_whose_voucher_is_gone_is_still_rolled_back(client):
    for code in ("A", "B"):
        factories.make_voucher(code=code)
    parent = redeem(client, "A", "B").json()["parent_redemption"]["id"]
    Voucher.objects.get(code="A").delete()

    assert len(post(client, f"/v1/redemptions/{parent}/rollbacks").json()["rollbacks"]) == 2


def test_all_vouchers_are_locked_by_one_statement_in_the_order_of_their_keys(client):
    for code in ("A", "B", "C"):
        factories.make_voucher(code=code)

    with CaptureQueriesContext(connection) as captured:
        redeem(client, "C", "A", "B")

    locking = [query["sql"] for query in captured if "FOR UPDATE" in query["sql"]]
    assert len(locking) == 1
    assert 'ORDER BY "vouchers_voucher"."id" ASC' in locking[0]
