"""The product as it runs, for tests that speak to it over HTTP: real web server, real worker, its own database."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings

from voucherify_admin.embedded import programs, valkey
from voucherify_admin.embedded.supervisor import Child, Supervisor

BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass
class LiveStack:
    """Where the running product is, who may sign in to it, and the means to break it."""

    url: str
    env: dict[str, str]
    supervisor: Supervisor
    data_dir: Path
    users: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    app_id: str = ""
    app_token: str = ""
    _worker: Child | None = None
    _web: Child | None = None

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path) -> Iterator["LiveStack"]:
        """Starts everything, yields the stack, and leaves neither process nor database behind."""
        port = free_port()
        sockets = Path(tempfile.mkdtemp(prefix="rd-live-"))  # pytest's own folders are too deep for a socket's path
        url = f"http://127.0.0.1:{port}"
        with database() as database_url, Supervisor(logs=folder / "logs") as supervisor:
            try:
                valkey.start(supervisor, directory=folder / "valkey", sockets=sockets, durable=False)
                stack = cls(
                    url=url,
                    env=os.environ
                    | {
                        "DJANGO_SETTINGS_MODULE": "voucherify_admin.settings",
                        "DATABASE_URL": database_url,
                        "REDIS_URL": valkey.url(sockets),
                        "DATA_DIR": str(folder),
                        "BASE_URL": url,
                        "ALLOWED_HOSTS": "127.0.0.1,localhost",
                    },
                    supervisor=supervisor,
                    data_dir=folder,
                )
                stack._prepare()
                stack.start_web()
                stack.start_worker()
                yield stack
                supervisor.stop()
            finally:
                shutil.rmtree(sockets, ignore_errors=True)

    def _prepare(self) -> None:
        credentials = self.data_dir / "credentials.json"
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--no-input", "--verbosity=0")
        self.manage("create_accounts", f"--file={credentials}", f"--url={self.url}")
        written = json.loads(credentials.read_text())
        self.users = written["users"]
        self.app_id, self.app_token = written["api"]["app_id"], written["api"]["app_token"]

    def manage(self, *arguments: str) -> str:
        """Runs `manage.py` with these arguments over the live database, and returns what it printed."""
        done = subprocess.run(
            [sys.executable, BASE_DIR / "manage.py", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def start_web(self) -> Child:
        """Starts the web server, unless one runs, and waits until it answers."""
        if self._web is None or self._web.has_ended:
            port = urlsplit(self.url).port
            self._web = programs.start_web(self.supervisor, env=self.env, host="127.0.0.1", port=port, workers=1)
        return self._web

    def kill_web(self) -> None:
        """Kills the web server with all its processes; whoever waits for an answer hears nothing more."""
        assert self._web is not None, "no web server runs"
        self._kill(self._web)
        self._web = None

    def start_worker(self) -> Child:
        """Starts a Celery worker, unless one runs."""
        if self._worker is None or self._worker.has_ended:
            self._worker = programs.start_worker(self.supervisor, env=self.env, data_dir=self.data_dir)
        return self._worker

    def kill_worker(self) -> None:
        """Kills the worker with all its processes, as a machine does that runs out of memory."""
        assert self._worker is not None, "no worker runs"
        self._kill(self._worker)
        self._worker = None

    def _kill(self, child: Child) -> None:
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self.supervisor.children.remove(child)


@contextlib.contextmanager
def database() -> Iterator[str]:
    """An empty database on the tests' PostgreSQL: its DATABASE_URL, until the context ends."""
    name = f"live_{uuid.uuid4().hex}"
    server = os.environ.get("DATABASE_URL", settings.DATABASE_URL)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
