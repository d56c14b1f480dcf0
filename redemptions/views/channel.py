"""Who acts when a page calls a verb."""

from redemptions.engine import Channel
from voucherify_admin.accounts.models import User


def channel_of(user: User) -> Channel:
    """The channel of a person of the dashboard."""
    return Channel(type="USER", id=user.public_id, name=user.get_username(), user_pk=user.pk)
