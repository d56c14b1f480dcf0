"""Tells the small story: plays its attempts through the product's own verbs, in the order of time, all or nothing."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.models import Campaign, Customer
from redemptions import actions, schemas
from redemptions.actions import RollbackRequest
from redemptions.engine import Channel, Reason, RedeemRequest
from redemptions.models import Redemption, Result
from redemptions.views.redeem import of_attempt
from redemptions.views.rollback import answer as rollback_answer
from voucherify_admin.accounts.models import User
from voucherify_admin.api.models import ApiKey
from voucherify_admin.api.wire import iso
from voucherify_admin.demo import people
from voucherify_admin.demo.assortment import OFFICE, PLACES, WIDGET, Place
from voucherify_admin.demo.calls import CallBook, answered
from voucherify_admin.demo.carts import Carts
from voucherify_admin.demo.cast import hire_colleagues, issue_keys
from voucherify_admin.demo.draw import Calendar
from voucherify_admin.demo.offer import Offer, open_shop, peak_day
from voucherify_admin.demo.scenes import office_paused, schedule
from voucherify_admin.demo.story import Attempt, Story
from vouchers.models import Voucher
from vouchers.schemas import voucher_out

CUSTOMERS = 400
# One success in so many is undone later.
ROLLBACK_EVERY = 27
# Why something bought in a shop or online is undone, and after how many minutes at the least and at the most.
IN_SHOPS = (
    ("Scanned twice at the till", 1, 6),
    ("Customer returned the order", 1_500, 13_000),
    ("Wrong till: booked for the shop next door", 2, 25),
    ("Cashier training, not a sale", 5, 90),
)
ONLINE = (
    ("Customer returned the order", 2_900, 15_000),
    ("Payment was declined after the code had been taken", 1, 4),
    ("Customer returned part of the order and asked for the code back", 4_000, 14_000),
    ("Parcel lost on the way, the order was cancelled", 6_000, 17_000),
)
# What the validation endpoint does not tell as `valid: false`.
INCOMPLETE = (Reason.MISSING_AMOUNT, Reason.MISSING_ORDER_ITEMS, Reason.MISSING_CUSTOMER, Reason.INVALID_PAYLOAD)


class StoryError(Exception):
    """The story did not come out as it should have; nothing of it was written."""


@dataclass(frozen=True)
class Told:
    """What was made."""

    attempts: int
    succeeded: int
    rolled_back: int
    vouchers: int
    customers: int
    calls: int


def tell(*, seed: int, now: datetime, scale: float = 1.0) -> Told:
    """Write the whole story, about three thousand attempts times `scale`, or nothing of it.

    The same seed and moment give the same rows, but for the random ends of the ids that the verbs themselves give out.
    Raises StoryError when one of the reasons is missing among the failures.
    """
    with transaction.atomic():
        return _Teller(seed=seed, now=now, scale=scale).tell()


class _Teller:
    def __init__(self, *, seed: int, now: datetime, scale: float) -> None:
        self.seed, self.scale = seed, scale
        self.rng = random.Random(seed)  # noqa: S311 - a story, not a secret
        self.calendar = Calendar(now, peak=peak_day(now))
        self.events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.order = itertools.count()
        self.successes = 0
        self.repeats = itertools.count()

    def tell(self) -> Told:
        rng, calendar = self.rng, self.calendar
        self.keys = issue_keys(calendar, rng)
        self.book = CallBook(self.keys, rng=rng)
        self.users = hire_colleagues(calendar, rng)
        count = max(60, round(CUSTOMERS * self.scale))
        customers = people.invent(count, rng=rng, before=calendar.start, now=calendar.now)
        Customer.objects.bulk_create(customers, batch_size=1000)
        offer = open_shop(calendar, customers, rng=rng, scale=self.scale)
        self._note_new_codes(offer)
        self.story = Story(offer, customers, calendar=calendar, rng=rng)
        for at, scene, place in schedule(self.story, self.scale):
            self._at(at, self._scene(scene.make, place))
        Carts(self.story, self.book, channel=self._channel, later=self._at, seed=self.seed).plan(self.scale)
        self._at(office_paused(calendar), self._pause(offer.campaigns["office"]))
        for number, voucher in enumerate(self.story.fresh["newsletter"][:3]):
            self._at(calendar.day(-26, hour=11, minute=3 + number), self._disable(voucher))
        while self.events:
            at, _, play = heapq.heappop(self.events)
            play(at)
        self.book.save()
        # The morning after the guessing night somebody took the key away.
        ApiKey.objects.filter(pk=self.keys[WIDGET.name].pk).update(is_active=False)
        return self._finish(offer)

    def _at(self, at: datetime, play: Callable[[datetime], None]) -> None:
        heapq.heappush(self.events, (at, next(self.order), play))

    def _finish(self, offer: Offer) -> Told:
        codes = Redemption.objects.values_list("failure_code", flat=True).order_by().distinct()
        missing = {reason.value for reason in Reason} - set(codes)
        if missing:
            raise StoryError(f"No attempt failed for: {', '.join(sorted(missing))}. Nothing was written.")
        statuses = Redemption.objects.count_by_status()
        attempts = sum(statuses.values())
        demo = offer.shared["demo"]
        last = Redemption.objects.order_by("-pk").values_list("pk", flat=True).first()
        demo.metadata = {"demo": {"seed": self.seed, "attempts": attempts, "last": last, "bulk": 0}}
        demo.save(update_fields=["metadata"])
        return Told(
            attempts=attempts,
            succeeded=statuses.get("SUCCEEDED", 0),
            rolled_back=statuses.get("ROLLED_BACK", 0),
            vouchers=Voucher.objects.count(),
            customers=Customer.objects.count(),
            calls=len(self.book.calls),
        )

    # --- Attempts --------------------------------------------------------------------------------------------------

    def _scene(self, make: Callable, place: Place) -> Callable[[datetime], None]:
        def play(at: datetime) -> None:
            attempt = make(self.story, at, place)
            if attempt is None:
                return
            soon = at + timedelta(seconds=self.rng.randrange(12, 80))
            if place.kind == "web" and self.rng.random() < 0.1 and soon < self.calendar.now:
                self._validate(attempt, place, at)
                self._at(soon, lambda later: self._redeem(attempt, place, later))
            else:
                self._redeem(attempt, place, at)

        return play

    def _redeem(self, attempt: Attempt, place: Place, at: datetime) -> None:
        redemption = self._by_hand(attempt, place, at) if place.kind == "desk" else self._by_api(attempt, place, at)
        if redemption.result == Result.FAILURE:
            return
        self.successes += 1
        if self.successes % ROLLBACK_EVERY == ROLLBACK_EVERY // 2:
            reason, least, most = self.rng.choice(ONLINE if place.kind in ("web", "app") else IN_SHOPS)
            wait = timedelta(minutes=self.rng.uniform(least, most))
            self._at(at + min(wait, (self.calendar.now - at) * 0.9), self._roll_back(redemption, reason, place))

    def _by_api(self, attempt: Attempt, place: Place, at: datetime) -> Redemption:
        request_id = self.book.request_id(at)
        channel = self._channel(place)
        stacked = place.kind in ("web", "app") and self.rng.random() < 0.6
        body = dict(attempt.body)
        if stacked:
            redeemable = {"object": "voucher", "id": attempt.code}
            if "gift" in body:
                redeemable["gift"] = body.pop("gift")
            body = {"redeemables": [redeemable], **body}
            path, endpoint = "/v1/redemptions", "/v1/redemptions"
            (asked,) = schemas.stack_requests(body, channel=channel, request_id=request_id)
        else:
            path, endpoint = f"/v1/vouchers/{attempt.code}/redemption", "/v1/vouchers/{code}/redemption"
            asked = schemas.redeem_request(attempt.code, body, tracking_id=None, channel=channel, request_id=request_id)
        redemption = actions.redeem(asked, now=at)
        if redemption.failure_code:
            out = answered(schemas.failure(redemption), request_id)
        else:
            one = schemas.redemption_out(redemption, rollbacks=[], voucher=voucher_out(redemption.voucher, []))
            none: dict[str, Any] = {"inapplicable_redeemables": [], "skipped_redeemables": []}
            out = 200, {"redemptions": [one], "order": one["order"], **none} if stacked else one
        self.book.note(
            place,
            "POST",
            path,
            at=at,
            endpoint=endpoint,
            answer=out,
            touches=[("redemption", redemption.public_id), ("voucher", redemption.code)],
            request_id=request_id,
            body=body,
        )
        return redemption

    def _validate(self, attempt: Attempt, place: Place, at: datetime) -> None:
        """The web shop looks first, while the customer is still typing an address."""
        request_id = self.book.request_id(at)
        asked = schemas.redeem_request(
            attempt.code, attempt.body, tracking_id=None, channel=self._channel(place), request_id=request_id
        )
        decision = actions.validate(asked, now=at)
        if decision.reason in INCOMPLETE:
            # The endpoint answers these with an error; the shop's own check catches them before it asks.
            return
        voucher = Voucher.objects.by_reference(asked.code).first()
        self.book.note(
            place,
            "POST",
            f"/v1/vouchers/{attempt.code}/validate",
            at=at,
            endpoint="/v1/vouchers/{code}/validate",
            answer=(200, schemas.validation_out(decision, asked, voucher)),
            touches=[("voucher", asked.code)],
            request_id=request_id,
            body=attempt.body,
        )

    def _by_hand(self, attempt: Attempt, place: Place, at: datetime) -> Redemption:
        """A colleague types the code into the dashboard, while the customer waits on the phone."""
        user = self.rng.choice(self.users)
        request_id = self.book.request_id(at)
        order, customer = attempt.body.get("order") or {}, attempt.body.get("customer") or {}
        metadata = attempt.body.get("metadata") or {}
        credits = (attempt.body.get("gift") or {}).get("credits")
        items = [{name: item[name] for name in ("product_id", "quantity", "price")} for item in order.get("items", [])]
        asked = RedeemRequest(
            code=attempt.code,
            channel=Channel("USER", user.public_id, user.username, user.pk),
            order={"amount": order["amount"], "items": items} if order else None,
            customer={"source_id": customer["source_id"]} if customer else None,
            metadata=metadata,
            gift_credits=credits,
            request_id=request_id,
        )
        redemption = actions.redeem(asked, now=at)
        outcome = of_attempt(redemption)
        form = {
            "code": asked.code,
            "amount": f"{order.get('amount', 0) / 100:.2f}",
            "customer": customer.get("source_id", ""),
        }
        for name, value in metadata.items():
            form |= {"metadata_key": name, "metadata_value": value}
        if credits:
            form["credits"] = f"{credits / 100:.2f}"
        self.book.note(
            place,
            "POST",
            "/redeem/",
            at=at,
            endpoint="/redeem/",
            answer=(outcome.status, outcome.wire),
            touches=[("voucher", redemption.code), ("redemption", redemption.public_id)],
            request_id=request_id,
            body=form,
            user=user,
        )
        return redemption

    # --- What happens beside the attempts --------------------------------------------------------------------------

    def _roll_back(self, redemption: Redemption, reason: str, place: Place) -> Callable[[datetime], None]:
        def play(at: datetime) -> None:
            request_id = self.book.request_id(at)
            # Tills may not roll back: their shop calls the care desk.
            user = self.rng.choice(self.managers) if place.kind not in ("web", "app") else None
            channel = Channel("USER", user.public_id, user.username, user.pk) if user else self._channel(place)
            asked = RollbackRequest(redemption.public_id, channel, reason=reason, request_id=request_id)
            rollback = actions.roll_back(asked, now=at)
            touches = [
                ("voucher", redemption.code),
                ("redemption", redemption.public_id),
                ("rollback", rollback.public_id),
            ]
            noted: dict[str, Any] = {"at": at, "touches": touches, "request_id": request_id, "body": {"reason": reason}}
            if user:
                path, endpoint = (
                    f"/redemptions/{redemption.public_id}/roll-back/",
                    "/redemptions/{public_id}/roll-back/",
                )
                out = 400 if rollback.failure_code else 200, rollback_answer(rollback, redemption)
                self.book.note(place, "POST", path, endpoint=endpoint, answer=out, user=user, **noted)
            else:
                path, endpoint = (
                    f"/v1/redemptions/{redemption.public_id}/rollback",
                    "/v1/redemptions/{redemption_id}/rollback",
                )
                if rollback.failure_code:
                    out = answered(schemas.rollback_failure(rollback), request_id)
                else:
                    out = 200, schemas.rollback_out(rollback, voucher=voucher_out(rollback.redemption.voucher, []))
                self.book.note(place, "POST", path, endpoint=endpoint, answer=out, **noted)
            if rollback.failure_code:
                return
            if redemption.gift_amount:
                self.story.balance[redemption.code] += redemption.gift_amount
            again = at + timedelta(minutes=self.rng.uniform(3, 40))
            if next(self.repeats) % 9 == 1 and again < self.calendar.now:
                # A colleague who had not heard of it tries too, and is refused.
                self._at(again, self._roll_back(redemption, reason, place))

        return play

    @property
    def managers(self) -> list[User]:
        return [user for user in self.users if user.role != "Merchant"]

    def _pause(self, campaign: Campaign) -> Callable[[datetime], None]:
        def play(at: datetime) -> None:
            campaign.is_active = False
            campaign.updated_at = at
            campaign.save(update_fields=["is_active", "updated_at"])

        return play

    def _disable(self, voucher: Voucher) -> Callable[[datetime], None]:
        """A reader had posted these codes in a forum."""

        def play(at: datetime) -> None:
            voucher.set_active(False, now=at)
            if voucher in self.story.fresh["newsletter"]:
                self.story.fresh["newsletter"].remove(voucher)
            self.story.stopped.append(voucher)
            self.book.note(
                PLACES[-1],
                "POST",
                f"/vouchers/{voucher.public_id}/disable/",
                at=at,
                endpoint="/vouchers/{public_id}/disable/",
                answer=(200, {"id": voucher.public_id, "code": voucher.code, "active": False}),
                touches=[("voucher", voucher.code)],
                request_id=self.book.request_id(at),
                body={},
                user=self.managers[0],
            )

        return play

    def _note_new_codes(self, offer: Offer) -> None:
        """The calls by which codes that everybody knows, and the gift cards of these ninety days, were created."""
        new = [
            voucher for voucher in offer.shared.values() if voucher.created_at > self.calendar.now - timedelta(days=170)
        ]
        new += [card for card in offer.codes["gift"] if card.created_at >= self.calendar.start]
        for voucher in new:
            uses = {"redemption": {"quantity": voucher.quantity}}
            if voucher.is_gift:
                body: dict[str, Any] = {
                    "type": voucher.type,
                    "gift": {"amount": voucher.gift_amount, "effect": voucher.gift_effect},
                    "expiration_date": iso(voucher.expiration_date),
                    "metadata": voucher.metadata,
                }
            elif voucher.campaign:
                body = uses
            else:
                body = {"type": voucher.type, "discount": voucher.discount, "additional_info": voucher.additional_info}
            if voucher.campaign:
                body = {"campaign": voucher.campaign.name, **body}
            self.book.note(
                OFFICE,
                "POST",
                f"/v1/vouchers/{voucher.code}",
                at=voucher.created_at,
                endpoint="/v1/vouchers/{code}",
                answer=(200, voucher_out(voucher, [])),
                touches=[("voucher", voucher.code)],
                request_id=self.book.request_id(voucher.created_at),
                body=body,
            )

    def _channel(self, place: Place) -> Channel:
        key = self.keys[place.name]
        return Channel("API", str(key.app_id), key.name)
