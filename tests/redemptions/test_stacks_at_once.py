"""Stacks, sessions and rollbacks of many at once: exact, and never waiting for each other for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest, Session
from redemptions.models import Redemption, Rollback, SessionLock
from tests import factories
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db(transaction=True)

API = Channel("API", "app-1", "Web shop")


def stack_of(*codes: str, **changes: Any) -> list[RedeemRequest]:
    return [RedeemRequest(code=code, channel=API, **changes) for code in codes]


def at_once(many: int, attempt: Callable[[int], Any]) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return attempt(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(run, range(many)))


def test_stacks_of_the_same_codes_in_opposite_order_do_not_wait_for_each_other_for_ever():
    codes = [factories.make_voucher().code for _ in range(5)]

    def attempt(number: int) -> int:
        return len(actions.redeem_stack(stack_of(*(codes if number % 2 else reversed(codes)))).redeemed)

    assert at_once(16, attempt) == [5] * 16
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {16}


def test_a_code_with_limit_one_in_many_stacks_is_used_once():
    factories.make_voucher(code="LAST", quantity=1)
    for number in range(12):
        factories.make_voucher(code=f"OWN-{number}")

    stacks = at_once(12, lambda number: actions.redeem_stack(stack_of(f"OWN-{number}", "LAST")))

    assert sorted(len(stack.redeemed) for stack in stacks) == [1] * 11 + [2]
    assert Voucher.objects.get(code="LAST").redeemed_quantity == 1
    assert Redemption.objects.filter(code="LAST", failure_code="quantity_exceeded").count() == 11
    assert Redemption.objects.filter(code__startswith="OWN-", status="SUCCEEDED").count() == 12


def test_of_many_rollbacks_of_one_parent_one_succeeds():
    codes = [factories.make_voucher().code for _ in range(3)]
    parent = actions.redeem_stack(stack_of(*codes)).parent

    def attempt(_: int) -> bool:
        asked = actions.RollbackRequest(redemption_id=parent.public_id, channel=API)
        return actions.roll_back_stack(asked).refused is None

    assert sorted(at_once(8, attempt)) == [False] * 7 + [True]
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {0}
    assert Rollback.objects.filter(result="SUCCESS").count() == 4


def test_stacks_and_rollbacks_of_the_same_codes_end():
    codes = [factories.make_voucher().code for _ in range(4)]
    parents = [actions.redeem_stack(stack_of(*codes)).parent.public_id for _ in range(4)]

    def attempt(number: int) -> bool:
        if number % 2:
            return bool(actions.redeem_stack(stack_of(*reversed(codes))).redeemed)
        asked = actions.RollbackRequest(redemption_id=parents[number // 2], channel=API)
        return actions.roll_back_stack(asked).refused is None

    assert all(at_once(8, attempt))
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {4}


def test_of_many_sessions_one_keeps_the_last_use():
    factories.make_voucher(code="LAST", quantity=1)

    def attempt(number: int) -> bool:
        asked = RedeemRequest(code="LAST", channel=API, session=Session(f"cart-{number}"))
        return actions.validate(asked).accepted

    assert at_once(10, attempt).count(True) == 1
    assert SessionLock.objects.count() == 1


def test_sessions_never_keep_more_credits_than_the_card_holds():
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=1000)

    def attempt(number: int) -> bool:
        session = Session(f"cart-{number}")
        return actions.validate_stack(stack_of("GIFT", gift_credits=300, session=session)).refusal is None

    assert at_once(8, attempt).count(True) == 3


def test_a_call_sent_eight_times_at_once_with_one_idempotency_key_has_one_effect_and_one_answer():
    factories.make_voucher(code="TEN")
    # Tests with transactions of their own empty the tables, the roles that a migration made among them.
    group, _ = Group.objects.get_or_create(name="Administrator")
    group.permissions.set(Permission.objects.all())
    headers = {**factories.make_key(), "Idempotency-Key": "order-1"}

    def send(_: int) -> tuple[int, bytes]:
        answer = Client(headers=headers).post("/v1/vouchers/TEN/redemption", {}, content_type="application/json")
        return answer.status_code, answer.content

    answers = set(at_once(8, send))

    assert [status for status, _ in answers] == [200]
    assert Redemption.objects.count() == 1
    assert Voucher.objects.get().redeemed_quantity == 1
