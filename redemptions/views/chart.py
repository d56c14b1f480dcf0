"""A bar a day as numbers for an SVG; knows neither rows nor colours."""

from dataclasses import dataclass, field
from datetime import date
from typing import Self

WIDTH, HEIGHT, GAP = 700, 140, 8
# From the ground up, with the words of the legend and the key; colours are the style sheet's.
STATUSES = (("SUCCEEDED", "Succeeded"), ("ROLLED_BACK", "Rolled back"), ("FAILED", "Failed"))


@dataclass(frozen=True)
class Part:
    """One status of one day: a piece of a bar, in units of the drawing."""

    status: str
    number: int
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One day."""

    day: date
    url: str
    x: float
    width: float
    total: int
    parts: list[Part]
    numbers: list[int]

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Chart:
    """All days, oldest first; `highest` is what the full height stands for."""

    bars: list[Bar]
    highest: int
    width: int = WIDTH
    height: int = HEIGHT
    statuses: tuple[tuple[str, str], ...] = field(default=STATUSES)

    @classmethod
    def of(cls, days: list[tuple[date, dict[str, int], str]]) -> Self:
        """Draw the bars for (day, count of each status, address) a day."""
        totals = [sum(counts.get(status, 0) for status, _ in STATUSES) for _, counts, _ in days]
        highest = max([*totals, 1])
        step = WIDTH / max(len(days), 1)
        bars = []
        for index, (day, counts, url) in enumerate(days):
            parts, y = [], float(HEIGHT)
            for status, _ in STATUSES:
                number = counts.get(status, 0)
                if number:
                    height = HEIGHT * number / highest
                    y -= height
                    parts.append(Part(status.lower().replace("_", "-"), number, round(y, 2), round(height, 2)))
            numbers = [counts.get(status, 0) for status, _ in STATUSES]
            bars.append(
                Bar(day, url, round(index * step + GAP / 2, 2), round(step - GAP, 2), totals[index], parts, numbers)
            )
        return cls(bars, highest)

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.bars)
