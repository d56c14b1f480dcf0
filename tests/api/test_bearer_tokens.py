"""A bearer token stands for the key pair that it was given for."""

import pytest
import time_machine

from tests.factories import make_key
from voucherify_admin.api.models import ApiCall, ApiKey

pytestmark = pytest.mark.django_db

GRANT = {"grant_type": "client_credentials", "scope": "api"}


def issued(client, keys, **changes):
    return client.post("/v1/oauth/token", {**GRANT, **changes}, headers=keys)


def bearer(client, keys) -> dict[str, str]:
    return {"Authorization": f"Bearer {issued(client, keys).json()['access_token']}"}


def test_a_token_is_accepted_in_place_of_the_key_pair_for_fifteen_minutes(client):
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        keys = make_key()
        answer = issued(client, keys).json()
        headers = {"Authorization": f"Bearer {answer['access_token']}"}

        assert answer["client_id"] == keys["X-App-Id"]
        assert (answer["expires_in"], answer["scope"], answer["token_type"]) == (900, "api", "Bearer")
        assert answer["expires_at"] == 1_795_348_800 + 900
        assert client.get("/v1/vouchers", headers=headers).status_code == 200
        clock.shift(899)
        assert client.get("/v1/vouchers", headers=headers).status_code == 200
        clock.shift(2)
        assert client.get("/v1/vouchers", headers=headers).status_code == 401


def test_a_token_may_do_what_its_keys_role_may_do(client):
    headers = bearer(client, make_key("Viewer"))
    assert client.get("/v1/vouchers", headers=headers).status_code == 200
    assert client.post("/v1/vouchers", "{}", content_type="application/json", headers=headers).status_code == 403
    assert ApiCall.objects.latest("pk").key_name == "Web shop"


def test_deactivating_the_key_ends_its_tokens(client):
    keys = make_key()
    headers = bearer(client, keys)
    ApiKey.objects.update(is_active=False)
    assert client.get("/v1/vouchers", headers=headers).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "eyJhIjoxfQ:1abc:def", "ą"])
def test_a_forged_token_is_refused(client, token):
    response = client.get("/v1/vouchers", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})
    assert (response.status_code, response.json()["key"]) == (401, "unauthorized")


def test_a_token_is_given_for_a_key_pair_only(client):
    keys = make_key()
    assert issued(client, {**keys, "X-App-Token": "guess"}).status_code == 401
    assert issued(client, bearer(client, keys)).status_code == 401


@pytest.mark.parametrize(("name", "value"), [("grant_type", "password"), ("scope", "vouchers")])
def test_what_the_form_asks_for_is_checked(client, name, value):
    response = issued(client, make_key(), **{name: value})
    assert response.status_code == 400
    assert f"Property .{name} should be equal" in response.json()["details"]


def test_no_token_is_written_to_the_log(client):
    token = issued(client, make_key()).json()["access_token"]
    call = ApiCall.objects.get()
    assert token not in call.response_body
    assert call.endpoint == "/v1/oauth/token"
