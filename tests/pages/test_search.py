"""The search box: what was asked for by name opens, several are grouped, and a code that never existed is told of."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import urlencode

from redemptions.models import Order
from tests.factories import (
    make_campaign,
    make_customer,
    make_redemption,
    make_rollback,
    make_user,
    make_voucher,
)
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(client):
    client.force_login(make_user("User"))
    return client


def search(client, text: str, **more):
    return client.get(f"{reverse('pages:search')}?{urlencode({'q': text, **more})}")


def opened(client, text: str) -> str:
    answer = search(client, text)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


@pytest.mark.parametrize("typed", ["SPRING-2026-A", "spring-2026-a", "Spring 2026 A", "spring2026a", "SPRING_2026_A"])
def test_a_code_is_forgiven_case_blanks_and_dashes(support, typed):
    make_voucher(code="SPRING-2026-A")
    make_voucher(code="SPRING-2026-B")
    assert opened(support, f"  {typed} ") == reverse("vouchers:detail", args=["SPRING-2026-A"])


def test_what_is_typed_exactly_wins_over_what_only_reads_alike(support):
    make_voucher(code="AB-1")
    make_voucher(code="A-B1")
    assert opened(support, "A-B1") == reverse("vouchers:detail", args=["A-B1"])
    page = search(support, "ab1").content.decode()
    assert "AB-1" in page
    assert "A-B1" in page


def test_every_id_opens_its_page(support):
    voucher, campaign, customer = (
        make_voucher(code="A"),
        make_campaign(name="Spring"),
        make_customer(source_id="shop-1"),
    )
    redemption = make_redemption(code="B", request_id="v-1")
    rollback = make_rollback(make_redemption(code="C"))
    for typed, page in {
        voucher.public_id: reverse("vouchers:detail", args=["A"]),
        campaign.public_id: reverse("campaigns:detail", args=[campaign.public_id]),
        "spring": reverse("campaigns:detail", args=[campaign.public_id]),
        customer.public_id: reverse("campaigns:customer_detail", args=[customer.public_id]),
        "shop-1": reverse("campaigns:customer_detail", args=[customer.public_id]),
        redemption.public_id: reverse("redemptions:detail", args=[redemption.public_id]),
        "v-1": reverse("redemptions:detail", args=[redemption.public_id]),
        rollback.public_id: reverse("redemptions:detail", args=[rollback.redemption.public_id]),
    }.items():
        assert opened(support, typed) == page, typed


def test_a_customer_is_found_by_mail_and_by_the_beginning_of_the_name(support):
    ana = make_customer(name="Ana Gómez", email="ana@example.com")
    make_customer(name="Anatol", email="anatol@example.com")
    assert opened(support, "ANA@example.com") == reverse("campaigns:customer_detail", args=[ana.public_id])
    page = search(support, "ana").content.decode()
    assert "Ana Gómez" in page
    assert "Anatol" in page


def test_an_order_leads_to_its_attempt(support):
    redemption = make_redemption(code="A")
    Order.objects.create(source_id="cart-7", redemptions={redemption.public_id: {}})
    assert opened(support, "cart-7") == reverse("redemptions:detail", args=[redemption.public_id])


def test_a_request_shows_its_call_and_its_attempt(support):
    redemption = make_redemption(code="A", request_id="v-7")
    ApiCall.objects.create(
        created_at=redemption.created_at, request_id="v-7", method="POST", path="/v1/x", status=200, duration_ms=5
    )
    page = search(support, "v-7").content.decode()
    assert reverse("redemptions:detail", args=[redemption.public_id]) in page
    assert reverse("api:call_detail", args=["v-7"]) in page


def test_a_code_that_never_existed_says_how_often_it_was_tried_and_when_last(support):
    for day in (1, 2):
        make_redemption(code="SPRNG", failure_code="not_found", created_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    page = search(support, "sprng").content.decode()
    assert "tried 2 times, last 2 Mar 2026 12:00" in page
    assert reverse("redemptions:list") in page
    never = search(support, "NEVER").content.decode()
    assert "No voucher has this code, and it was never tried" in never


def test_what_somebody_may_not_see_is_not_found(client):
    make_customer(source_id="shop-1", name="Ana")
    make_voucher(code="A")
    client.force_login(make_user("Merchant"))
    assert "Nothing is called" in search(client, "shop-1").content.decode()
    assert opened(client, "a") == reverse("vouchers:detail", args=["A"])


def test_lines_are_suggested_while_one_types(support):
    make_voucher(code="SPRING-1")
    lines = search(support, "spri", suggest="").content.decode()
    assert 'role="option"' in lines
    assert "SPRING-1" in lines
    assert "<html" not in lines


@pytest.mark.parametrize("text", ["", "%00", "x" * 300, "'; DROP", "%", "--", "_", "\\", "v_", "\u202e"])
def test_whatever_is_typed_is_answered(support, text):
    make_voucher(code="A")
    assert support.get(f"{reverse('pages:search')}?q={text}").status_code in (200, 302)


def test_a_search_is_a_fixed_number_of_short_queries(support):
    def asked(text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            search(support, text)
        return len(queries)

    few = asked("nothing at all")
    for number in range(30):
        make_redemption(code="NOTHING", failure_code="not_found")
        make_voucher(code=f"NOTHING-{number}")
        make_customer(name=f"Nothing {number}")
    assert asked("nothing") <= few + 4 <= 30
