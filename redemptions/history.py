"""What customers did, counted by the database: their summaries, and the conditions on them; writes nothing."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from campaigns.models import Customer
from redemptions.models import Order, Redemption, Rollback
from voucherify_admin.api import lists
from voucherify_admin.api.wire import iso
from vouchers.models import Voucher

SUCCESS = Q(result="SUCCESS")
# Of several codes on one order each is counted for itself, and not the attempt that stands for all of them.
STANDS_FOR_MANY = Q(facts__has_key="stacked")
# What a customer left to pay, where that is known.
SPENT = Coalesce("total_amount", "amount", 0)


def attempts() -> QuerySet[Redemption]:
    """The attempts that are counted, one for each code."""
    return Redemption.objects.exclude(STANDS_FOR_MANY).order_by()


def orders() -> QuerySet[Order]:
    """The orders that are counted: those that were paid."""
    return Order.objects.filter(status__in=[Order.Status.PAID, Order.Status.FULFILLED]).order_by()


def summaries(customers: Iterable[Customer]) -> dict[int, dict[str, Any]]:
    """Return Voucherify's `summary` of each customer by primary key; five queries, however many they are."""
    keys = [customer.pk for customer in customers]
    if not keys:
        return {}
    redeemed = _by_customer(
        attempts().filter(customer__in=keys),
        "customer",
        succeeded=Count("pk", filter=SUCCESS),
        failed=Count("pk", filter=~SUCCESS),
        rolled_back=Count("pk", filter=Q(status=Redemption.Status.ROLLED_BACK)),
        gift=Sum("gift_amount", filter=Q(status=Redemption.Status.SUCCEEDED), default=0),
    )
    undone = _by_customer(
        Rollback.objects.filter(redemption__customer__in=keys).exclude(redemption__facts__has_key="stacked"),
        "redemption__customer",
        succeeded=Count("pk", filter=SUCCESS),
        failed=Count("pk", filter=~SUCCESS),
    )
    held = _by_customer(
        Voucher.objects.filter(holder__in=keys, type=Voucher.Type.GIFT), "holder", balance=Sum("gift_balance")
    )
    bought = _by_customer(orders().filter(customer__in=keys), "customer", count=Count("pk"), amount=Sum(SPENT))
    newest = orders().filter(customer__in=keys).order_by("customer", "-created_at", "-pk").distinct("customer")
    last = {row[0]: row[1:] for row in newest.values_list("customer", SPENT, "created_at")}
    return {
        key: {
            "redemptions": _redemptions(redeemed.get(key, {}), undone.get(key, {}), held.get(key, {})),
            "orders": _orders(bought.get(key, {}), last.get(key)),
        }
        for key in keys
    }


def _by_customer(rows: QuerySet, customer: str, **sums: Any) -> dict[int, dict[str, int]]:
    return {row.pop(customer): row for row in rows.order_by().values(customer).annotate(**sums)}


def _redemptions(redeemed: Mapping[str, int], undone: Mapping[str, int], held: Mapping[str, int]) -> dict[str, Any]:
    return {
        "total_redeemed": redeemed.get("succeeded", 0),
        "total_failed": redeemed.get("failed", 0),
        "total_succeeded": redeemed.get("succeeded", 0),
        "total_rolled_back": redeemed.get("rolled_back", 0),
        "total_rollback_failed": undone.get("failed", 0),
        "total_rollback_succeeded": undone.get("succeeded", 0),
        "gift": {"redeemed_amount": int(redeemed.get("gift", 0)), "amount_to_go": int(held.get("balance", 0))},
        "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
    }


def _orders(bought: Mapping[str, int], last: tuple[int, datetime] | None) -> dict[str, Any]:
    count, amount = bought.get("count", 0), int(bought.get("amount") or 0)
    return {
        "total_amount": amount,
        "total_count": count,
        # Half up to whole cents, as everywhere.
        "average_amount": (2 * amount + count) // (2 * count) if count else 0,
        "last_order_amount": last[0] if last else 0,
        "last_order_date": iso(last[1]) if last else None,
    }


def _of_one(rows: QuerySet, value: Any) -> Subquery:
    """What `value` comes to over the rows of the customer whom the query around it looks at."""
    return Subquery(rows.filter(customer=OuterRef("pk")).values("customer").annotate(value=value).values("value"))


def _number(rows: Callable[[], QuerySet], value: Any) -> Callable[[], Combinable]:
    return lambda: Coalesce(_of_one(rows(), value), 0)


# What segments can ask of a customer's history: the wire name -> its value as SQL, and its kind.
ASKED: dict[str, tuple[Callable[[], Combinable], str]] = {
    "summary.redemptions.total_redeemed": (_number(lambda: attempts().filter(SUCCESS), Count("pk")), "number"),
    "summary.redemptions.total_succeeded": (_number(lambda: attempts().filter(SUCCESS), Count("pk")), "number"),
    "summary.redemptions.total_failed": (_number(lambda: attempts().exclude(SUCCESS), Count("pk")), "number"),
    "summary.redemptions.total_rolled_back": (
        _number(lambda: attempts().filter(status=Redemption.Status.ROLLED_BACK), Count("pk")),
        "number",
    ),
    "summary.orders.total_amount": (_number(orders, Sum(SPENT)), "number"),
    "summary.orders.total_count": (_number(orders, Count("pk")), "number"),
    "summary.orders.last_order_date": (lambda: _of_one(orders(), Max("created_at")), "date"),
}


def condition_q(condition: lists.Condition) -> Q | None:
    """Return a segment's condition on what customers did, as a condition on customers; None for what is not known.

    Raises ApiError 400 for an operator or a value that does not fit.
    """
    if condition.field not in ASKED:
        return None
    value, kind = ASKED[condition.field]
    met = Customer.objects.alias(asked=value()).filter(lists.condition_q(condition, "asked", kind))
    return Q(Exists(met.filter(pk=OuterRef("pk"))))
