"""The verb `roll_back`: what it gives back, what it refuses, and that one of many at once succeeds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption, Rollback
from tests import factories
from vouchers.models import Voucher

API = Channel("API", "app-1", "Web shop")


def redeemed(code: str, **changes) -> Redemption:
    redemption = actions.redeem(RedeemRequest(code=code, channel=API, **changes))
    assert redemption.result == "SUCCESS"
    return redemption


def undo(redemption: Redemption, **changes) -> Rollback:
    request = {"redemption_id": redemption.public_id, "channel": API, "reason": "Returned", **changes}
    return actions.roll_back(actions.RollbackRequest(**request))


@pytest.mark.django_db
def test_a_rollback_gives_the_use_and_the_credits_back():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    redemption = redeemed("GIFT", gift_credits=2000)

    rollback = undo(redemption)

    voucher = Voucher.objects.get()
    assert (voucher.redeemed_quantity, voucher.gift_balance, voucher.redeemed_amount) == (0, 5000, 0)
    redemption.refresh_from_db()
    assert (redemption.status, redemption.result) == ("ROLLED_BACK", "SUCCESS")
    assert rollback.public_id.startswith("rr_")
    assert rollback.effects == {"redeemed_quantity": [1, 0], "gift_balance": [3000, 5000]}
    assert (rollback.reason, rollback.gift_amount) == ("Returned", 2000)


@pytest.mark.django_db
def test_a_second_rollback_is_refused_and_recorded():
    factories.make_voucher(code="ANY")
    redemption = redeemed("ANY")
    undo(redemption)

    again = undo(redemption)

    assert (again.result, again.failure_code) == ("FAILURE", "already_rolled_back")
    assert again.public_id.startswith("rrf_")
    assert Voucher.objects.get().redeemed_quantity == 0


@pytest.mark.django_db
def test_what_failed_cannot_be_rolled_back():
    failed = actions.redeem(RedeemRequest(code="NONE", channel=API))

    assert undo(failed).failure_code == "invalid_redemption"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"customer": {"source_id": "somebody-else"}}, "invalid_customer"),
        ({"order": {"id": "ord_other"}}, "invalid_order"),
    ],
)
def test_a_rollback_that_names_another_customer_or_order_is_refused(changes, key):
    factories.make_voucher(code="ANY")
    redemption = redeemed("ANY", customer={"source_id": "s1"}, order={"amount": 100})

    assert undo(redemption, **changes).failure_code == key
    assert Voucher.objects.get().redeemed_quantity == 1


@pytest.mark.django_db
def test_an_old_redemption_can_be_closed_to_rollbacks_by_a_setting(settings):
    factories.make_voucher(code="ANY")
    redemption = redeemed("ANY")
    Redemption.objects.update(created_at=timezone.now() - timedelta(days=91))
    settings.ROLLBACK_MAX_AGE_DAYS = 90

    assert undo(redemption).failure_code == "invalid_redemption"

    settings.ROLLBACK_MAX_AGE_DAYS = 0
    assert undo(redemption).result == "SUCCESS"


@pytest.mark.django_db
def test_an_unknown_redemption_is_not_a_rollback():
    with pytest.raises(Redemption.DoesNotExist):
        actions.roll_back(actions.RollbackRequest(redemption_id="r_unknown", channel=API))


@pytest.mark.django_db
def test_a_preview_says_what_a_rollback_would_change_and_changes_nothing():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    redemption = redeemed("GIFT", gift_credits=2000)

    preview = actions.preview_rollback(redemption)

    assert preview == {"refusal": None, "effects": {"redeemed_quantity": [1, 0], "gift_balance": [3000, 5000]}}
    assert Voucher.objects.get().gift_balance == 3000
    undo(redemption)
    redemption.refresh_from_db()
    assert actions.preview_rollback(redemption)["refusal"]["key"] == "already_rolled_back"


@pytest.mark.django_db
def test_a_redemption_of_a_deleted_voucher_can_still_be_rolled_back():
    factories.make_voucher(code="ANY").delete()
    voucher = factories.make_voucher(code="ANY-2")
    redemption = redeemed("ANY-2")
    voucher.delete()

    assert undo(redemption).result == "SUCCESS"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_rollbacks_at_once_one_succeeds():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    redemption = redeemed("GIFT", gift_credits=2000)

    def attempt(_: int) -> str:
        try:
            return undo(redemption).result
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(attempt, range(20)))

    assert results.count("SUCCESS") == 1
    assert Voucher.objects.get().gift_balance == 5000


@pytest.mark.django_db
def test_the_database_itself_refuses_a_second_successful_rollback():
    redemption = factories.make_redemption()
    factories.make_rollback(redemption)

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_rollback(redemption)
