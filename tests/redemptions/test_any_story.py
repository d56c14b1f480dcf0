"""Redeem, stack, keep, roll back, switch and edit in any order: counters and balances are those of a simple model."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest, Session
from redemptions.models import Redemption, Rollback, SessionLock
from tests import factories
from vouchers.models import Voucher

API = Channel("API", "app-1", "Web shop")
CODES = ("ONE", "TWO", "GIFT")
codes = st.sampled_from(CODES)


@dataclass
class Card:
    """What the model knows of a voucher; `taken` are the cents of each use that stands, by attempt."""

    limit: int | None
    balance: int | None = None
    active: bool = True
    taken: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    def may(self, credits: int, session: str = "") -> bool:
        others = {name: cents for name, cents in self.kept.items() if name != session}
        if not self.active or (self.limit is not None and len(self.taken) + len(others) >= self.limit):
            return False
        return self.balance is None or credits <= self.balance - sum(self.taken.values()) - sum(others.values())


class AnyStory(RuleBasedStateMachine):
    """The verbs beside the model; each step compares what both of them said."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize()
    def open_shop(self) -> None:
        factories.make_voucher(code="ONE", quantity=1)
        factories.make_voucher(code="TWO", quantity=2)
        factories.make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=1000)
        self.cards = {"ONE": Card(1), "TWO": Card(2), "GIFT": Card(None, balance=1000)}
        # What can be rolled back: the id that is asked for, and the (code, attempt) that come with it.
        self.undoable: dict[str, list[tuple[str, str]]] = {}

    def asked(self, code: str, credits: int, session: str) -> RedeemRequest:
        more: dict[str, Any] = {"session": Session(session)} if session else {}
        return RedeemRequest(code=code, channel=API, gift_credits=credits if code == "GIFT" else None, **more)

    @rule(code=codes, credits=st.integers(1, 700), session=st.sampled_from(["", "cart"]))
    def redeem(self, code: str, credits: int, session: str) -> None:
        card = self.cards[code]
        expected = card.may(credits, session)
        attempt = actions.redeem(self.asked(code, credits, session))
        assert (attempt.result == "SUCCESS") == expected, attempt.failure_code
        if expected:
            self.take(code, attempt, credits, session)
            self.undoable[attempt.public_id] = [(code, attempt.public_id)]

    def take(self, code: str, attempt: Redemption, credits: int, session: str) -> None:
        self.cards[code].taken[attempt.public_id] = credits if code == "GIFT" else 0
        self.cards[code].kept.pop(session, None)

    @rule(
        chosen=st.lists(codes, min_size=2, max_size=3, unique=True),
        credits=st.integers(1, 700),
        session=st.sampled_from(["", "cart"]),
    )
    def redeem_together(self, chosen: list[str], credits: int, session: str) -> None:
        expected = [code for code in chosen if self.cards[code].may(credits, session)]
        stack = actions.redeem_stack([self.asked(code, credits, session) for code in chosen])
        assert [child.code for child in stack.redeemed] == expected
        for child in stack.redeemed:
            self.take(child.code, child, credits, session)
        if expected:
            self.undoable[stack.parent.public_id] = [(child.code, child.public_id) for child in stack.redeemed]
        else:
            assert stack.failure == stack.parent

    @rule(code=codes, credits=st.integers(1, 700), session=st.sampled_from(["cart", "other"]))
    def keep(self, code: str, credits: int, session: str) -> None:
        card = self.cards[code]
        expected = card.may(credits, session)
        assert actions.validate(self.asked(code, credits, session)).accepted == expected
        if expected:
            card.kept[session] = credits if code == "GIFT" else 0

    @rule(code=codes, session=st.sampled_from(["cart", "other"]))
    def let_go(self, code: str, session: str) -> None:
        assert actions.release(code, session) == (self.cards[code].kept.pop(session, None) is not None)

    @precondition(lambda self: self.undoable)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.undoable)))
        request = actions.RollbackRequest(redemption_id=chosen, channel=API)
        assert actions.roll_back_stack(request).refused is None
        for code, attempt in self.undoable.pop(chosen):
            del self.cards[code].taken[attempt]
        again = actions.roll_back_stack(request).refused
        assert again is not None
        assert again.failure_code == "already_rolled_back"

    @rule(code=codes)
    def switch(self, code: str) -> None:
        card = self.cards[code]
        card.active = not card.active
        Voucher.objects.get(code=code).set_active(card.active, now=timezone.now())

    @rule(limit=st.integers(0, 4))
    def edit_limit(self, limit: int) -> None:
        self.cards["TWO"].limit = limit
        Voucher.objects.filter(code="TWO").update(quantity=limit)

    @invariant()
    def counters_and_balances_are_the_models(self) -> None:
        for voucher in Voucher.objects.filter(code__in=CODES):
            card = self.cards[voucher.code]
            assert voucher.redeemed_quantity == len(card.taken)
            assert voucher.redeemed_amount == sum(card.taken.values())
            if card.balance is not None:
                assert voucher.gift_balance == card.balance - voucher.redeemed_amount
            standing = Redemption.objects.filter(code=voucher.code, status="SUCCEEDED")
            assert set(standing.values_list("public_id", flat=True)) == set(card.taken)
        locks = SessionLock.objects.values_list("voucher__code", "session_key", "credits")
        assert set(locks) == {(code, *kept) for code, card in self.cards.items() for kept in card.kept.items()}
        undone = Redemption.objects.filter(status="ROLLED_BACK")
        assert Rollback.objects.filter(result="SUCCESS").count() == undone.count()


@pytest.mark.django_db
def test_counters_and_balances_are_exact_after_any_story():
    bounded = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(AnyStory, settings=bounded)
