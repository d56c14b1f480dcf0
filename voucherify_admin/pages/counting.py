"""Counts that cost little, whatever is counted: up to a bound, and for a bounded time."""

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet


def count_up_to(queryset: QuerySet, limit: int, *, milliseconds: int) -> int | None:
    """How many rows there are, `limit` for that many and more; None when it is not known after `milliseconds`."""
    rows = queryset.order_by().values("pk")[:limit]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [milliseconds])
            number = rows.count()
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":
            raise
        return None
    return number
