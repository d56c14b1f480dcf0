"""`manage.py up`: the whole product with one command; says what it does, and leaves nothing running behind it."""

import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management.base import BaseCommand, CommandError, CommandParser

from voucherify_admin.embedded import postgres, programs, valkey
from voucherify_admin.embedded.data_dir import DataDir
from voucherify_admin.embedded.supervisor import StartError, Supervisor, ended

# A voucher of the demo data that is always good.
DEMO_CODE = "DEMO-10"


class Command(BaseCommand):
    help = (
        "Starts everything: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name running ones), the web "
        "server and the Celery worker. Ctrl-C stops everything. Data, logs and generated credentials are kept in "
        "the data folder."
    )
    requires_system_checks: list[str] = []  # they ask for a database that does not run yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="the port of the web server (8000)")
        parser.add_argument(
            "--host", default="127.0.0.1", help="the address it listens on (127.0.0.1: this machine alone)"
        )
        parser.add_argument(
            "--data-dir", type=Path, default=settings.BASE_DIR / ".data", help="where everything is kept (.data)"
        )
        parser.add_argument(
            "--no-demo-data", action="store_true", help="start with an empty system; read on the first run only"
        )

    def handle(self, *, host: str, port: int, data_dir: Path, no_demo_data: bool, **options: Any) -> None:
        data = DataDir(data_dir.expanduser().resolve())
        try:
            with _stopped_by_signals(), ExitStack() as stack:
                self._start(stack, data=data, host=host, port=port, demo_data=not no_demo_data)
        except StartError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped. The data is kept.")

    def _start(self, stack: ExitStack, *, data: DataDir, host: str, port: int, demo_data: bool) -> None:
        """Starts all parts in their order and watches them; leaving the stack stops them. Raises StartError."""
        began = time.monotonic()
        data.create()
        lock = stack.enter_context(data.locked())
        _check_port(host, port)
        sockets = stack.enter_context(data.sockets())
        supervisor = Supervisor(logs=data.logs)
        stack.callback(self._stop, supervisor)

        url = _url(host, port)
        env = os.environ | {"DATA_DIR": str(data.path), "SECRET_KEY": os.environ.get("SECRET_KEY") or data.secret_key()}
        env.setdefault("DJANGO_SETTINGS_MODULE", "voucherify_admin.settings")
        env.setdefault("BASE_URL", url)
        env.setdefault("ALLOWED_HOSTS", ",".join(_host_names(host)))
        if not env.get("DATABASE_URL"):
            self._say("Starting PostgreSQL")
            cluster = postgres.Cluster(data.path / "pg", sockets, keep_open=(lock,))
            cluster.start(supervisor)
            env["DATABASE_URL"] = cluster.url
        if not env.get("REDIS_URL"):
            self._say("Starting Valkey")
            valkey.start(supervisor, directory=data.path / "valkey", sockets=sockets, keep_open=(lock,))
            env["REDIS_URL"] = valkey.url(sockets)

        self._prepare(supervisor, data=data, env=env, url=url, demo_data=demo_data)
        self._say("Starting the web server and the worker")
        worker = programs.start_worker(supervisor, env=env, data_dir=data.path)
        programs.start_web(supervisor, env=env, host=host, port=port)
        if worker.has_ended:
            raise StartError(ended(worker))
        self._say(f"Ready after {time.monotonic() - began:.1f} seconds.")
        self.stdout.write(_summary(data, url=url))
        self.stdout.flush()
        raise StartError(ended(supervisor.watch()) + "\nEverything was stopped.")

    def _prepare(
        self, supervisor: Supervisor, *, data: DataDir, env: Mapping[str, str], url: str, demo_data: bool
    ) -> None:
        """Brings tables, static files, accounts and demo data to where they should be; what is there is kept."""
        self._say("Bringing the tables up to date")
        programs.manage(supervisor, "migrate", "--no-input", env=env)
        stamp = _static_stamp()
        if not data.static_stamp.exists() or data.static_stamp.read_text() != stamp:
            self._say("Collecting static files")
            programs.manage(supervisor, "collectstatic", "--no-input", "--clear", "--verbosity=0", env=env)
            data.static_stamp.write_text(stamp)
        programs.manage(supervisor, "create_accounts", f"--file={data.credentials}", f"--url={url}", env=env)
        if data.demo_marker.exists():
            return
        # Accounts without our credentials file: a database that others work with already gets no invented customers.
        if demo_data and data.credentials.exists():
            self._say("Creating the demo data; this happens once")
            programs.manage(supervisor, "seed_demo", "--size", "small", env=env)
            data.demo_marker.write_text(DEMO_CODE)
        data.demo_marker.touch()

    def _stop(self, supervisor: Supervisor) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # each wait below has an end; a second Ctrl-C must not cut it off
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.stdout.write("")
        supervisor.stop(report=lambda name: self._say(f"Stopping {name}"))

    def _say(self, what: str) -> None:
        self.stdout.write(what)
        self.stdout.flush()


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Within, each signal that means "stop" arrives as KeyboardInterrupt, also where the shell had it ignored."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asks to stay when the terminal goes
        signals.append(signal.SIGHUP)
    before = {number: signal.signal(number, signal.default_int_handler) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_port(host: str, port: int) -> None:
    """Raises StartError when the web server could not listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
    except (OSError, OverflowError) as error:
        raise StartError(
            f"The web server cannot listen on {host} port {port}: {error}. Choose another one with --port."
        ) from error


def _url(host: str, port: int) -> str:
    address = programs.own_address(host)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def _host_names(host: str) -> list[str]:
    """Under which names the site answers, when ALLOWED_HOSTS does not say."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104
        names.append(socket.gethostname())
    else:
        names.append(f"[{host}]" if ":" in host else host)
    return list(dict.fromkeys(names))


def _static_stamp() -> str:
    """Changes whenever a static file, or the Python that collects them, does."""
    digest = hashlib.sha256(f"{sys.version} {settings.STORAGES['staticfiles']}".encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            state = os.stat(storage.path(name))
            digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _summary(data: DataDir, *, url: str) -> str:
    """What one needs to begin: address, logins, key, and a first request."""
    lines = ["", f"  Dashboard     {url}"]
    if data.credentials.exists():
        written = json.loads(data.credentials.read_text())
        app_id, app_token = written["api"]["app_id"], written["api"]["app_token"]
        code = data.demo_marker.read_text() if data.demo_marker.exists() else ""
        lines += ["", "  Sign in as    username        password"]
        for role, login in written["users"].items():
            lines.append(f"    {role.capitalize():<13} {login['username']:<15} {login['password']}")
        lines += [
            "",
            "  API key",
            f"    X-App-Id      {app_id}",
            f"    X-App-Token   {app_token}",
            "",
            f"  All of this is also in {data.credentials} (readable by you alone).",
            "",
            "  Redeem a voucher from a second terminal" + ("" if code else " (put a code in place of CODE)") + ":",
            f"    curl -X POST {url}/v1/vouchers/{code or 'CODE'}/redemption \\",
            f"      -H 'X-App-Id: {app_id}' -H 'X-App-Token: {app_token}' \\",
            "      -H 'Content-Type: application/json' -d '{\"order\": {\"amount\": 5000}}'",
        ]
    else:
        lines += [
            "",
            f"  There were accounts already, and {data.credentials} does not exist: sign in with one of them.",
            "  A new password: manage.py changepassword USERNAME",
        ]
    return "\n".join([*lines, "", f"  Logs: {data.logs}", "  Ctrl-C stops everything.", ""])
