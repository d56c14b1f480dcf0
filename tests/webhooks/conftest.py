"""A receiver and a webhook that goes to it."""

from collections.abc import Iterator

import pytest

from tests.webhooks.receiver import Receiver, running
from voucherify_admin.webhooks.models import EVENTS, Target


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as one:
        yield one


@pytest.fixture
def target(settings, receiver: Receiver, db) -> Target:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    return Target.objects.create(name="Shop", url=receiver.url, events=[name for name, _ in EVENTS])
