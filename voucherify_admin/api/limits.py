"""Counts the calls of a key by the minute and tells callers what is left; knows no endpoint.

Source of the headers: Voucherify's documentation, "Rate limits".
"""

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse

from voucherify_admin.api.errors import ApiError

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# What is told where nothing is limited: clients compute with these headers, so they must be there and be plausible.
UNLIMITED = 100_000


@dataclass(frozen=True)
class Allowance:
    """How many calls a key has in the present minute, how many are left, and when the next minute begins (Unix)."""

    limit: int
    remaining: int
    resets_at: int

    @property
    def is_used_up(self) -> bool:
        return self.remaining < 0


def allowance_of(key_name: str | None, *, now: float | None = None) -> Allowance:
    """Count one call of the key with this name and return what is left; None counts nothing.

    A cache that does not answer must not stop a shop from selling: such a call is not counted.
    """
    moment = int(time.time() if now is None else now)
    window = moment // WINDOW_SECONDS
    resets_at = (window + 1) * WINDOW_SECONDS
    limit = settings.RATE_LIMIT_PER_MINUTE
    if not limit:
        return Allowance(UNLIMITED, UNLIMITED - 1, resets_at)
    if key_name is None:
        return Allowance(limit, limit, resets_at)
    name = f"calls:{key_name}:{window}"
    try:
        cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
        # One atomic step in Redis, so that all processes of an installation count together.
        used = cache.incr(name)
    except Exception:
        logger.warning("The cache does not answer: calls are not limited", exc_info=True)
        return Allowance(limit, limit - 1, resets_at)
    return Allowance(limit, limit - used, resets_at)


def too_many(allowance: Allowance) -> ApiError:
    """Return the 429 for a key whose calls of this minute are used up."""
    return ApiError(
        429,
        "too_many_requests",
        "Too many requests hit the API too quickly.",
        f"This key may call {allowance.limit} times a minute; wait until the next minute begins",
    )


def tell(response: HttpResponse, allowance: Allowance, *, now: float | None = None) -> None:
    """Write the headers that every answer of the API carries."""
    response["X-Rate-Limit-Limit"] = str(allowance.limit)
    response["X-Rate-Limit-Remaining"] = str(max(0, allowance.remaining))
    response["X-Rate-Limit-Retry"] = str(allowance.resets_at)
    if response.status_code == 429:
        moment = int(time.time() if now is None else now)
        response["X-Rate-Limit-Type"] = "api_calls"
        response["Retry-After"] = str(max(1, allowance.resets_at - moment))
