"""What a shop's page may do from the browser."""

import pytest
from django.http import QueryDict

from redemptions.api.client import body_of
from redemptions.models import Redemption
from tests.factories import as_json, make_client_key, make_customer, make_key, make_rule, make_voucher
from voucherify_admin.api.models import ApiCall, ClientKey

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example.com"


def redeem(client, code, headers, **body):
    return client.post(
        f"/client/v1/redeem?code={code}", as_json(body), content_type="application/json", headers=headers
    )


def test_a_page_validates_and_redeems_with_a_key_that_may(client):
    keys = make_client_key(may_redeem=True)
    voucher = make_voucher(quantity=1)

    valid = client.get(f"/client/v1/validate?code={voucher.code}&amount=5000", headers=keys)
    used = redeem(client, voucher.code, keys, order={"amount": 5000}, customer={"source_id": "shop-1"})

    assert valid.json()["valid"] is True
    assert valid.json()["order"]["total_amount"] == 4000
    assert used.json()["result"] == "SUCCESS"
    assert (used.json()["customer"]["source_id"], used.json()["customer"]["email"]) == ("shop-1", None)
    attempt = Redemption.objects.get()
    assert (attempt.channel_type, attempt.channel_name) == ("API", "Cart page")
    assert attempt.channel_id == keys["X-Client-Application-Id"]
    again = redeem(client, voucher.code, keys)
    assert (again.status_code, again.json()["key"]) == (400, "quantity_exceeded")
    assert again["Access-Control-Allow-Origin"] == SHOP


def test_the_current_way_to_redeem_is_there_too(client):
    keys = make_client_key(may_redeem=True)
    body = {"redeemables": [{"object": "voucher", "id": make_voucher().code}], "customer": {"source_id": "shop-1"}}
    response = client.post("/client/v1/redemptions", as_json(body), content_type="application/json", headers=keys)
    assert response.json()["redemptions"][0]["status"] == "SUCCEEDED"
    assert response.json()["redemptions"][0]["customer"]["name"] is None


def test_a_page_validates_several_codes_but_keeps_none_from_others_without_leave(client):
    redeemables = [{"object": "voucher", "id": make_voucher().code} for _ in range(2)]
    body = {"redeemables": redeemables, "order": {"amount": 5000}}

    def validated(body, **key):
        keys = make_client_key(**key)
        return client.post("/client/v1/validations", as_json(body), content_type="application/json", headers=keys)

    assert validated(body).json()["valid"] is True
    assert validated(body).json()["order"]["total_amount"] == 3000
    locking = {**body, "session": {"type": "LOCK"}}
    assert validated(locking).status_code == 403
    assert validated(locking, may_redeem=True).json()["session"]["key"]
    query = f"/client/v1/validate?code={redeemables[0]['id']}&session_type=LOCK"
    assert client.get(query, headers=make_client_key()).status_code == 403


def test_a_call_sent_again_with_its_idempotency_key_tells_a_page_no_more_than_the_first_time(client):
    keys = make_client_key(may_redeem=True)
    customer = make_customer(name="Ewa")
    code = make_voucher(quantity=1).code
    answers = [
        redeem(client, code, {**keys, "Idempotency-Key": "cart-1"}, customer={"source_id": customer.source_id})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotency-Replayed"] == "true"
    assert "Ewa" not in answers[1].content.decode()
    refused = [redeem(client, code, {**keys, "Idempotency-Key": "cart-2"}) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [400, 400]


def test_a_page_may_not_redeem_unless_its_key_is_switched_on_for_it(client):
    response = redeem(client, make_voucher().code, make_client_key())
    assert (response.status_code, response.json()["key"]) == (403, "missing_required_permission")
    assert "switch on client-side redemption" in response.json()["details"]
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("origin", ["https://shop.example.com.evil.example", "http://shop.example.com", "null", ""])
def test_a_page_of_another_origin_is_refused_and_may_not_read_why(client, origin):
    response = client.get("/client/v1/validate?code=X", headers={**make_client_key(), "Origin": origin})
    assert (response.status_code, response.json()["key"]) == (403, "forbidden")
    assert "Access-Control-Allow-Origin" not in response
    assert "Origin" in response["Vary"]


def test_an_answer_to_a_known_origin_may_be_read_by_its_page(client):
    response = client.get("/client/v1/validate?code=X", headers=make_client_key("https://other.example", SHOP))
    assert response["Access-Control-Allow-Origin"] == "https://other.example"
    assert "Access-Control-Allow-Credentials" not in response
    assert response.json()["valid"] is False


@pytest.mark.parametrize(("origin", "is_let_in"), [(SHOP, True), ("https://evil.example", False)])
def test_a_browser_asks_beforehand(client, origin, is_let_in):
    make_client_key()
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = client.options("/client/v1/redeem?code=X", headers=headers)
    assert response.status_code == 204
    assert response.get("Access-Control-Allow-Origin") == (SHOP if is_let_in else None)
    assert ("X-Client-Token" in response.get("Access-Control-Allow-Headers", "")) is is_let_in
    assert not ApiCall.objects.exists()


def test_origins_of_a_deactivated_key_are_let_in_no_more(client):
    keys = make_client_key()
    ClientKey.objects.update(is_active=False)
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "GET"}
    assert "Access-Control-Allow-Origin" not in client.options("/client/v1/validate", headers=headers)
    assert client.get("/client/v1/validate?code=X", headers=keys).status_code == 401


def test_the_two_kinds_of_keys_do_not_open_each_others_doors(client):
    page, server = make_client_key(may_redeem=True), make_key()
    as_server = {"X-App-Id": page["X-Client-Application-Id"], "X-App-Token": page["X-Client-Token"]}
    as_page = {"X-Client-Application-Id": server["X-App-Id"], "X-Client-Token": server["X-App-Token"], "Origin": SHOP}
    assert client.get("/v1/vouchers", headers=as_server).status_code == 401
    assert client.get("/v1/vouchers", headers=page).status_code == 401
    assert client.get("/client/v1/validate?code=X", headers=as_page).status_code == 401
    assert client.get("/client/v1/validate?code=X", headers=server).status_code == 401


def test_a_page_can_neither_learn_nor_change_nor_claim_what_is_known_of_a_customer(client):
    keys = make_client_key(may_redeem=True)
    customer = make_customer(name="Ewa", email="ewa@example.com", metadata={"level": "basic"})
    voucher = make_voucher()
    make_rule(
        {"1": {"name": "customer.metadata", "property": "level", "conditions": {"$is": ["gold"]}}, "logic": "1"},
        on=voucher,
    )
    claimed = {"source_id": customer.source_id, "name": "Eve", "metadata": {"level": "gold"}}

    response = redeem(client, voucher.code, keys, customer=claimed)
    checked = client.get(
        f"/client/v1/validate?code={voucher.code}&customer[source_id]={customer.source_id}&customer[metadata][level]=gold",
        headers=keys,
    )

    assert response.json()["key"] == "customer_rules_violated"
    assert checked.json()["valid"] is False
    assert "ewa@example.com" not in response.content.decode() + checked.content.decode()
    customer.refresh_from_db()
    assert (customer.name, customer.metadata) == ("Ewa", {"level": "basic"})


def test_calls_of_pages_stand_in_the_log_with_their_origin(client):
    voucher = make_voucher()
    keys = make_client_key()
    client.get(f"/client/v1/validate?code={voucher.code}", headers=keys)
    call = ApiCall.objects.touching("voucher", voucher.code).get()
    assert (call.endpoint, call.origin, call.key_name) == ("/client/v1/validate", SHOP, "Cart page")
    assert call.app_id == keys["X-Client-Application-Id"]


def test_a_code_is_asked_for(client):
    response = client.get("/client/v1/validate", headers=make_client_key())
    assert response.status_code == 400
    assert "'code'" in response.json()["details"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("code=A", {}),
        ("amount=5000", {"order": {"amount": 5000}}),
        ("amount=5.5", {"order": {"amount": "5.5"}}),
        (
            "item[0][product_id]=tea&item[0][quantity]=2&item[0][price]=100",
            {"order": {"items": [{"product_id": "tea", "quantity": 2, "price": 100}]}},
        ),
        ("order[metadata][till]=4&metadata[a]=b", {"order": {"metadata": {"till": "4"}}, "metadata": {"a": "b"}}),
        ("customer[source_id]=s", {"customer": {"id": None, "source_id": "s"}}),
        ("a[b][c][d][e][f][g]=1&item=x&customer=y&order=z&[=&metadata[]=1", {"metadata": {"": "1"}}),
    ],
)
def test_a_query_is_read_as_the_body_that_it_means(query, body):
    assert body_of(QueryDict(query)) == body
