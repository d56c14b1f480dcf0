"""Ratios over many rows: the pages against the unfiltered page, an export against plain COPY of the same rows.

Run by hand over a database with `manage.py seed_demo --size large`; machines are noisy, so everything is told as a
ratio within one run:

    DATABASE_URL=postgres://… python benchmarks/large.py
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
from django.test import Client, override_settings

from redemptions.models import Redemption
from voucherify_admin.exports.models import Export
from voucherify_admin.exports.writer import write
from voucherify_admin.pages import keyset

ROUNDS = 7
QUESTIONS = [
    "status=FAILED",
    "reason=gift_amount_exceeded",
    "reason=quantity_exceeded&reason=invalid_order",
    "code=DEMO-10",
    "code=SPRING*",
    "code=NO-SUCH-CODE",
    "customer=nobody",
    "campaign=Gift+cards",
    "campaign=Gift+cards&status=FAILED",
    "channel=USER",
    "metadata_key=till&metadata_value=4",
    "metadata_key=city&metadata_value=Nowhere",
    "amount_min=100&amount_max=101",
    "amount_min=5000",
    "period=24h",
    "period=7d&status=FAILED",
    "date_from=2020-01-01&date_to=2020-01-02",
]
COLUMNS = (
    "created_at, status, code, campaign_name, customer_name, customer_source_id, amount, discount_amount, "
    "failure_code, failure_message, channel_name, public_id"
)
FIELDS = [
    "date",
    "status",
    "voucher_code",
    "campaign",
    "customer_name",
    "customer_source_id",
    "order_amount",
    "discount_amount",
    "failure_code",
    "failure_message",
    "channel",
    "id",
]


def median(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of seconds that `action` takes, a first call for the caches left out."""
    action()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def pages() -> None:
    user = get_user_model().objects.filter(groups__name="Administrator", is_active=True).first()
    user = user or get_user_model().objects.create_superuser("benchmark")
    client = Client()
    client.force_login(user)

    def page(address: str) -> float:
        def ask() -> None:
            assert client.get(address).status_code == 200, address

        return median(ask)

    base = page("/redemptions/")
    print(f"the Redemptions page, unfiltered: {base * 1000:.0f} ms")
    middle = Redemption.objects.order_by("created_at", "id")[Redemption.objects.count() // 2]
    print(f"{page(f'/redemptions/{middle.public_id}/') / base:6.2f} × the page of an attempt in the middle")
    deep = keyset.encode((middle.created_at, middle.pk))
    print(f"{page(f'/redemptions/?after={deep}') / base:6.2f} × the page in the middle of all")
    for question in QUESTIONS:
        print(f"{page('/redemptions/?' + question) / base:6.2f} × {question}")


def exports() -> None:
    def plain() -> None:
        with connection.cursor() as cursor:
            statement = f"SELECT {COLUMNS} FROM redemptions_redemption ORDER BY created_at DESC, id DESC"
            with (
                tempfile.TemporaryFile() as file,
                cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)") as rows,
            ):
                for row in rows:
                    file.write(row)

    export = Export(kind="redemption", fields=FIELDS, channel=Export.Channel.API)
    exporter_question = export.question(reader=Everything())

    def built() -> None:
        from voucherify_admin.exports.exporter import get_exporter

        exporter = get_exporter("redemption")
        rows = exporter.rows(exporter_question)
        write(
            exporter.statement(rows, exporter_question),
            exporter.header(exporter_question),
            name="benchmark.csv",
            separator=",",
            with_bom=False,
            beat=lambda rows: True,
        )

    reference, ours = median(plain, 3), median(built, 3)
    print(f"{ours / reference:6.2f} × an export of all rows against plain COPY into a file ({reference:.1f} s)")


class Everything:
    """Who may see all there is."""

    def has_perm(self, permission: str) -> bool:
        return True


if __name__ == "__main__":
    print(f"{Redemption.objects.count():,} attempts")
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        pages()
    exports()
