"""Campaigns over /v1: launched with codes, given more, changed, listed."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Campaign
from tests.factories import as_json, make_campaign, make_key, make_rule, make_voucher
from voucherify_admin.api.models import CallTouch
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

TEMPLATE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def test_a_campaign_is_launched_with_its_codes(call):
    rule = make_rule({})
    response = call(
        "POST",
        "/campaigns",
        {
            "name": "Black Friday",
            "description": "Everything must go",
            "vouchers_count": 250,
            "voucher": {
                **TEMPLATE,
                "redemption": {"quantity": 1},
                "code_config": {"pattern": "BF-######", "charset": "0123456789"},
            },
            "start_date": "2024-11-29",
            "category": "seasonal",
            "metadata": {"country": "DE"},
            "validation_rules": [rule.public_id],
        },
    )
    assert response.status_code == 200, response.content
    body = response.json()
    sdk.CampaignsCreateResponseBody.from_dict(body)
    assert (body["vouchers_count"], body["campaign_type"], body["type"]) == (250, "DISCOUNT_COUPONS", "AUTO_UPDATE")
    assert (body["creation_status"], body["vouchers_generation_status"]) == ("DONE", "DONE")
    assert body["start_date"] == "2024-11-29T00:00:00.000Z"
    assert "expiration_date" not in body
    assert body["validation_rules_assignments"]["data"][0]["rule_id"] == rule.public_id
    codes = list(Voucher.objects.filter(campaign__name="Black Friday").values_list("code", "quantity", "category"))
    assert len(codes) == 250
    assert all(
        code.startswith("BF-") and code[3:].isdigit() and (quantity, category) == (1, "seasonal")
        for code, quantity, category in codes
    )
    assert CallTouch.objects.get().object_id == body["id"]


def test_a_campaign_without_a_count_has_no_codes_yet_and_is_read_by_name_and_id(call):
    name = "Größe 50% / Sommer"
    body = call("POST", "/campaigns", {"name": name, "voucher": {"gift": {"amount": 500}}}).json()
    assert (body["campaign_type"], body["vouchers_count"]) == ("GIFT_VOUCHERS", 0)
    assert body["voucher"]["gift"] == {"amount": 500, "effect": "APPLY_TO_ORDER"}
    for reference in (quote(name, safe=""), body["id"]):
        again = call("GET", f"/campaigns/{reference}")
        assert again.json() == body
        sdk.CampaignsGetResponseBody.from_dict(again.json())


def test_making_the_codes_takes_a_bounded_number_of_statements(call, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        response = call("POST", "/campaigns", {"name": "Many", "voucher": TEMPLATE, "vouchers_count": 3000})
    assert response.json()["vouchers_count"] == 3000


def test_a_name_that_is_taken_is_refused_with_409(call):
    make_campaign(name="Taken")
    response = call("POST", "/campaigns", {"name": "Taken", "voucher": TEMPLATE, "vouchers_count": 3})
    body = response.json()
    assert (response.status_code, body["key"], body["resource_id"]) == (409, "duplicate_found", "Taken")
    assert body["details"] == "Duplicated campaign exists with name Taken"
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "should have required property"),
        (None, "must be object"),
        ({"name": "N"}, "should have required property 'voucher'"),
        ({"name": "", "voucher": TEMPLATE}, "Property .name"),
        ({"name": "x" * 201, "voucher": TEMPLATE}, "Property .name"),
        ({"name": 5, "voucher": TEMPLATE}, "Property .name must be string"),
        ({"name": "N", "voucher": {}}, "required property 'discount'"),
        ({"name": "N", "voucher": {"discount": {"type": "PERCENT"}}}, ".discount.percent_off"),
        (
            {"name": "N", "voucher": TEMPLATE, "vouchers_count": 1_000_001},
            "_count should be 1000000 at the most",
        ),
        ({"name": "N", "voucher": TEMPLATE, "vouchers_count": 10**30}, "_count should be 1000000 at the most"),
        ({"name": "N", "voucher": TEMPLATE, "vouchers_count": -1}, "Property .vouchers_count"),
        ({"name": "N", "voucher": TEMPLATE, "vouchers_count": "5"}, "Property .vouchers_count must be integer"),
        ({"name": "N", "voucher": TEMPLATE, "campaign_type": "LOYALTY_PROGRAM"}, "Property .campaign_type"),
        ({"name": "N", "voucher": TEMPLATE, "campaign_type": "GIFT_VOUCHERS"}, "should be DISCOUNT_COUPONS"),
        ({"name": "N", "voucher": TEMPLATE, "start_date": "2024-02-02", "expiration_date": "2024-02-01"}, "after"),
        (
            {
                "name": "N",
                "voucher": {**TEMPLATE, "code_config": {"pattern": "#", "charset": "AB"}},
                "vouchers_count": 3,
            },
            "can make only 2",
        ),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_whole(call, body, details):
    response = call("POST", "/campaigns", body)
    assert (response.status_code, response.json()["key"]) == (400, "invalid_payload"), response.content
    assert details in response.json()["details"]
    assert not Campaign.objects.exists()


def test_codes_are_added_one_by_one_by_name_and_in_numbers(call):
    campaign_id = call("POST", "/campaigns", {"name": "Add", "voucher": TEMPLATE}).json()["id"]
    one = call("POST", f"/campaigns/{campaign_id}/vouchers").json()
    sdk.CampaignsVouchersCreateResponseBody.from_dict(one)
    assert (one["campaign"], one["discount"]["percent_off"]) == ("Add", 10)
    named = call("POST", "/campaigns/Add/vouchers/HELLO%2FWORLD", {"metadata": {"a": 1}}).json()
    assert (named["code"], named["metadata"], named["campaign_id"]) == ("HELLO/WORLD", {"a": 1}, campaign_id)
    assert call("POST", "/campaigns/Add/vouchers/HELLO%2FWORLD").status_code == 409
    assert call("POST", "/campaigns/Add/vouchers?vouchers_count=1000001").status_code == 400
    assert call("POST", "/campaigns/Add/vouchers?vouchers_count=x").status_code == 400
    assert call("POST", "/campaigns/None/vouchers").status_code == 404
    listed = call("GET", "/vouchers?campaign=Add&limit=1").json()
    assert listed["total"] == 2


def test_an_update_takes_dates_away_merges_metadata_and_keeps_the_offer(call):
    campaign = make_campaign(
        name="C", expiration_date=timezone.now(), metadata={"a": 1}, voucher_template=TEMPLATE, category="old"
    )
    body = call(
        "PUT",
        "/campaigns/C",
        {
            "expiration_date": None,
            "start_date": "2030-01-01T00:00:00Z",
            "metadata": {"b": 2},
            "description": "new",
            "voucher": TEMPLATE,
        },
    ).json()
    sdk.CampaignsUpdateResponseBody.from_dict(body)
    assert "expiration_date" not in body
    assert (body["start_date"], body["metadata"], body["category"]) == (
        "2030-01-01T00:00:00.000Z",
        {"a": 1, "b": 2},
        "old",
    )
    assert body["updated_at"]
    changed = {"discount": {"type": "PERCENT", "percent_off": 50}}
    refused = call("PUT", f"/campaigns/{campaign.public_id}", {"voucher": changed})
    assert (refused.status_code, refused.json()["key"]) == (400, "invalid_payload")
    assert ".voucher.discount cannot be changed" in refused.json()["details"]
    assert call("PUT", "/campaigns/C", {"expiration_date": "2029-01-01"}).status_code == 400
    assert call("PUT", "/campaigns/none", {}).status_code == 404


def test_a_campaign_is_switched_off_and_on_with_an_empty_answer(call):
    campaign = make_campaign(name="S")
    for verb, is_active in (("disable", False), ("enable", True)):
        response = call("POST", f"/campaigns/S/{verb}")
        assert (response.status_code, response.json()) == (200, {})
        campaign.refresh_from_db()
        assert campaign.is_active is is_active
    assert call("POST", "/campaigns/none/disable").json()["resource_type"] == "campaign"


def test_the_list_is_filtered_and_ordered(call):
    now = timezone.now()
    make_campaign(name="A", created_at=now - timedelta(days=2), is_active=False)
    make_campaign(name="B", created_at=now - timedelta(days=1), campaign_type="GIFT_VOUCHERS", metadata={"k": "v"})
    make_campaign(name="C", created_at=now)

    def names(query: str) -> str:
        body = call("GET", f"/campaigns?{query}").json()
        sdk.CampaignsListResponseBody.from_dict(body)
        return "".join(campaign["name"] for campaign in body["campaigns"])

    assert names("") == "CBA"
    assert names("order=name&limit=2") == "AB"
    assert names("campaign_type=GIFT_VOUCHERS") == "B"
    assert names("campaign_status=INACTIVE") == "A"
    assert names("filters[name][conditions][$in]=['A','C']") == "CA"
    assert names("filters[metadata.k][conditions][$is]=v") == "B"
    assert call("GET", "/campaigns?campaign_status=SLEEPING").status_code == 400
    assert call("GET", "/campaigns?campaign_type=%00").status_code == 400


def test_the_list_needs_as_many_queries_for_twenty_campaigns_as_for_two(call, django_assert_max_num_queries):
    def queries() -> int:
        with django_assert_max_num_queries(20) as captured:
            assert call("GET", "/campaigns?limit=50").status_code == 200
        return len(captured)

    def make(number: int) -> None:
        for _ in range(number):
            campaign = make_campaign()
            make_voucher(campaign=campaign)
            make_rule({}, on=campaign)

    make(2)
    few = queries()
    make(18)
    assert queries() == few
    assert {each["vouchers_count"] for each in call("GET", "/campaigns?limit=50").json()["campaigns"]} == {1}


def test_each_role_may_do_what_it_may_and_no_more(call):
    make_campaign(name="C")
    expected = {"Merchant": (403, 403, 403), "Viewer": (200, 403, 403), "User": (200, 200, 200)}
    for role, statuses in expected.items():
        key = make_key(role)
        seen = (
            call("GET", "/campaigns/C", headers=key).status_code,
            call("POST", "/campaigns", {"name": role, "voucher": TEMPLATE}, headers=key).status_code,
            call("POST", "/campaigns/C/disable", headers=key).status_code,
        )
        assert seen == statuses, role
    refused = call("POST", f"/campaigns/{quote('C')}/vouchers", headers=make_key("Merchant"))
    assert json.loads(refused.content)["key"] == "missing_required_permission"
