"""Short-lived bearer tokens that stand for a key pair; signed, so that nothing is stored. Knows no endpoint."""

import time
from dataclasses import dataclass

from django.core import signing
from django.db.models import QuerySet

from voucherify_admin.api.models import ApiKey

SECONDS = 900
SCOPE = "api"
_SALT = "voucherify_admin.api.tokens"


@dataclass(frozen=True)
class Token:
    """A token with the moment (Unix seconds) at which it ends."""

    text: str
    expires_at: int


def issue(key: ApiKey) -> Token:
    """Return a token that may do what the key may, for SECONDS seconds."""
    return Token(signing.dumps(str(key.app_id), salt=_SALT), int(time.time()) + SECONDS)


def key_of(token: str, keys: QuerySet[ApiKey]) -> ApiKey | None:
    """Return which of `keys` the token stands for, if it is active; None for a forged or an old token, too."""
    try:
        app_id = signing.loads(token, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return keys.filter(app_id=app_id, is_active=True).first()
