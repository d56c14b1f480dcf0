"""The small story: told through the verbs, so what holds for real attempts has to hold for it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum

from campaigns.models import Campaign
from redemptions import actions
from redemptions.engine import Channel, Reason, RedeemRequest
from redemptions.models import Redemption, Result, Rollback, SessionLock
from voucherify_admin.accounts.models import User
from voucherify_admin.api.models import ApiCall, ApiKey, CallTouch
from voucherify_admin.demo.draw import ZONE
from voucherify_admin.demo.offer import ALWAYS_VALID
from voucherify_admin.demo.telling import Told, tell
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

# Black Friday is three weeks past, and the clocks went back in between.
NOW = datetime(2025, 12, 19, 17, 40, tzinfo=UTC)
SCALE = 0.07


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker) -> Iterator[Told]:
    """The story, told once for all tests of this file and gone with the last of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield tell(seed=3, now=NOW, scale=SCALE)
        transaction.set_rollback(True)


def test_all_reasons_are_among_the_failures(told):
    failures = Redemption.objects.filter(result=Result.FAILURE)
    assert set(failures.values_list("failure_code", flat=True)) == {reason.value for reason in Reason}


def test_most_attempts_succeed_and_some_are_undone(told):
    assert told.attempts == Redemption.objects.count()
    assert 0.6 < told.succeeded / told.attempts < 0.8
    assert told.rolled_back == Rollback.objects.filter(result=Result.SUCCESS).count() > 0


def test_every_attempt_lies_within_the_ninety_days_before_now(told):
    first, last = Redemption.objects.order_by("created_at").values_list("created_at", flat=True)[:: told.attempts - 1]
    assert last <= NOW
    assert 80 < (NOW - first).days <= 90


def test_counters_and_balances_agree_with_the_attempts(told):
    uses = dict(
        Redemption.objects.filter(status=Redemption.Status.SUCCEEDED)
        .exclude(voucher=None)
        .values_list("voucher")
        .annotate(Count("pk"))
    )
    spent = dict(
        Redemption.objects.filter(status=Redemption.Status.SUCCEEDED, gift_amount__gt=0)
        .values_list("voucher")
        .annotate(Sum("gift_amount"))
    )
    for voucher in Voucher.objects.all():
        assert voucher.redeemed_quantity == uses.get(voucher.pk, 0)
        assert voucher.gift_amount - voucher.gift_balance == voucher.redeemed_amount == spent.get(voucher.pk, 0)
    assert not Voucher.objects.filter(redeemed_quantity__gt=F("quantity")).exists()


def test_each_undone_attempt_has_its_one_rollback_with_a_reason_after_it(told):
    for redemption in Redemption.objects.filter(status=Redemption.Status.ROLLED_BACK).prefetch_related("rollbacks"):
        (done,) = [one for one in redemption.rollbacks.all() if one.result == Result.SUCCESS]
        assert done.reason
        assert redemption.created_at < done.created_at <= NOW
    assert not Rollback.objects.filter(~Q(redemption__status="ROLLED_BACK"), result=Result.SUCCESS).exists()


def test_each_attempt_and_rollback_has_its_call_among_the_events_of_its_voucher(told):
    calls = {call.request_id: call for call in ApiCall.objects.all()}
    touched = set(CallTouch.objects.values_list("call_id", "object_type", "object_id"))
    for attempt in Redemption.objects.all():
        call = calls[attempt.request_id]
        assert (call.pk, "redemption", attempt.public_id) in touched
        assert (call.pk, "voucher", attempt.code) in touched or not attempt.code
        assert (call.channel == "dashboard") == (attempt.channel_type == "USER")
        assert attempt.public_id in call.response_body
        assert call.key_name == (attempt.channel_name if attempt.channel_type == "API" else "")
        if attempt.failure_code and attempt.channel_type == "API":
            # A code that is refused beside others that are not fails by itself, not the call.
            assert call.status == (200 if attempt.parent else attempt.reason.http_status)
    for rollback in Rollback.objects.all():
        assert (calls[rollback.request_id].pk, "rollback", rollback.public_id) in touched


def test_some_orders_hold_several_codes_of_which_some_are_refused_and_one_order_is_returned(told):
    parents = [one for one in Redemption.objects.filter(code="").prefetch_related("children") if one.stacked]
    assert {2, 3} <= {parent.children.count() for parent in parents}
    refused = Redemption.objects.filter(parent__in=parents, result=Result.FAILURE)
    assert set(refused.values_list("failure_code", flat=True)) >= {"voucher_expired", "order_rules_violated"}
    returned = [parent for parent in parents if parent.status == Redemption.Status.ROLLED_BACK]
    assert returned
    for parent in returned:
        assert {one.status for one in parent.children.all()} <= {"ROLLED_BACK", "FAILED"}
    assert {parent.status for parent in parents} == {"SUCCEEDED", "ROLLED_BACK"}


def test_one_cart_keeps_two_codes_at_this_moment(told):
    kept = SessionLock.objects.filter(expires_at__gt=NOW).select_related("voucher")
    demo, card = sorted(kept, key=lambda lock: lock.voucher.is_gift)
    assert (demo.voucher.code, card.voucher.is_gift, card.credits > 0) == (ALWAYS_VALID, True, True)
    assert demo.session_key == card.session_key
    for lock in (demo, card):
        assert ApiCall.objects.touching("voucher", lock.voucher.code).filter(path="/v1/validations").exists()


def test_calls_of_past_months_lie_in_partitions_of_their_own(told):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_apicall_default")
        assert cursor.fetchone() == (0,)


def test_the_bot_guesses_in_one_night_from_one_address_and_its_key_is_taken_away(told):
    guesses = Redemption.objects.filter(channel_name="Partner widget").order_by("created_at")
    assert set(guesses.values_list("failure_code", flat=True)) == {"not_found"}
    assert (guesses.last().created_at - guesses.first().created_at).total_seconds() < 42 * 60
    assert ApiCall.objects.filter(key_name="Partner widget").values("ip_address", "user_agent").distinct().count() == 1
    assert not ApiKey.objects.get(name="Partner widget").is_active


def test_the_busiest_day_is_black_friday(told):
    assert Campaign.objects.filter(name="Black Friday 2025").exists()
    days = Redemption.objects.exclude(channel_name="Partner widget").count_by_day(ZONE)
    busiest = max(days, key=lambda day: sum(days[day].values()))
    assert busiest.isoformat() == "2025-11-28"


def test_the_code_for_trying_things_out_is_valid_now(told):
    request = RedeemRequest(code=ALWAYS_VALID, channel=Channel("API", "x"), order={"amount": 5000})
    decision = actions.validate(request)
    assert decision.accepted
    assert decision.discount_amount == 500


def test_nobody_can_sign_in_as_one_of_the_invented_colleagues(told):
    colleagues = User.objects.filter(username__endswith=".demo")
    assert colleagues.count() == 3
    assert not any(user.is_active or user.has_usable_password() for user in colleagues)


def test_a_second_run_changes_nothing_and_says_so(told, capsys):
    call_command("seed_demo")
    assert "there already" in capsys.readouterr().out
    assert Redemption.objects.count() == told.attempts
