"""Codes that a shop's page gives its visitors from the browser."""

import pytest

from campaigns.models import Customer
from tests.factories import as_json, make_campaign, make_client_key, make_customer, make_key, make_voucher
from vouchers.models import Publication, Voucher

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example.com"
TEMPLATE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500, "effect": "APPLY_TO_ORDER"}}


@pytest.fixture
def keys() -> dict[str, str]:
    return make_client_key(SHOP, may_publish=True)


def publish(client, headers, query="", **body):
    return client.post(f"/client/v1/publish{query}", as_json(body), content_type="application/json", headers=headers)


def test_a_page_gives_a_new_customer_a_code_of_a_campaign(client, keys):
    make_campaign(name="Sign up", voucher_template=TEMPLATE)
    person = {"source_id": "shop-1", "name": "Ewa", "email": "ewa@example.com", "metadata": {"tier": "gold"}}

    answer = publish(client, keys, "?campaign=Sign%20up", customer=person, channel="Voucherify.js")

    given = answer.json()
    assert answer.status_code == 200, answer.content
    assert answer["Access-Control-Allow-Origin"] == SHOP
    customer = Customer.objects.get()
    assert (given["result"], given["channel"], given["tracking_id"]) == ("SUCCESS", "Voucherify.js", "shop-1")
    assert given["customer"] == {"id": customer.public_id, "source_id": "shop-1", "object": "customer"}
    assert given["voucher"]["holder_id"] == customer.public_id
    # Rules decide by metadata who gets which discount, so a page cannot say it.
    assert (customer.name, customer.email, customer.metadata) == ("Ewa", "ewa@example.com", {})
    assert Voucher.objects.get(holder=customer).code == given["voucher"]["code"]


def test_the_campaign_may_stand_in_the_body_and_a_certain_code_may_be_given(client, keys):
    campaign = make_campaign(name="Sign up", voucher_template=TEMPLATE)
    make_voucher(code="WELCOME")
    two = publish(client, keys, campaign={"name": "Sign up", "count": 2}, customer={"source_id": "a"}).json()
    assert len(two["vouchers"]) == 2
    assert Voucher.objects.filter(campaign=campaign).count() == 2
    one = publish(client, keys, voucher="WELCOME", customer={"source_id": "a"}).json()
    assert one["voucher"]["code"] == "WELCOME"


def test_with_join_once_the_same_customer_gets_the_same_code_again(client, keys):
    make_campaign(name="Sign up", voucher_template=TEMPLATE)
    query = "?campaign=Sign%20up&join_once=true"
    codes = [publish(client, keys, query, customer={"source_id": "a"}).json()["voucher"]["code"] for _ in range(2)]
    other = publish(client, keys, query, customer={"source_id": "b"}).json()["voucher"]["code"]
    assert codes[0] == codes[1] != other


def test_a_page_neither_learns_nor_changes_what_is_known_of_a_customer(client, keys):
    make_campaign(name="Sign up", voucher_template=TEMPLATE)
    customer = make_customer(name="Ewa", email="ewa@example.com", metadata={"tier": "basic"})
    claimed = {"source_id": customer.source_id, "name": "Eve", "email": "eve@example.com"}
    answer = publish(client, keys, "?campaign=Sign%20up", customer=claimed)
    assert answer.status_code == 200
    assert "ewa@example.com" not in answer.content.decode()
    assert "basic" not in answer.content.decode()
    customer.refresh_from_db()
    assert (customer.name, customer.email) == ("Ewa", "ewa@example.com")


def test_a_page_learns_nothing_of_what_others_were_given(client, keys):
    holder = make_customer()
    voucher = make_voucher(code="HELD", holder=holder, published_count=1)
    server = make_key()
    body = {"voucher": "HELD", "customer": {"source_id": "theirs"}, "source_id": "mail-1"}
    client.post("/v1/publications", as_json(body), content_type="application/json", headers=server)
    again = publish(client, keys, voucher="HELD", customer={"source_id": "mine"}, source_id="mail-1")
    assert (again.status_code, again.json()["key"]) == (409, "duplicate_found")
    mine = publish(client, keys, voucher="HELD", customer={"source_id": "mine"})
    assert mine.status_code == 200
    assert holder.public_id not in mine.content.decode()
    voucher.refresh_from_db()
    assert voucher.holder == holder


def test_only_a_key_with_the_switch_on_publishes_and_only_from_its_pages(client, keys):
    make_voucher(code="WELCOME")
    refused = publish(client, make_client_key(may_redeem=True), voucher="WELCOME", customer={"source_id": "a"})
    assert (refused.status_code, refused.json()["key"]) == (403, "missing_required_permission")
    assert "switch on client-side publication" in refused.json()["details"]
    elsewhere = publish(
        client, {**keys, "Origin": "https://evil.example"}, voucher="WELCOME", customer={"source_id": "a"}
    )
    assert elsewhere.status_code == 403
    assert publish(client, make_key(), voucher="WELCOME", customer={"source_id": "a"}).status_code == 401
    assert not Publication.objects.exists()
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", {"customer": {"source_id": "a"}}, 400),
        ("?campaign=Sign up", {}, 400),
        ("?campaign=Sign up", {"customer": {"name": "Ewa"}}, 400),
        ("?campaign=Sign up", {"customer": {"source_id": "a"}, "campaign": "Sign up"}, 400),
        ("?campaign=Sign up", {"customer": {"source_id": "a"}, "voucher": "WELCOME"}, 400),
        ("?campaign=None of these", {"customer": {"source_id": "a"}}, 404),
        ("?campaign=Used up", {"customer": {"source_id": "a"}}, 400),
        ("?campaign=Sign up", {"customer": {"id": "cust_unknown"}}, 404),
    ],
)
def test_what_cannot_be_given_is_refused_with_the_reason_and_leaves_nothing(client, keys, query, body, status):
    make_campaign(name="Sign up", voucher_template=TEMPLATE)
    make_campaign(name="Used up", type="STATIC")
    answer = publish(client, keys, query, **body)
    assert answer.status_code == status, answer.content
    assert answer.json()["details"]
    assert not Publication.objects.exists()
