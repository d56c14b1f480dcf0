"""The till: validating and redeeming by hand, what is kept of it, and that pressing twice redeems once."""

import threading

import pytest
from django.db import connections
from django.test import Client

from redemptions.models import Redemption
from tests.factories import make_customer, make_rule, make_user, make_voucher
from voucherify_admin.api.models import ApiCall
from vouchers.models import Voucher

PAGE = "/redeem/"


@pytest.fixture
def merchant(client):
    user = make_user("Merchant", username="kasia")
    client.force_login(user)
    return user


def press(client, button: str = "redeem", **typed):
    return client.post(PAGE, {button: "1", **typed})


def items(*lines: dict) -> dict:
    """The fields of the order's lines as the form posts them."""
    posted = {"items-TOTAL_FORMS": "3", "items-INITIAL_FORMS": "0"}
    for number, line in enumerate(lines):
        posted |= {f"items-{number}-{name}": value for name, value in line.items()}
    return posted


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"), [("Administrator", 200), ("User", 200), ("Merchant", 200), ("Viewer", 403)]
)
def test_who_may_redeem_is_checked_on_the_server(client, role, status):
    client.force_login(make_user(role))
    assert client.get(PAGE).status_code == status
    make_voucher(code="SPRING-1")
    if status == 403:
        assert press(client, code="SPRING-1").status_code == 403
        assert not Redemption.objects.exists()


@pytest.mark.django_db
def test_redeeming_uses_the_code_and_records_the_person(client, merchant):
    make_voucher(code="SPRING-1")
    answer = client.post(PAGE, {"redeem": "1", "code": " SPRING-1 ", "amount": "50,00"}, follow=True)
    attempt = Redemption.objects.get()
    assert answer.redirect_chain == [(f"/redeem/?done={attempt.public_id}", 302)]
    page = answer.content.decode()
    for text in ("Redeemed", "SPRING-1", "€50.00", "€10.00", "€40.00", f"/redemptions/{attempt.public_id}/"):
        assert text in page
    assert (attempt.status, attempt.amount, attempt.discount_amount) == ("SUCCEEDED", 5000, 1000)
    assert (attempt.channel_type, attempt.channel_id, attempt.channel_name) == ("USER", merchant.public_id, "kasia")
    assert attempt.user == merchant
    assert Voucher.objects.get().redeemed_quantity == 1


@pytest.mark.django_db
def test_validating_tells_what_the_customer_saves_and_records_no_attempt(client, merchant):
    make_voucher(code="SPRING-1")
    page = press(client, "validate", code="SPRING-1", amount="50.00").content.decode()
    for text in ("Valid: it would be redeemed", "The customer saves", "€10.00", "€40.00", 'value="SPRING-1"'):
        assert text in page
    assert not Redemption.objects.exists()
    assert Voucher.objects.get().redeemed_quantity == 0


@pytest.mark.django_db
def test_without_an_order_it_says_what_the_code_gives(client, merchant):
    make_voucher(code="SPRING-1")
    page = press(client, "validate", code="SPRING-1").content.decode()
    assert "The code gives" in page
    assert "€10.00 off" in page


@pytest.mark.django_db
@pytest.mark.parametrize("button", ["redeem", "validate"])
def test_a_refusal_reads_as_a_sentence_with_a_line_for_the_customer_and_keeps_what_was_typed(client, merchant, button):
    voucher = make_voucher(code="SPRING-1")
    clause = {"name": "order.amount", "conditions": {"$more_than_or_equal": [5000]}}
    make_rule({"1": clause, "logic": "1"}, on=voucher, name="Spring minimum")
    typed = {"code": "SPRING-1", "amount": "38", "customer": "shop-ana", "metadata_key": "till", "metadata_value": "4"}
    page = press(client, button, **typed).content.decode()
    assert "Order €38.00 is below the minimum €50.00 of rule “Spring minimum”." in page
    assert "Please add something more." in page
    for value in typed.values():
        assert f'value="{value}"' in page
    assert Redemption.objects.count() == (button == "redeem")


@pytest.mark.django_db
def test_a_code_that_does_not_exist_is_an_attempt_too(client, merchant):
    page = press(client, code="NO-SUCH").content.decode()
    attempt = Redemption.objects.get()
    assert (attempt.failure_code, attempt.code, attempt.user) == ("not_found", "NO-SUCH", merchant)
    assert "No voucher has the code “NO-SUCH”" in page
    assert f"/redemptions/{attempt.public_id}/" in page


@pytest.mark.django_db
def test_credits_of_a_gift_card_are_taken_in_whole_cents(client, merchant):
    make_voucher(code="GIFT-1", type="GIFT_VOUCHER", gift_balance=5000)
    page = client.post(PAGE, {"redeem": "1", "code": "GIFT-1", "amount": "30", "credits": "12,34"}, follow=True)
    assert "€12.34" in page.content.decode()
    assert "€37.66 of €50.00 left" in page.content.decode()
    assert Voucher.objects.get().gift_balance == 3766


@pytest.mark.django_db
def test_items_customer_and_metadata_are_part_of_the_attempt(client, merchant):
    make_voucher(code="SPRING-1")
    customer = make_customer(source_id="shop-ana")
    typed = items({"product_id": "shoe", "quantity": "2", "price": "25,00"}, {}, {"product_id": "bag", "price": "9.90"})
    press(client, code="SPRING-1", customer="shop-ana", metadata_key="till", metadata_value="4", **typed)
    attempt = Redemption.objects.get()
    assert attempt.customer == customer
    assert attempt.metadata == {"till": "4"}
    assert attempt.amount == 5990
    sent = [(item["product_id"], item["quantity"], item["price"]) for item in attempt.order["items"]]
    assert sent == [("shoe", 2, 2500), ("bag", 1, 990)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"code": ""}, "Type or scan the code."),
        ({"code": "A", "amount": "1,234.50"}, "is not an amount"),
        ({"code": "A", "amount": "-5"}, "0.00 or more"),
        ({"code": "A", "amount": "9" * 16}, "is not an amount"),
        ({"code": "A", "credits": "ten"}, "is not an amount"),
        ({"code": "A", "credits": "0"}, "Give 0.01 or more, or leave it empty"),
        ({"code": "A", "metadata_value": "4"}, "Name the key"),
        ({"code": "A", "amount": "5\x00"}, "is not an amount"),
        ({"code": "A\x00"}, "Null characters are not allowed"),
        ({"code": "A", **items({"quantity": "2"})}, "Name the product"),
        ({"code": "A", **items({"product_id": "shoe", "quantity": "0"})}, "greater than or equal to 1"),
        ({"code": "A", "items-TOTAL_FORMS": "x", "items-INITIAL_FORMS": "0"}, "did not arrive whole"),
    ],
)
def test_what_was_mistyped_is_said_beside_the_field_and_redeems_nothing(client, merchant, typed, said):
    answer = press(client, **typed)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Redemption.objects.exists()


@pytest.mark.django_db
def test_the_same_form_sent_twice_redeems_once_and_shows_the_first_outcome(client, merchant):
    make_voucher(code="SPRING-1")
    nonce = client.get(PAGE).context["nonce"]
    first = press(client, code="SPRING-1", nonce=nonce)
    second = press(client, code="SPRING-1", nonce=nonce)
    assert first.url == second.url
    assert Redemption.objects.count() == 1
    assert Voucher.objects.get().redeemed_quantity == 1
    press(client, code="SPRING-1", nonce=client.get(PAGE).context["nonce"])
    assert Redemption.objects.count() == 2


@pytest.mark.django_db
def test_a_one_time_number_is_of_use_to_its_person_only(client, merchant):
    make_voucher(code="SPRING-1")
    nonce = client.get(PAGE).context["nonce"]
    press(client, code="SPRING-1", nonce=nonce)
    client.force_login(make_user("Merchant"))
    press(client, code="SPRING-1", nonce=nonce)
    assert Redemption.objects.count() == 2


@pytest.mark.django_db
def test_the_outcome_of_a_colleague_is_not_shown(client, merchant):
    make_voucher(code="SPRING-1")
    done = press(client, code="SPRING-1").url
    client.force_login(make_user("Merchant"))
    assert "SPRING-1" not in client.get(done).content.decode()
    assert client.get("/redeem/?done=%00").status_code == 200


@pytest.mark.django_db
def test_what_was_done_appears_among_the_events_of_the_voucher(client, merchant):
    make_voucher(code="SPRING-1")
    press(client, "validate", code="SPRING-1")
    press(client, code="SPRING-1", nonce=client.get(PAGE).context["nonce"])
    attempt = Redemption.objects.get()
    redeemed, validated = ApiCall.objects.touching("voucher", "SPRING-1").order_by("-created_at")
    assert (redeemed.request_id, redeemed.channel, redeemed.user_login) == (attempt.request_id, "dashboard", "kasia")
    assert attempt.public_id in redeemed.response_body
    assert '"valid": true' in validated.response_body


@pytest.mark.django_db(transaction=True)
def test_a_double_click_redeems_once(db):
    make_voucher(code="SPRING-1", quantity=1)
    # Without a role: the groups go when a test that commits is cleaned up after.
    user = make_user("", is_superuser=True)
    opened = Client()
    opened.force_login(user)
    nonce = opened.get(PAGE).context["nonce"]
    barrier, answers = threading.Barrier(2), []

    def click() -> None:
        browser = Client()
        browser.force_login(user)
        barrier.wait()
        answers.append(press(browser, code="SPRING-1", nonce=nonce))
        connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len({answer.url for answer in answers}) == 1
    assert Redemption.objects.get().status == "SUCCEEDED"
