"""Fifty rows of the Redemptions view, by its own template and by the stock one of django-tables2, in one run.

Run by hand, never as a test: `python benchmarks/rows.py` starts a PostgreSQL of its own; with DATABASE_URL it takes
that one, and writes nothing. Both render the same columns of the same rows in memory; no query is timed.
"""

import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import timezone

from redemptions.models import Redemption, new_redemption_id
from redemptions.tables import RedemptionTable

ROWS, ROUNDS = 50, 60


class Reader:
    """Somebody with every permission, from whom no database is asked."""

    is_authenticated = True

    def has_perm(self, name: str) -> bool:
        return True


def attempts() -> list[Redemption]:
    """Successes and failures, each third one failed, with names as long as they are in life."""
    rows = []
    for number in range(ROWS):
        failed = number % 3 == 2
        rows.append(
            Redemption(
                pk=number + 1,
                public_id=new_redemption_id("FAILURE" if failed else "SUCCESS"),
                created_at=timezone.now(),
                result="FAILURE" if failed else "SUCCESS",
                status="FAILED" if failed else "SUCCEEDED",
                failure_code="quantity_exceeded" if failed else "",
                facts={"limit": 100, "used": 100} if failed else {},
                code=f"SPRING-{number:06}",
                campaign_name="Newsletter thank-you",
                customer_name="Agnieszka Dąbrowska",
                amount=123450 + number,
                channel_type="API",
                channel_name="Mobile app",
                metadata={"till": str(number % 9), "shop": "Berlin Mitte"},
            )
        )
    return rows


def timed(rows: list[Redemption], columns: list[str]) -> tuple[float, float]:
    """The medians of milliseconds for one rendering, by the own template and by the stock one, in turns."""
    request = RequestFactory().get("/redemptions/")
    request.user = Reader()
    templates = [get_template("pages/_table.html"), get_template("django_tables2/table.html")]
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for template, taken in zip(templates, times, strict=True):
            started = time.perf_counter()
            table = RedemptionTable(rows, columns=columns)
            table.request = request
            template.render({"table": table, "request": request, "embedded": True}, request)
            taken.append(1000 * (time.perf_counter() - started))
    own, stock = (statistics.median(each) for each in times)
    return own, stock


def main() -> None:
    rows = attempts()
    standard = RedemptionTable.standard()
    many = [
        *standard,
        "id",
        "result",
        "discount_amount",
        "reason_in_full",
        "tracking_id",
        "metadata.till",
        "metadata.shop",
    ]
    for name, columns in (("standard columns", standard), ("many columns", many)):
        own, stock = timed(rows, columns)
        print(f"{ROWS} rows, {len(columns)} {name}: own {own:.1f} ms, stock {stock:.1f} ms, {stock / own:.1f} x faster")


if __name__ == "__main__":
    main()
