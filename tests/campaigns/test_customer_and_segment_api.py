"""Customers and segments over /v1."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Customer, Segment
from tests.factories import as_json, make_customer, make_key, make_redemption, make_segment
from voucherify_admin.api.models import CallTouch

pytestmark = pytest.mark.django_db

ADDRESS = {"city": "Köln", "country": "DE", "line_1": "Ring 1", "line_2": None, "postal_code": "50667", "state": None}


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def test_a_customer_is_created_once_and_updated_after(call):
    sent = {
        "source_id": "shop 1/ä",
        "name": "Ewa",
        "email": "ewa@example.com",
        "phone": "+48 1",
        "birthdate": "1990-12-31",
        "address": ADDRESS,
        "metadata": {"level": "gold"},
        "description": None,
    }
    body = call("POST", "/customers", sent).json()
    sdk.CustomersCreateResponseBody.from_dict(body)
    assert {name: body[name] for name in sent if name != "description"} == {
        name: value for name, value in sent.items() if name != "description"
    }
    assert "description" not in body
    again = call("POST", "/customers", {"source_id": "shop 1/ä", "metadata": {"visits": 3}}).json()
    assert (again["id"], again["name"]) == (body["id"], "Ewa")
    assert again["metadata"] == {"level": "gold", "visits": 3}
    by_id = call("POST", "/customers", {"id": body["id"], "name": "Ewa K."}).json()
    assert by_id["name"] == "Ewa K."
    for reference in (body["id"], quote("shop 1/ä", safe="")):
        got = call("GET", f"/customers/{reference}")
        assert got.json()["id"] == body["id"]
        sdk.CustomersGetResponseBody.from_dict(got.json())
    assert Customer.objects.count() == 1
    assert CallTouch.objects.filter(object_type="customer", object_id=body["id"]).count() == 5


def test_a_bare_customer_has_a_null_address_and_no_metadata(call):
    for sent in ({"source_id": "bare"}, {}, None):
        body = call("POST", "/customers", sent).json()
        sdk.CustomersCreateResponseBody.from_dict(body)
        assert body["address"] is None
        assert "metadata" not in body
        assert "name" not in body


def test_an_update_changes_what_is_sent(call):
    customer = make_customer(source_id="s", name="Old", metadata={"a": 1})
    body = call("PUT", "/customers/s", {"name": "New", "email": None, "metadata": {"b": 2}}).json()
    sdk.CustomersUpdateResponseBody.from_dict(body)
    assert (body["name"], body["email"], body["metadata"]) == ("New", customer.email, {"a": 1, "b": 2})
    assert call("PUT", "/customers/none", {"name": "x"}).status_code == 404


def test_a_source_id_of_somebody_else_is_refused(call):
    make_customer(source_id="hers")
    his = make_customer(source_id=None)
    response = call("PUT", f"/customers/{his.public_id}", {"source_id": "hers"})
    assert (response.status_code, response.json()["key"]) == (409, "duplicate_found")
    assert response.json()["details"] == "Duplicated customer exists with source_id hers"


def test_a_customer_is_deleted_and_their_redemptions_stay(call):
    customer = make_customer(source_id="gone", name="Gone")
    redemption = make_redemption(customer=customer)
    assert call("DELETE", "/customers/gone").status_code == 204
    redemption.refresh_from_db()
    assert (redemption.customer, redemption.customer_name) == (None, "Gone")
    for method in ("GET", "PUT", "DELETE"):
        body = call(method, "/customers/gone").json()
        assert (body["code"], body["details"]) == (404, "Cannot find customer with id gone")


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"source_id": 5}, "Property .source_id must be string"),
        ({"source_id": "x" * 201}, "Property .source_id"),
        ({"source_id": "x\ny"}, "Property .source_id"),
        ({"name": "x" * 201}, "Property .name"),
        ({"name": ["x"]}, "Property .name must be string"),
        ({"email": "x" * 255}, "Property .email"),
        ({"birthdate": "yesterday"}, "Property .birthdate"),
        ({"birthdate": 19900101}, "Property .birthdate"),
        ({"address": "Ring 1"}, "Property .address must be object"),
        ({"address": {"city": 5}}, "Property .address.city must be string"),
        ({"metadata": "x"}, "Property .metadata must be object"),
        ({"name": "a\x00b"}, "cannot be stored"),
        ("x", "must be object"),
    ],
)
def test_a_customer_that_does_not_fit_is_refused(call, body, details):
    make_customer(source_id="known")
    for method, path in (("POST", "/customers"), ("PUT", "/customers/known")):
        response = call(method, path, body)
        assert (response.status_code, response.json()["key"]) == (400, "invalid_payload"), response.content
        assert details in response.json()["details"]


def test_an_unknown_id_is_404_and_creates_nobody(call):
    response = call("POST", "/customers", {"id": "cust_none", "name": "x"})
    assert (response.status_code, response.json()["resource_id"]) == (404, "cust_none")
    assert not Customer.objects.exists()


def test_customers_are_listed_and_found(call):
    now = timezone.now()
    a = make_customer(name="A", email="A@Example.com", created_at=now - timedelta(days=9), address={"city": "Bonn"})
    make_customer(name="B", created_at=now - timedelta(days=1))
    segment = make_segment(a)

    def names(query: str) -> str:
        response = call("GET", f"/customers?{query}")
        assert response.status_code == 200, response.content
        sdk.CustomersListResponseBody.from_dict(response.json())
        return "".join(customer["name"] for customer in response.json()["customers"])

    assert names("") == "BA"
    assert names("order=created_at&limit=1") == "A"
    assert names("email=a@example.COM") == "A"
    assert names("name=B") == "B"
    assert names("city=Bonn") == "A"
    assert names(f"segment_id={segment.public_id}") == "A"
    assert names("created_at[after]=" + (now - timedelta(days=3)).date().isoformat()) == "B"
    for query in ("name=%00", "created_at[before]=soon", "page=0", "order=shoe"):
        response = call("GET", f"/customers?{query}")
        assert (response.status_code, response.json()["key"]) == (400, "invalid_query_params")


def test_a_static_segment_holds_its_customers_until_it_is_deleted(call):
    one, other = make_customer(), make_customer()
    sent = {"name": "VIP", "type": "static", "customers": [one.public_id, other.public_id, one.public_id]}
    body = call("POST", "/segments", sent).json()
    sdk.SegmentsCreateResponseBody.from_dict(body)
    assert (body["type"], body["filter"]) == ("static", None)
    segment = Segment.objects.get(public_id=body["id"])
    assert set(segment.customers.all()) == {one, other}
    assert call("GET", f"/segments/{body['id']}").json() == body
    listed = call("GET", "/segments").json()
    assert (listed["data_ref"], listed["data"], listed["total"]) == ("data", [body], 1)
    assert call("DELETE", f"/segments/{body['id']}").status_code == 204
    assert call("GET", f"/segments/{body['id']}").status_code == 404
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("kind", ["auto-update", "passive"])
def test_a_segment_by_filter_holds_whoever_meets_it_now(call, kind):
    gold = make_customer(name="Ada", metadata={"tier": "gold"})
    silver = make_customer(name="Bo", metadata={"tier": "silver"})
    sent = {"name": "Gold", "type": kind, "filter": {"junction": "and", "metadata.tier": {"conditions": GOLD}}}

    body = call("POST", "/segments", sent).json()

    sdk.SegmentsCreateResponseBody.from_dict(body)
    assert (body["type"], body["filter"]) == (kind, sent["filter"])
    assert call("GET", f"/segments/{body['id']}").json() == body

    def members() -> set[str]:
        listed = call("GET", f"/customers?segment_id={body['id']}").json()
        return {customer["id"] for customer in listed["customers"]}

    assert members() == {gold.public_id}
    assert call("PUT", f"/customers/{silver.public_id}", {"metadata": {"tier": "gold"}}).status_code == 200
    assert members() == {gold.public_id, silver.public_id}


GOLD = {"$is": ["gold"]}
ADA = {"tier": "gold", "age": 30, "pets": ["cat", "dog"]}
BERLIN = {"city": "Berlin", "country": "DE"}


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ({"name": {"conditions": {"$is": ["Ada"]}}}, "Ada"),
        ({"name": {"conditions": {"$is_not": ["Ada"]}}}, "Bo Cy"),
        ({"email": {"conditions": {"$ends_with": ["@example.com"]}}}, "Ada Bo"),
        ({"email": {"conditions": {"$is_unknown": [""]}}}, "Cy"),
        ({"source_id": {"conditions": {"$in": ["a", "c"]}}}, "Ada Cy"),
        ({"created_at": {"conditions": {"$more_than_ago": [30]}}}, "Bo"),
        ({"created_at": {"conditions": {"$after": ["2026-02-01"]}}}, "Ada Cy"),
        ({"address.city": {"conditions": {"$is": ["Berlin"]}}}, "Ada"),
        ({"address.city": {"conditions": {"$is_not": ["Berlin"]}}}, "Bo Cy"),
        ({"address.country": {"conditions": {"$has_value": [""]}}}, "Ada"),
        ({"metadata.age": {"conditions": {"$more_than_or_equal": [30]}}}, "Ada"),
        ({"metadata.age": {"conditions": {"$less_than": [30]}}}, "Bo"),
        ({"metadata.tags": {"conditions": {"$contains": ["vip"]}}}, "Bo"),
        ({"metadata.pets": {"conditions": {"$count": [2]}}}, "Ada"),
        ({"metadata.pets": {"conditions": {"$count_more": [0]}}}, "Ada Bo"),
        ({"metadata.pets": {"conditions": {"$count_less": [2]}}}, "Bo"),
        ({"metadata.tier": {"conditions": GOLD}, "name": {"conditions": {"$is": ["Bo"]}}}, ""),
        ({"junction": "OR", "metadata.tier": {"conditions": GOLD}, "name": {"conditions": {"$is": ["Bo"]}}}, "Ada Bo"),
    ],
)
@time_machine.travel("2026-03-02T12:00:00Z", tick=False)
def test_a_filter_asks_of_profile_and_metadata_in_the_list_and_for_one_customer(call, filter, names):
    now = timezone.now()
    make_customer(name="Ada", source_id="a", metadata=ADA, address=BERLIN, created_at=now - timedelta(9))
    make_customer(
        name="Bo",
        source_id="b",
        metadata={"age": 29, "tags": "vip", "pets": ["cat"]},
        created_at=now - timedelta(60),
    )
    make_customer(name="Cy", source_id="c", email="", created_at=now)
    made = call("POST", "/segments", {"name": "S", "type": "auto-update", "filter": filter}).json()

    listed = call("GET", f"/customers?segment_id={made['id']}&order=name").json()["customers"]

    assert " ".join(customer["name"] for customer in listed) == names
    alone = [one.name for one in Customer.objects.order_by("name") if Segment.objects.all().holding(one)]
    assert " ".join(alone) == names


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"type": "auto-update"}, "Property .filter should be an object"),
        ({"type": "passive", "filter": {"junction": "and"}}, "should hold at least one condition"),
        ({"filter": {"colour": {"conditions": GOLD}}}, "Property .filter cannot ask for 'colour'; known are"),
        ({"filter": {"summary.orders.average_amount": {"conditions": {"$more_than": [1]}}}}, "'summary.orders.average"),
        ({"filter": {"loyalty.points": {"conditions": {"$more_than": [1]}}}}, "cannot ask for 'loyalty.points'"),
        ({"filter": {"summary.orders.total_count": {"conditions": {"$more_than": ["x"]}}}}, "must be integer"),
        ({"filter": {"summary.orders.last_order_date": {"conditions": {"$after": ["x"]}}}}, "last_order_date]"),
        ({"filter": {"name": {"conditions": {"$near": ["x"]}}}}, "is not a condition that this field knows"),
        ({"filter": {"name": {"conditions": {"$count": [1]}}}}, "'name' is none: ask metadata"),
        ({"filter": {"created_at": {"conditions": {"$count": [1]}}}}, "'created_at' is none: ask metadata"),
        ({"filter": {"address.city": {"conditions": {"$count": [1]}}}}, "'address.city' is none: ask metadata"),
        ({"filter": {"summary.orders.total_count": {"conditions": {"$count": [1]}}}}, "is none: ask metadata"),
        ({"filter": {"name": "Ada"}}, "Property .filter should match"),
        ({"filter": {f"metadata.k{n}": {"conditions": GOLD} for n in range(101)}}, "100 conditions at the most"),
        ({"filter": {"created_at": {"conditions": {"$after": ["soon"]}}}}, ".filter[created_at][conditions][$after]"),
        ({"type": "static", "filter": {"name": {"conditions": GOLD}}}, "Property .filter is for the types"),
        ({"type": "passive", "customers": ["x"]}, "Property .customers is for the type static"),
    ],
)
def test_a_segment_that_could_not_be_evaluated_is_refused_naming_what_is_wrong(call, body, details):
    response = call("POST", "/segments", {"name": "S", **body})
    assert (response.status_code, response.json()["key"]) == (400, "invalid_payload")
    assert details in response.json()["details"]
    assert not Segment.objects.exists()


def test_which_segments_hold_a_customer_costs_the_same_however_many_there_are(django_assert_num_queries):
    customer = make_customer(metadata={"tier": "gold"})
    for number in range(3):
        make_segment(customer)
        tier = {"metadata.tier": {"conditions": {"$is": ["gold" if number else "silver"]}}}
        make_segment(name=f"Filter {number}", type="auto-update", filter=tier)
    make_segment(name="Spoilt", type="passive", filter={"name": "past the checks"})
    with django_assert_num_queries(2):
        holding = Segment.objects.all().holding(customer)
    assert len(holding) == 5
    assert not {"Filter 0", "Spoilt"} & {segment.name for segment in holding}


def test_a_segment_of_unknown_customers_is_refused_whole(call):
    known = make_customer()
    response = call("POST", "/segments", {"name": "S", "type": "static", "customers": [known.public_id, "cust_none"]})
    assert (response.status_code, response.json()["resource_id"]) == (404, "cust_none")
    for body in ({}, {"name": "S", "customers": "x"}, {"name": "S", "customers": [5]}, {"name": None}):
        assert call("POST", "/segments", body).status_code == 400
    assert not Segment.objects.exists()


def test_a_merchants_key_sees_no_customers_and_a_viewers_changes_none(call):
    make_customer(source_id="c")
    merchant, viewer = make_key("Merchant"), make_key("Viewer")
    assert call("GET", "/customers/c", headers=merchant).status_code == 403
    assert call("POST", "/customers", {"name": "x"}, headers=merchant).status_code == 403
    assert call("GET", "/customers/c", headers=viewer).status_code == 200
    assert call("PUT", "/customers/c", {"name": "x"}, headers=viewer).status_code == 403
    assert call("DELETE", "/customers/c", headers=viewer).status_code == 403
    assert call("DELETE", "/customers/c", headers=make_key("User")).status_code == 204


@pytest.mark.parametrize("order", ["-created_at", "created_at"])
def test_scrolling_misses_nobody_though_many_were_created_at_once(client, order):
    keys = make_key()
    at = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
    moments = [at, at, at + timedelta(microseconds=300), at + timedelta(seconds=1), at - timedelta(days=1)]
    known = {make_customer(created_at=moment).public_id for moment in moments}
    seen, after = [], "2200-01-01T00:00:00Z" if order == "-created_at" else "1970-01-01T00:00:00Z"
    while True:
        query = {"limit": 1, "order": order, "starting_after": after}
        answer = client.get("/v1/customers", query, headers=keys).json()
        seen += [customer["id"] for customer in answer["customers"]]
        if not answer["has_more"]:
            break
        after = answer["customers"][-1]["created_at"]

    assert len(seen) == len(known)
    assert set(seen) == known


def test_a_customers_segments_are_listed_and_a_strangers_are_not_found(client):
    keys = make_key()
    customer = make_customer(source_id="shop/1")
    segment = make_segment(customer)
    make_segment()

    answer = client.get("/v1/customers/shop%2F1/segments", headers=keys).json()

    assert [one["id"] for one in answer["data"]] == [segment.public_id]
    assert client.get("/v1/customers/nobody/segments", headers=keys).status_code == 404
