"""What the chain offers: its campaigns with their rules, segments and codes as rows; tells no attempt."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership, ValidationRule
from voucherify_admin.demo.assortment import BISCUIT, MATCHA
from voucherify_admin.demo.draw import ZONE, Calendar, id_at
from vouchers.codes import generate_codes
from vouchers.models import GiftTransaction, Origin, Voucher

# What a person at a till can tell apart on paper.
LEGIBLE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ALWAYS_VALID = "DEMO-10"
# The segments, and who is in each.
MEMBERS: dict[str, Callable[[Customer], bool]] = {
    "Gold Circle": lambda one: one.metadata["tier"] == "Gold",
    "Newsletter readers": lambda one: one.metadata["newsletter"],
    "Matcha people": lambda one: one.metadata["favourite"] == "matcha",
    "Berlin regulars": lambda one: one.address["city"] == "Berlin",
}
SEASONS = ("Winter", "Spring", "Summer", "Autumn")


def season(at: datetime) -> str:
    """Return the season's name in the northern half of the world."""
    return SEASONS[at.month % 12 // 3]


def peak_day(now: datetime) -> datetime:
    """Return the Friday of the rush: Black Friday itself when it lies well within the story, else one a month ago."""
    local = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    for year in (local.year, local.year - 1):
        november = local.replace(year=year, month=11, day=1)
        friday = november + timedelta(days=(3 - november.weekday()) % 7 + 22)
        if timedelta(days=5) < local - friday < timedelta(days=70):
            return friday
    return local - timedelta(days=(local.weekday() - 4) % 7 + 28)


def percent(off: int, **more: Any) -> dict[str, Any]:
    return {"type": "PERCENT", "percent_off": off, "effect": "APPLY_TO_ORDER", **more}


def amount(off: int) -> dict[str, Any]:
    return {"type": "AMOUNT", "amount_off": off, "effect": "APPLY_TO_ORDER"}


@dataclass
class Offer:
    """All that the story plays with. `codes` lists each campaign's vouchers under its key, multi-use ones apart."""

    calendar: Calendar
    rng: random.Random
    scale: float = 1.0
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    codes: dict[str, list[Voucher]] = field(default_factory=dict)
    shared: dict[str, Voucher] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)

    def vouchers(self) -> Iterable[Voucher]:
        """Every voucher, in the order of its making."""
        yield from self.shared.values()
        for codes in self.codes.values():
            yield from codes

    def scaled(self, count: int, *, least: int = 3) -> int:
        return max(least, round(count * self.scale))


def open_shop(calendar: Calendar, customers: list[Customer], *, rng: random.Random, scale: float) -> Offer:
    """Write the whole offer and return it; the customers must be saved."""
    offer = Offer(calendar, rng, scale)
    _campaigns(offer)
    _segments(offer, customers)
    _rules(offer)
    _codes(offer)
    Voucher.objects.bulk_create(sorted(offer.vouchers(), key=lambda voucher: voucher.created_at), batch_size=1000)
    for card in offer.codes["gift"]:
        GiftTransaction.objects.open([card], origin=Origin(card.created_at, reason="Sold"))
    return offer


def _campaigns(offer: Offer) -> None:
    day, peak = offer.calendar.day, offer.calendar.peak
    is_real = peak.month == 11 and peak.day > 22
    rush = f"Black Friday {peak.year}" if is_real else f"Black Friday in {peak:%B}"
    second, discounts, gifts = timedelta(seconds=1), "DISCOUNT_COUPONS", "GIFT_VOUCHERS"
    past, future = season(day(-95)), season(day(12))
    # key, name, description, type, discount, created, start, end, category
    table: list[tuple] = [
        ("gift", "Gift cards", "Paper and e-mail gift cards, from 10 to 100. The balance can be spent in parts.",
         gifts, None, day(-340), None, None, "Gift cards"),
        ("welcome", f"{season(day(-85))} welcome", "Ten percent off the first order, so that we get to know you.",
         discounts, percent(10), day(-200), None, None, "Acquisition"),
        ("vip", "Gold Circle tasting", "For members of the Gold Circle only: a fifth off everything in the cupboard.",
         discounts, percent(20), day(-150), None, None, "Loyalty"),
        ("basket", "Full basket, lighter bill", "Seven off any order from fifty. Shipping stays as it is.",
         discounts, amount(700), day(-120), None, None, "Basket"),
        ("office", "Office pantry", "A monthly crate for offices. Paused while the contract is renegotiated.",
         discounts, amount(1500), day(-115), None, None, "Partners"),
        ("clearance", f"{past} clearance", f"Last tins of the {past.lower()} harvest, while they last: a third less.",
         discounts, percent(33), day(-100), day(-95), day(-57) - second, "Seasonal"),
        ("newsletter", "Newsletter thank-you", "One code for each reader, good for one order: five off.",
         discounts, amount(500), day(-97), None, day(60) - second, "Newsletter"),
        ("aylin", "Tea time with Aylin", "Aylin reads out the code in her cooking show. As long as the budget lasts.",
         discounts, percent(15, amount_limit=2000), day(-93), day(-70), None, "Influencers"),
        ("app", "First sip in the app", "Four off for orders placed in the app, and nowhere else.",
         discounts, amount(400), day(-92), None, None, "Acquisition"),
        ("matcha", "Matcha month", "A quarter off when there is matcha in the basket.",
         discounts, percent(25), day(-64), day(-60), day(20) - second, "Seasonal"),
        ("biscuit", "Rainy day biscuit", "A tin of shortbread on the house when the forecast is grey.",
         discounts, {"type": "UNIT", "unit_off": 1, "unit_type": BISCUIT, "effect": "ADD_NEW_ITEMS"},
         day(-50), None, None, "Surprise"),
        ("rush", rush, "Twenty-five percent, one weekend, no exceptions.",
         discounts, percent(25), peak - timedelta(days=12), peak, peak + timedelta(days=3) - second, "Seasonal"),
        ("preview", f"{future} preview", f"Early access to the {future.lower()} blends. The doors open soon.",
         discounts, percent(20), day(-15), day(12), day(40) - second, "Seasonal"),
    ]  # fmt: skip
    for key, name, description, kind, discount, created, start, end, category in table:
        gift = kind == gifts
        template: dict[str, Any] = {"type": "GIFT_VOUCHER" if gift else "DISCOUNT_VOUCHER"}
        template |= {"gift": {"amount": 5000, "effect": "APPLY_TO_ORDER"}} if gift else {"discount": discount}
        template["redemption"] = {"quantity": None if gift else 1}
        offer.campaigns[key] = Campaign(
            public_id=id_at("camp_", created, offer.rng),
            name=name,
            description=description,
            campaign_type=kind,
            voucher_template=template,
            start_date=start,
            expiration_date=end,
            category=category,
            metadata={"team": "brand" if category == "Seasonal" else "growth"},
            created_at=created,
        )
    Campaign.objects.bulk_create(sorted(offer.campaigns.values(), key=lambda one: one.created_at))


def _segments(offer: Offer, customers: list[Customer]) -> None:
    made = offer.calendar.day(-150)
    for name in MEMBERS:
        offer.segments[name] = Segment(public_id=id_at("seg_", made, offer.rng), name=name, created_at=made)
    Segment.objects.bulk_create(offer.segments.values())
    join_segments(offer.segments, customers)


def join_segments(segments: Mapping[str, Segment], customers: list[Customer]) -> None:
    """Put the customers, who must be saved, into the segments that they belong to."""
    SegmentMembership.objects.bulk_create(
        [
            SegmentMembership(segment=segments[name], customer=one)
            for name, belongs in MEMBERS.items()
            for one in customers
            if belongs(one)
        ],
        batch_size=5000,
    )


def _rules(offer: Offer) -> None:
    gold = offer.segments["Gold Circle"].public_id
    table = [
        ("welcome", "First order only", "redemption.count.per_customer", None, {"$less_than_or_equal": [1]},
         "This code is for your first order. See you again soon!"),
        ("vip", "Members of the Gold Circle", "customer.segment", None, {"$is": [gold]},
         "This tasting is for members of our Gold Circle."),
        ("basket", "From fifty on", "order.amount", None, {"$more_than_or_equal": [5000]}, ""),
        ("matcha", "Matcha in the basket", "product.id", None, {"$is": list(MATCHA)},
         "Put any matcha into your basket to use this code."),
        ("app", "In the app only", "redemption.metadata", "source", {"$is": ["app"]},
         "This code works in our app."),
    ]  # fmt: skip
    rules, assignments = [], []
    for key, name, clause, prop, conditions, told in table:
        campaign = offer.campaigns[key]
        made = campaign.created_at + timedelta(minutes=7)
        body: dict[str, Any] = {"name": clause, "property": prop, "conditions": conditions}
        rule = ValidationRule(
            public_id=id_at("val_", made, offer.rng),
            name=name,
            rules={"1": {part: value for part, value in body.items() if value}, "logic": "1"},
            error_message=told,
            created_at=made,
        )
        rules.append(rule)
        assignments.append(
            RuleAssignment(
                public_id=id_at("asgm_", made, offer.rng),
                rule=rule,
                related_object_type="campaign",
                related_object_id=campaign.public_id,
                created_at=made,
            )
        )
    ValidationRule.objects.bulk_create(rules)
    RuleAssignment.objects.bulk_create(assignments)


def _codes(offer: Offer) -> None:
    rng, day, scaled = offer.rng, offer.calendar.day, offer.scaled
    rush = f"{offer.calendar.peak:%y}"
    for key, code, quantity in (
        ("welcome", "WELCOME10", None),
        ("clearance", "LASTTINS33", None),
        ("aylin", "AYLIN15", scaled(120)),
        ("basket", "BASKET50", None),
        ("matcha", "MATCHAMONTH", None),
        ("vip", "GOLDCIRCLE", None),
        ("app", "FIRSTSIP", None),
        ("biscuit", "DRIZZLE", None),
        ("rush", f"BLACKFRIDAY{rush}", None),
        ("preview", "EARLYLEAF", None),
    ):
        offer.shared[key] = _voucher(offer, key, code, quantity=quantity)
    offer.shared["demo"] = _alone(
        offer, ALWAYS_VALID, percent(10), day(-120), "Always valid: made for trying things out."
    )
    offer.shared["tuesday"] = _alone(
        offer, "TEATUESDAY", percent(15), day(-118), "On Tuesdays the second pot is on us, nearly."
    )
    offer.shared["tuesday"].validity_day_of_week = [2]
    offer.shared["staff"] = _alone(offer, "STAFF-30", percent(30), day(-110), "For colleagues; asked for at the desk.")
    for key, count, pattern in (
        ("newsletter", 680, "NEWS-######"),
        ("rush", 220, "BF-#####"),
        ("clearance", 130, "TIN-#####"),
        ("vip", 60, "GOLD-####-####"),
        ("office", 70, "PANTRY-#####"),
        ("preview", 70, "EARLY-#####"),
    ):
        codes = generate_codes(scaled(count, least=8), pattern=pattern, charset=LEGIBLE, rng=rng)
        offer.codes[key] = [_voucher(offer, key, code, quantity=1) for code in codes]
    cards = generate_codes(scaled(240, least=8), pattern="GIFT-####-####", charset=LEGIBLE, rng=rng)
    offer.codes["gift"] = [_card(offer, code) for code in cards]
    offer.codes["gift"].sort(key=lambda card: card.created_at)


def _voucher(offer: Offer, key: str, code: str, *, quantity: int | None) -> Voucher:
    campaign = offer.campaigns[key]
    at = campaign.created_at + timedelta(minutes=12, microseconds=offer.rng.randrange(60_000_000))
    return Voucher(
        public_id=id_at("v_", at, offer.rng),
        code=code,
        campaign=campaign,
        discount=campaign.voucher_template["discount"],
        quantity=quantity,
        category=campaign.category,
        created_at=at,
    )


def _alone(offer: Offer, code: str, discount: dict[str, Any], at: datetime, info: str) -> Voucher:
    return Voucher(
        public_id=id_at("v_", at, offer.rng), code=code, discount=discount, additional_info=info, created_at=at
    )


def _card(offer: Offer, code: str) -> Voucher:
    calendar, rng = offer.calendar, offer.rng
    if rng.random() < 0.6:
        at = calendar.start - timedelta(days=rng.uniform(1, 200))
    else:
        at = calendar.moments(1, rng=rng, till=True, end=calendar.now - timedelta(days=3))[0]
    loaded = rng.choice((1000, 2000, 2500, 2500, 3000, 5000, 5000, 7500, 10_000))
    return Voucher(
        public_id=id_at("v_", at, rng),
        code=code,
        campaign=offer.campaigns["gift"],
        type=Voucher.Type.GIFT,
        gift_amount=loaded,
        gift_balance=loaded,
        expiration_date=at + timedelta(days=3 * 365),
        category="Gift cards",
        metadata={"design": rng.choice(("kettle", "leaf", "birthday", "snow"))},
        created_at=at,
    )
