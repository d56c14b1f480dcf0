"""How many calls a key may make, and the headers that tell."""

import pytest
from django.core.cache import cache

from tests.factories import make_client_key, make_key
from voucherify_admin.api import limits
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


def told(response) -> tuple[int, int]:
    return int(response["X-Rate-Limit-Limit"]), int(response["X-Rate-Limit-Remaining"])


@pytest.fixture
def one_minute(monkeypatch):
    """The minute does not end in the middle of a test."""
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_010.5)


def test_every_answer_tells_a_plausible_limit_where_nothing_is_limited(client, monkeypatch):
    keys, now = make_key(), 1_800_000_010.5
    monkeypatch.setattr(limits.time, "time", lambda: now)
    for response in (
        client.get("/v1/vouchers", headers=keys),
        client.get("/v1/vouchers/nothing", headers=keys),
        client.get("/v1/vouchers"),
        client.get("/v1/no/such/endpoint"),
    ):
        limit, remaining = told(response)
        assert 0 < remaining < limit
        assert 0 < int(response["X-Rate-Limit-Retry"]) - now <= 60


def test_a_key_past_its_limit_is_refused_until_the_next_minute_and_others_are_not(client, settings, monkeypatch):
    settings.RATE_LIMIT_PER_MINUTE = 2
    keys, others = make_key(), make_key()
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_010.5)
    assert [told(client.get("/v1/vouchers", headers=keys)) for _ in range(2)] == [(2, 1), (2, 0)]

    refused = client.get("/v1/vouchers", headers=keys)

    assert refused.status_code == 429
    assert refused.json()["code"] == 429
    assert refused.json()["message"] == "Too many requests hit the API too quickly."
    assert told(refused) == (2, 0)
    assert (refused["Retry-After"], refused["X-Rate-Limit-Type"]) == ("50", "api_calls")
    assert refused["X-Rate-Limit-Retry"] == "1800000060"
    assert ApiCall.objects.filter(status=429).count() == 1
    assert client.get("/v1/vouchers", headers=others).status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_060.0)
    assert told(client.get("/v1/vouchers", headers=keys)) == (2, 1)


def test_a_wrong_key_uses_up_nobodys_limit(client, settings, one_minute):
    settings.RATE_LIMIT_PER_MINUTE = 1
    keys = make_key()
    for _ in range(3):
        assert client.get("/v1/vouchers", headers={**keys, "X-App-Token": "guess"}).status_code == 401
    assert client.get("/v1/vouchers", headers=keys).status_code == 200


def test_a_page_is_limited_by_its_key_too(client, settings, one_minute):
    settings.RATE_LIMIT_PER_MINUTE = 1
    keys = make_client_key()
    statuses = [client.get("/client/v1/validate?code=X", headers=keys).status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_a_cache_that_is_down_stops_no_sale(client, settings, monkeypatch):
    settings.RATE_LIMIT_PER_MINUTE = 1

    def broken(*arguments, **options):
        raise ConnectionError("connection refused")

    monkeypatch.setattr(type(cache._connections[cache._alias]), "add", broken)
    keys = make_key()
    assert [client.get("/v1/vouchers", headers=keys).status_code for _ in range(3)] == [200, 200, 200]
