"""The histogram and the facets of the API log: each number is that of the list behind its link."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from tests.factories import make_user
from voucherify_admin.api.filters import CallFilter
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 3, 12, 20, tzinfo=UTC)
EXPLORER = "/log/explorer/"


@pytest.fixture
def calls():
    for number in range(60):
        ApiCall.objects.create(
            created_at=NOW - timedelta(minutes=number * 97),
            request_id=f"v-{number}",
            method=["GET", "POST", "OPTIONS"][number % 3],
            path="/v1/vouchers/A",
            endpoint=["/v1/vouchers/{code}", "/v1/redemptions", ""][number % 3],
            status=[200, 404, 500, 201][number % 4],
            duration_ms=5,
            channel=["API", "Dashboard"][number % 2],
            key_name=f"Till {number % 9}",
        )


def listed(address: str, user) -> int:
    path, _, query = address.partition("?")
    request = RequestFactory().get(address)
    request.user = user
    filterset = CallFilter(QueryDict(query), ApiCall.objects.all(), request=request)
    assert filterset.is_valid(), (address, filterset.errors_named())
    assert path == "/log/"
    return filterset.rows().count()


@pytest.mark.parametrize(
    "question",
    [
        "",
        "status=failure",
        "status_not=failure&method=GET",
        "key=Till+1&key_op=not&channel=API",
        "endpoint=/v1/red&endpoint_op=starts&date_from=2026-11-02",
        "path=nowhere",
    ],
)
def test_each_number_is_that_of_the_list_behind_it(client, calls, question):
    user = make_user("Administrator")
    client.force_login(user)
    answer = client.get(f"{EXPLORER}?{question}")
    histogram, facets = answer.context["histogram"], answer.context["facets"]
    assert histogram.total == listed(f"/log/?{question}", user)
    for _, _, number, url in histogram.legend:
        assert not number or listed(url, user) == number
    for bar in histogram.drawing.bars if histogram.drawing else []:
        assert listed(bar.url, user) == bar.total
        for part in bar.parts:
            assert listed(part.url, user) == part.number
    assert [shown.facet.name for shown in facets] == ["endpoint", "method", "status", "channel", "key"]
    for shown in facets:
        for entry in shown.entries:
            assert listed(entry.only, user) == entry.number, (shown.facet.name, entry)


def test_the_log_fetches_them_and_only_for_whom_it_is_open(client, calls):
    assert client.get(EXPLORER).status_code == 302
    client.force_login(make_user("Merchant"))
    assert client.get(EXPLORER).status_code == 403
    client.force_login(make_user("Viewer"))
    assert 'hx-get="/log/explorer/?status=failure"' in client.get("/log/?status=failure").content.decode()
    fragment = client.get(f"{EXPLORER}?status=failure", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "Failure · " in fragment
