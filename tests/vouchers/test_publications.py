"""Giving codes to customers over /v1."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Customer
from tests.factories import as_json, make_campaign, make_customer, make_key, make_voucher
from vouchers import actions
from vouchers.actions import PublicationDraft, VoucherDraft
from vouchers.models import Publication, Voucher

pytestmark = pytest.mark.django_db

TEMPLATE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 500, "effect": "APPLY_TO_ORDER"}}


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def test_a_voucher_is_published_to_a_customer_who_holds_it_then(call):
    voucher = make_voucher(code="GIFT/1", campaign=make_campaign())
    body = {"voucher": voucher.code, "customer": {"source_id": "shop-1", "name": "Ewa"}, "metadata": {"mail": 4}}

    answer = call("POST", "/publications", body).json()

    customer = Customer.objects.get(source_id="shop-1")
    assert sdk.PublicationsCreateResponseBody.from_dict(answer).voucher.code == voucher.code
    assert (answer["customer_id"], answer["tracking_id"]) == (customer.public_id, "shop-1")
    assert answer["vouchers_id"] == [voucher.public_id]
    assert answer["metadata"] == {"mail": 4}
    shown = call("GET", "/vouchers/GIFT%2F1").json()
    assert (shown["holder_id"], shown["publish"]["count"]) == (customer.public_id, 1)
    assert [one["code"] for one in call("GET", "/vouchers?customer=shop-1").json()["vouchers"]] == ["GIFT/1"]

    call("POST", "/publications", {**body, "customer": {"source_id": "shop-2"}})
    shown = call("GET", "/vouchers/GIFT%2F1").json()
    assert (shown["holder_id"], shown["publish"]["count"]) == (customer.public_id, 2)
    assert call("GET", shown["publish"]["url"].removeprefix("/v1")).json()["total"] == 2


def test_codes_of_a_campaign_go_to_those_who_ask_and_new_ones_are_made(call):
    campaign = make_campaign(name="Welcome", voucher_template=TEMPLATE)
    waiting = make_voucher(campaign=campaign)
    make_voucher(campaign=campaign, is_active=False)

    first = call("POST", "/publications", {"campaign": {"name": "Welcome"}, "customer": {"source_id": "a"}}).json()
    more = call("POST", "/publications", {"campaign": {"name": "Welcome", "count": 2}, "customer": {"source_id": "b"}})

    assert first["voucher"]["code"] == waiting.code
    assert len(more.json()["vouchers"]) == 2
    assert "voucher" not in more.json()
    assert sdk.PublicationsCreateResponseBody.from_dict(more.json()).vouchers == more.json()["vouchers"]
    assert Voucher.objects.filter(campaign=campaign).count() == 4


def test_a_static_campaign_without_codes_left_says_so_and_gives_nothing(call):
    make_voucher(campaign=make_campaign(name="Few", type="STATIC"))
    body = {"campaign": {"name": "Few", "count": 2}, "customer": {"source_id": "a"}}
    response = call("POST", "/publications", body)
    assert (response.status_code, response.json()["key"]) == (400, "no_voucher_suitable_for_publication")
    assert not Publication.objects.exists()


def test_who_joins_once_gets_the_same_code_ever_after(call):
    make_campaign(name="Refer", voucher_template=TEMPLATE)
    body = {"campaign": "Refer", "customer": {"source_id": "a"}}
    codes = {call("POST", "/publications?join_once=true", body).json()["voucher"]["code"] for _ in range(3)}
    assert len(codes) == 1
    assert call("POST", "/publications", body).json()["voucher"]["code"] not in codes


def test_the_same_source_id_is_the_same_publication(call):
    body = {"voucher": make_voucher().code, "customer": {"source_id": "a"}, "source_id": "mail-17"}
    ids = {call("POST", "/publications", body).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert Voucher.objects.get().published_count == 1


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"voucher": "NONE", "customer": {"source_id": "a"}}, 404, "Cannot find voucher with id NONE"),
        ({"campaign": "None such", "customer": {"source_id": "a"}}, 404, "Cannot find campaign"),
        ({"voucher": "V", "customer": {"id": "cust_none"}}, 404, "Cannot find customer"),
        ({"voucher": "V", "customer": {}}, 400, "'source_id'"),
        ({"voucher": "V"}, 400, "'customer'"),
        ({"customer": {"source_id": "a"}}, 400, "either 'voucher' or 'campaign'"),
        ({"campaign": {"name": "C", "count": 0}, "customer": {"source_id": "a"}}, 400, "count"),
    ],
)
def test_what_cannot_be_published_is_refused_and_creates_nobody(call, body, status, told):
    make_voucher(code="V", campaign=make_campaign(name="C"))
    response = call("POST", "/publications", body)
    assert response.status_code == status
    assert told in response.json()["details"]
    assert not Customer.objects.exists()


def test_publications_are_listed_with_filters_in_few_queries(call, django_assert_max_num_queries):
    campaign = make_campaign(name="Sale")
    for number in range(4):
        voucher = make_voucher(code=f"L{number}", campaign=campaign if number else None)
        call("POST", "/publications", {"voucher": voucher.code, "customer": {"source_id": f"s{number}"}})

    with django_assert_max_num_queries(16):
        answer = call("GET", "/publications?limit=100").json()
    assert sdk.PublicationsListResponseBody.from_dict(answer).total == 4
    assert [one["voucher"]["code"] for one in answer["publications"]] == ["L3", "L2", "L1", "L0"]
    assert call("GET", "/publications?campaign=Sale").json()["total"] == 3
    assert call("GET", "/publications?customer=s2").json()["publications"][0]["voucher"]["code"] == "L2"
    assert call("GET", "/publications?voucher=L1&order=-id").json()["total"] == 1
    assert call("GET", "/publications?filters[campaign_name][conditions][$is]=Sale").json()["total"] == 3
    assert call("GET", "/publications?result=FAILURE").json()["total"] == 0


def test_a_viewer_sees_publications_and_makes_none(call):
    keys = make_key("Viewer")
    assert call("GET", "/publications", headers=keys).status_code == 200
    body = {"voucher": make_voucher().code, "customer": {"source_id": "a"}}
    assert call("POST", "/publications", body, headers=keys).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_codes_asked_for_at_once_are_given_to_one_customer_each():
    campaign = make_campaign(type="STATIC")
    for _ in range(8):
        make_voucher(campaign=campaign)
    customers = [make_customer() for _ in range(8)]

    def ask(customer: Customer) -> list[str]:
        try:
            draft = PublicationDraft(customer=customer)
            template = VoucherDraft(type="DISCOUNT_VOUCHER")
            now = timezone.now()
            given = actions.publish_from(campaign, template, draft, count=1, join_once=True, now=now)
            return given.codes
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        given = [code for codes in pool.map(ask, customers) for code in codes]

    assert len(set(given)) == 8
    assert set(Voucher.objects.values_list("published_count", flat=True)) == {1}
