"""The life of an export: built once however often it is begun, cancelled, given up, expired; never a part of a file."""

import socket
import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connections
from django.test import Client
from django.utils import timezone
from kombu import Connection

from tests.factories import make_redemption, make_user
from voucherify_admin.exports import actions, tasks, writer
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.exporter import RefusedError
from voucherify_admin.exports.models import MAX_ATTEMPTS, Export
from voucherify_admin.notifications.models import Notification

ORIGINAL_PARTS = writer._parts

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def queued(user=None, **changes) -> Export:
    user = user or make_user()
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id", "voucher_code"]))
    if changes:
        Export.objects.filter(pk=export.pk).update(**changes)
        export.refresh_from_db()
    return export


def files() -> list[str]:
    try:
        return default_storage.listdir("exports")[1]
    except FileNotFoundError:
        return []


def long_ago(seconds: int = 3600):
    return timezone.now() - timedelta(seconds=seconds)


def test_a_build_ends_with_one_file_and_one_notice():
    make_redemption()
    export = queued()
    assert (export.state, export.percent, export.is_downloadable) == (Export.State.QUEUED, 0, False)
    tasks.build_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.percent, export.is_downloadable) == (Export.State.DONE, 100, True)
    notice = Notification.objects.get()
    assert (notice.user, notice.kind, notice.about) == (export.owner, "export_ready", export.public_id)
    assert notice.url == f"/exports/{export.public_id}/download/"


def test_a_task_delivered_twice_makes_one_file_and_one_notice():
    make_redemption()
    export = queued()
    for _ in range(3):
        tasks.build_export(export.pk)
    assert files() == [f"{export.public_id}.1.csv"]
    assert Notification.objects.count() == 1


def test_a_task_delivered_while_another_worker_writes_changes_nothing():
    export = queued(state=Export.State.RUNNING, attempt=1, heartbeat_at=timezone.now())
    tasks.build_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.attempt, files()) == (Export.State.RUNNING, 1, [])


def test_a_task_for_an_export_that_was_deleted_does_nothing():
    tasks.build_export(10**9)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("boom")])
def test_a_build_that_breaks_leaves_nothing_on_offer_and_says_why(monkeypatch, error):
    for _ in range(3):
        make_redemption()
    monkeypatch.setattr(writer, "CHUNK_BYTES", 10)
    save = FileSystemStorage._save
    monkeypatch.setattr(FileSystemStorage, "_save", lambda own, name, content: save(own, name, _Cut(content, error)))
    export = queued()
    export.build()
    export.refresh_from_db()
    assert (export.state, export.file, files()) == (Export.State.FAILED, "", [])
    assert ("No space left on device" if isinstance(error, OSError) else export.public_id) in export.error
    assert Notification.objects.get().kind == "export_failed"
    # The connection is free again: the next export is built.
    monkeypatch.undo()
    following = queued(export.owner)
    following.build()
    following.refresh_from_db()
    assert following.state == Export.State.DONE


class _Cut:
    """A content that breaks after its first piece."""

    def __init__(self, content, error):
        self.content, self.error = content, error

    def chunks(self):
        yield next(iter(self.content.chunks()))
        raise self.error


@committed
def test_a_statement_that_breaks_after_some_rows_fails_the_export(monkeypatch):
    _fill(3)
    monkeypatch.setattr(writer, "CHUNK_BYTES", 1)
    broken = "SELECT 1 / (id - (SELECT max(id) FROM redemptions_redemption)) FROM redemptions_redemption ORDER BY id"
    monkeypatch.setattr("voucherify_admin.exports.exporter.Exporter.statement", lambda *_: (broken, ()))
    export = queued()
    export.build()
    export.refresh_from_db()
    assert (export.state, export.file, files()) == (Export.State.FAILED, "", [])
    assert export.public_id in export.error


@committed
def test_an_export_cancelled_while_it_is_written_stops_and_leaves_no_file(monkeypatch):
    _fill(1000)
    monkeypatch.setattr(writer, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(writer, "CHUNK_BYTES", 100)
    export = queued()
    begun, stop = threading.Event(), threading.Event()
    slow_down(monkeypatch, begun, stop)
    worker = threading.Thread(target=_build, args=(export.pk,))
    worker.start()
    assert begun.wait(20)
    assert Export.objects.get(pk=export.pk).cancel()
    stop.set()
    worker.join(20)
    export.refresh_from_db()
    assert (export.state, export.file, files()) == (Export.State.CANCELLED, "", [])
    assert not Notification.objects.exists()
    assert not export.cancel()


@committed
def test_cancelling_ends_a_statement_that_has_not_given_a_row_yet(monkeypatch):
    make_redemption()
    monkeypatch.setattr(writer, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(
        "voucherify_admin.exports.exporter.Exporter.statement", lambda *_: ("SELECT pg_sleep(%s)", (60,))
    )
    export = queued()
    worker = threading.Thread(target=_build, args=(export.pk,))
    started = timezone.now()
    worker.start()
    while Export.objects.get(pk=export.pk).state != Export.State.RUNNING:
        pass
    export.cancel()
    worker.join(20)
    assert timezone.now() - started < timedelta(seconds=15)
    assert files() == []


@committed
def test_a_worker_that_was_thought_dead_cannot_overwrite_its_successor(monkeypatch):
    _fill(200)
    monkeypatch.setattr(writer, "BEAT_SECONDS", 3600)
    monkeypatch.setattr(writer, "CHUNK_BYTES", 100)
    export = queued()
    begun, stop = threading.Event(), threading.Event()
    slow_down(monkeypatch, begun, stop)
    sleeper = threading.Thread(target=_build, args=(export.pk,))
    sleeper.start()
    assert begun.wait(20)

    Export.objects.filter(pk=export.pk).update(heartbeat_at=long_ago())
    assert Export.objects.get(pk=export.pk).rescue(timezone.now())
    stop.set()
    slow_down(monkeypatch, threading.Event(), stop)
    tasks.build_export(export.pk)
    sleeper.join(20)

    export.refresh_from_db()
    assert (export.state, export.attempt, export.rows_written) == (Export.State.DONE, 2, 200)
    assert files() == [f"{export.public_id}.2.csv"]
    assert default_storage.size(export.file) == export.size
    assert Notification.objects.count() == 1


@committed
def test_progress_is_told_while_the_file_is_written(monkeypatch):
    _fill(400)
    monkeypatch.setattr(writer, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(writer, "CHUNK_BYTES", 2000)
    export = queued()
    begun, stop = threading.Event(), threading.Event()
    slow_down(monkeypatch, begun, stop)
    worker = threading.Thread(target=_build, args=(export.pk,))
    worker.start()
    assert begun.wait(20)
    deadline = timezone.now() + timedelta(seconds=10)
    while not (now := Export.objects.get(pk=export.pk)).rows_written and timezone.now() < deadline:
        pass
    assert now.state == Export.State.RUNNING
    assert now.rows_expected == 400
    assert 0 < now.percent < 100
    assert not now.is_downloadable
    stop.set()
    worker.join(20)


def test_a_silent_worker_is_noticed_and_another_one_begins_again(settings, monkeypatch):
    handed = []
    monkeypatch.setattr(tasks, "enqueue", handed.append)
    make_redemption()
    alive = queued(state=Export.State.RUNNING, attempt=1, heartbeat_at=timezone.now())
    dead = queued(state=Export.State.RUNNING, attempt=1, heartbeat_at=long_ago())
    forgotten = queued(heartbeat_at=long_ago())
    waiting = queued()
    tasks.rescue_stalled_exports()
    assert handed == [dead.pk, forgotten.pk]
    # Asked again at once, nothing is handed out twice.
    tasks.rescue_stalled_exports()
    assert handed == [dead.pk, forgotten.pk]
    for export, state in ((alive, "running"), (dead, "queued"), (forgotten, "queued"), (waiting, "queued")):
        export.refresh_from_db()
        assert export.state == state
    dead.build()
    assert (dead.attempt, Export.objects.get(pk=dead.pk).state) == (2, Export.State.DONE)


def test_an_export_that_kills_its_workers_is_given_up_with_a_reason():
    export = queued(state=Export.State.RUNNING, attempt=MAX_ATTEMPTS, heartbeat_at=long_ago())
    default_storage.save(f"exports/{export.public_id}.{MAX_ATTEMPTS}.csv", _file(b"a part"))
    tasks.rescue_stalled_exports()
    export.refresh_from_db()
    assert export.state == Export.State.FAILED
    assert f"begun {MAX_ATTEMPTS} times" in export.error
    assert files() == []
    assert Notification.objects.get().kind == "export_failed"


@pytest.mark.parametrize("hangs", [False, True])
def test_without_a_broker_an_export_stays_queued_and_is_found_later(
    monkeypatch, django_capture_on_commit_callbacks, hangs
):
    app = tasks.build_export.app
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1] if hangs else 1
    monkeypatch.setattr(app, "connection_for_write", lambda **given: Connection(f"redis://127.0.0.1:{port}/0", **given))
    user = make_user()
    page = Client()
    page.force_login(user)
    asked = {"kind": "redemption", "scope": "shown", "time_zone": "UTC", "separator": ",", "columns": ["id"]}
    started = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        answer = page.post("/exports/new/", asked)
    assert timezone.now() - started < timedelta(seconds=10)
    export = Export.objects.get()
    assert (answer.status_code, answer.url) == (302, export.get_absolute_url())
    assert export.state == Export.State.QUEUED
    assert "Waiting for a worker" in page.get(answer.url).content.decode()
    Export.objects.filter(pk=export.pk).update(heartbeat_at=long_ago())
    assert list(Export.objects.without_a_worker(timezone.now())) == [export]
    listener.close()


def test_files_expire_and_what_dead_builds_left_is_swept_up(settings):
    make_redemption()
    old, young, running = queued(), queued(), queued()
    for export in (old, young):
        export.build()
    Export.objects.filter(pk=old.pk).update(expires_at=long_ago())
    Export.objects.filter(pk=running.pk).update(state=Export.State.RUNNING, attempt=2)
    for name in (f"{running.public_id}.1.csv", f"{running.public_id}.2.csv", "exp_unknown.1.csv"):
        default_storage.save(f"exports/{name}", _file(b"a part"))
    old.refresh_from_db()
    assert not old.is_downloadable, "past its time it is not on offer, swept up or not"
    tasks.expire_exports()
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, old.file) == (Export.State.EXPIRED, "")
    assert young.is_downloadable
    assert sorted(files()) == sorted([f"{young.public_id}.1.csv", f"{running.public_id}.2.csv"])


def test_whoever_lost_their_account_gets_no_export():
    user = make_user()
    export = queued(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    Export.objects.get(pk=export.pk).build()
    export.refresh_from_db()
    assert (export.state, "no longer active" in export.error) == (Export.State.FAILED, True)
    with pytest.raises(RefusedError):
        queued(make_user("Merchant"))


def _file(raw: bytes):
    return ContentFile(raw)


def _fill(count: int) -> None:
    for _ in range(count):
        make_redemption()


def _build(pk: int) -> None:
    try:
        tasks.build_export(pk)
    finally:
        connections.close_all()


def slow_down(monkeypatch, begun: threading.Event, stop: threading.Event) -> None:
    """Make the writer wait after its first pieces until `stop` is set."""
    parts = ORIGINAL_PARTS

    def slowly(*arguments, **named):
        inner = parts(*arguments, **named)
        try:
            for number, part in enumerate(inner):
                yield part
                if number == 1:
                    begun.set()
                    stop.wait(15)
        finally:
            inner.close()

    monkeypatch.setattr(writer, "_parts", slowly)
