"""The product's own programs as children: web server, worker, and commands of `manage.py`; no servers of others."""

import http.client
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from voucherify_admin.embedded.supervisor import Child, Launch, Supervisor

BASE_DIR = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60


def manage(supervisor: Supervisor, *arguments: str, env: Mapping[str, str]) -> None:
    """Runs one command of `manage.py` to its end. Raises StartError when it fails."""
    supervisor.run(Launch(name=arguments[0], argv=[sys.executable, BASE_DIR / "manage.py", *arguments], env=env))


def start_web(supervisor: Supervisor, *, env: Mapping[str, str], host: str, port: int, workers: int = 2) -> Child:
    """Starts the web server and waits until it answers. Raises StartError."""
    child = supervisor.start(
        Launch(
            name="web",
            argv=[
                *[sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)],
                *["--workers", str(workers), "--blocking-threads", "4", "--no-ws", "--workers-kill-timeout", "5"],
                *["--working-dir", BASE_DIR, "voucherify_admin.wsgi:application"],
            ],
            env=env,
        )
    )
    supervisor.wait_until(lambda: _answers(own_address(host), port), child=child, seconds=READY_SECONDS)
    return child


def start_worker(supervisor: Supervisor, *, env: Mapping[str, str], data_dir: Path) -> Child:
    """Starts the Celery worker with the timetable (beat) inside it; its tasks wait in the broker until it is up."""
    return supervisor.start(
        Launch(
            name="worker",
            argv=[
                *[sys.executable, "-m", "celery", "--workdir", BASE_DIR, "--app", "voucherify_admin", "worker"],
                *["--beat", "--schedule", data_dir / "celerybeat-schedule", "--concurrency", "2"],
                *["--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            ],
            env=env,
            # SIGTERM lets running tasks end (a worker that is still starting may miss the first one), SIGQUIT hands
            # them back to the broker.
            stop_signals=((signal.SIGTERM, 3.0), (signal.SIGTERM, 7.0), (signal.SIGQUIT, 10.0)),
            death_signal=signal.SIGQUIT,
        )
    )


def own_address(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _answers(host: str, port: int) -> bool:
    """Whether anything but an error of the server comes back."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
