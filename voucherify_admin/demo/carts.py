"""Orders with several codes on them, and the cart that is open right now, played through the verbs of stacks."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from redemptions import actions, schemas
from redemptions.actions import RollbackRequest, Stack
from redemptions.engine import Channel
from voucherify_admin.demo.assortment import PLACES, Place
from voucherify_admin.demo.calls import CallBook, answered
from voucherify_admin.demo.offer import ALWAYS_VALID
from voucherify_admin.demo.story import Attempt, Story
from vouchers.schemas import voucher_out

# Of three thousand attempts so many are orders with several codes.
ORDERS = 36
ONLINE = tuple(place for place in PLACES if place.kind in ("web", "app"))
Play = Callable[[datetime], None]
Codes = list[tuple[str, int | None]]


class Carts:
    """Plays the orders; `later` puts what follows from one into the story, `channel` tells who calls from a place."""

    def __init__(
        self,
        story: Story,
        book: CallBook,
        *,
        channel: Callable[[Place], Channel],
        later: Callable[[datetime, Play], None],
        seed: int,
    ) -> None:
        self.story, self.book, self.channel, self.later = story, book, channel, later
        self.rng = random.Random(seed)  # noqa: S311 - a story, not a secret

    def plan(self, scale: float) -> None:
        """Put all orders into the story, of which the second is returned, and the cart that is still open."""
        calendar, kinds = self.story.calendar, (self._thanked, self._greedy, self._second_hand, self._small)
        count = max(len(kinds), round(ORDERS * scale))
        # After the clearance, so that there is an expired code that people still try.
        moments = calendar.moments(count, rng=self.rng, start=calendar.day(-50), end=calendar.day(-3))
        for number, at in enumerate(sorted(moments)):
            make, returned = kinds[number % len(kinds)], number % 12 == 1
            self.later(at, lambda at, make=make, returned=returned: self._redeem(make, at, returned=returned))
        self.later(calendar.now - timedelta(minutes=9), self._keep)

    # --- Which codes -----------------------------------------------------------------------------------------------

    def _card(self, at: datetime, amount: int) -> Codes:
        card = self.story.card(at)
        return [(card.code, min(self.story.balance[card.code], amount // 2))] if card else []

    def _thanked(self, at: datetime, amount: int) -> Codes:
        """The newsletter's code, and a gift card for the rest."""
        voucher = self.story.take("newsletter")
        return [*([(voucher.code, None)] if voucher else []), *self._card(at, amount)]

    def _greedy(self, at: datetime, amount: int) -> Codes:
        """All that the drawer holds: one is over, the others still count."""
        return [(self.story.offer.shared["clearance"].code, None), *self._thanked(at, amount)]

    def _second_hand(self, at: datetime, amount: int) -> Codes:
        """A friend's code, used already, beside one that always works."""
        used = self.story.used["newsletter"]
        return [*([(self.rng.choice(used).code, None)] if used else []), (ALWAYS_VALID, None)]

    def _small(self, at: datetime, amount: int) -> Codes:
        """Too small an order for the one code, but not for the gift card."""
        return [(self.story.offer.shared["basket"].code, None), (ALWAYS_VALID, None), *self._card(at, amount)]

    # --- What is done with them ------------------------------------------------------------------------------------

    def _attempt(self, make: Callable[[datetime, int], Codes], at: datetime) -> tuple[Place, dict[str, Any]]:
        place = self.rng.choice(ONLINE)
        # Below what the basket's rule asks for.
        attempt: Attempt = self.story.attempt(
            "", at, place, customer=self.story.customer(at), least=2500, most=4900, matcha=False
        )
        redeemables = [
            {"object": "voucher", "id": code, **({"gift": {"credits": credits}} if credits else {})}
            for code, credits in make(at, attempt.body["order"]["amount"])
        ]
        return place, {"redeemables": redeemables, **attempt.body}

    def _redeem(self, make: Callable[[datetime, int], Codes], at: datetime, *, returned: bool) -> None:
        place, body = self._attempt(make, at)
        if len(body["redeemables"]) < 2:
            return
        request_id = self.book.request_id(at)
        asked = schemas.stack_requests(body, channel=self.channel(place), request_id=request_id)
        stack = actions.redeem_stack(asked, now=at)
        for child in stack.redeemed:
            if child.gift_amount:
                self.story.balance[child.code] -= child.gift_amount
        attempts = [stack.parent, *stack.redeemed, *stack.refused]
        if stack.failure:
            answer = answered(schemas.stack_failure(stack), request_id)
        else:
            full = {one.voucher_id: voucher_out(one.voucher, []) for one in stack.redeemed}
            answer = 200, schemas.stack_out(stack, asked[0], full)
        self.book.note(
            place,
            "POST",
            "/v1/redemptions",
            at=at,
            endpoint="/v1/redemptions",
            answer=answer,
            touches=[touch for one in attempts for touch in (("redemption", one.public_id), ("voucher", one.code))],
            request_id=request_id,
            body=body,
        )
        if returned and not stack.failure:
            back = at + timedelta(days=self.rng.uniform(0.5, 2.5))
            self.later(back, lambda at: self._roll_back(stack, place, at))

    def _roll_back(self, stack: Stack, place: Place, at: datetime) -> None:
        request_id = self.book.request_id(at)
        asked = RollbackRequest(
            stack.parent.public_id, self.channel(place), reason="Customer returned the order", request_id=request_id
        )
        done = actions.roll_back_stack(asked, now=at)
        rollbacks = [one for one in (done.parent, *done.rollbacks) if one]
        for one in rollbacks:
            if one.redemption.gift_amount:
                self.story.balance[one.redemption.code] += one.redemption.gift_amount
        vouchers = [one.redemption.voucher for one in done.rollbacks]
        self.book.note(
            place,
            "POST",
            f"/v1/redemptions/{stack.parent.public_id}/rollbacks",
            at=at,
            endpoint="/v1/redemptions/{redemption_id}/rollbacks",
            answer=(200, schemas.rollbacks_out(done, {each.pk: voucher_out(each, []) for each in vouchers if each})),
            touches=[
                touch
                for one in rollbacks
                for touch in (
                    ("rollback", one.public_id),
                    ("redemption", one.redemption.public_id),
                    ("voucher", one.redemption.code),
                )
            ],
            request_id=request_id,
            body={"reason": asked.reason},
        )

    def _keep(self, at: datetime) -> None:
        """Somebody has filled a cart and is looking for their purse: the shop keeps both codes for a week."""

        def codes(at: datetime, amount: int) -> Codes:
            return [(ALWAYS_VALID, None), *self._card(at, amount)]

        place, body = self._attempt(codes, at)
        body["session"] = {"type": "LOCK", "key": f"cart-{self.rng.getrandbits(32):08x}", "ttl": 7, "ttl_unit": "DAYS"}
        request_id = self.book.request_id(at)
        asked = schemas.stack_requests(body, channel=self.channel(place), request_id=request_id)
        decided = actions.validate_stack(asked, now=at)
        self.book.note(
            place,
            "POST",
            "/v1/validations",
            at=at,
            endpoint="/v1/validations",
            answer=(200, schemas.stack_validation_out(decided, asked[0], schemas.session_out(body))),
            touches=[("voucher", one.code) for one in asked],
            request_id=request_id,
            body=body,
        )
