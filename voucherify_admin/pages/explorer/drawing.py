"""Turns counts into the numbers of an SVG; knows neither rows nor colours.

Drawn here and not by a library for charts: bars need no more than a few lines, the picture is there without
JavaScript, each bar is a plain link, and no script has to write styles, which the Content-Security-Policy would refuse.
Places along the width are per cent, so the drawing fits any screen without being stretched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from voucherify_admin.pages.explorer.buckets import Bucket

HEIGHT, TOP, FOOT = 96.0, 14.0, 18.0


@dataclass(frozen=True)
class Part:
    """One series of one bucket: a piece of a bar. Places along the width are per cent, along the height pixels."""

    value: str
    words: str
    number: int
    url: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One bucket. `when` is its stretch in words, `url` the list of its rows."""

    when: str
    url: str
    x: float
    width: float
    slot_x: float
    slot_width: float
    total: int
    numbers: list[int]
    parts: list[Part]


@dataclass(frozen=True)
class Tick:
    """A label on the axis of time."""

    x: float
    words: str
    anchor: str
    is_minor: bool


@dataclass(frozen=True)
class Drawing:
    """All bars, oldest first; `highest` is what the full height stands for."""

    bars: list[Bar]
    ticks: list[Tick]
    highest: int
    top: float = TOP
    ground: float = TOP + HEIGHT
    height: float = TOP + HEIGHT + FOOT
    middle: float = TOP + HEIGHT / 2


@dataclass(frozen=True)
class Slot:
    """What a bucket is drawn of: its stretch in words, its list, and (value, words, number, list) from below."""

    when: str
    url: str
    series: list[tuple[str, str, int, str]] = field(default_factory=list)


def draw(slots: Sequence[Slot], labels: Sequence[tuple[int, str]]) -> Drawing:
    """Draw the slots; some of them (by their place) have a label on the axis."""
    totals = [sum(number for _, _, number, _ in slot.series) for slot in slots]
    highest = max([*totals, 1])
    step = 100 / len(slots)
    gap = step * (0.18 if len(slots) > 4 else 0.4)
    bars = []
    for index, slot in enumerate(slots):
        parts, y = [], TOP + HEIGHT
        for value, words, number, url in slot.series:
            if number:
                # What is there is seen, be it ever so little.
                height = max(HEIGHT * number / highest, 1.5)
                y -= height
                parts.append(Part(value.lower().replace("_", "-"), words, number, url, round(y, 2), round(height, 2)))
        numbers = [number for _, _, number, _ in slot.series]
        bars.append(
            Bar(
                slot.when,
                slot.url,
                x=round(index * step + gap / 2, 3),
                width=round(step - gap, 3),
                slot_x=round(index * step, 3),
                slot_width=round(step, 3),
                total=totals[index],
                numbers=numbers,
                parts=parts,
            )
        )
    return Drawing(bars, _ticks(labels, step), highest)


def _ticks(labels: Sequence[tuple[int, str]], step: float) -> list[Tick]:
    ticks = []
    for order, (index, words) in enumerate(labels):
        x = (index + 0.5) * step
        anchor = "start" if x < 6 else "end" if x > 94 else "middle"
        x = index * step if anchor == "start" else (index + 1) * step if anchor == "end" else x
        ticks.append(Tick(round(x, 3), words, anchor, bool(order % 2)))
    return ticks


def stretch_words(start: datetime, end: datetime, bucket: Bucket, zone: tzinfo) -> str:
    """“3 Nov 14:00–15:00”, “Tue 3 Nov 2026”, “3–9 Nov 2026”, “November 2026”."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if bucket.unit in ("minute", "hour"):
        day = f"{first.day} {first:%b} {first:%H:%M}"
        # Of an hour that the clock repeats both are told apart by their distance from UTC.
        zone_words = f" ({first:%Z})" if first.utcoffset() != last.utcoffset() or first.fold else ""
        return f"{day}–{last:%H:%M}{zone_words}"
    if bucket.unit == "day":
        return f"{first:%a} {first.day} {first:%b %Y}"
    if bucket.unit == "month" and bucket.times == 1:
        return f"{first:%B %Y}"
    if bucket.unit == "month" and bucket.times == 12:
        return f"{first:%Y}"
    # The end is the first moment that is out; midnight belongs to the day before.
    until = datetime.fromordinal(last.toordinal() - 1)
    return f"{first.day} {first:%b} – {until.day} {until:%b %Y}"


def labels(
    edges: Sequence[datetime], places: Sequence[int], bucket: Bucket, zone: tzinfo, *, one_day: bool
) -> list[tuple[int, str]]:
    """What the axis says at these places: the day where one begins, the hour where it is clear which day is meant."""
    found = []
    for order, place in enumerate(places):
        local = edges[place].astimezone(zone)
        day = f"{local.day} {local:%b}"
        if bucket.unit in ("minute", "hour"):
            is_midnight = not (local.hour or local.minute)
            hour = f"{local:%H:%M}"
            words = hour if one_day else day if is_midnight else hour if order else f"{day} {hour}"
        elif bucket.unit == "month":
            words = f"{local:%Y}" if bucket.times == 12 else f"{local:%b %Y}"
        else:
            words = day
        found.append((place, words))
    return found
