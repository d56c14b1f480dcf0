"""`manage.py up` as a stranger runs it: a program of its own, over a data folder of its own."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.live import BASE_DIR, database, free_port

SECONDS = 90
USERS = "SELECT username, password, is_staff, is_superuser FROM accounts_user ORDER BY username"


@dataclass
class Run:
    """One `manage.py up`, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    output: Path
    data_dir: Path
    url: str
    status: int = 0
    exit_code: int | None = None
    users: Sequence[tuple] = ()
    logged: Mapping[str, int] = field(default_factory=dict)

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self) -> "Run":
        wait_until(lambda: "Ctrl-C stops everything" in self.printed or self.process.poll() is not None)
        assert self.process.poll() is None, self.printed
        self.wait_until_settled()
        return self

    def wait_until_settled(self) -> None:
        """Until the last process is up: one that is still starting is slow to stop."""
        wait_until(lambda: " ready." in self.log("worker") and "Started worker-2" in self.log("web"))

    def log(self, name: str) -> str:
        """What one of the parts has written since this run began; its log goes on from run to run."""
        return (self.data_dir / "logs" / f"{name}.log").read_text()[self.logged.get(name, 0) :]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Sends the signal and returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def credentials(self) -> dict:
        return json.loads((self.data_dir / "credentials.json").read_text())

    def query(self, sql: str) -> list[tuple]:
        """Asks the embedded database."""
        with psycopg.connect(host=str(self.data_dir / "run"), user="postgres", dbname="postgres") as connection:
            return connection.execute(sql).fetchall()


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_of(data_dir: Path) -> list[str]:
    """The command lines of all processes that work in this folder, were told of it, or were started by such a one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            told = str(data_dir).encode() in (process / "environ").read_bytes() or str(data_dir) in command
            if (told or (process / "cwd").readlink().is_relative_to(data_dir)) and command:
                found.append(command)
        except OSError:
            continue  # it has ended in the meantime
    return found


def up(data_dir: Path, *arguments: str, port: int | None = None, **servers: str) -> Run:
    """Starts `manage.py up` in an environment that names no servers but those given."""
    named = {"DATABASE_URL", "REDIS_URL", "CACHE_URL", "SECRET_KEY", "DATA_DIR", "BASE_URL", "ALLOWED_HOSTS"}
    env = {name: value for name, value in os.environ.items() if name not in named}
    port = port or free_port()
    logged = {log.stem: len(log.read_text()) for log in (data_dir / "logs").glob("*.log")}
    output = data_dir.with_name(f"{uuid.uuid4().hex}.txt")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, BASE_DIR / "manage.py", "up", f"--port={port}", f"--data-dir={data_dir}", *arguments],
            env=env | servers | {"DJANGO_SETTINGS_MODULE": "voucherify_admin.settings"},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(process, output, data_dir, f"http://127.0.0.1:{port}", logged=logged)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="rd-up-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Run]:
    """The first run over an empty folder, already stopped by Ctrl-C, with what was seen while it ran."""
    run = up(folder / "data", "--no-demo-data").wait_until_ready()
    try:
        with urllib.request.urlopen(run.url, timeout=30) as response:
            run.status = response.status
        run.users = run.query(USERS)
        run.exit_code = run.stop()
        yield run
    finally:
        end(run)


@pytest.fixture(scope="module")
def second(first: Run) -> Iterator[Run]:
    """A later run over the same folder, for the tests that leave it running."""
    run = up(first.data_dir, "--no-demo-data").wait_until_ready()
    yield run
    assert run.stop(signal.SIGTERM) == 0
    end(run)


@pytest.fixture
def doomed(folder: Path) -> Iterator[Run]:
    """A run over a folder of its own, for the tests that break it."""
    run = up(folder / "doomed", "--no-demo-data").wait_until_ready()
    yield run
    end(run)


def end(run: Run) -> None:
    """Leaves nothing of a run behind, whatever the test has found out."""
    if run.process.poll() is None:
        run.process.kill()
        run.process.wait()
    wait_until(lambda: not processes_of(run.data_dir))


def test_the_first_run_answers_and_ctrl_c_stops_all_of_it(first: Run):
    assert first.status == 200
    assert first.exit_code == 0, first.printed
    assert processes_of(first.data_dir) == []
    stopped = [line.removeprefix("Stopping ") for line in first.printed.splitlines() if line.startswith("Stopping ")]
    assert stopped == ["web", "worker", "valkey", "postgres"]


def test_the_credentials_are_for_their_owner_alone(first: Run):
    mode = stat.S_IMODE((first.data_dir / "credentials.json").stat().st_mode)
    assert mode == 0o600
    assert stat.S_IMODE((first.data_dir / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(first.data_dir.stat().st_mode) == 0o700


def test_the_credentials_hold_one_login_per_role_and_a_key_and_are_printed(first: Run):
    credentials = first.credentials()
    assert set(credentials) == {"url", "users", "api"}
    assert credentials["url"] == first.url
    assert set(credentials["users"]) == {"administrator", "user", "viewer", "merchant"}
    for role, login in credentials["users"].items():
        assert login["username"] == role
        assert len(login["password"]) >= 12
        assert login["password"] in first.printed
    assert set(credentials["api"]) == {"app_id", "app_token"}
    assert credentials["api"]["app_token"] in first.printed


def test_the_accounts_are_one_per_role_and_only_the_administrator_sees_the_admin_site(first: Run):
    assert [(name, staff, superuser) for name, _, staff, superuser in first.users] == [
        ("administrator", True, False),
        ("merchant", False, False),
        ("user", False, False),
        ("viewer", False, False),
    ]


def test_a_later_run_keeps_data_and_credentials_and_only_notes_its_new_address(first: Run, second: Run):
    assert second.query(USERS) == first.users
    credentials = second.credentials()
    assert credentials["url"] == second.url != first.url
    for login in credentials["users"].values():
        assert login["password"] in first.printed
        assert login["password"] in second.printed


def test_a_later_run_collects_no_static_files_again(first: Run, second: Run):
    assert "Collecting static files" in first.printed
    assert "Collecting static files" not in second.printed


def test_a_second_run_over_the_same_folder_is_refused_with_the_first_ones_number(second: Run):
    refused = up(second.data_dir)
    assert refused.process.wait(SECONDS) == 1
    assert f"in use by another run (process {second.process.pid})" in refused.printed
    assert "--data-dir" in refused.printed
    assert second.process.poll() is None


def test_a_port_that_is_taken_is_named_and_nothing_is_started(second: Run, folder: Path):
    refused = up(folder / "other", port=int(second.url.rpartition(":")[2]))
    assert refused.process.wait(SECONDS) == 1
    assert "--port" in refused.printed
    assert not (folder / "other" / "pg").exists()


def test_servers_that_are_given_are_used_and_none_are_started(folder: Path):
    with database() as database_url:
        run = up(folder / "given", "--no-demo-data", DATABASE_URL=database_url, REDIS_URL=settings.REDIS_URL)
        run.wait_until_ready()
        with psycopg.connect(database_url) as connection:
            assert len(connection.execute(USERS).fetchall()) == 4
        assert not (run.data_dir / "pg").exists()
        assert not (run.data_dir / "valkey").exists()
        assert run.stop() == 0
        end(run)


def test_a_killed_supervisor_leaves_no_process_behind(doomed: Run):
    assert len(processes_of(doomed.data_dir)) > 4
    doomed.process.kill()
    doomed.process.wait()
    wait_until(lambda: not processes_of(doomed.data_dir), seconds=30)


def test_a_run_right_after_a_kill_waits_for_what_is_still_stopping(doomed: Run):
    doomed.process.kill()
    doomed.process.wait()
    again = up(doomed.data_dir, "--no-demo-data").wait_until_ready()
    assert len(again.query(USERS)) == 4
    end(again)


def test_a_part_that_dies_stops_everything_and_its_log_is_shown(doomed: Run):
    valkey = next(pid for pid in children(doomed.process.pid) if "valkey" in Path(f"/proc/{pid}/cmdline").read_text())
    os.kill(valkey, signal.SIGKILL)
    assert doomed.process.wait(SECONDS) == 1
    assert "valkey was ended by signal 9" in doomed.printed
    assert "Everything was stopped" in doomed.printed
    assert processes_of(doomed.data_dir) == []


def test_data_of_another_major_version_is_refused(first: Run, folder: Path):
    old = folder / "old"
    (old / "pg").mkdir(parents=True)
    (old / "pg" / "PG_VERSION").write_text("9\n")
    refused = up(old)
    assert refused.process.wait(SECONDS) == 1
    assert "was written by PostgreSQL 9" in refused.printed


def test_a_stale_pid_file_is_no_obstacle_nor_is_a_path_too_deep_for_sockets(folder: Path):
    deep = folder / ("deep" * 25)
    run = up(deep, "--no-demo-data").wait_until_ready()
    run.stop()
    # The number in it belongs to a program that runs: this one.
    (deep / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n{deep / 'pg'}\n0\n5432\n\n\n0 0\n")
    again = up(deep, "--no-demo-data").wait_until_ready()
    assert again.stop() == 0
    assert processes_of(deep) == []
    end(again)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
