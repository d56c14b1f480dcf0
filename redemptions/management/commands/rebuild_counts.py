"""`manage.py rebuild_counts`: makes the counts of the attempts anew, and compares them with the attempts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from redemptions import counts


class Command(BaseCommand):
    help = (
        "Counts all attempts anew by hour and day, and compares the result with the attempts. It can run at any time: "
        "the dashboard counts from the attempts meanwhile. With --check nothing is changed, only compared."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only; the exit status is 1 when they differ")

    def handle(self, *, check: bool, **options: Any) -> None:
        if not check and not counts.rebuild(timezone.now()):
            self.stdout.write(
                "Some hours are left out for now: an older transaction is still writing, or the worker is counting. "
                "The worker goes on with it every minute."
            )
        wrong = {span: number for span, number in counts.differences().items() if number}
        if wrong:
            raise CommandError(
                "The counts differ from the attempts: "
                + ", ".join(f"{number:,} of “{span}”" for span, number in wrong.items())
                + ". Run rebuild_counts without --check."
            )
        self.stdout.write("The counts agree with the attempts.")
