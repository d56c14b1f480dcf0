"""What the tests of exports share."""

import pytest

from voucherify_admin.exports import writer


@pytest.fixture(autouse=True)
def silent_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a test's transaction no other connection sees the export, and its sign of life would take it for lost.

    Tests that are about the sign of life commit their rows and set a pace of their own.
    """
    monkeypatch.setattr(writer, "BEAT_SECONDS", 3600)
