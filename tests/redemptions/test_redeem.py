"""The verb `redeem`: what it records, what it takes, and that it stays exact when many try at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Customer
from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests import factories
from vouchers.models import Voucher

API = Channel("API", "app-1", "Web shop")


def request_for(code: str, **changes) -> RedeemRequest:
    return RedeemRequest(**{"code": code, "channel": API, **changes})


@pytest.mark.django_db
def test_a_success_counts_one_use_and_keeps_names_beside_the_keys():
    campaign = factories.make_campaign(name="Spring tea")
    voucher = factories.make_voucher(code="SPRING", campaign=campaign)

    redemption = actions.redeem(
        request_for(
            "SPRING",
            order={"amount": 5000},
            customer={"source_id": "shop-7", "name": "Ada Nowak"},
            metadata={"till": "4"},
            request_id="v-1",
        )
    )

    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 1
    redemption.refresh_from_db()
    assert (redemption.result, redemption.status) == ("SUCCESS", "SUCCEEDED")
    assert redemption.public_id.startswith("r_")
    assert (redemption.campaign_name, redemption.customer_name) == ("Spring tea", "Ada Nowak")
    assert (redemption.amount, redemption.discount_amount) == (5000, 1000)
    assert redemption.order["total_amount"] == 4000
    assert (redemption.metadata, redemption.request_id) == ({"till": "4"}, "v-1")


@pytest.mark.django_db
def test_an_attempt_still_reads_after_voucher_campaign_and_customer_are_gone():
    voucher = factories.make_voucher(code="GONE", campaign=factories.make_campaign(name="Short one"))
    redemption = actions.redeem(request_for("GONE", customer={"source_id": "x", "name": "Ada"}))

    campaign = voucher.campaign
    voucher.delete()
    campaign.delete()
    Customer.objects.all().delete()

    redemption = Redemption.objects.get(pk=redemption.pk)
    assert (redemption.code, redemption.campaign_name, redemption.customer_name) == ("GONE", "Short one", "Ada")


@pytest.mark.django_db
def test_an_expired_voucher_is_refused_and_recorded_with_what_was_compared():
    ended = timezone.now() - timedelta(days=1)
    voucher = factories.make_voucher(code="OLD", expiration_date=ended)

    redemption = actions.redeem(request_for("OLD", order={"amount": 5000}))

    assert (redemption.result, redemption.failure_code) == ("FAILURE", "voucher_expired")
    assert redemption.public_id.startswith("rf_")
    assert redemption.facts["expired_at"] == ended.isoformat()
    voucher.refresh_from_db()
    assert voucher.redeemed_quantity == 0

    Voucher.objects.update(expiration_date=timezone.now() + timedelta(days=9))
    redemption.refresh_from_db()
    assert redemption.facts["expired_at"] == ended.isoformat(), "a later edit changes nothing in the facts"


@pytest.mark.django_db
def test_an_attempt_on_a_code_that_does_not_exist_is_an_attempt():
    redemption = actions.redeem(request_for("NO-SUCH-CODE", order={"amount": 100}))

    assert redemption.failure_code == "not_found"
    assert (redemption.code, redemption.voucher, redemption.amount) == ("NO-SUCH-CODE", None, 100)


@pytest.mark.django_db
def test_a_voucher_can_be_named_by_its_id_and_is_recorded_by_its_code():
    voucher = factories.make_voucher(code="BY-ID")

    redemption = actions.redeem(request_for(voucher.public_id))

    assert (redemption.code, redemption.status) == ("BY-ID", "SUCCEEDED")


@pytest.mark.django_db
def test_a_gift_card_gives_what_is_asked_until_it_is_empty():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)

    first = actions.redeem(request_for("GIFT", gift_credits=3000, order={"amount": 9000}))
    second = actions.redeem(request_for("GIFT", gift_credits=3000, order={"amount": 9000}))
    third = actions.redeem(request_for("GIFT", gift_credits=2000, order={"amount": 9000}))

    assert [first.gift_amount, second.gift_amount, third.gift_amount] == [3000, None, 2000]
    assert second.failure_code == "gift_amount_exceeded"
    assert (second.facts["balance"], second.facts["asked"]) == (2000, 3000)
    assert Voucher.objects.get().gift_balance == 0


@pytest.mark.django_db
def test_a_customer_is_created_at_first_and_updated_later():
    factories.make_voucher(code="ANY")

    actions.redeem(request_for("ANY", customer={"source_id": "s1", "name": "Ada", "metadata": {"tier": "gold"}}))
    actions.redeem(request_for("ANY", customer={"source_id": "s1", "metadata": {"city": "Łódź"}}))

    customer = Customer.objects.get()
    assert (customer.name, customer.metadata) == ("Ada", {"tier": "gold", "city": "Łódź"})


@pytest.mark.django_db
def test_a_customer_id_that_nobody_has_is_invalid_input_and_nothing_is_spent():
    voucher = factories.make_voucher(code="ANY")

    redemption = actions.redeem(request_for("ANY", customer={"id": "cust_nobody"}))

    voucher.refresh_from_db()
    assert (redemption.failure_code, voucher.redeemed_quantity) == ("invalid_payload", 0)
    assert "cust_nobody" in redemption.facts["details"]


@pytest.mark.django_db
def test_a_count_per_customer_leaves_out_what_was_rolled_back():
    voucher = factories.make_voucher(code="ONCE")
    rules = {"1": {"name": "redemption.count.per_customer", "conditions": {"$less_than_or_equal": [1]}}}
    factories.make_rule(rules, on=voucher)
    again = request_for("ONCE", customer={"source_id": "s1"})

    first = actions.redeem(again)
    second = actions.redeem(again)
    actions.roll_back(actions.RollbackRequest(redemption_id=first.public_id, channel=API))
    third = actions.redeem(again)

    assert [first.status, second.failure_code, third.status] == ["SUCCEEDED", "redemption_rules_violated", "SUCCEEDED"]


@pytest.mark.django_db
def test_a_validation_decides_the_same_and_writes_nothing():
    factories.make_voucher(code="ANY", quantity=1)

    decision = actions.validate(request_for("ANY", order={"amount": 5000}, customer={"source_id": "new"}))

    assert (decision.accepted, decision.discount_amount) == (True, 1000)
    assert not Redemption.objects.exists()
    assert not Customer.objects.exists()
    assert Voucher.objects.get().redeemed_quantity == 0


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_use_a_code_with_limit_one_exactly_once():
    factories.make_voucher(code="LAST-ONE", quantity=1)

    def attempt(number: int) -> str:
        try:
            return actions.redeem(request_for("LAST-ONE", tracking_id=str(number))).result
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(attempt, range(50)))

    assert results.count("SUCCESS") == 1
    assert Voucher.objects.get().redeemed_quantity == 1
    failed = Redemption.objects.filter(failure_code="quantity_exceeded")
    assert failed.count() == 49
    assert {row.facts["used"] for row in failed} == {1}


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_take_more_from_a_gift_card_than_it_holds():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=1000)

    def attempt(_: int) -> int:
        try:
            return actions.redeem(request_for("GIFT", gift_credits=300)).gift_amount or 0
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        taken = list(pool.map(attempt, range(12)))

    assert sum(taken) == 900
    assert Voucher.objects.get().gift_balance == 100


@pytest.mark.django_db
def test_a_redeem_asks_the_same_number_of_queries_however_many_rules_bind_the_voucher():
    def queries(rules: int) -> int:
        voucher = factories.make_voucher()
        for _ in range(rules):
            factories.make_rule({"1": {"name": "order.amount", "conditions": {"$more_than": [100]}}}, on=voucher)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert actions.redeem(request_for(voucher.code, order={"amount": 5000})).status == "SUCCEEDED"
        return len(captured)

    assert queries(1) == queries(10)


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"gift_balance": -1}, {"redeemed_amount": -1}])
def test_the_database_itself_refuses_a_balance_below_zero(changes):
    voucher = factories.make_voucher(type="GIFT_VOUCHER")

    with pytest.raises(IntegrityError), transaction.atomic():
        Voucher.objects.filter(pk=voucher.pk).update(**changes)
