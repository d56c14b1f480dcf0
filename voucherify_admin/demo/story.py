"""What the scenes share: who buys what, which codes are used up, what is left on a gift card; decides no outcome."""

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.models import Customer
from voucherify_admin.demo.assortment import CASHIERS, MATCHA, PRODUCTS, Place
from voucherify_admin.demo.draw import Calendar
from voucherify_admin.demo.offer import Offer
from vouchers.models import Voucher


@dataclass
class Attempt:
    """One attempt that is going to be made; `body` is what the shop sends, in Voucherify's words."""

    code: str
    body: dict[str, Any] = field(default_factory=dict)


class Story:
    """The state that scenes share: which codes are used up, which customers have ordered, what is on a gift card."""

    def __init__(self, offer: Offer, customers: list[Customer], *, calendar: Calendar, rng: random.Random) -> None:
        self.offer = offer
        self.calendar = calendar
        self.rng = rng
        self.customers = customers
        self.joined = [one.created_at for one in customers]
        self.ordered: set[int] = set()
        self.used: dict[str, list[Voucher]] = {key: [] for key in offer.codes}
        self.fresh = {key: rng.sample(codes, len(codes)) for key, codes in offer.codes.items()}
        self.balance = {card.code: card.gift_balance for card in offer.codes["gift"]}
        self.stopped: list[Voucher] = []
        self.known = {voucher.code for voucher in offer.vouchers()}
        self.receipts = 0

    def customer(self, at: datetime, fits: Callable[[Customer], bool] = lambda _: True) -> Customer | None:
        """Draw a customer who had joined by then; the early ones are the regulars."""
        known = bisect_right(self.joined, at)
        for _ in range(60):
            one = self.customers[int(known * self.rng.random() ** 1.4)]
            if fits(one):
                return one
        return next((one for one in self.customers[:known] if fits(one)), None)

    def buyer(self, customer: Customer | None, place: Place) -> dict[str, Any] | None:
        """The customer as that place names them: a till by the loyalty card, the web shop with the profile."""
        if customer is None:
            return None
        if place.kind == "till" or place.kind == "desk":
            return {"source_id": customer.source_id}
        return {"source_id": customer.source_id, "name": customer.name, "email": customer.email}

    def basket(self, *, least: int = 0, most: int = 100_000, matcha: bool | None = None) -> dict[str, Any]:
        """Draw an order between two amounts (cents), with matcha, without, or either."""
        lines: dict[str, int] = {}
        if matcha:
            lines[self.rng.choice(MATCHA)] = 1
        pool = [one for one in PRODUCTS if matcha is not False or one.id not in MATCHA]
        prices = {one.id: one.price for one in PRODUCTS}
        wanted = self.rng.choice((1, 1, 2, 2, 3, 4))
        while True:
            total = sum(prices[id] * quantity for id, quantity in lines.items())
            affordable = [one for one in pool if total + one.price <= most]
            if not affordable or (len(lines) >= wanted and total >= least):
                break
            id = self.rng.choice(affordable).id
            lines[id] = lines.get(id, 0) + 1
        self.receipts += 1
        names = {one.id: one.name for one in PRODUCTS}
        items = [
            {"product_id": id, "quantity": quantity, "price": prices[id], "product": {"name": names[id]}}
            for id, quantity in lines.items()
        ]
        amount = sum(item["price"] * item["quantity"] for item in items)
        return {"source_id": f"R{self.calendar.now:%y}-{100_000 + self.receipts}", "amount": amount, "items": items}

    def metadata(self, customer: Customer | None, place: Place) -> dict[str, Any]:
        """What that place says about the attempt beside the order."""
        rng = self.rng
        if place.kind == "till":
            return {
                "shop": place.name.removeprefix("Till "),
                "city": place.city,
                "till": rng.randrange(1, 4),
                "cashier": rng.choice(CASHIERS[place.city]),
            }
        if place.kind == "desk":
            return {"ticket": f"CARE-{rng.randrange(2000, 9000)}"}
        city = customer.address["city"] if customer and customer.address else "Berlin"
        language = customer.metadata["language"] if customer else "de"
        if place.kind == "app":
            version = rng.choice(("5.2.0", "5.3.1", "5.3.1"))
            return {"source": "app", "app_version": version, "locale": language, "city": city}
        return {"source": "web", "locale": language, "city": city, "first_visit": rng.random() < 0.2}

    def attempt(
        self, code: str, at: datetime, place: Place, *, customer: Customer | None = None, **order: Any
    ) -> Attempt:
        """An ordinary attempt: a basket, a customer if there is one, and what the place says."""
        body: dict[str, Any] = {"order": self.basket(**order)}
        if customer:
            body["customer"] = self.buyer(customer, place)
        body["metadata"] = self.metadata(customer, place)
        if place.kind in ("web", "app") and self.rng.random() < 0.5:
            body["tracking_id"] = f"visit-{self.rng.getrandbits(40):010x}"
        return Attempt(code, body)

    def maybe(self, at: datetime, place: Place) -> Customer | None:
        """A customer, unless somebody pays at a till without a card."""
        return self.customer(at) if place.kind != "till" or self.rng.random() < 0.55 else None

    def take(self, key: str) -> Voucher | None:
        """Take an unused code of a campaign; it counts as used from now on."""
        if not self.fresh[key]:
            return None
        voucher = self.fresh[key].pop()
        self.used[key].append(voucher)
        return voucher

    def card(self, at: datetime) -> Voucher | None:
        """A gift card that was sold by then and has something on it."""
        cards = [one for one in self.offer.codes["gift"] if one.created_at < at and self.balance[one.code] >= 400]
        return self.rng.choice(cards) if cards else None
