"""The histogram and the facets of all attempts from the counts made ahead, against plain GROUP BYs over the attempts.

Run by hand over a database with `manage.py seed_demo --size large`; told as ratios within one run:

    DATABASE_URL=postgres://… python benchmarks/facets.py
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voucherify_admin.settings")
os.environ |= {"STATIC_MANIFEST": "0", "ALLOWED_HOSTS": "testserver", "LOG_LEVEL": "ERROR"}
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="bench-"))
django.setup()

from django.contrib.auth import get_user_model
from django.db import connection
from django.http import QueryDict
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from redemptions import counts
from redemptions.models import AttemptCount, Redemption
from redemptions.views.explorer import RedemptionExplorer

ROUNDS = 7
# What a dashboard without counts would ask for the same numbers.
PLAIN = {
    "histogram": (
        "SELECT date_trunc('day', created_at, 'UTC'), status, count(*) FROM redemptions_redemption GROUP BY 1, 2"
    ),
    "reason": "SELECT failure_code, count(*) FROM redemptions_redemption WHERE failure_code <> '' GROUP BY 1",
    "campaign": "SELECT campaign_id, campaign_name, count(*) FROM redemptions_redemption GROUP BY 1, 2",
    "status": "SELECT status, count(*) FROM redemptions_redemption GROUP BY 1",
    "channel": "SELECT channel_type, count(*) FROM redemptions_redemption GROUP BY 1",
    "channel_name": "SELECT channel_name, count(*) FROM redemptions_redemption GROUP BY 1",
}
# The same by one statement that reads the attempts once.
AT_ONCE = """
SELECT date_trunc('day', created_at, 'UTC') AS day, status, failure_code, campaign_id, campaign_name, channel_type,
       channel_name, count(*)
FROM redemptions_redemption
GROUP BY GROUPING SETS ((day, status), (failure_code), (campaign_id, campaign_name), (status), (channel_type),
                        (channel_name))
"""
QUESTIONS = [
    "",
    "period=30d",
    "period=24h",
    "status=FAILED",
    "reason=voucher_expired",
    "campaign=Gift+cards&status=FAILED",
    "code=DEMO-10",
    "metadata_key=till&metadata_value=2",
    "amount_min=5000",
    "amount_min=100&amount_max=101",
]


def seconds(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of seconds that `action` takes, a first call for the caches left out."""
    action()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def plain(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def explorer(question: str, user: object) -> RedemptionExplorer:
    request = RequestFactory().get("/redemptions/explorer/", QueryDict(question).dict())
    request.GET, request.user = QueryDict(question), user
    return RedemptionExplorer(request, list_url="/redemptions/", now=timezone.now())


def counted(user: object) -> None:
    """All that the plain statements tell, by the product's own code: state, questions, histogram and facets."""
    asked = explorer("", user)
    facets = [(facet.name, facet, set()) for facet in asked.facets()]
    found = asked.count(asked.filterset, facets=facets, cell=asked.cell())
    asked.histogram(found)
    for _, facet, _ in facets:
        asked.shown(facet, found.values[facet.name], is_cut=False)
    assert not found.is_cut, "run manage.py rebuild_counts"
    assert sum(found.values["status"].values()) == sum(found.cells.values()) == Redemption.objects.count()


def main() -> None:
    user, _ = get_user_model().objects.get_or_create(username="benchmark", defaults={"is_superuser": True})
    counts.bring_up_to_date(timezone.now())
    print(f"{Redemption.objects.count():,} attempts, {AttemptCount.objects.count():,} rows of counts")
    statements = {name: seconds(lambda name=name: plain(PLAIN[name]), 3) for name in PLAIN}
    at_once = seconds(lambda: plain(AT_ONCE), 3)
    for name, took in statements.items():
        print(f"{took * 1000:8.0f} ms plain GROUP BY: {name}")
    print(f"{at_once * 1000:8.0f} ms all of them by one statement with GROUPING SETS")
    asked = explorer("", user)
    facets = [(facet.name, facet, set()) for facet in asked.facets()]

    def ours() -> None:
        fresh = explorer("", user)
        fresh.count(fresh.filterset, facets=facets, cell=fresh.cell())

    counted(user)
    took = seconds(ours)
    print(f"{took * 1000:8.0f} ms the same from the counts")
    print(f"{sum(statements.values()) / took:8.0f} × faster than the plain statements one after the other")

    print(f"{at_once / took:8.0f} × faster than the one statement")
    client = Client()
    client.force_login(user)

    def page(address: str) -> Callable[[], None]:
        def ask() -> None:
            assert client.get(address).status_code == 200, address

        return ask

    base = seconds(page("/redemptions/"))
    print(f"{base * 1000:8.0f} ms the unfiltered list")
    for question in QUESTIONS:
        fragment = seconds(page(f"/redemptions/explorer/?{question}"), 3)
        print(f"{fragment / base:8.2f} × the unfiltered list: histogram and facets of “{question}”")


if __name__ == "__main__":
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        main()
