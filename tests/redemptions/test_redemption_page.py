"""One attempt's page: what it tells, to whom, and at which cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests.factories import (
    make_campaign,
    make_customer,
    make_redemption,
    make_rollback,
    make_rule,
    make_segment,
    make_user,
    make_voucher,
)
from voucherify_admin.api.models import ApiCall, CallTouch

pytestmark = pytest.mark.django_db

SHOP = Channel("API", "app-1", "Web shop")


def page_of(client, attempt, **query) -> str:
    answer = client.get(f"/redemptions/{attempt.public_id}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def sign_in(client, role="User", **changes):
    user = make_user(role, **changes)
    client.force_login(user)
    return user


def make_call(attempt: Redemption, **changes) -> ApiCall:
    values = {
        "created_at": attempt.created_at,
        "request_id": attempt.request_id,
        "method": "POST",
        "path": f"/v1/vouchers/{attempt.code}/redemption",
        "status": 400,
        "duration_ms": 17,
        "channel": "API",
        "request_body": '{"order": {"amount": 3800}}',
        "response_body": '{"key": "order_rules_violated"}',
    }
    return ApiCall.objects.create(**{**values, **changes})


def test_a_failure_reads_as_a_sentence_a_line_for_the_customer_and_what_was_compared(client):
    sign_in(client)
    voucher = make_voucher(code="SPRING-1")
    clause = {"name": "order.amount", "conditions": {"$more_than_or_equal": [5000]}}
    make_rule({"1": clause, "logic": "1"}, on=voucher, name="Spring minimum")
    attempt = actions.redeem(RedeemRequest(code="SPRING-1", channel=SHOP, order={"amount": 3800}))
    page = page_of(client, attempt)
    assert "Order did not match the validation rules" in page
    assert "Order €38.00 is below the minimum €50.00 of rule “Spring minimum”." in page
    assert "valid for orders from €50.00" in page
    assert "not met" in page
    assert "the order&#x27;s amount is at least €50.00" in page
    voucher.code = "RENAMED"
    voucher.save(update_fields=["code"])
    assert "is below the minimum €50.00 of rule “Spring minimum”." in page_of(client, attempt)


def test_each_clause_of_the_rule_tells_whether_it_held_and_how_they_go_together(client):
    sign_in(client)
    voucher = make_voucher(code="SPRING-1")
    rules = {
        "1": {"name": "order.amount", "conditions": {"$more_than": [1000]}},
        "2": {"name": "customer.segment", "conditions": {"$is": [make_segment(name="Newsletter").public_id]}},
        "3": {"name": "customer.metadata", "property": "city", "conditions": {"$is": ["Madrid"]}},
        "logic": "1 and (2 or 3)",
    }
    make_rule(rules, on=voucher)
    make_customer(source_id="shop-ana", metadata={"city": "Leeds"})
    asked = RedeemRequest(code="SPRING-1", channel=SHOP, order={"amount": 2000}, customer={"source_id": "shop-ana"})
    answer = client.get(f"/redemptions/{actions.redeem(asked).public_id}/")
    told = [(clause.path, clause.status, clause.found) for clause in answer.context["clauses"]]
    assert told == [("1", "met", "€20.00"), ("2", "not met", "nothing"), ("3", "not met", "Leeds")]
    page = answer.content.decode()
    assert "1 and (2 or 3)" in page
    assert "“Newsletter”" in page


@pytest.mark.parametrize(
    "facts", [{}, {"tree": None}, {"tree": {"rules": [{}]}}, {"tree": "x", "now": 5, "asked": "y"}]
)
def test_facts_that_lack_something_do_not_keep_the_page_from_opening(client, facts):
    sign_in(client)
    page = page_of(client, make_redemption(failure_code="order_rules_violated", facts=facts))
    assert "Order did not match the validation rules" in page


def test_an_unknown_reason_is_told_as_it_stands(client):
    sign_in(client)
    assert "Loyalty card points exceeded" in page_of(
        client, make_redemption(failure_code="loyalty_card_points_exceeded")
    )


def test_times_of_the_sentence_are_the_readers(client):
    sign_in(client, time_zone="Europe/Warsaw")
    attempt = make_redemption(
        failure_code="voucher_expired", facts={"of": "voucher", "name": "A", "expired_at": "2026-03-01T22:59:00+00:00"}
    )
    assert "Expired 1 Mar 2026 23:59 Europe/Warsaw." in page_of(client, attempt)


def test_a_success_shows_order_customer_campaign_metadata_and_effects(client):
    sign_in(client)
    voucher = make_voucher(code="SPRING-1", campaign=make_campaign(name="Spring sale"))
    make_customer(source_id="shop-ana", name="Ana Gómez", email="ana@example.com")
    attempt = actions.redeem(
        RedeemRequest(
            code="SPRING-1",
            channel=SHOP,
            order={"items": [{"product_id": "shoe-1", "quantity": 2, "price": 2500}], "metadata": {"shop": "Kraków"}},
            customer={"source_id": "shop-ana"},
            metadata={"till": 4},
            tracking_id="track-1",
        )
    )
    page = page_of(client, attempt)
    for text in ("shoe-1", "€25.00", "€50.00", "€10.00", "€40.00", "Kraków", "Ana Gómez", "ana@example.com"):
        assert text in page
    for text in ("Spring sale", "till", "track-1", "Web shop", attempt.public_id, voucher.code):
        assert text in page


@pytest.mark.parametrize(
    "order",
    [
        {"items": "none", "amount": "much"},
        {"items": [1, None, {"quantity": {"a": 1}, "price": "x", "product": "shoe"}], "amount": [1]},
        {"metadata": [1]},
        {"items": [{"product_id": "<script>alert(1)</script>", "amount": 10**30}]},
    ],
)
def test_an_order_that_makes_no_sense_is_shown_as_it_was_sent(client, order):
    sign_in(client)
    page = page_of(client, make_redemption(failure_code="invalid_order", order=order, amount=None, facts={"found": 1}))
    assert "The order as it was stored" in page
    assert "<script>alert(1)" not in page


def test_the_call_stands_with_both_bodies_beside_each_other_for_those_who_may_read_the_log(client):
    attempt = make_redemption(code="SPRING-1", failure_code="voucher_disabled", request_id="v-123")
    make_call(attempt)
    for role in ("Administrator", "User", "Viewer"):
        sign_in(client, role)
        page = page_of(client, attempt)
        assert "POST /v1/vouchers/SPRING-1/redemption" in page
        assert "17 ms" in page
        assert "&quot;amount&quot;: 3800" in page
        assert "order_rules_violated" in page
    sign_in(client, "Merchant")
    page = page_of(client, attempt)
    assert "/v1/vouchers/" not in page
    assert "3800" not in page


def test_a_call_that_was_pruned_is_said_to_be_gone(client):
    sign_in(client)
    assert "no longer in the log" in page_of(client, make_redemption(request_id="v-gone"))


def test_a_rollback_is_told_with_reason_person_and_time(client):
    sign_in(client)
    attempt = make_redemption()
    make_rollback(attempt, reason="Wrong size", channel_type="USER", channel_name="marta")
    page = page_of(client, attempt)
    assert "Wrong size" in page
    assert "marta" in page
    assert "Rolled back" in page


@pytest.mark.parametrize(
    ("role", "offered"), [("Administrator", True), ("User", True), ("Viewer", False), ("Merchant", False)]
)
def test_rolling_back_is_offered_to_those_who_may(client, role, offered):
    sign_in(client, role)
    attempt = make_redemption()
    assert (f"/redemptions/{attempt.public_id}/roll-back/" in page_of(client, attempt)) is offered


def test_which_user_it_was_is_told_to_administrators_only(client):
    attempt = make_redemption(channel_type="USER", channel_name="marta.k", channel_id="user_1", request_id="v-1")
    make_call(attempt, channel="dashboard", user_login="marta.k")
    sign_in(client, "Administrator")
    assert "marta.k" in page_of(client, attempt)
    for role in ("User", "Viewer", "Merchant"):
        sign_in(client, role)
        assert "marta.k" not in page_of(client, attempt)
        assert "user_1" not in page_of(client, attempt)


def test_other_attempts_of_the_code_and_of_the_customer_stand_around_it(client):
    sign_in(client)
    now = timezone.now()
    customer = make_customer()
    mine = make_redemption(code="A", customer=customer, created_at=now)
    same_code = [make_redemption(code="A", created_at=now + timedelta(minutes=n)) for n in range(-8, 9) if n]
    same_customer = [make_redemption(code=f"B{n}", customer=customer, created_at=now) for n in range(3)]
    answer = client.get(f"/redemptions/{mine.public_id}/")
    around = [row.pk for row in answer.context["same_code"].data]
    assert around == [row.pk for row in same_code[3:13]][::-1]
    assert {row.pk for row in answer.context["same_customer"].data} == {row.pk for row in same_customer}


def test_previous_and_next_stay_within_the_filter(client):
    sign_in(client)
    now = timezone.now()
    rows = [
        make_redemption(code=code, created_at=now - timedelta(minutes=n))
        for n, code in enumerate(["A1", "B", "A2", "B", "A3"])
    ]
    answer = client.get(f"/redemptions/{rows[2].public_id}/", {"code": "A*"})
    assert answer.context["later"].pk == rows[0].pk
    assert answer.context["earlier"].pk == rows[4].pk
    page = answer.content.decode()
    assert f'href="/redemptions/{rows[0].public_id}/?code=A%2A"' in page
    assert 'href="/redemptions/?code=A%2A"' in page


def test_attempts_of_one_instant_have_neighbours_too(client):
    sign_in(client)
    now = timezone.now()
    rows = [make_redemption(created_at=now) for _ in range(3)]
    answer = client.get(f"/redemptions/{rows[1].public_id}/")
    assert (answer.context["later"].pk, answer.context["earlier"].pk) == (rows[2].pk, rows[0].pk)


def test_a_question_that_is_not_permitted_has_no_neighbours(client):
    marta = make_user("User", username="marta")
    rows = [make_redemption(user=marta) for _ in range(3)]
    sign_in(client)
    answer = client.get(f"/redemptions/{rows[1].public_id}/", {"user": "marta"})
    assert (answer.context["later"], answer.context["earlier"]) == (None, None)


def test_an_unknown_attempt_is_not_found(client):
    sign_in(client)
    assert client.get("/redemptions/r_nothing/").status_code == 404
    assert client.get("/redemptions/r_%00/").status_code == 404


def test_the_page_costs_the_same_whatever_stands_around(client):
    sign_in(client)
    voucher, customer = make_voucher(campaign=make_campaign()), make_customer()

    def page_queries() -> int:
        attempt = make_redemption(voucher=voucher, customer=customer, request_id="v-1")
        call = make_call(attempt)
        touch = {"call_id": call.pk, "created_at": call.created_at}
        CallTouch.objects.create(object_type="voucher", object_id=voucher.code, **touch)
        make_rollback(attempt)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, attempt, status="ROLLED_BACK")
        return len(queries)

    few = page_queries()
    for _ in range(20):
        make_redemption(voucher=voucher, customer=customer, failure_code="quantity_exceeded")
    assert page_queries() == few <= 13
