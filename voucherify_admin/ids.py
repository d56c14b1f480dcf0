"""Public ids in Voucherify's form; knows no model."""

import secrets
from datetime import UTC, datetime


def new_id(prefix: str, at: datetime | None = None) -> str:
    """Return `prefix` and 18 lowercase hex digits that sort by `at` (now by default).

    The first 13 digits are microseconds since 1970, which last until the year 2112; the other five are random.
    Ids are to be treated as opaque by clients (Voucherify's documentation on identifiers).
    """
    microseconds = int((at or datetime.now(UTC)).timestamp() * 1_000_000)
    return f"{prefix}{microseconds:013x}{secrets.token_hex(3)[:5]}"
