"""What happened: every attempt and every rollback, written once; deciding is the engine's part."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import TruncDate
from django.utils import timezone

from campaigns.conditions import Tally, period_start
from campaigns.conditions.tallies import Period
from campaigns.models import Campaign, Customer
from redemptions import sentences
from redemptions.engine import Channel, FailureReason, reason_of
from voucherify_admin.ids import new_id
from vouchers.models import Voucher


class Result(models.TextChoices):
    """What happened at the time; never changes."""

    SUCCESS = "SUCCESS", "Success"
    FAILURE = "FAILURE", "Failure"


class ChannelType(models.TextChoices):
    API = "API", "API"
    USER = "USER", "Dashboard"


class Attempt(models.Model):
    """What redemptions and rollbacks have in common: when, with what result, by whom, through which channel."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    result = models.CharField(max_length=10, choices=Result.choices)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.TextField(blank=True)
    channel_type = models.CharField(max_length=10, choices=ChannelType.choices)
    # The key's X-App-Id, or the dashboard user's public id.
    channel_id = models.CharField(max_length=64, blank=True)
    # The key's name, or the user's login, as it was then.
    channel_name = models.CharField(max_length=150, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    tracking_id = models.CharField(max_length=200, null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    # The ApiCall behind it, by name: calls are pruned, attempts stay.
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        abstract = True

    def channel_text(self, *, names_users: bool) -> str:
        """Return the channel in words. Which user it was is told only to those who may filter by user."""
        if self.channel_type == ChannelType.API:
            return self.channel_name or "API"
        return f"Dashboard, {self.channel_name}" if names_users and self.channel_name else "Dashboard"


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    def for_list(self) -> Self:
        """What a list needs. Names stand on the row itself, so there is nothing to join; the bulky parts stay."""
        return self.defer("order", "customer_snapshot")

    def with_parents(self) -> Self:
        """With `parent_public_id`: of each code of a stack the id of the attempt that stands for all of them.

        Asked for the rows of a page alone, by key, so that no list is joined.
        """
        parent = Redemption.objects.filter(pk=models.OuterRef("parent")).values("public_id")
        return self.annotate(parent_public_id=models.Subquery(parent))

    def of_gone_campaign(self, name: str) -> Self:
        """Narrow to the attempts of a campaign that was deleted, by the name that stands on the row."""
        return self.filter(campaign=None, campaign_name=name).exclude(campaign_name="")

    def between(self, start: datetime, end: datetime) -> Self:
        """Narrow to the attempts from `start` up to, not including, `end` (both aware)."""
        return self.filter(created_at__gte=start, created_at__lt=end)

    def count_by_status(self) -> dict[str, int]:
        """Count the attempts of each status; a status without attempts is not named."""
        return dict(self.order_by().values_list("status").annotate(models.Count("pk")))

    def count_by_day(self, zone: tzinfo) -> dict[date, dict[str, int]]:
        """Count the attempts of each status on each day that has some; days begin at midnight in `zone`."""
        days: dict[date, dict[str, int]] = {}
        rows = self.order_by().annotate(day=TruncDate("created_at", tzinfo=zone)).values_list("day", "status")
        for day, status, count in rows.annotate(models.Count("pk")):
            days.setdefault(day, {})[status] = count
        return days

    def top(self, column: str, *, limit: int) -> list[tuple[str, int]]:
        """Return the `limit` most frequent values of a text column with their counts, the empty text left out."""
        rows = self.exclude(models.Q(**{column: ""}) | models.Q(**{column: None}))
        counted = rows.order_by().values_list(column).annotate(count=models.Count("pk"))
        return list(counted.order_by("-count", column)[:limit])

    def around(self, attempt: "Redemption", *, each: int) -> list["Redemption"]:
        """Return up to `each` attempts after and `each` before this one, newest first, itself left out; one query."""
        at, pk = attempt.created_at, attempt.pk
        later = self.filter(created_at__gte=at).exclude(created_at=at, pk__lte=pk).order_by("created_at", "pk")
        earlier = self.filter(created_at__lte=at).exclude(created_at=at, pk__gte=pk).order_by("-created_at", "-pk")
        both = later[:each].union(earlier[:each], all=True)
        return sorted(both, key=lambda row: (row.created_at, row.pk), reverse=True)

    def tallied(
        self,
        tallies: Iterable[Tally],
        *,
        voucher: Voucher,
        customer: Customer | None,
        channel: Channel,
        now: datetime,
        tz: tzinfo,
    ) -> dict[Tally, int]:
        """Return what rules count, over successes that were not rolled back; one query, however many are asked for.

        Customers are counted without `customer`. What would need a customer is left out where there is none. Each set
        of rows is a branch of its own, so that what is counted of today does not walk through last year.
        """
        sets: dict[tuple[str, str | None, Period | None], list[Tally]] = {}
        for tally in tallies:
            if customer is not None or (tally.per != "customer" and tally.what != "customers"):
                sets.setdefault((tally.of, tally.per, tally.period), []).append(tally)
        branches = []
        for place, ((of, per, period), asked) in enumerate(sets.items()):
            rows = self.order_by().filter(status=Redemption.Status.SUCCEEDED)
            rows = rows.filter(voucher=voucher) if of == "voucher" else rows.filter(campaign=voucher.campaign_id)
            if per == "customer":
                rows = rows.filter(customer=customer)
            elif per is not None:
                rows = rows.filter(channel_type="API" if per == "key" else "USER", channel_id=channel.id)
            if period is not None:
                rows = rows.filter(created_at__gte=period_start(now, period, tz))
            sums = {
                "count": models.Count("pk"),
                "customers": models.Count("customer", distinct=True, filter=~models.Q(customer=customer)),
                "amount": models.Sum("amount", filter=self.once_an_order() if of == "campaign" else None),
                "discount": models.Sum("discount_amount"),
            }
            # All branches have the same columns; what is not asked for is not summed.
            wanted = {tally.what for tally in asked}
            columns = {
                f"sum_of_{what}": total if what in wanted else models.Value(0, output_field=models.BigIntegerField())
                for what, total in sums.items()
            }
            branches.append(rows.values(place=models.Value(place)).annotate(**columns))
        if not branches:
            return {}
        first, *others = branches
        counted = {row["place"]: row for row in first.union(*others, all=True)}
        return {
            # A branch without rows has nothing to say.
            tally: int(counted.get(place, {}).get(f"sum_of_{tally.what}") or 0)
            for place, asked in enumerate(sets.values())
            for tally in asked
        }

    @staticmethod
    def once_an_order() -> models.Q:
        """Of several codes of a campaign on one order, which all hold the order's amount, the one that was used last.

        They are rolled back together or not at all, so the order is taken back as a whole too.
        """
        later = Redemption.objects.filter(
            parent=models.OuterRef("parent"),
            campaign=models.OuterRef("campaign"),
            status=models.OuterRef("status"),
            pk__gt=models.OuterRef("pk"),
        )
        return models.Q(parent=None) | ~models.Exists(later)

    def orders_of(self, customer: Customer) -> tuple[int, int]:
        """Return how many orders the customer made with a code, and what they came to in cents; one query.

        Of several codes on one order the parent is counted; what was rolled back is not.
        """
        rows = self.order_by().filter(customer=customer, status=Redemption.Status.SUCCEEDED, parent=None)
        sums = rows.exclude(order=None).aggregate(count=models.Count("pk"), amount=models.Sum("amount"))
        return sums["count"], int(sums["amount"] or 0)

    def stack_of(self, parent: "Redemption") -> Self:
        """Narrow to an attempt and its children, in the order of their keys."""
        return self.filter(models.Q(pk=parent.pk) | models.Q(parent=parent.pk)).order_by("pk")


class Redemption(Attempt):
    """One attempt to use a code, successful or not. Written once; only `status` changes, by a rollback.

    Names stand beside the keys, so that the row reads when voucher, campaign and customer are gone. Amounts are cents.
    """

    class Status(models.TextChoices):
        SUCCEEDED = "SUCCEEDED", "Succeeded"
        FAILED = "FAILED", "Failed"
        ROLLED_BACK = "ROLLED_BACK", "Rolled back"

    public_id = models.CharField(max_length=40, editable=False)
    status = models.CharField(max_length=12, choices=Status.choices)
    # As it was sent; of a voucher named by its id, the voucher's code. Empty when the body held none.
    code = models.CharField(max_length=200, blank=True)
    voucher = models.ForeignKey(
        Voucher, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    voucher_public_id = models.CharField(max_length=40, blank=True)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    campaign_name = models.CharField(max_length=200, blank=True)
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    customer_name = models.CharField(max_length=200, blank=True)
    customer_source_id = models.CharField(max_length=200, blank=True)
    customer_snapshot = models.JSONField(null=True, blank=True)
    # Cents: of the order before discounts, taken off by this attempt, taken from a gift balance.
    amount = models.BigIntegerField(null=True, blank=True)
    discount_amount = models.BigIntegerField(null=True, blank=True)
    gift_amount = models.BigIntegerField(null=True, blank=True)
    # For a success the order with its effects, for a failure the order as it was sent.
    order = models.JSONField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text="What was compared when it was decided.")
    error_message = models.TextField(blank=True, help_text="The rule's own text for the customer.")
    # Of a code redeemed together with others on one order: the attempt that stands for all of them.
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    # The default stands in the database too, for statements that write attempts and know of no sessions.
    session_key = models.CharField(max_length=200, blank=True, default="", db_default="")

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        permissions = [
            ("redeem", "Can redeem vouchers"),
            ("roll_back", "Can roll back redemptions"),
            ("filter_by_user", "Can filter redemptions by dashboard user"),
        ]
        # Every list is newest first; each index ends in the list's order, so that a page is a short walk. They serve
        # the foreign keys too, which therefore have no index of their own.
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="redemption_newest"),
            models.Index(fields=["status", "-created_at", "-id"], name="redemption_status"),
            models.Index(fields=["failure_code", "-created_at", "-id"], name="redemption_reason"),
            models.Index(fields=["campaign", "-created_at", "-id"], name="redemption_campaign"),
            # Attempts of campaigns that are gone are found by the name that stands on the row.
            models.Index(
                fields=["campaign_name", "-created_at", "-id"],
                name="redemption_gone_campaign",
                condition=models.Q(campaign=None) & ~models.Q(campaign_name=""),
            ),
            # By pattern operators, so that "every code that starts with SPRING" walks it too, in any collation.
            models.Index(
                fields=["code", "-created_at", "-id"],
                name="redemption_code",
                opclasses=["varchar_pattern_ops", "timestamptz_ops", "int8_ops"],
            ),
            models.Index(fields=["customer", "-created_at", "-id"], name="redemption_customer"),
            models.Index(fields=["voucher", "-created_at", "-id"], name="redemption_voucher"),
            models.Index(fields=["user", "-created_at", "-id"], name="redemption_user"),
            models.Index(fields=["customer_source_id", "-created_at", "-id"], name="redemption_source_id"),
            models.Index(fields=["request_id"], name="redemption_request"),
            GinIndex(fields=["metadata"], name="redemption_metadata", opclasses=["jsonb_path_ops"]),
        ]
        constraints = [
            # Not `unique=True`: that would add a second index for LIKE, which every attempt would pay for.
            models.UniqueConstraint(fields=["public_id"], name="redemption_public_id"),
            models.CheckConstraint(
                name="redemption_status_fits_result",
                condition=models.Q(result="FAILURE", status="FAILED")
                | models.Q(result="SUCCESS", status__in=["SUCCEEDED", "ROLLED_BACK"]),
            ),
            models.CheckConstraint(
                name="redemption_failure_has_reason",
                condition=(models.Q(result="FAILURE") & ~models.Q(failure_code=""))
                | models.Q(result="SUCCESS", failure_code=""),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def reason(self) -> FailureReason | None:
        """Why it failed, or None for a success or a code that this version does not know."""
        return reason_of(self.failure_code)

    @property
    def stacked(self) -> list[str]:
        """Of a parent the codes that were asked for on one order; empty for everything else."""
        return self.facts.get("stacked") or []

    @property
    def sentence(self) -> str:
        """Why it failed, for staff, from the facts of that moment; times in the active zone. Empty for a success."""
        return self._told(sentences.sentence)

    @property
    def short_reason(self) -> str:
        """The same in the few words that a list has room for."""
        return self._told(sentences.short)

    @property
    def line_for_customer(self) -> str:
        """Why it failed as one can tell it to the customer."""
        return self._told(partial(sentences.for_customer, error_message=self.error_message))

    def _told(self, teller: Callable[..., str]) -> str:
        if not self.failure_code:
            return ""
        zone = timezone.get_current_timezone()
        # A parent has no code of its own; one that failed with one of its codes is told with that.
        code = self.code or self.facts.get("redeemable", "")
        return teller(self.failure_code, self.facts, code=code, tz=zone, currency=settings.CURRENCY)


def new_redemption_id(result: str, at=None) -> str:
    """Return a public id with Voucherify's prefix for a success or a failure."""
    return new_id("r_" if result == Result.SUCCESS else "rf_", at)


class Rollback(Attempt):
    """One attempt to undo a redemption. A redemption has at most one successful rollback."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    redemption = models.ForeignKey(Redemption, on_delete=models.PROTECT, related_name="rollbacks", db_index=False)
    reason = models.TextField(blank=True, help_text="As the person or the caller gave it.")
    # Cents that went back to the gift balance.
    gift_amount = models.BigIntegerField(null=True, blank=True)
    # What it changed, before and after, e.g. {"redeemed_quantity": [5, 4], "gift_balance": [0, 1000]}.
    effects = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="rollback_newest"),
            models.Index(fields=["redemption", "-created_at"], name="rollback_redemption"),
            models.Index(fields=["user", "-created_at"], name="rollback_user"),
            models.Index(fields=["request_id"], name="rollback_request"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["redemption"],
                condition=models.Q(result="SUCCESS"),
                name="one_successful_rollback",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


def new_rollback_id(result: str, at=None) -> str:
    """Return a public id with Voucherify's prefix for a successful or a refused rollback."""
    return new_id("rr_" if result == Result.SUCCESS else "rrf_", at)


class Order(models.Model):
    """What a customer buys, as the shop told it or as it was redeemed for. Amounts are cents.

    `content` is the order in Voucherify's words, as it was priced last; the attempts keep their own copy of it.
    """

    class Status(models.TextChoices):
        CREATED = "CREATED", "Created"
        PAID = "PAID", "Paid"
        CANCELED = "CANCELED", "Canceled"
        FULFILLED = "FULFILLED", "Fulfilled"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "ord_"))
    # The shop's own id.
    source_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATED)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders")
    amount = models.BigIntegerField(null=True, blank=True)
    total_amount = models.BigIntegerField(null=True, blank=True, help_text="What is left to pay.")
    metadata = models.JSONField(default=dict, blank=True)
    content = models.JSONField(default=dict, blank=True)
    # By the id of the redemption: when, of what, and by which rollback it was undone.
    redemptions = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="order_newest"),
            GinIndex(fields=["metadata"], name="order_metadata", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.source_id or self.public_id


class SessionLockQuerySet(models.QuerySet["SessionLock"]):
    def kept(self, voucher: Voucher, *, but_for: str, now: datetime) -> tuple[int, int]:
        """Return how many uses, and cents of the balance, sessions other than `but_for` keep at `now`."""
        others = self.filter(voucher=voucher, expires_at__gt=now).exclude(session_key=but_for)
        kept = others.aggregate(uses=models.Count("pk"), credits=models.Sum("credits", default=0))
        return kept["uses"], kept["credits"]

    def keep(self, voucher: Voucher, *, session_key: str, credits: int, expires_at: datetime, now: datetime) -> None:
        """Keep one use, and `credits` cents, for a session; asked again it is kept anew. The voucher must be locked."""
        self.filter(voucher=voucher, expires_at__lte=now).delete()
        self.update_or_create(
            voucher=voucher,
            session_key=session_key,
            defaults={"credits": credits, "expires_at": expires_at},
            create_defaults={"credits": credits, "expires_at": expires_at, "created_at": now},
        )

    def release(self, voucher: Voucher, *, session_key: str, now: datetime) -> bool:
        """Give back what a session keeps of a voucher; whether there was something."""
        rows = self.filter(voucher=voucher, session_key=session_key)
        lasted = rows.filter(expires_at__gt=now).exists()
        rows.delete()
        return lasted


class SessionLock(models.Model):
    """One use of a voucher, with cents of a gift card, that a session keeps until it redeems, lets go or is over."""

    voucher = models.ForeignKey(Voucher, on_delete=models.CASCADE, related_name="+", db_index=False)
    session_key = models.CharField(max_length=200)
    credits = models.BigIntegerField(default=0, help_text="Cents.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    objects = SessionLockQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["voucher", "session_key"], name="one_lock_a_session")]

    def __str__(self) -> str:
        return self.session_key
