"""The folder that holds everything one installation keeps, and the lock on it; must not know who writes into it."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voucherify_admin.embedded.supervisor import StartError

SOCKET_PATH_BYTES = 107  # of sockaddr_un, without the closing zero
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"
SECONDS_TO_FINISH = 45  # that the servers of a killed run may take to stop


@dataclass(frozen=True)
class DataDir:
    """Names of the files in the folder, and the verbs that make them."""

    path: Path

    @property
    def credentials(self) -> Path:
        return self.path / "credentials.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def demo_marker(self) -> Path:
        """Exists once the first run is over: whether demo data was wanted is asked only once."""
        return self.path / "first-run-done"

    @property
    def static_stamp(self) -> Path:
        return self.path / "static.stamp"

    def create(self) -> None:
        """Makes the folder, for its owner alone. Raises StartError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(f"{self.path} is not writable")
        except OSError as error:
            raise StartError(f"The data folder cannot be used: {error}. Choose another one with --data-dir.") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Holds the folder for this process; yields the descriptor of the lock. Raises StartError when it is taken.

        The servers inherit the descriptor, so the folder stays locked for as long as one of them writes to it.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + SECONDS_TO_FINISH
            while not _try_lock(descriptor):
                holder = os.pread(descriptor, 20, 0).decode().strip()
                if not holder or _is_running(int(holder)):
                    raise StartError(
                        f"The data folder {self.path} is in use by another run (process {holder or 'unknown'}). "
                        "Stop that one first, or choose another folder with --data-dir."
                    )
                if time.monotonic() > deadline:
                    raise StartError(f"The servers of an earlier run still use the data folder {self.path}; end them.")
                time.sleep(0.1)  # that run was killed, and its servers are stopping
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def sockets(self) -> Iterator[Path]:
        """An empty folder for sockets, inside this one unless that makes their paths too long for the system."""
        inside = self.path / "run"
        if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES:
            shutil.rmtree(inside, ignore_errors=True)  # a lock file left by a killed server would stop the next one
            inside.mkdir(mode=0o700)
            folder = inside
        else:
            folder = Path(tempfile.mkdtemp(prefix="redemptions-", dir="/tmp"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def secret_key(self) -> str:
        """The key that signs sessions and links, made on the first run."""
        file = self.path / "secret_key"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(50))
        return file.read_text()


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read; it is never seen half written or readable by others."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
