"""The scenes of ninety days: how often each is played, when, where, with what body; decides no outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from voucherify_admin.demo.assortment import PLACES, WIDGET, Place
from voucherify_admin.demo.draw import Calendar
from voucherify_admin.demo.offer import LEGIBLE, Offer
from voucherify_admin.demo.story import Attempt, Story

BY_KIND = {kind: tuple(place for place in PLACES if place.kind == kind) for kind in ("web", "app", "till", "desk")}
CALLERS = tuple(place for place in PLACES if place.kind != "desk")
BOT_MINUTES = 41


@dataclass
class Scene:
    """Attempts of one kind: how many of three thousand, when, where, and how each is made."""

    share: int
    make: Callable[[Story, datetime, Place], Attempt | None]
    places: tuple[Place, ...] = PLACES
    start: datetime | None = None
    end: datetime | None = None


# --- Scenes that mostly go well ------------------------------------------------------------------------------------


def _unique(key: str, **order: Any) -> Callable[[Story, datetime, Place], Attempt | None]:
    """Somebody uses their own code of a campaign for the first time."""

    def make(story: Story, at: datetime, place: Place) -> Attempt | None:
        voucher = story.take(key)
        return story.attempt(voucher.code, at, place, customer=story.maybe(at, place), **order) if voucher else None

    return make


def _shared(key: str, **order: Any) -> Callable[[Story, datetime, Place], Attempt]:
    """Somebody uses the code that everybody knows."""

    def make(story: Story, at: datetime, place: Place) -> Attempt:
        return story.attempt(story.offer.shared[key].code, at, place, customer=story.maybe(at, place), **order)

    return make


def _welcome(story: Story, at: datetime, place: Place) -> Attempt | None:
    customer = story.customer(at, lambda one: one.pk not in story.ordered)
    if customer is None:
        return None
    story.ordered.add(customer.pk)
    return story.attempt("WELCOME10", at, place, customer=customer)


def _gold(story: Story, at: datetime, place: Place) -> Attempt | None:
    customer = story.customer(at, lambda one: one.metadata["tier"] == "Gold")
    voucher = story.take("vip") if story.rng.random() < 0.3 else None
    code = voucher.code if voucher else story.offer.shared["vip"].code
    return story.attempt(code, at, place, customer=customer) if customer else None


def _gift(story: Story, at: datetime, place: Place) -> Attempt | None:
    card = story.card(at)
    if card is None:
        return None
    left = story.balance[card.code]
    attempt = story.attempt(card.code, at, place, customer=story.maybe(at, place), least=400)
    credits = min(left, attempt.body["order"]["amount"])
    if story.rng.random() < 0.5 and credits > 1000:
        credits = credits // 500 * 500
    attempt.body["gift"] = {"credits": credits}
    story.balance[card.code] = left - credits
    return attempt


# --- Scenes that go wrong ------------------------------------------------------------------------------------------


def _again(key: str) -> Callable[[Story, datetime, Place], Attempt | None]:
    """A code that was good for one order is tried for a second one."""

    def make(story: Story, at: datetime, place: Place) -> Attempt | None:
        if not story.used[key]:
            return None
        return story.attempt(story.rng.choice(story.used[key]).code, at, place, customer=story.maybe(at, place))

    return make


def _late(key: str) -> Callable[[Story, datetime, Place], Attempt | None]:
    """The campaign is over, or not yet open, but the code still hangs on somebody's fridge."""

    def make(story: Story, at: datetime, place: Place) -> Attempt | None:
        # Codes are taken from the end; those in front were never used.
        unused = story.fresh[key][: max(1, len(story.fresh[key]) // 2)]
        leftover = unused if key not in story.offer.shared or story.rng.random() < 0.45 else []
        code = (story.rng.choice(leftover) if leftover else story.offer.shared[key]).code
        return story.attempt(code, at, place, customer=story.maybe(at, place))

    return make


def _not_gold(story: Story, at: datetime, place: Place) -> Attempt | None:
    customer = story.customer(at, lambda one: one.metadata["tier"] != "Gold")
    return story.attempt(story.offer.shared["vip"].code, at, place, customer=customer) if customer else None


def _second_welcome(story: Story, at: datetime, place: Place) -> Attempt | None:
    customer = story.customer(at, lambda one: one.pk in story.ordered)
    return story.attempt("WELCOME10", at, place, customer=customer) if customer else None


def _typo(story: Story, at: datetime, place: Place) -> Attempt:
    """A known code with a slip of the finger."""
    source = story.offer.shared if story.rng.random() < 0.6 else None
    code = story.rng.choice(list(source.values()) if source else story.offer.codes["newsletter"]).code
    spot = story.rng.randrange(1, len(code))
    slips = (
        code[:spot] + code[spot + 1 :],
        code[:spot] + code[spot - 1] + code[spot:],
        code.replace("0", "O") if "0" in code else code.lower(),
        code.replace("-", " ") if "-" in code else code + "!",
        code.lower(),
    )
    return story.attempt(story.rng.choice(slips), at, place, customer=story.maybe(at, place))


def _stopped(story: Story, at: datetime, place: Place) -> Attempt | None:
    if not story.stopped:
        return None
    return story.attempt(story.rng.choice(story.stopped).code, at, place, customer=story.maybe(at, place))


def _empty_card(story: Story, at: datetime, place: Place) -> Attempt | None:
    cards = [one for one in story.offer.codes["gift"] if one.created_at < at]
    if not cards:
        return None
    card = story.rng.choice(cards)
    left = story.balance[card.code]
    attempt = story.attempt(card.code, at, place, customer=story.maybe(at, place), least=left + 500)
    if story.rng.random() < 0.5:
        attempt.body["gift"] = {"credits": left + story.rng.choice((500, 1000, 2500))}
    return attempt


def _no_customer(story: Story, at: datetime, place: Place) -> Attempt:
    return story.attempt(story.offer.shared[story.rng.choice(("vip", "welcome"))].code, at, place)


def _no_items(story: Story, at: datetime, place: Place) -> Attempt:
    attempt = _shared("matcha", matcha=True)(story, at, place)
    del attempt.body["order"]["items"]
    return attempt


def _no_amount(story: Story, at: datetime, place: Place) -> Attempt:
    attempt = _shared("basket", least=5000)(story, at, place)
    card = story.card(at)
    if card and story.rng.random() < 0.4:
        attempt.code = card.code
    del attempt.body["order"]
    return attempt


def _bad_order(story: Story, at: datetime, place: Place) -> Attempt:
    attempt = _shared("demo")(story, at, place)
    order = attempt.body["order"]
    broken: tuple[Any, ...] = (
        {**order, "items": {"0": order["items"][0]}},
        {**order, "items": [{"quantity": 1, "price": order["amount"]}]},
        {**order, "items": [{**order["items"][0], "quantity": -1}]},
        {**order, "items": [{**order["items"][0], "price": "12,90"}]},
    )
    attempt.body["order"] = story.rng.choice(broken)
    return attempt


def _bad_amount(story: Story, at: datetime, place: Place) -> Attempt:
    attempt = _shared("demo")(story, at, place)
    amount = attempt.body["order"]["amount"]
    attempt.body["order"]["amount"] = story.rng.choice((f"{amount / 100:.2f}", amount / 100 + 0.005, -amount))
    return attempt


def _bad_body(story: Story, at: datetime, place: Place) -> Attempt:
    attempt = _shared("demo")(story, at, place)
    name, value = story.rng.choice(
        (
            ("metadata", "till 2"),
            ("customer", "FK-10017"),
            ("order", [attempt.body["order"]]),
            ("gift", {"credits": "20.00"}),
            ("tracking_id", 48_211),
        )
    )
    attempt.body[name] = value
    return attempt


def _guess(story: Story, at: datetime, place: Place) -> Attempt:
    """The bot's next guess: popular words with numbers, then letters by chance."""
    rng = story.rng
    word = rng.choice(("WELCOME", "SUMMER", "BLACKFRIDAY", "TEA", "VIP", "SAVE", "GIFT", "KETTLE", "NEWS-", "SALE"))
    code = f"{word}{rng.randrange(1, 100)}" if rng.random() < 0.55 else "NEWS-" + "".join(rng.choices(LEGIBLE, k=6))
    return Attempt(code if code not in story.known else f"{code}X", {"order": {"amount": 1000}})


def scenes(offer: Offer, calendar: Calendar) -> list[Scene]:
    """Return all scenes of the story with how often each is played."""
    day, campaigns = calendar.day, offer.campaigns
    clearance, rush, preview = campaigns["clearance"], campaigns["rush"], campaigns["preview"]
    paused = office_paused(calendar)
    web_and_tills = BY_KIND["web"] + BY_KIND["till"]
    online = BY_KIND["web"] + BY_KIND["app"]
    night = day(-37, hour=3, minute=7)
    friday = day(-35 - (calendar.day(-35).weekday() - 4) % 7, hour=9)
    tuesday = friday - timedelta(days=3)
    return [
        Scene(510, _unique("newsletter", least=1500)),
        Scene(230, _welcome),
        Scene(270, _shared("rush"), start=rush.start_date, end=rush.expiration_date),
        Scene(120, _unique("rush"), start=rush.start_date, end=rush.expiration_date),
        Scene(75, _unique("clearance"), end=clearance.expiration_date),
        Scene(60, _shared("clearance"), end=clearance.expiration_date),
        Scene(175, _gift),
        Scene(150, _shared("aylin"), places=online, start=campaigns["aylin"].start_date, end=day(-20)),
        Scene(125, _gold),
        Scene(120, _shared("basket", least=5000)),
        Scene(80, _shared("matcha", matcha=True), start=campaigns["matcha"].start_date),
        Scene(45, _unique("office", least=4000), places=BY_KIND["web"], end=paused),
        Scene(60, _shared("biscuit"), start=day(-49)),
        Scene(85, _shared("app"), places=BY_KIND["app"]),
        Scene(45, _shared("demo")),
        Scene(30, _shared("staff"), places=BY_KIND["desk"]),
        Scene(24, _shared("tuesday"), start=tuesday, end=tuesday + timedelta(hours=10)),
        # From here on something is amiss.
        Scene(75, _again("newsletter"), start=day(-84)),
        Scene(90, _late("clearance"), start=clearance.expiration_date),
        Scene(25, _late("rush"), start=rush.expiration_date),
        Scene(18, _late("rush"), start=rush.created_at + timedelta(hours=1), end=rush.start_date),
        Scene(14, _late("preview"), start=preview.created_at + timedelta(hours=1)),
        Scene(65, _shared("basket", most=4900)),
        Scene(20, _shared("matcha", matcha=False), start=campaigns["matcha"].start_date),
        Scene(46, _not_gold),
        Scene(46, _second_welcome, start=day(-80)),
        Scene(13, _shared("app"), places=web_and_tills),
        Scene(62, _typo),
        Scene(26, _late("office"), places=BY_KIND["web"], start=paused),
        # On a Friday, so that it is no Tuesday anywhere in the world.
        Scene(14, _shared("tuesday"), places=CALLERS, start=friday, end=friday + timedelta(hours=10)),
        Scene(12, _stopped, start=day(-25)),
        Scene(26, _empty_card, places=CALLERS),
        Scene(16, _no_customer, places=web_and_tills),
        Scene(10, _no_items, places=CALLERS, start=campaigns["matcha"].start_date),
        Scene(9, _no_amount, places=CALLERS),
        Scene(7, _bad_order, places=CALLERS),
        Scene(7, _bad_amount, places=CALLERS),
        Scene(8, _bad_body, places=CALLERS),
        Scene(260, _guess, places=(WIDGET,), start=night, end=night + timedelta(minutes=BOT_MINUTES)),
    ]


def office_paused(calendar: Calendar) -> datetime:
    """When the office campaign was switched off."""
    return calendar.day(-30, hour=10, minute=15)


def schedule(story: Story, scale: float) -> list[tuple[datetime, Scene, Place]]:
    """Return every attempt's moment, scene and place in the order of time."""
    rng, planned = story.rng, []
    for scene in scenes(story.offer, story.calendar):
        count = max(1, round(scene.share * scale))
        weights = [place.weight or 1 for place in scene.places]
        places = rng.choices(scene.places, weights=weights, k=count)
        for till in (False, True):
            there = [place for place in places if (place.kind == "till") is till]
            moments = story.calendar.moments(len(there), rng=rng, till=till, start=scene.start, end=scene.end)
            planned += [(at, scene, place) for at, place in zip(moments, there, strict=True)]
    return sorted(planned, key=lambda one: one[0])
