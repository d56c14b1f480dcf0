"""The embedded PostgreSQL under the rights of different users, and the folder it lives in."""

import os
import tempfile
from pathlib import Path

import psycopg
import pytest

from voucherify_admin.embedded import postgres
from voucherify_admin.embedded.data_dir import write_private
from voucherify_admin.embedded.supervisor import Launch, StartError, Supervisor


@pytest.mark.parametrize("prefix", [postgres.USER_NAMESPACE, postgres.OTHER_USER], ids=lambda prefix: prefix[0])
def test_the_server_runs_behind_each_way_to_be_less_than_root(prefix: tuple[str, ...]):
    if os.geteuid() != 0 or not postgres.works(prefix):
        prefix = ()  # here this way is closed, and the program takes another one
    owner = postgres.NOBODY if prefix == postgres.OTHER_USER else os.geteuid()
    rights = postgres.Privileges(prefix, owner) if prefix else postgres.privileges()
    with tempfile.TemporaryDirectory(prefix="rd-pg-") as name:
        folder = Path(name)
        (folder / "run").mkdir(mode=0o700)
        cluster = postgres.Cluster(folder / "pg", folder / "run", durable=False, privileges=rights)
        for _ in range(2):
            with Supervisor(logs=folder / "logs") as supervisor:
                cluster.start(supervisor)
                with psycopg.connect(cluster.url) as connection:
                    assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert (folder / "pg").stat().st_uid == rights.owner


def test_a_program_that_fails_is_reported_with_the_end_of_its_log(tmp_path: Path):
    with Supervisor(logs=tmp_path) as supervisor, pytest.raises(StartError, match=r"(?s)exit code 3.*no such thing"):
        supervisor.run(Launch(name="broken", argv=["sh", "-c", "echo no such thing; exit 3"]))


def test_a_program_that_does_not_obey_is_killed_with_all_it_started(tmp_path: Path):
    with Supervisor(logs=tmp_path) as supervisor:
        stubborn = supervisor.start(
            Launch(
                name="stubborn",
                argv=["sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait; sleep 600"],
                stop_signals=((15, 0.2),),
            )
        )
        supervisor.wait_until(lambda: bool(stubborn.tail()), child=stubborn, seconds=10)
    assert stubborn.process.returncode == -9
    status = Path(f"/proc/{stubborn.tail().strip()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"  # ended, whether or not collected yet


def test_a_private_file_is_replaced_whole_and_never_open_to_others(tmp_path: Path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
