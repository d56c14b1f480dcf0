"""The verbs of use for several codes on one order: redeem, validate, roll back; all or nothing of each is written."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from campaigns.models import Customer
from redemptions import engine, facts, orders
from redemptions.actions.attempts import (
    RollbackRequest,
    keep,
    lock_what_is_counted,
    named,
    record,
    record_rollback,
    refusal_of,
    settle,
    source_of,
    undo,
    with_customer,
    with_known_customer,
)
from redemptions.engine import Decision, RedeemRequest, RuleFacts
from redemptions.models import Redemption, Result, Rollback, new_redemption_id, new_rollback_id
from voucherify_admin.api.wire import iso
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import actions as webhooks
from vouchers.models import Voucher

ALL = "ALL"
DISCOUNTED = "DISCOUNTED_AMOUNT"
# Ids sort by the microsecond that they were made at, and what is made at once is told apart by it.
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """One code of a stack: what was asked, its voucher if there is one, and what was decided."""

    request: RedeemRequest
    voucher: Voucher | None
    decision: Decision

    @property
    def code(self) -> str:
        return self.voucher.code if self.voucher else self.request.code


@dataclass(frozen=True)
class StackDecision:
    """What was decided of several codes, in the order asked. `refusal` is None when the request as a whole is good.

    `order` is the order after all codes that were accepted; `culprit` the code whose refusal the whole one is.
    """

    asked: tuple[Asked, ...]
    refusal: Decision | None = None
    culprit: Asked | None = None

    @property
    def accepted(self) -> list[Asked]:
        return [one for one in self.asked if one.decision.accepted]

    @property
    def refused(self) -> list[Asked]:
        return [one for one in self.asked if not one.decision.accepted]

    @property
    def order(self) -> dict[str, Any] | None:
        return engine.combined_order([one.decision for one in self.asked])


@dataclass(frozen=True)
class Stack:
    """A stack as it was recorded: the parent, the children that succeeded and those that failed.

    `failure` is the attempt whose failure is the failure of the request; None when something was redeemed.
    """

    parent: Redemption
    redeemed: list[Redemption]
    refused: list[Redemption]
    failure: Redemption | None = None


@dataclass(frozen=True)
class RolledBackStack:
    """What came of rolling back a parent, or a redemption without one: then `parent` is None."""

    rollbacks: list[Rollback] = field(default_factory=list)
    parent: Rollback | None = None

    @property
    def refused(self) -> Rollback | None:
        """The rollback that was refused, and the request with it."""
        tried = self.parent or self.rollbacks[0]
        return tried if tried.result == Result.FAILURE else None


def redeem_stack(requests: Sequence[RedeemRequest], *, now: datetime | None = None) -> Stack:
    """Try to use several codes on one order and return the attempts as they were recorded, one a code and a parent.

    The requests differ in their codes and credits only. All vouchers are locked by one statement in the order of
    their keys, so that two stacks of the same codes never wait for each other. Whether one refusal refuses all of it
    is said by the setting STACKING_MODE.
    """
    now = now or timezone.now()
    with transaction.atomic():
        is_named = orders.is_named(requests[0])
        first, customer = with_customer(_with_order_id(orders.known(requests[0]), now=now), now=now)
        requests = [_like(first, request) for request in requests]
        codes = [request.code for request in requests]
        rules = lock_what_is_counted(codes, customer)
        vouchers = list(Voucher.objects.locked(codes))
        decided = _decide(requests, vouchers, customer, rules=rules, now=now)
        stack, happened = _record(decided, first, customer, now=now)
        happened += orders.keep(stack.parent, is_named=is_named, now=now)
        webhooks.tell_each(happened, source=source_of(first), now=now)
    return stack


def validate_stack(requests: Sequence[RedeemRequest], *, now: datetime | None = None) -> StackDecision:
    """Return what `redeem_stack`, or for one code `redeem`, would decide at this moment; locks and writes nothing.

    With one exception: requests with a session keep their uses for it, under the vouchers' locks, where the whole is
    accepted.
    """
    now = now or timezone.now()
    first, customer = with_known_customer(orders.known(requests[0]))
    requests = [_like(first, request) for request in requests]
    codes = [request.code for request in requests]
    with transaction.atomic() if first.session else nullcontext():
        vouchers = Voucher.objects.locked(codes) if first.session else Voucher.objects.named(codes)
        decided = _decide(requests, list(vouchers), customer, rules=facts.read_rules(codes), now=now)
        if decided.refusal is None:
            for one in decided.accepted:
                keep(one.request, one.decision, one.voucher, now=now)
    return decided


def _like(first: RedeemRequest, request: RedeemRequest) -> RedeemRequest:
    return replace(first, code=request.code, gift_credits=request.gift_credits)


def _with_order_id(request: RedeemRequest, *, now: datetime) -> RedeemRequest:
    """All attempts of a stack are about one order, so it has its id before the first of them."""
    order = request.order
    if not isinstance(order, dict) or order.get("id"):
        return request
    return replace(request, order={**order, "id": new_id("ord_", now)})


def _decide(
    requests: Sequence[RedeemRequest],
    vouchers: Sequence[Voucher],
    customer: Customer | None,
    *,
    rules: Mapping[str, Sequence[RuleFacts]],
    now: datetime,
) -> StackDecision:
    """Decide one code after the other, each on the order as those before it left it."""
    found = [
        named(request.code, [one for one in vouchers if request.code in (one.code, one.public_id)])
        for request in requests
    ]
    names = [voucher.code if voucher else request.code for voucher, request in zip(found, requests, strict=True)]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        refusal = engine.duplicated(twice)
        distinct = {name: Asked(*pair, refusal) for name, *pair in zip(names, requests, found, strict=True)}
        return StackDecision(tuple(distinct.values()), refusal)
    # A lone code is decided as the endpoints for one code decide it.
    percent_of_discounted = len(requests) > 1 and settings.STACKING_DISCOUNT_BASE == DISCOUNTED
    order, earlier, asked = requests[0].order, [], []
    for request, voucher in zip(requests, found, strict=True):
        known = facts.gather(
            replace(request, order=order), voucher=voucher, customer=customer, now=now, rules=rules, earlier=earlier
        )
        decision = engine.decide(replace(known, percent_of_discounted=percent_of_discounted))
        asked.append(Asked(request, voucher, decision))
        if decision.accepted and voucher is not None:
            earlier.append((voucher, decision))
            order = decision.order if decision.order is not None else order
    return _verdict(StackDecision(tuple(asked)))


def _verdict(decided: StackDecision) -> StackDecision:
    """What the refused codes, if any, mean for the whole."""
    refused = decided.refused
    if not refused:
        return decided
    # What is wrong with the request itself is wrong with all of it, whatever the mode.
    if settings.STACKING_MODE == ALL or refused[0].request.problem is not None or len(decided.asked) == 1:
        return replace(decided, refusal=refused[0].decision, culprit=refused[0])
    if len(refused) == len(decided.asked):
        return replace(decided, refusal=engine.all_refused({one.code: one.decision for one in refused}))
    return decided


def _record(
    decided: StackDecision, request: RedeemRequest, customer: Customer | None, *, now: datetime
) -> tuple[Stack, list[webhooks.Happening]]:
    refusal, culprit = decided.refusal, decided.culprit
    accepted = decided.accepted if refusal is None else []
    parent_id = new_redemption_id(Result.FAILURE if refusal else Result.SUCCESS, now)
    ids = [new_redemption_id(Result.SUCCESS, now + TICK * place) for place in range(1, len(accepted) + 1)]
    link = {
        "date": iso(now),
        "related_object_type": "redemption",
        "related_object_id": parent_id,
        "stacked": ids,
    }
    whole = refusal or Decision(
        order=decided.order, discount_amount=sum(one.decision.discount_amount for one in accepted)
    )
    parent = record(
        replace(request, code="", gift_credits=None),
        _linked(whole, parent_id, link),
        voucher=None,
        customer=customer,
        now=now,
        public_id=parent_id,
        more_facts={
            "stacked": [one.code for one in decided.asked],
            **({"stacked_ids": ids} if ids else {}),
            **({"redeemable": culprit.code} if culprit else {}),
        },
    )
    happened = settle(parent, request, whole, None, now=now)
    redeemed, refused, failure = [], [], parent if refusal else None
    for one in decided.asked:
        if one.decision.accepted and refusal:
            # Nothing was wrong with this code, so its history shows no failure.
            continue
        place = len(redeemed) + len(refused) + 1
        child = record(
            one.request,
            _linked(one.decision, parent_id, link),
            voucher=one.voucher,
            customer=customer,
            now=now,
            public_id=ids[len(redeemed)]
            if one.decision.accepted
            else new_redemption_id(Result.FAILURE, now + TICK * place),
            parent=parent,
        )
        happened += settle(child, one.request, one.decision, one.voucher, now=now)
        (redeemed if one.decision.accepted else refused).append(child)
        if one is culprit:
            failure = child
    return Stack(parent, redeemed, refused, failure), happened


def _linked(decision: Decision, parent_id: str, link: dict[str, Any]) -> Decision:
    """The decision with the stack named in its order, as Voucherify ties an order to its redemptions."""
    if not decision.accepted or decision.order is None:
        return decision
    return replace(decision, order={**decision.order, "redemptions": {parent_id: link}})


def roll_back_stack(request: RollbackRequest, *, now: datetime | None = None) -> RolledBackStack:
    """Undo a parent with all its children that succeeded, or a redemption without a parent, in one transaction.

    The attempts and then their vouchers are locked in the order of their keys, so of two at once one succeeds. A
    refusal is recorded. Raises Redemption.DoesNotExist for an id that no redemption has.
    """
    now = now or timezone.now()
    with transaction.atomic():
        asked = Redemption.objects.only("pk").get(public_id=request.redemption_id)
        rows = list(Redemption.objects.stack_of(asked).select_for_update(of=("self",)).select_related("customer"))
        redemption = next(row for row in rows if row.pk == asked.pk)
        vouchers = {
            voucher.pk: voucher
            for voucher in Voucher.objects.filter(pk__in=[row.voucher_id for row in rows if row.voucher_id])
            .order_by("pk")
            .select_for_update()
        }
        refusal = refusal_of(redemption, request, now=now)
        if refusal is not None:
            refused = record_rollback(request, redemption, refusal=refusal, now=now)
            return RolledBackStack(parent=refused) if redemption.stacked else RolledBackStack([refused])
        if not redemption.stacked:
            return RolledBackStack([undo(request, redemption, vouchers.get(redemption.voucher_id), now=now)])
        parent = undo(request, redemption, None, now=now)
        children = [row for row in rows if row.pk != asked.pk and row.status == Redemption.Status.SUCCEEDED]
        rollbacks = [
            undo(
                request,
                child,
                vouchers.get(child.voucher_id),
                now=now,
                public_id=new_rollback_id(Result.SUCCESS, now + TICK * place),
            )
            for place, child in enumerate(children, start=1)
        ]
        return RolledBackStack(rollbacks, parent)
