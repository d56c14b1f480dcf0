"""A receiver and a webhook that goes to it."""

from collections.abc import Iterator

import pytest

from tests.webhooks.receiver import Receiver, running
from voucherify_admin.webhooks.events import EVENTS
from voucherify_admin.webhooks.models import Target

SOME = [name for name, _ in EVENTS if name.startswith("redemption.") or name in ("voucher.enabled", "voucher.disabled")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as one:
        yield one


@pytest.fixture
def target(settings, receiver: Receiver, db) -> Target:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    return Target.objects.create(name="Shop", url=receiver.url, events=SOME)


@pytest.fixture
def curious(target: Target) -> Target:
    """A webhook that is told of everything there is."""
    target.events = [name for name, _ in EVENTS]
    target.save(update_fields=["events"])
    return target
