"""Tells staff something; knows a title, a text and an address, not what they are about."""

from collections.abc import Iterable

from voucherify_admin.accounts.models import User
from voucherify_admin.notifications.models import Notification


def notify(users: Iterable[User], *, kind: str, title: str, text: str = "", url: str = "", about: str) -> None:
    """Leave a notice for each of `users`; whoever was told of the same kind and subject already is not told again.

    `url` is a path on this site. Runs in the caller's transaction, so that the notice is as true as what it tells.
    """
    rows = [
        Notification(user=user, kind=kind, title=title[:200], text=text, url=url[:500], about=about[:100])
        for user in users
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
