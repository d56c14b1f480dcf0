"""The Redemptions view: who sees it, what a row says, and that it costs the same with more rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_campaign, make_customer, make_redemption, make_user, make_voucher

pytestmark = pytest.mark.django_db

LIST = "/redemptions/"


def sign_in(client, role="User"):
    user = make_user(role)
    client.force_login(user)
    return user


def test_a_stranger_is_led_to_the_sign_in_page_and_back(client):
    answer = client.get(f"{LIST}?status=FAILED")
    assert answer.status_code == 302
    assert answer.url == f"{reverse('account_login')}?next=/redemptions/%3Fstatus%3DFAILED"


def test_someone_without_a_role_is_refused(client):
    client.force_login(make_user(role=""))
    assert client.get(LIST).status_code == 403


@pytest.mark.parametrize("role", ["Administrator", "User", "Viewer", "Merchant"])
def test_each_role_sees_the_attempts(client, role):
    sign_in(client, role)
    make_redemption(code="SPRING-1")
    assert "SPRING-1" in client.get(LIST).content.decode()


def test_a_row_tells_the_attempt_in_words(client):
    sign_in(client)
    campaign = make_campaign(name="Spring sale")
    voucher = make_voucher(code="SPRING-1", campaign=campaign)
    make_redemption(
        voucher=voucher,
        customer=make_customer(name="Ana Gómez"),
        failure_code="quantity_exceeded",
        facts={"limit": 100, "used": 100},
        amount=123456,
        channel_name="Till 4",
    )
    page = client.get(LIST).content.decode()
    for text in ("SPRING-1", "Spring sale", "Ana Gómez", "€1,234.56", "Used 100 of 100", "Till 4", "Failed"):
        assert text in page


def test_the_newest_attempt_stands_first_and_the_next_page_goes_on_from_the_last(client):
    sign_in(client)
    now = timezone.now()
    rows = [make_redemption(code=f"C-{number:03}", created_at=now - timedelta(minutes=number)) for number in range(60)]
    first = client.get(LIST)
    shown = [row.pk for row in first.context["page"].rows]
    assert shown == [row.pk for row in rows[:50]]
    second = client.get(LIST, {"after": first.context["page"].older})
    assert [row.pk for row in second.context["page"].rows] == [row.pk for row in rows[50:]]


def test_a_row_leads_to_the_attempt_and_takes_the_question_along(client):
    sign_in(client)
    attempt = make_redemption(code="SPRING-1")
    page = client.get(LIST, {"code": "SPRING-1", "status": "SUCCEEDED"}).content.decode()
    assert f'href="/redemptions/{attempt.public_id}/?code=SPRING-1&amp;status=SUCCEEDED"' in page


def test_htmx_gets_the_list_alone(client):
    sign_in(client)
    make_redemption(code="SPRING-1")
    answer = client.get(LIST, headers={"HX-Request": "true", "HX-Target": "list"})
    assert b"SPRING-1" in answer.content
    assert b"<html" not in answer.content


def test_who_was_signed_in_is_told_to_administrators_only(client):
    colleague = make_user("User", username="marta.k")
    make_redemption(channel_type="USER", channel_name=colleague.username, user=colleague)
    sign_in(client, "Administrator")
    assert "Dashboard, marta.k" in client.get(LIST).content.decode()
    for role in ("User", "Viewer", "Merchant"):
        sign_in(client, role)
        page = client.get(LIST).content.decode()
        assert "marta.k" not in page
        assert "Dashboard" in page


@pytest.mark.parametrize("role", ["Administrator", "User"])
def test_more_rows_cost_no_more_queries(client, role):
    sign_in(client, role)
    make_redemption(voucher=make_voucher(), customer=make_customer())
    with CaptureQueriesContext(connection) as one_row:
        client.get(LIST)
    for _ in range(30):
        make_redemption(
            voucher=make_voucher(campaign=make_campaign()),
            customer=make_customer(),
            failure_code="voucher_expired",
            facts={"expired_at": "2026-03-01T22:59:00+00:00"},
        )
    with CaptureQueriesContext(connection) as many_rows:
        client.get(LIST)
    assert len(many_rows) == len(one_row) <= 9
