"""The list of vouchers: what it shows, what can be asked of it, what it costs."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_campaign, make_user, make_voucher
from vouchers.models import Voucher
from vouchers.words import STATES, state_condition, voucher_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    """Answer the list for a query, as a viewer sees it."""
    client.force_login(make_user("Viewer"))

    def get(**query):
        response = client.get(reverse("vouchers:list"), query)
        assert response.status_code == 200
        return response

    return get


def shown(response) -> set[str]:
    return {row.code for row in response.context["table"].data}


def make_one_of_each_state() -> dict[str, set[str]]:
    now = timezone.now()
    past, future = now - timedelta(days=2), now + timedelta(days=2)
    over = make_campaign(name="Over", expiration_date=past)
    coming = make_campaign(name="Coming", start_date=future)
    off = make_campaign(name="Off", is_active=False)
    running = make_campaign(name="Running", start_date=past, expiration_date=future)
    made = {
        "ACTIVE": [
            make_voucher(),
            make_voucher(campaign=running, quantity=2, redeemed_quantity=1),
            make_voucher(type="GIFT_VOUCHER", gift_balance=1),
            make_voucher(start_date=past, expiration_date=future),
        ],
        "DISABLED": [
            make_voucher(is_active=False),
            make_voucher(campaign=off),
            make_voucher(is_active=False, expiration_date=past),
        ],
        "NOT_YET_ACTIVE": [make_voucher(start_date=future), make_voucher(campaign=coming)],
        "EXPIRED": [make_voucher(expiration_date=past), make_voucher(campaign=over, quantity=1, redeemed_quantity=1)],
        "USED_UP": [
            make_voucher(quantity=1, redeemed_quantity=1),
            make_voucher(type="GIFT_VOUCHER", gift_balance=0, gift_amount=500),
        ],
    }
    return {state: {voucher.code for voucher in vouchers} for state, vouchers in made.items()}


def test_each_state_finds_exactly_the_vouchers_that_show_it():
    codes = make_one_of_each_state()
    now = timezone.now()
    for state, _ in STATES:
        assert (
            set(Voucher.objects.filter(state_condition(state, now=now)).values_list("code", flat=True))
            == (codes[state])
        )
        for voucher in Voucher.objects.filter(code__in=codes[state]):
            assert voucher_state(voucher, now=now)[0] == state


def test_the_list_is_filtered_by_state(page):
    codes = make_one_of_each_state()
    assert shown(page(state=["EXPIRED", "USED_UP"])) == codes["EXPIRED"] | codes["USED_UP"]


def test_a_code_is_found_whole_in_any_case_and_by_its_beginning_with_a_star(page):
    for code in ("SPRING-1", "SPRING-2", "AUTUMN-1"):
        make_voucher(code=code)
    assert shown(page(code="spring-1")) == {"SPRING-1"}
    assert shown(page(code="SPRING")) == set()
    assert shown(page(code="SPRING*")) == {"SPRING-1", "SPRING-2"}


def test_a_star_alone_is_refused_and_shows_no_rows(page):
    make_voucher()
    response = page(code="*")
    assert shown(response) == set()
    assert b"Write at least one character" in response.content


def test_a_campaign_is_asked_by_name_and_an_unknown_one_finds_nothing(page):
    voucher = make_voucher(campaign=make_campaign(name="Black Friday & Co"))
    make_voucher()
    assert shown(page(campaign="Black Friday & Co")) == {voucher.code}
    assert shown(page(campaign="White Monday")) == set()


def test_type_and_creation_date_narrow_the_list(page):
    old = make_voucher(created_at=timezone.now() - timedelta(days=40))
    gift = make_voucher(type="GIFT_VOUCHER")
    assert shown(page(type="GIFT_VOUCHER")) == {gift.code}
    assert shown(page(period="30d")) == {gift.code}
    assert shown(page(date_to=(timezone.now() - timedelta(days=10)).date().isoformat())) == {old.code}


def test_a_row_tells_value_state_and_use(page):
    make_voucher(code="GIFT-7", type="GIFT_VOUCHER", gift_balance=1250, gift_amount=5000)
    make_voucher(code="TEN", discount={"type": "PERCENT", "percent_off": 10}, quantity=5, redeemed_quantity=3)
    content = page().content.decode()
    assert "€12.50 of €50.00 left" in content
    assert "10\N{NO-BREAK SPACE}% off" in content
    assert "3 / 5" in content


def test_the_next_page_goes_on_where_the_first_ended(page, monkeypatch):
    monkeypatch.setattr("vouchers.views.VoucherListView.page_size", 3)
    codes = {make_voucher().code for _ in range(5)}
    first = page()
    second = page(after=first.context["page"].older)
    assert len(shown(first)) == 3
    assert shown(first) | shown(second) == codes


def test_queries_do_not_grow_with_the_rows(page, django_assert_num_queries, django_assert_max_num_queries):
    def fill(number):
        for index in range(number):
            make_voucher(campaign=make_campaign(), type="GIFT_VOUCHER" if index % 2 else "DISCOUNT_VOUCHER")

    fill(2)
    with django_assert_max_num_queries(8) as few:
        page()
    fill(20)
    with django_assert_num_queries(len(few)):
        page()


def test_who_is_not_signed_in_is_led_to_the_sign_in_page(client):
    response = client.get(reverse("vouchers:list"))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))
