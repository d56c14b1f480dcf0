"""The compatibility page is true of requests: each documented field is sent to each endpoint that writes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from campaigns.models import Campaign
from tests.factories import make_customer, make_key, make_redemption, make_rule, make_voucher
from tests.test_compatibility import Shop, sdk_bodies
from tests.test_readme import table
from voucherify_admin.async_actions.models import AsyncAction

pytestmark = pytest.mark.django_db

AMOUNT = {"type": "AMOUNT", "amount_off": 500}
HOURS = {"daily": [{"start_time": "08:00", "expiration_time": "20:00", "days_of_week": [1, 2]}]}
RULES = {"1": {"name": "order.amount", "conditions": {"$more_than": [100]}, "rules": {}}, "logic": "1"}
BUNDLE = {"quantity": 1, "identified_by": "product.id", "products": []}
ORDER = {"amount": 500}
REDEEMABLES = [{"object": "voucher", "id": "ONE"}]
LOCK = {"type": "LOCK", "key": "ssn_1", "ttl": 1, "ttl_unit": "DAYS"}

# Of each documented field a value that Voucherify takes.
VALUES: dict[str, Any] = {
    "access_settings": {"assign": {"areas": ["ar_1"]}},
    "active": True,
    "activity_duration_after_publishing": "P30D",
    "additional_info": "Till 4",
    "address": {"city": "Berlin"},
    "amount": 500,
    "applicable_to": {"included": [{"object": "product", "id": "tea"}], "included_all": False},
    "auto_join": True,
    "birthdate": "1990-01-02",
    "birthday": "1990-01-02",
    "bundle_rules": {"1": BUNDLE, "logic": "1"},
    "campaign": "Spring",
    "campaign_type": "DISCOUNT_COUPONS",
    "category": "mail",
    "category_id": "cat_0f1e2d3c4b5a697887",
    "channel": "API",
    "code_config": {"length": 9},
    "context_type": "global",
    "created_at": "2026-01-01T00:00:00.000Z",
    "customer": {"source_id": "ann"},
    "customers": ["ann"],
    "description": "Sale",
    "discount": AMOUNT,
    "discount_amount": 100,
    "email": "ann@example.com",
    "error": {"message": "Spend more"},
    "expiration_date": "2099-01-01T00:00:00.000Z",
    "exported_object": "redemption",
    "filter": {"junction": "and", "email": {"conditions": {"$has_value": [""]}}},
    "gift": {"amount": 5000, "effect": "APPLY_TO_ORDER"},
    "initial_amount": 500,
    "items": [{"product_id": "tea", "quantity": 1, "price": 500}],
    "join_once": True,
    "loyalty_card": {"points": 100},
    "loyalty_tiers_expiration": {"qualification_type": "BALANCE"},
    "metadata": {"a": 1},
    "name": "Ann",
    "options": {"expand": ["order"]},
    "order": ORDER,
    "parameters": {"fields": ["id"]},
    "phone": "+48 123",
    "promotion": {"tiers": []},
    "reason": "mistake",
    "redeemables": REDEEMABLES,
    "redemption": {"quantity": 5},
    "referral_program": {"conversion_event": "redemption"},
    "referrer": {"source_id": "ben"},
    "referrer_id": "cust_0f1e2d3c4b5a69788",
    "related_object_type": "voucher",
    "rules": RULES,
    "session": LOCK,
    "source_id": "own-1",
    "start_date": "2020-01-01T00:00:00.000Z",
    "tracking_id": "till-4",
    "unset_metadata_fields": ["a"],
    "use_voucher_metadata_schema": True,
    "validity_day_of_week": [1, 2],
    "validity_hours": HOURS,
    "validity_timeframe": {"interval": "P2D", "duration": "PT1H"},
    "voucher": {"type": "DISCOUNT_VOUCHER", "discount": AMOUNT},
    "vouchers_count": 2,
}
NEW_VOUCHER = {"type": "DISCOUNT_VOUCHER", "discount": AMOUNT}
CAMPAIGN = {"name": "Autumn", "voucher": {"type": "DISCOUNT_VOUCHER", "discount": AMOUNT}}
# What has to be in the body besides the field; what an endpoint calls by the same name and means otherwise.
BESIDES: dict[str, dict[str, Any]] = {
    "POST /v1/campaigns": CAMPAIGN,
    "POST /v1/exports": {"exported_object": "voucher"},
    "POST /v1/publications": {"voucher": "ONE", "customer": {"source_id": "ann"}},
    "POST /v1/redemptions": {"redeemables": REDEEMABLES},
    "POST /v1/segments": {"name": "Some", "customers": ["ann"]},
    "POST /v1/validation-rules": {"name": "Minimum", "rules": RULES},
    "POST /v1/validation-rules/{}/assignments": {"related_object_type": "voucher", "related_object_id": "ONE"},
    "POST /v1/validations": {"redeemables": REDEEMABLES},
    "POST /v1/vouchers": NEW_VOUCHER,
    "POST /v1/vouchers/{}": NEW_VOUCHER,
    "POST /v1/vouchers/{}/balance": {"amount": 100},
    "POST /v1/vouchers/import": NEW_VOUCHER,
    "POST /v1/vouchers/bulk/async": {"code": "ONE", "metadata": {"a": 1}},
    "POST /v1/vouchers/metadata/async": {"codes": ["ONE"], "metadata": {"a": 1}},
}
MEANT: dict[tuple[str, str], Any] = {
    ("POST /v1/campaigns", "type"): "STATIC",
    ("PUT /v1/campaigns/{}", "type"): "STATIC",
    ("POST /v1/publications", "campaign"): {"name": "Spring", "count": 1},
    ("POST /v1/publications", "voucher"): "ONE",
    ("POST /v1/segments", "type"): "static",
    ("POST /v1/validation-rules", "type"): "expression",
    ("PUT /v1/validation-rules/{}", "type"): "expression",
    ("POST /v1/vouchers", "type"): "DISCOUNT_VOUCHER",
    ("POST /v1/vouchers/{}", "type"): "DISCOUNT_VOUCHER",
    ("POST /v1/vouchers/import", "type"): "DISCOUNT_VOUCHER",
    ("POST /v1/campaigns/{}/import", "type"): "DISCOUNT_VOUCHER",
    ("PUT /v1/vouchers/{}", "type"): "DISCOUNT_VOUCHER",
    ("POST /v1/orders", "id"): "ord_0f1e2d3c4b5a697887",
    ("POST /v1/orders", "status"): "PAID",
    ("PUT /v1/orders/{}", "status"): "PAID",
    ("POST /v1/vouchers/bulk/async", "code"): "ONE",
    ("POST /v1/vouchers/metadata/async", "codes"): ["ONE"],
}
# A field that stands instead of another, or needs one.
INSTEAD: dict[tuple[str, str], dict[str, Any]] = {
    ("POST /v1/publications", "campaign"): {"voucher": None},
    ("POST /v1/campaigns/{}/import", "type"): {"discount": AMOUNT},
    ("POST /v1/campaigns/{}/import", "gift"): {"type": "GIFT_VOUCHER"},
    ("POST /v1/segments", "filter"): {"type": "auto-update", "customers": None},
    **{
        (endpoint, field): more
        for endpoint in ("POST /v1/vouchers", "POST /v1/vouchers/{}", "POST /v1/vouchers/import")
        for field, more in (
            ("gift", {"type": "GIFT_VOUCHER", "discount": None}),
            ("loyalty_card", {"type": "LOYALTY_CARD", "discount": None}),
        )
    },
}
# Bodies that are lists of such objects.
LISTS = ("POST /v1/vouchers/import", "POST /v1/campaigns/{}/import", "POST /v1/vouchers/bulk/async")


class World:
    """What the requests are about, and the addresses with its ids."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.shop.headers = make_key(role="Administrator", name="Fields")
        self.customer = make_customer(source_id="ann")
        self.campaign = Campaign.objects.get(
            public_id=self.shop("", "POST", "campaigns", CAMPAIGN | {"name": "Spring"})["id"]
        )
        gifts = {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}}
        self.shop("", "POST", "campaigns", {"name": "Gifts", "voucher": gifts})
        make_voucher(code="ONE", campaign=self.campaign)
        make_voucher(code="CARD", type="GIFT_VOUCHER", discount=None, gift_amount=9000, gift_balance=9000)
        self.rule = make_rule(RULES)
        self.made = 0

    def path(self, endpoint: str, field: str) -> str:
        """The address of something that no field was changed of yet."""
        self.made += 1
        path = endpoint.partition(" /v1/")[2]
        if path.startswith("redemptions/"):
            redemption = make_redemption(voucher=make_voucher(redeemed_quantity=1), customer=self.customer)
            return path.format(redemption.public_id)
        if path == "orders/{}":
            self.shop("", "POST", "orders", {"source_id": f"cart-{self.made}", "amount": 500})
            return path.format(f"cart-{self.made}")
        if path == "vouchers/{}":
            return path.format(f"NEW-{self.made}" if endpoint.startswith("POST") else make_voucher().code)
        if path == "campaigns/{}":
            name = f"Campaign {self.made}"
            return path.format(self.shop("", "POST", "campaigns", CAMPAIGN | {"name": name})["id"])
        campaign = "Gifts" if field == "gift" else "Spring"
        names = {"campaigns": campaign, "customers": "ann", "vouchers": "CARD", "validation-rules": self.rule.public_id}
        # A code of a campaign comes after the campaign's own id.
        return path.format(names.get(path.partition("/")[0], ""), f"NEW-{self.made}")

    def body(self, endpoint: str, field: str) -> dict[str, Any]:
        own = {"validation_rules": [self.rule.public_id], "campaign_id": self.campaign.public_id}
        own |= {"related_object_id": make_voucher().public_id, "id": self.customer.public_id}
        own["code"] = f"OWN-{self.made}"
        known = {**VALUES, **own, **({field: MEANT[endpoint, field]} if (endpoint, field) in MEANT else {})}
        assert field in known, f"{endpoint} has a new field: give {field} a value in VALUES"
        body = {**BESIDES.get(endpoint, {}), **INSTEAD.get((endpoint, field), {}), field: known[field]}
        if endpoint.endswith("/import"):
            body["code"] = own["code"]
        if endpoint == "POST /v1/campaigns" and field != "name":
            body["name"] = f"Autumn {self.made}"
        if field == "validity_timeframe":
            body["start_date"] = VALUES["start_date"]
        return {name: value for name, value in body.items() if value is not None}

    def takes(self, endpoint: str, field: str) -> bool:
        """Whether a body with this field is taken; what a worker does of it is done here."""
        path, body = self.path(endpoint, field), self.body(endpoint, field)
        answer = self.shop.client.generic(
            endpoint.partition(" ")[0],
            f"/v1/{path}",
            json.dumps([body] if endpoint in LISTS else body),
            content_type="application/json",
            headers=self.shop.headers,
        )
        assert answer.status_code in (200, 202, 400), (endpoint, field, answer.content)
        if answer.status_code != 202:
            return answer.status_code == 200
        action = AsyncAction.objects.get(public_id=answer.json()["async_action_id"])
        action.run()
        action.refresh_from_db()
        return not action.failed_count


def asked() -> Iterator[tuple[str, str]]:
    """Every endpoint that writes and is here, with each documented field of its body."""
    here = {re.sub(r"\{\w+\}", "{}", row[0].strip("`")) for row in table("endpoints") if row[1] != "no"}
    for verb, path, fields in sdk_bodies():
        endpoint = f"{verb} {re.sub(r'{[^}]+}', '{}', path)}"
        if endpoint in here and path.startswith("/v1/"):
            yield from ((endpoint, field) for field in sorted(fields))


def test_each_documented_field_is_taken_or_refused_as_the_page_says():
    world, refused = World(), {}
    for endpoint, field in asked():
        if not world.takes(endpoint, field):
            refused.setdefault(endpoint, set()).add(field)
    told = {
        re.sub(r"\{\w+\}", "{}", row[0].strip("`")): set(row[2].replace("`", "").split(", ")) - {"—"}
        for row in table("ignored")
    }
    assert {endpoint: fields for endpoint, fields in told.items() if fields} == refused
