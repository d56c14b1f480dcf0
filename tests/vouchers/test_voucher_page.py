"""The page of one voucher: its state in a sentence, its rules, switching it on and off, and codes without a voucher."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_campaign, make_rule, make_segment, make_user, make_voucher
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    """Answer the page of a code, as a marketing user sees it unless told otherwise."""

    def get(code, *, role="User", **query):
        client.force_login(make_user(role))
        return client.get(reverse("vouchers:detail", args=[code]), query)

    return get


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "It can be redeemed now, without limit of time or number."),
        ({"quantity": 3, "redeemed_quantity": 2}, "It can be redeemed now, 1 more time."),
        ({"is_active": False}, "It would be refused now: the voucher is disabled."),
        ({"start_date": "2999-01-02T10:00Z"}, "It would be refused now: the voucher starts 2 Jan 2999 10:00:00."),
        ({"expiration_date": "2020-01-02T10:00Z"}, "It would be refused now: the voucher expired 2 Jan 2020 10:00:00."),
        (
            {"quantity": 100, "redeemed_quantity": 100},
            "It would be refused now: it has been used as often as it may be (limit 100, used 100).",
        ),
        (
            {"type": "GIFT_VOUCHER", "gift_balance": 0, "gift_amount": 5000},
            "It would be refused now: nothing is left of its €50.00.",
        ),
        ({"type": "GIFT_VOUCHER", "gift_balance": 1200}, "It can be redeemed now, for up to €12.00."),
    ],
)
def test_one_sentence_says_whether_and_why_not_it_can_be_redeemed_now(page, changes, sentence):
    response = page(make_voucher(**changes).code)
    assert sentence in response.content.decode()


def test_a_campaign_that_is_over_is_named_as_the_reason(page):
    campaign = make_campaign(name="Winter", expiration_date=timezone.now() - timedelta(days=1))
    content = page(make_voucher(campaign=campaign).code).content.decode()
    assert "its campaign “Winter” expired" in content
    assert reverse("campaigns:detail", args=[campaign.public_id]) in content


@pytest.mark.parametrize("code", ["A/B", "SUMMER SALE", "50%", "ĄĘ-1", "a?b#c", "X/enable", "A&B=C"])
def test_any_code_has_its_page(page, code):
    make_voucher(code=code)
    response = page(code)
    assert response.status_code == 200
    assert response.context["voucher"].code == code


def test_the_rules_are_told_in_words_with_the_names_of_segments(page):
    segment = make_segment(name="Regulars")
    campaign = make_campaign()
    voucher = make_voucher(campaign=campaign)
    make_rule(
        {
            "1": {"name": "order.amount", "conditions": {"$more_than_or_equal": [5000]}},
            "2": {"name": "customer.segment", "conditions": {"$is": [segment.public_id]}},
            "3": {"name": "customer.metadata", "property": "city", "conditions": {"$in": ["Poznań", "Łódź"]}},
            "logic": "1 and (2 or 3)",
        },
        on=voucher,
        name="Spring minimum",
    )
    make_rule(
        {"1": {"name": "redemption.count.per_customer", "conditions": {"$less_than": [2]}}}, on=campaign, name="Once"
    )
    content = page(voucher.code).content.decode()
    assert "Spring minimum" in content
    assert "the order&#x27;s amount is at least €50.00" in content
    assert "the customer&#x27;s segments include “Regulars”" in content
    assert "is one of “Poznań” or “Łódź”" in content
    assert "1 and (2 or 3)" in content
    assert "the number of the customer&#x27;s redemptions, this one counted, is less than 2" in content
    assert "from the campaign" in content


def test_a_rule_that_cannot_be_read_is_said_and_does_not_break_the_page(page):
    voucher = make_voucher()
    make_rule({"1": {"name": "moon.phase"}}, on=voucher)
    response = page(voucher.code)
    assert response.status_code == 200
    assert b"This rule cannot be read" in response.content


def test_a_code_without_voucher_has_a_helpful_page_that_is_not_found(page):
    response = page("NEVER/WAS 1")
    assert response.status_code == 404
    content = response.content.decode()
    assert "it most likely never existed" in content
    assert f"{reverse('redemptions:list')}?code=NEVER%2FWAS%201" in content


def test_attempts_come_from_the_list_of_redemptions_by_its_address(page):
    content = page(make_voucher(code="A&B").code).content.decode()
    assert f'hx-get="{reverse("redemptions:list")}?code=A%26B"' in content
    assert f'<a href="{reverse("redemptions:list")}?code=A%26B"' in content


def test_disabling_and_enabling_are_done_by_a_post_and_logged_as_events(client):
    client.force_login(make_user("User", username="marta"))
    voucher = make_voucher(code="SPRING-1")
    response = client.post(reverse("vouchers:disable", args=[voucher.public_id]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("vouchers:detail", args=["SPRING-1"])
    assert "SPRING-1 is disabled." in response.content.decode()
    voucher.refresh_from_db()
    assert voucher.is_active is False
    client.post(reverse("vouchers:enable", args=[voucher.public_id]))
    voucher.refresh_from_db()
    assert voucher.is_active is True

    enabled, disabled = ApiCall.objects.touching("voucher", "SPRING-1").order_by("-created_at")
    assert (disabled.channel, disabled.method, disabled.user_login) == ("dashboard", "POST", "marta")
    assert '"active": false' in disabled.response_body
    assert '"active": true' in enabled.response_body


@pytest.mark.parametrize("role", ["Viewer", "Merchant"])
def test_who_may_not_change_vouchers_sees_no_button_and_is_refused(client, role):
    client.force_login(make_user(role))
    voucher = make_voucher()
    assert b"Disable" not in client.get(reverse("vouchers:detail", args=[voucher.code])).content
    assert client.post(reverse("vouchers:disable", args=[voucher.public_id])).status_code == 403
    voucher.refresh_from_db()
    assert voucher.is_active is True


def test_a_voucher_is_not_switched_by_a_link(client):
    client.force_login(make_user("User"))
    assert client.get(reverse("vouchers:disable", args=[make_voucher().public_id])).status_code == 405
