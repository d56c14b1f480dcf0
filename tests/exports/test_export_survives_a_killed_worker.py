"""A real worker is killed in the middle of an export; another one takes over: one file, one alert, no stuck state."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import LiveStack

PREPARE = """
from django.utils import timezone
from redemptions.models import Redemption
from voucherify_admin.accounts.models import User
from voucherify_admin.exports import actions
from voucherify_admin.exports.actions import FileForm
now = timezone.now()
Redemption.objects.bulk_create(
    Redemption(public_id=f"r_{number:018d}", created_at=now, result="SUCCESS", status="SUCCEEDED", code="KILLED",
               channel_type="API") for number in range(5000))
form = FileForm(fields=["id", "voucher_code"])
export = actions.request_export("redemption", "code=KILLED", User.objects.get(username="user"), form=form)
print(export.public_id)
"""
LOOK = """
import json
from voucherify_admin.exports.models import Export
from voucherify_admin.notifications.models import Notification
export = Export.objects.get(public_id="{public_id}")
notices = Notification.objects.filter(about=export.public_id).count()
print(json.dumps({{"state": export.state, "attempt": export.attempt, "rows": export.rows_written, "size": export.size,
    "file": export.file, "error": export.error, "notices": notices}}))
"""


@pytest.fixture
def stack(live_stack: LiveStack) -> Iterator[LiveStack]:
    """The running product, whose workers take a silent colleague for dead after three seconds."""
    live_stack.kill_worker()
    before = dict(live_stack.env)
    live_stack.env["EXPORT_STALLED_SECONDS"] = "3"
    yield live_stack
    live_stack.kill_worker()
    live_stack.env.clear()
    live_stack.env.update(before)
    live_stack.start_worker()


def look(stack: LiveStack, public_id: str) -> dict:
    return json.loads(stack.manage("shell", "-v0", "-c", LOOK.format(public_id=public_id)))


def wait_until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.3)


def test_an_export_whose_worker_is_killed_is_finished_by_another_one_once(stack: LiveStack):
    folder = Path(stack.env["DATA_DIR"]) / "files" / "exports"
    stack.env["FILE_STORAGE"] = "tests.exports.slow_storage.SlowStorage"
    stack.start_worker()
    public_id = stack.manage("shell", "-v0", "-c", PREPARE).strip().splitlines()[-1]
    part = folder / f"{public_id}.1.csv"
    wait_until(lambda: part.exists() and part.stat().st_size > 0, seconds=60)
    assert look(stack, public_id)["state"] == "running"

    stack.kill_worker()
    del stack.env["FILE_STORAGE"]
    dead = look(stack, public_id)
    assert (dead["file"], dead["notices"]) == ("", 0), "a part of a file is not on offer"

    stack.start_worker()
    wait_until(lambda: look(stack, public_id)["state"] != "running", seconds=90)
    wait_until(lambda: look(stack, public_id)["state"] not in ("running", "queued"), seconds=60)
    now = look(stack, public_id)
    assert (now["state"], now["error"]) == ("done", "")
    assert (now["attempt"], now["rows"], now["notices"]) == (2, 5000, 1)
    assert [path.name for path in folder.iterdir() if path.name.startswith(public_id)] == [f"{public_id}.2.csv"]
    raw = (folder / f"{public_id}.2.csv").read_bytes()
    assert len(raw) == now["size"]
    lines = raw.decode("utf-8-sig").splitlines()
    assert lines[0] == "ID,Voucher code"
    assert len(set(lines[1:])) == 5000
