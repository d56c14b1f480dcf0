"""The overview: a few numbers and the lists behind them; each number is counted by the filter that its link opens."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.generic import TemplateView

from redemptions import sentences
from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption, RedemptionQuerySet, Result, Rollback
from redemptions.views.chart import Chart
from voucherify_admin.exports.models import Export
from voucherify_admin.pages.views import StaffMixin

CHART_DAYS = 14
TOP_DAYS = 7
TOP = 5
RECENT = 5
GOOD = (Redemption.Status.SUCCEEDED, Redemption.Status.ROLLED_BACK)


@dataclass(frozen=True)
class Count:
    """A number and the address of the list that it counts."""

    label: str
    number: int
    url: str
    share: int = 0


class Question:
    """One question of the Redemptions view: its rows, and the address that asks the same."""

    def __init__(self, request: HttpRequest, **asked: str) -> None:
        self.request = request
        self.asked = asked

    @property
    def url(self) -> str:
        return f"{reverse('redemptions:list')}?{urlencode(self.asked)}"

    @property
    def rows(self) -> RedemptionQuerySet:
        return RedemptionFilter(self.asked, Redemption.objects.all(), request=self.request).rows()

    def also(self, **more: str) -> "Question":
        """The same question, narrowed."""
        return Question(self.request, **{**self.asked, **more})


class OverviewView(StaffMixin, TemplateView):
    """What happened today and in the last days. A fixed number of queries, none of them past two weeks."""

    permission_required = "redemptions.view_redemption"
    template_name = "redemptions/overview.html"
    title = "Overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.localtime()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        week = self.ask(date_from=str(midnight.date() - timedelta(days=TOP_DAYS - 1)))
        user = self.request.user
        return super().get_context_data(
            zone=timezone.get_current_timezone_name(),
            **self.today(now, midnight),
            chart=self.chart(midnight.date()),
            top_days=TOP_DAYS,
            reasons=self.top(week, "failure_code", "reason", sentences.label),
            campaigns=self.top(week, "campaign__name", "campaign", str),
            rollbacks=recent_rollbacks() if user.has_perm("redemptions.view_rollback") else None,
            exports=recent_exports(user) if user.has_perm("exports.add_export") else None,
            **kwargs,
        )

    def ask(self, **asked: str) -> Question:
        return Question(self.request, **asked)

    def today(self, now: datetime, midnight: datetime) -> dict[str, Any]:
        """Today's numbers and those of the same hours a week ago; two queries."""
        today = self.ask(date_from=str(midnight.date()))
        # The filter's "to" takes the whole second in, so the span ends with the second before this one.
        start, end = midnight - timedelta(days=7), now - timedelta(days=7, seconds=1)
        before = self.ask(
            date_from=str(start.date()), date_to=max(start, end).replace(tzinfo=None).isoformat(timespec="seconds")
        )
        counts, earlier = today.rows.count_by_status(), before.rows.count_by_status()
        total, total_before = sum(counts.values()), sum(earlier.values())
        return {
            "attempts": Count("Attempts today", total, today.url),
            "attempts_before": Count("same hours a week ago", total_before, before.url),
            "change": round(100 * (total - total_before) / total_before) if total_before else None,
            "succeeded": Count("Succeeded today", succeeded(counts), today.also(result=Result.SUCCESS).url),
            "failed": Count("Failed today", counts.get("FAILED", 0), today.also(result=Result.FAILURE).url),
            "rate": rate(counts),
            "rate_before": rate(earlier),
        }

    def chart(self, today: date) -> Chart:
        """The attempts of two weeks by day and status; one query."""
        first = today - timedelta(days=CHART_DAYS - 1)
        counted = self.ask(date_from=str(first)).rows.count_by_day(timezone.get_current_timezone())
        days = [first + timedelta(days=number) for number in range(CHART_DAYS)]
        return Chart.of(
            [(day, counted.get(day, {}), self.ask(date_from=str(day), date_to=str(day)).url) for day in days]
        )

    def top(self, question: Question, column: str, parameter: str, label: Any) -> list[Count]:
        """The most frequent values of a column, each with the list of its attempts; one query."""
        counted = question.rows.top(column, limit=TOP)
        largest = max((number for _, number in counted), default=1)
        return [
            Count(label(value), number, question.also(**{parameter: value}).url, round(100 * number / largest))
            for value, number in counted
        ]


def succeeded(counts: dict[str, int]) -> int:
    """How many attempts succeeded at the time; one that was rolled back since did."""
    return sum(counts.get(status, 0) for status in GOOD)


def rate(counts: dict[str, int]) -> int | None:
    """Per cent of the attempts that succeeded; None where there was none."""
    total = sum(counts.values())
    return round(100 * succeeded(counts) / total) if total else None


def recent_rollbacks() -> list[Rollback]:
    rows = Rollback.objects.filter(result=Result.SUCCESS).select_related("redemption")
    return list(rows.defer("redemption__order", "redemption__facts").order_by("-created_at", "-id")[:RECENT])


def recent_exports(user: Any) -> list[Export]:
    return list(Export.objects.filter(owner=user).order_by("-created_at", "-id")[:RECENT])
