"""Rolling back on the page: what is shown before, what must be said, what is kept after."""

import threading

import pytest
from django.db import connection, connections
from django.test import Client

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption, Rollback
from tests.factories import make_redemption, make_rollback, make_user, make_voucher
from voucherify_admin.api.models import ApiCall
from vouchers.models import Voucher

SHOP = Channel("API", "app-1", "Web shop")


def redeem(voucher: Voucher, amount: int = 1000) -> Redemption:
    return actions.redeem(RedeemRequest(code=voucher.code, channel=SHOP, order={"amount": amount}))


def address(attempt: Redemption) -> str:
    return f"/redemptions/{attempt.public_id}/roll-back/"


@pytest.fixture
def person(client):
    user = make_user("User", username="marta")
    client.force_login(user)
    return user


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"), [("Administrator", 200), ("User", 200), ("Viewer", 403), ("Merchant", 403)]
)
def test_who_may_roll_back_is_checked_on_the_server(client, role, status):
    attempt = redeem(make_voucher())
    client.force_login(make_user(role))
    assert client.get(address(attempt)).status_code == status
    if status == 403:
        assert client.post(address(attempt), {"reason": "x"}).status_code == 403
        assert not Rollback.objects.exists()


@pytest.mark.django_db
def test_the_preview_shows_counter_and_balance_before_and_after(client, person):
    voucher = make_voucher(type="GIFT_VOUCHER", gift_balance=5000, redeemed_quantity=4)
    page = client.get(address(redeem(voucher))).content.decode()
    for text in ("Times redeemed", "€40.00", "€50.00", "+€10.00", ">5<", "<b>4</b>", "−1"):
        assert text in page


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "   "])
def test_a_reason_must_be_given(client, person, reason):
    attempt = redeem(make_voucher())
    answer = client.post(address(attempt), {"reason": reason})
    assert "Say why this redemption is rolled back." in answer.content.decode()
    assert not Rollback.objects.exists()


@pytest.mark.django_db
def test_a_reason_that_is_too_long_stays_in_its_field(client, person):
    answer = client.post(address(redeem(make_voucher())), {"reason": "x" * 1001})
    page = answer.content.decode()
    assert "x" * 1001 in page
    assert "at most 1000 characters" in page
    assert not Rollback.objects.exists()


@pytest.mark.django_db
def test_a_rollback_gives_the_use_back_and_is_recorded_with_person_and_reason(client, person):
    voucher = make_voucher(type="GIFT_VOUCHER", gift_balance=5000)
    attempt = redeem(voucher)
    answer = client.post(f"{address(attempt)}?status=SUCCEEDED", {"reason": "Wrong size"}, follow=True)
    assert answer.redirect_chain == [(f"/redemptions/{attempt.public_id}/?status=SUCCEEDED", 302)]
    assert "is rolled back" in answer.content.decode()
    rollback = Rollback.objects.get()
    assert (rollback.result, rollback.reason, rollback.channel_type) == ("SUCCESS", "Wrong size", "USER")
    assert (rollback.user, rollback.channel_id, rollback.channel_name) == (person, person.public_id, "marta")
    voucher.refresh_from_db()
    assert (voucher.redeemed_quantity, voucher.gift_balance) == (0, 5000)
    attempt.refresh_from_db()
    assert attempt.status == "ROLLED_BACK"


@pytest.mark.django_db
def test_it_appears_among_the_events_of_the_voucher(client, person):
    attempt = redeem(make_voucher(code="SPRING-1"))
    client.post(address(attempt), {"reason": "Wrong size"})
    call = ApiCall.objects.touching("voucher", "SPRING-1").get()
    assert (call.channel, call.method, call.user_login) == ("dashboard", "POST", "marta")
    assert "Wrong size" in call.request_body
    assert Rollback.objects.get().public_id in call.response_body
    assert Rollback.objects.get().request_id == call.request_id
    assert ApiCall.objects.touching("redemption", attempt.public_id).exists()


@pytest.mark.django_db
def test_one_that_was_rolled_back_says_by_whom_and_when_and_offers_no_button(client, person):
    attempt = redeem(make_voucher())
    make_rollback(attempt, channel_type="USER", channel_name="jan", reason="Returned")
    page = client.get(address(attempt)).content.decode()
    assert "Already rolled back" in page
    assert "jan" in page
    assert "Returned" in page
    assert 'name="reason"' not in page


@pytest.mark.django_db
def test_a_failure_cannot_be_rolled_back(client, person):
    attempt = make_redemption(failure_code="voucher_expired")
    assert "cannot be rolled back" in client.get(address(attempt)).content.decode()
    answer = client.post(address(attempt), {"reason": "Try"}, follow=True)
    assert "Nothing was changed" in answer.content.decode()
    assert Rollback.objects.get().result == "FAILURE"


@pytest.mark.django_db
def test_an_unknown_redemption_is_not_found(client, person):
    assert client.get("/redemptions/r_nothing/roll-back/").status_code == 404
    assert client.post("/redemptions/r_nothing/roll-back/", {"reason": "x"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_roll_back_once_and_tell_the_second(db):
    voucher = make_voucher(quantity=5)
    attempt = redeem(voucher)
    # Without a role: the groups go when a test that commits is cleaned up after.
    user = make_user("", is_superuser=True)
    barrier, told = threading.Barrier(2), []

    def press() -> None:
        browser = Client()
        browser.force_login(user)
        barrier.wait()
        told.append(browser.post(address(attempt), {"reason": "Wrong size"}, follow=True).content.decode())
        connections.close_all()

    presses = [threading.Thread(target=press) for _ in range(2)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert sorted("Nothing was changed" in page for page in told) == [False, True]
    assert sorted(Rollback.objects.values_list("result", flat=True)) == ["FAILURE", "SUCCESS"]
    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 0
    assert connection.vendor == "postgresql"
