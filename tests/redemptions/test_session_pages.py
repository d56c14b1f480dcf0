"""What carts keep of a code, on its page: until when, how much, and a button that lets go of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from redemptions.models import Redemption, SessionLock
from tests.factories import make_key, make_user, make_voucher
from voucherify_admin.api.models import ApiCall

pytestmark = pytest.mark.django_db


def kept(code: str, session: str, credits: int = 500) -> None:
    """A cart of a shop keeps the code, as a shop has it done."""
    body = {
        "redeemables": [{"object": "voucher", "id": code, "gift": {"credits": credits}}],
        "session": {"type": "LOCK", "key": session, "ttl": 2, "ttl_unit": "HOURS"},
    }
    answer = Client(headers=make_key()).post("/v1/validations", body, content_type="application/json")
    assert answer.json()["valid"], answer.json()


def fragment(client: Client, code: str):
    return client.get(f"/sessions/?code={code}", headers={"HX-Request": "true", "HX-Target": "sessions"})


def test_the_voucher_page_asks_for_what_sessions_keep_and_shows_key_credits_and_end(client):
    make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    make_voucher(code="OTHER", type="GIFT_VOUCHER", gift_balance=5000)
    kept("GIFT", "cart-1", 1234)
    kept("OTHER", "cart-2")
    client.force_login(make_user("User"))

    assert 'hx-get="/sessions/?code=GIFT"' in client.get("/vouchers/GIFT/").content.decode()
    text = fragment(client, "GIFT").content.decode()

    assert "Kept by sessions" in text
    assert "cart-1" in text
    assert "€12.34" in text
    assert "cart-2" not in text
    (row,) = SessionLock.objects.filter(voucher__code="GIFT")
    assert row.expires_at.isoformat()[:16] in text.replace("Z", "+00:00")


def test_a_code_that_nobody_keeps_or_no_longer_shows_nothing(client):
    voucher = make_voucher(code="TEN")
    past = timezone.now() - timedelta(seconds=1)
    SessionLock.objects.create(voucher=voucher, session_key="gone", expires_at=past)
    client.force_login(make_user("User"))

    answer = fragment(client, "TEN")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "No session keeps a code" in client.get("/sessions/").content.decode()


def test_the_button_lets_go_and_the_act_is_among_the_voucher_s_events(client):
    make_voucher(code="TEN 1/2", quantity=1)
    kept("TEN 1/2", "cart-1")
    user = make_user("Merchant")
    client.force_login(user)
    assert "/sessions/release/" in fragment(client, "TEN%201/2").content.decode()

    answer = client.post("/sessions/release/", {"code": "TEN 1/2", "session": "cart-1"}, follow=True)

    assert answer.redirect_chain == [("/vouchers/TEN%201/2/", 302)]
    assert "keeps TEN 1/2 no longer" in answer.content.decode()
    assert not SessionLock.objects.exists()
    event = ApiCall.objects.touching("voucher", "TEN 1/2").get(channel="dashboard")
    assert (event.user_login, event.status, event.path) == (user.username, 200, "/sessions/release/")
    client.post("/redeem/", {"redeem": "1", "code": "TEN 1/2"})
    assert Redemption.objects.get().result == "SUCCESS"


def test_letting_go_twice_says_that_there_was_nothing(client):
    make_voucher(code="TEN")
    client.force_login(make_user("User"))

    answer = client.post("/sessions/release/", {"code": "TEN", "session": "cart-1"}, follow=True)

    assert "kept TEN no longer" in answer.content.decode()
    assert ApiCall.objects.get(channel="dashboard").status == 404
    assert client.post("/sessions/release/", {"code": "NO-SUCH", "session": "x\x00"}).status_code == 404


def test_who_may_only_look_has_no_button_and_may_not_let_go(client):
    make_voucher(code="TEN")
    kept("TEN", "cart-1")
    client.force_login(make_user("Viewer"))

    assert "Release" not in fragment(client, "TEN").content.decode()
    assert client.post("/sessions/release/", {"code": "TEN", "session": "cart-1"}).status_code == 403
    assert SessionLock.objects.count() == 1
    client.force_login(make_user(""))
    assert client.get("/sessions/").status_code == 403


def test_the_list_of_all_sessions_leads_to_their_vouchers(client):
    make_voucher(code="TEN")
    make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    kept("TEN", "cart-1")
    kept("GIFT", "cart-2", 700)
    client.force_login(make_user("User"))

    text = client.get("/sessions/").content.decode()

    for told in ('href="/vouchers/TEN/"', 'href="/vouchers/GIFT/"', "cart-1", "cart-2", "€7.00"):
        assert told in text
    assert "cart-1" not in client.get("/sessions/?session=cart-2").content.decode()
