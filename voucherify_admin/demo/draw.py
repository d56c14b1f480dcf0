"""Chance that can be repeated: ids and moments drawn from a seeded generator; writes nothing."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from voucherify_admin.demo.assortment import HOME_ZONE

DAYS = 90
ZONE = ZoneInfo(HOME_ZONE)
# Per hour of the day, how busy it is there.
WEB_HOURS = (2, 1, 1, 0, 0, 1, 3, 7, 10, 11, 12, 12, 14, 12, 11, 11, 12, 14, 17, 21, 24, 22, 14, 6)
TILL_HOURS = (0,) * 9 + (6, 10, 13, 17, 15, 11, 10, 12, 16, 15, 8) + (0,) * 4
WEB_WEEKDAYS = (10, 10, 10, 11, 12, 11, 14)
TILL_WEEKDAYS = (8, 8, 9, 10, 14, 20, 0)


def id_at(prefix: str, at: datetime, rng: random.Random) -> str:
    """Return a public id of the form that voucherify_admin.ids makes, the same for the same seed."""
    return f"{prefix}{int(at.timestamp() * 1_000_000):013x}{rng.getrandbits(20):05x}"


class Calendar:
    """The ninety days before `now` in hours, each as busy as that hour is in a shop; `peak` is the rush's first day."""

    def __init__(self, now: datetime, *, peak: datetime) -> None:
        self.now = now
        self.start = now - timedelta(days=DAYS)
        self.peak = peak
        first = self.start.replace(minute=0, second=0, microsecond=0)
        self.hours = [first + timedelta(hours=hour) for hour in range(DAYS * 24 + 1)]

    def day(self, offset: int, *, hour: int = 0, minute: int = 0) -> datetime:
        """Return a time of the day `offset` days from today, on the chain's own clock."""
        today = self.now.astimezone(ZONE).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return today + timedelta(days=offset)

    def moments(
        self,
        count: int,
        *,
        rng: random.Random,
        till: bool = False,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[datetime]:
        """Draw `count` moments between `start` and `end`, in the rhythm of tills or of the web shop, unsorted."""
        start, end = max(start or self.start, self.start), min(end or self.now, self.now)
        slots = [hour for hour in self.hours if hour + timedelta(hours=1) > start and hour < end]
        weights = [self._busy(hour, till=till) for hour in slots]
        if not any(weights):
            weights = [1.0] * len(slots)
        moments = []
        for slot in rng.choices(slots, weights=weights, k=count):
            opens, closes = max(slot, start), min(slot + timedelta(hours=1), end)
            at = opens + (closes - opens) * rng.random()
            moments.append(
                at.replace(microsecond=rng.randrange(1_000_000)) if closes - opens > timedelta(minutes=1) else at
            )
        return [min(max(at, start), end) for at in moments]

    def _busy(self, hour: datetime, *, till: bool) -> float:
        local = hour.astimezone(ZONE)
        hours, weekdays = (TILL_HOURS, TILL_WEEKDAYS) if till else (WEB_HOURS, WEB_WEEKDAYS)
        rush = 2.5 if local.date() == self.peak.astimezone(ZONE).date() else 1.0
        return hours[local.hour] * weekdays[local.weekday()] * rush
