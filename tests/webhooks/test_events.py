"""Every event that a webhook can choose is told by the act that it names, with its object, by whom, and once."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Customer, Segment
from redemptions.models import Redemption
from tests.factories import make_campaign, make_customer, make_key, make_rule, make_voucher
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.webhooks.events import EVENTS, names_of
from voucherify_admin.webhooks.models import Delivery, Target
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db


class Shop:
    """A shop's server, which calls the API with its key."""

    def __init__(self) -> None:
        self.client, self.headers = Client(), make_key(name="Shop")

    def __call__(self, method: str, path: str, body: object = None, status: int = 200) -> dict:
        sent = "" if body is None else json.dumps(body)
        answer = self.client.generic(
            method.upper(), f"/v1/{path}", sent, content_type="application/json", headers=self.headers
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else {}


@pytest.fixture
def shop(curious) -> Shop:
    return Shop()


def told() -> list[tuple[str, dict]]:
    """Return the events told since the last time this was asked, with their bodies."""
    rows = Delivery.objects.order_by("pk")
    heard = [(row.event_type, json.loads(row.body)) for row in rows]
    rows.delete()
    return heard


def names() -> list[str]:
    return [name for name, _ in told()]


def test_the_life_of_a_voucher_is_told(shop):
    body = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}, "metadata": {"a": 1}}
    made = shop("post", "vouchers/ONE", body)
    ((name, envelope),) = told()
    assert name == envelope["type"] == "voucher.created"
    assert (envelope["data"]["voucher"]["code"], envelope["event"]["entity_id"]) == ("ONE", made["id"])
    assert envelope["event"]["event_source"]["api_key"]["name"] == "Shop"
    assert envelope["event"]["group_id"].startswith("v-")

    shop("put", "vouchers/ONE", {"metadata": {"b": 2}})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["voucher"]["metadata"]) == ("voucher.updated", {"a": 1, "b": 2})
    shop("put", "vouchers/ONE", {"active": False})
    assert names() == ["voucher.updated", "voucher.disabled"]
    shop("post", "vouchers/ONE/enable")
    assert names() == ["voucher.enabled"]

    shop("delete", "vouchers/ONE", status=204)
    ((name, envelope),) = told()
    assert (name, envelope["data"]["voucher"]["code"]) == ("voucher.deleted", "ONE")
    shop("post", "vouchers/ONE", {"type": "NONE"}, status=400)
    assert names() == []


def test_what_moves_a_gift_card_s_balance_is_told(shop):
    shop("post", "vouchers/CARD", {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}})
    assert names() == ["voucher.created"]
    shop("post", "vouchers/CARD/balance", {"amount": 500})
    heard = told()
    assert [name for name, _ in heard] == ["voucher.gift.balance_added", "voucher.gift.transaction.created"]
    assert heard[0][1]["data"]["balance"] == {"amount": 500, "balance": 1500, "total": 1500, "type": "gift_voucher"}
    assert heard[1][1]["data"]["transaction"]["type"] == "CREDITS_ADDITION"
    shop("post", "vouchers/CARD/balance", {"amount": -200})
    assert names() == ["voucher.gift.transaction.created"]
    shop("put", "vouchers/CARD", {"gift": {"amount": 1600}})
    assert names() == ["voucher.updated", "voucher.gift.balance_added", "voucher.gift.transaction.created"]

    paid = shop("post", "vouchers/CARD/redemption", {"order": {"amount": 300}, "gift": {"credits": 300}})
    heard = dict(told())
    assert list(heard) == ["redemption.succeeded", "voucher.gift.transaction.created"]
    moved = heard["voucher.gift.transaction.created"]["data"]
    assert (moved["balance"]["amount"], moved["balance"]["balance"]) == (-300, 1100)
    shop("post", f"redemptions/{paid['id']}/rollback")
    heard = dict(told())
    assert list(heard) == ["redemption.rollback.succeeded", "voucher.gift.transaction.created"]
    assert heard["voucher.gift.transaction.created"]["data"]["balance"]["amount"] == 300


def test_a_customer_s_life_and_redemptions_are_told(shop):
    shop("post", "customers", {"source_id": "ann", "name": "Ann"})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["customer"]["source_id"]) == ("customer.created", "ann")
    shop("post", "customers", {})
    assert names() == ["customer.created"]
    shop("post", "customers", {"source_id": "ann", "name": "Ann"})
    assert names() == [], "nothing was changed"
    shop("put", "customers/ann", {"name": "Anna"})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["customer"]["name"]) == ("customer.updated", "Anna")

    make_voucher(code="ONE")
    ann = Customer.objects.get(source_id="ann")
    redemption = shop("post", "vouchers/ONE/redemption", {"customer": {"source_id": "ann"}})
    heard = dict(told())
    assert list(heard) == ["redemption.succeeded", "customer.redemption.succeeded"]
    told_of = heard["customer.redemption.succeeded"]
    assert (told_of["event"]["entity_id"], told_of["data"]["redemption"]["id"]) == (ann.public_id, redemption["id"])
    shop("post", "vouchers/NONE/redemption", {"customer": {"source_id": "ben"}}, status=404)
    assert names() == ["customer.created", "redemption.failed", "customer.redemption.failed"]
    shop("post", f"redemptions/{redemption['id']}/rollback")
    assert names() == ["redemption.rollback.succeeded", "customer.redemption.rollback.succeeded"]
    shop("post", f"redemptions/{redemption['id']}/rollback", status=400)
    assert names() == ["redemption.rollback.failed", "customer.redemption.rollback.failed"]

    shop("delete", "customers/ann", status=204)
    ((name, envelope),) = told()
    assert (name, envelope["data"]["customer"]["id"]) == ("customer.deleted", ann.public_id)


def test_a_campaign_that_is_deleted_is_told_when_it_is_gone(shop):
    campaign = make_campaign(name="Gifts")
    make_voucher(code="ONE", campaign=campaign)
    asked = shop("delete", "campaigns/Gifts", status=202)
    assert names() == []
    AsyncAction.objects.get(public_id=asked["async_action_id"]).run()
    ((name, envelope),) = told()
    assert (name, envelope["data"]["campaign"]["id"]) == ("campaign.deleted", campaign.public_id)
    assert shop("get", f"async-actions/{asked['async_action_id']}")["status"] == "DONE"


def test_a_customer_s_order_is_told_when_it_is_created_and_when_it_is_changed(shop):
    order = shop("post", "orders", {"source_id": "cart-1", "amount": 500, "customer": {"source_id": "ann"}})
    heard = dict(told())
    assert list(heard) == ["customer.created", "customer.order.created"]
    assert heard["customer.order.created"]["data"]["order"]["id"] == order["id"]
    data = heard["customer.order.created"]["data"]
    assert (data["customer"]["source_id"], data["referrer"], data["redemption"]) == ("ann", None, None)
    for status in ("PAID", "FULFILLED", "CANCELED"):
        shop("put", "orders/cart-1", {"status": status})
        heard = told()
        assert [name for name, _ in heard] == ["customer.order.updated", f"customer.order.{status.lower()}"]
        assert {envelope["data"]["order"]["status"] for _, envelope in heard} == {status}
        assert {envelope["event"]["entity_id"] for _, envelope in heard} == {data["customer"]["id"]}
    shop("put", "orders/cart-1", {"status": "CANCELED", "metadata": {"a": 1}})
    assert names() == ["customer.order.updated"], "it was canceled before"
    shop("post", "orders", {"source_id": "cart-2", "amount": 500})
    assert names() == [], "nobody's order is no customer's"


def test_the_order_of_a_customer_s_redemption_is_told_when_it_is_paid_so_and_when_that_is_undone(shop):
    make_voucher(code="ONE")
    ann = make_customer(source_id="ann")
    asked = {"customer": {"source_id": "ann"}, "order": {"source_id": "cart-1", "amount": 5000}}
    used = shop("post", "vouchers/ONE/redemption", asked)
    heard = dict(told())
    orders = ["customer.order.created", "customer.order.paid"]
    assert list(heard) == ["redemption.succeeded", "customer.redemption.succeeded", *orders]
    data = heard["customer.order.paid"]["data"]
    assert (data["order"]["source_id"], data["redemption"]["id"]) == ("cart-1", used["id"])
    assert heard["customer.order.paid"]["event"]["entity_id"] == ann.public_id

    shop("post", f"redemptions/{used['id']}/rollback")
    heard = dict(told())
    assert list(heard)[2:] == ["customer.order.updated", "customer.order.canceled"]
    assert heard["customer.order.canceled"]["data"]["order"]["status"] == "CANCELED"

    shop("post", "vouchers/ONE/redemption", asked)
    assert names()[2:] == ["customer.order.updated", "customer.order.paid"]
    shop("post", "vouchers/ONE/redemption", {"order": {"amount": 5000}})
    assert names() == ["redemption.succeeded"], "nobody's order is no customer's"
    shop("post", "vouchers/NONE/redemption", asked, status=404)
    assert names() == ["redemption.failed", "customer.redemption.failed"], "nothing became of the order"


def test_the_order_of_several_codes_is_told_once_and_with_them(shop):
    make_customer(source_id="ann")
    codes = [make_voucher(code=code).code for code in ("ONE", "TWO")]
    asked = {"customer": {"source_id": "ann"}, "order": {"amount": 5000}}
    stack = shop("post", "redemptions", {"redeemables": [{"object": "voucher", "id": code} for code in codes], **asked})
    heard = told()
    assert [name for name, _ in heard] == [
        *(("redemption.succeeded", "customer.redemption.succeeded") * 3),
        "customer.order.created",
        "customer.order.paid",
    ]
    parent = stack["parent_redemption"]["id"]
    assert heard[-1][1]["data"]["redemption"]["id"] == parent
    shop("post", f"redemptions/{parent}/rollbacks")
    heard_of_order = [name for name in names() if name.startswith("customer.order.")]
    assert heard_of_order == ["customer.order.updated", "customer.order.canceled"]


def test_codes_that_are_given_to_a_customer_are_told(shop):
    campaign = make_campaign(name="Gifts", type="AUTO_UPDATE")
    make_voucher(code="ONE", campaign=campaign)
    make_voucher(code="TWO", campaign=campaign)
    make_customer(source_id="ann")
    body = {"customer": {"source_id": "ann"}, "campaign": {"name": "Gifts", "count": 2}, "source_id": "p-1"}
    given = shop("post", "publications", body)
    heard = told()
    assert [name for name, _ in heard] == ["voucher.published", "voucher.published", "customer.publication.succeeded"]
    assert {body["data"]["voucher"]["code"] for _, body in heard[:2]} == {"ONE", "TWO"}
    assert all(body["data"]["voucher"]["holder_id"] for _, body in heard[:2])
    assert heard[2][1]["data"]["publication"]["id"] == given["id"]
    assert sorted(heard[2][1]["data"]["vouchers"]) == ["ONE", "TWO"]
    assert heard[2][1]["data"]["customer"]["source_id"] == "ann"
    shop("post", "publications", body)
    assert names() == [], "the same publication again gives nothing away"


def test_who_comes_into_a_static_segment_and_leaves_with_it_is_told_up_to_a_thousand(shop, monkeypatch):
    ann, ben = make_customer(source_id="ann"), make_customer(source_id="ben")
    segment = shop("post", "segments", {"name": "Both", "type": "static", "customers": ["ann", "ben"]})
    heard = told()
    assert [name for name, _ in heard] == ["customer.segment.entered"] * 2
    assert {body["event"]["entity_id"] for _, body in heard} == {ann.public_id, ben.public_id}
    assert {body["data"]["segment"]["id"] for _, body in heard} == {segment["id"]}
    shop("delete", f"segments/{segment['id']}", status=204)
    assert names() == ["customer.segment.left"] * 2
    assert not Segment.objects.exists()
    monkeypatch.setattr("campaigns.actions.MOST_TOLD", 1)
    shop("post", "segments", {"name": "Both", "type": "static", "customers": ["ann", "ben"]})
    assert names() == []


def test_the_life_of_a_campaign_is_told_and_its_codes_all_at_once(shop):
    rule = make_rule({})
    body = {
        "name": "Spring",
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}},
        "vouchers_count": 20,
        "validation_rules": [rule.public_id],
    }
    campaign = shop("post", "campaigns", body)
    heard = dict(told())
    completed = "campaign.vouchers.generation.completed"
    assert list(heard) == ["campaign.created", "business_validation_rule.assignment.created", completed]
    assert heard["campaign.created"]["data"]["campaign"]["name"] == "Spring"
    assert heard[completed]["data"]["vouchers_count"] == 20
    assert heard[completed]["event"]["entity_id"] == campaign["id"]

    shop("put", "campaigns/Spring", {"description": "Flowers"})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["campaign"]["description"]) == ("campaign.updated", "Flowers")
    for act in ("disable", "disable", "enable"):
        shop("post", f"campaigns/Spring/{act}")
    heard = told()
    switched = [(name, envelope["data"]["campaign"]["active"]) for name, envelope in heard]
    assert switched == [("campaign.disabled", False), ("campaign.enabled", True)]

    shop("post", "campaigns/Spring/vouchers?vouchers_count=3", {}, status=202)
    AsyncAction.objects.get().run()
    ((name, envelope),) = told()
    assert (name, envelope["data"]["vouchers_count"]) == (completed, 3)
    assert envelope["data"]["campaign"]["vouchers_count"] == 23
    assert envelope["event"]["event_source"]["api_key"]["name"] == "Shop"


def test_an_import_tells_of_no_single_code(shop):
    body = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500}}
    shop("post", "vouchers/import", [{"code": f"C-{number}", **body} for number in range(5)], status=202)
    AsyncAction.objects.get().run()
    assert Voucher.objects.count() == 5
    assert names() == []


def test_the_life_of_a_rule_and_its_assignments_are_told(shop):
    voucher = make_voucher(code="ONE")
    rule = shop("post", "validation-rules", {"name": "Spring", "rules": {}})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["validation_rule"]["name"]) == ("business_validation_rule.created", "Spring")
    shop("put", f"validation-rules/{rule['id']}", {"name": "Summer"})
    ((name, envelope),) = told()
    assert (name, envelope["data"]["validation_rule"]["name"]) == ("business_validation_rule.updated", "Summer")
    assignment = shop("post", f"validation-rules/{rule['id']}/assignments", {"voucher": "ONE"})
    ((name, envelope),) = told()
    bound = envelope["data"]["validation_rule_assignment"]
    assert (name, bound["related_object_id"]) == ("business_validation_rule.assignment.created", voucher.public_id)
    shop("delete", f"validation-rules/{rule['id']}/assignments/{assignment['id']}", status=204)
    assert names() == ["business_validation_rule.assignment.deleted"]
    shop("delete", f"validation-rules/{rule['id']}", status=204)
    assert names() == ["business_validation_rule.deleted"]


def test_where_nobody_listens_each_act_pays_one_small_query(shop):
    Target.objects.update(is_active=False)
    make_customer(source_id="ann")
    make_voucher(code="CARD", type="GIFT_VOUCHER", discount=None, gift_amount=1000, gift_balance=1000)

    def asked(*call) -> int:
        with CaptureQueriesContext(connection) as queries:
            shop(*call)
        return sum("webhooks_" in query["sql"] for query in queries)

    pay = {"customer": {"source_id": "ann"}, "order": {"amount": 300}, "gift": {"credits": 300}}
    assert asked("post", "vouchers/CARD/redemption", pay) == 1
    assert asked("post", f"redemptions/{Redemption.objects.get().public_id}/rollback") == 1
    assert asked("post", "vouchers/CARD/balance", {"amount": 5}) == 1
    assert asked("post", "publications", {"customer": {"source_id": "ann"}, "voucher": "CARD"}) == 1
    assert asked("post", "segments", {"name": "Ann", "type": "static", "customers": ["ann"]}) == 1
    codes = [make_voucher().code for _ in range(3)]
    several = {"redeemables": [{"object": "voucher", "id": code} for code in codes], "order": {"amount": 300}}
    assert asked("post", "redemptions", several | {"customer": {"source_id": "ann"}}) == 1
    assert not Delivery.objects.exists()


def test_every_event_has_a_payload(settings):
    for event, _ in EVENTS:
        assert any(name in settings.WEBHOOK_PAYLOADS for name in names_of(event)), event
