"""Pure: what can be counted for a rule, and when a calendar day, week or month began; counts nothing itself."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

Period = Literal["daily", "weekly", "monthly"]
# Whose redemptions: those of the campaign, or of whatever the rule is assigned to, be it a voucher or a campaign.
Scope = Literal["campaign", "assigned", "voucher", "customer"]
Per = Literal["customer", "key", "user"]

PERIODS: tuple[Period, ...] = ("daily", "weekly", "monthly")


@dataclass(frozen=True)
class Tally:
    """One number over successful, not rolled back redemptions.

    `what` is their count, their different customers, or the sum in cents of the orders' amounts or of the discounts;
    `of` says which of them, `per` narrows to those of the same customer, API key or user, `period` to those since the
    beginning of the day, week or month.
    """

    what: Literal["count", "customers", "amount", "discount"]
    of: Scope
    per: Per | None = None
    period: Period | None = None


def period_start(now: datetime, period: Period, tz: tzinfo) -> datetime:
    """Return when the calendar period that `now` (aware) lies in began, in UTC; weeks begin on Monday."""
    local = now.astimezone(tz)
    day = local.date()
    if period == "weekly":
        day -= timedelta(days=day.weekday())
    elif period == "monthly":
        day = day.replace(day=1)
    # Made anew from the date: a clock that was put forward since must not move the midnight.
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
