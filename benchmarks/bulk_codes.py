"""A million codes by `vouchers.bulk`, against PostgreSQL copying the same finished rows from one table into another.

Run by hand over a database of its own (rows are made and taken away again); told as a ratio within one run:

    DATABASE_URL=postgres://… python benchmarks/bulk_codes.py [1000000]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voucherify_admin.settings")
os.environ |= {"STATIC_MANIFEST": "0", "LOG_LEVEL": "ERROR"}
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="bench-"))
django.setup()

from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign
from voucherify_admin.async_actions import actions, tasks
from voucherify_admin.async_actions.actions import Asked, Work
from voucherify_admin.async_actions.models import AsyncAction
from vouchers import bulk
from vouchers.models import Origin, Voucher

TEMPLATE = {
    "type": "DISCOUNT_VOUCHER",
    "discount": {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"},
    "redemption": {"quantity": 1},
    "code_config": {"pattern": "BENCH-########"},
}


def main(count: int) -> None:
    """Make the codes three ways and print how long each took, in seconds and as ratios."""
    # The rows alone are measured: nobody is told.
    tasks.enqueue = lambda pk: None
    campaign = Campaign.objects.create(name=f"Benchmark {time.time()}", voucher_template=TEMPLATE)
    row = Voucher(campaign=campaign, discount=TEMPLATE["discount"], quantity=1)
    columns = ", ".join(f.column for f in Voucher._meta.concrete_fields if f.name != "id")
    try:
        began = time.monotonic()
        made = bulk.insert_random(row, count, code_config=TEMPLATE["code_config"], origin=Origin(timezone.now()))
        one = time.monotonic() - began
        assert made == count, made
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE UNLOGGED TABLE bench_rows AS SELECT {columns} FROM vouchers_voucher WHERE campaign_id = %s",
                [campaign.pk],
            )
            _clear(campaign)
            began = time.monotonic()
            cursor.execute(f"INSERT INTO vouchers_voucher ({columns}) SELECT {columns} FROM bench_rows")
            plain = time.monotonic() - began
            _clear(campaign)
        began = time.monotonic()
        work = Work("CAMPAIGN.VOUCHERS_GENERATE", count, {"voucher": {}}, subject=("campaign", campaign.public_id))
        action = actions.start(work, Asked())
        action.run()
        stepped = time.monotonic() - began
        assert AsyncAction.objects.get(pk=action.pk).done_count == count
        action.delete()
    finally:
        _clear(campaign)
        campaign.delete()
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_rows")
    print(f"{count:,} codes: copying finished rows {plain:.1f} s")
    print(f"drawn and written by one statement {one:.1f} s, {one / plain:.2f} x")
    print(f"the asynchronous action, in steps {stepped:.1f} s, {stepped / plain:.2f} x")


def _clear(campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM vouchers_voucher WHERE campaign_id = %s", [campaign.pk])
        cursor.execute("VACUUM vouchers_voucher")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
