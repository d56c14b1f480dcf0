"""`manage.py seed_demo`: fills an empty database with the story of a shop chain; never touches what others wrote."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, Customer, SegmentMembership
from redemptions import counts
from redemptions.models import Redemption, Rollback
from voucherify_admin.api.models import ApiCall, CallTouch
from voucherify_admin.demo.multiplying import multiply
from voucherify_admin.demo.offer import ALWAYS_VALID
from voucherify_admin.demo.telling import StoryError, tell
from vouchers.models import Voucher

LOCK = "seed_demo"
FILLED = (Customer, SegmentMembership, Campaign, Voucher, Redemption, Rollback, ApiCall, CallTouch)


class Command(BaseCommand):
    help = (
        "Fills an empty database with demo data: the last 90 days of an invented chain of tea and coffee shops, made "
        "through the same verbs as real attempts. `small` makes about 3,000 attempts, `large` adds a million copies of "
        "them. Running it again does nothing, or takes up a large run that was stopped. A database that already holds "
        "vouchers, campaigns, customers or attempts of somebody else is refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=("small", "large"), default="small", help="how much (small)")
        parser.add_argument("--seed", type=int, default=1, help="another number tells another story (1)")

    def handle(self, *, size: str, seed: int, **options: Any) -> None:
        began = time.monotonic()
        try:
            told = self._tell(seed)
        except StoryError as error:
            raise CommandError(str(error)) from error
        added = multiply(report=self._report) if size == "large" else 0
        if not told and not added:
            self.stdout.write("The demo data is there already; nothing was changed.")
            return
        with connection.cursor() as cursor:
            # So that the first pages are planned for what is there now, and not for empty tables.
            cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in FILLED)}")
        counts.rebuild(timezone.now())
        self.stdout.write(
            f"Done in {time.monotonic() - began:.0f} seconds. A code that is always valid: {ALWAYS_VALID}"
        )

    def _tell(self, seed: int) -> bool:
        """Tell the small story where it was not told yet; say whether it was told now."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Of two runs at once the second one waits, and then finds the story told.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
            if Voucher.objects.filter(code=ALWAYS_VALID, metadata__has_key="demo").exists():
                return False
            for model in (Voucher, Campaign, Customer, Redemption):
                if model.objects.exists():
                    raise CommandError(
                        f"This database already holds {model._meta.verbose_name_plural} that are not demo data. Demo "
                        "data goes into an empty database only, so that the two are never mixed. Nothing was changed."
                    )
            told = tell(seed=seed, now=timezone.now())
        self.stdout.write(
            f"{told.attempts:,} attempts ({told.succeeded:,} succeeded, {told.rolled_back:,} rolled back), "
            f"{told.vouchers:,} vouchers, {told.customers:,} customers, {told.calls:,} calls"
        )
        return True

    def _report(self, done: int, wanted: int) -> None:
        self.stdout.write(f"{done:,} of {wanted:,} copies")
        self.stdout.flush()
