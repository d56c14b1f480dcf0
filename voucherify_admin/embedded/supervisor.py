"""Child processes that start in order, stop in reverse and never outlive their parent; must not know what they are.

Each child has a session of its own, so that Ctrl-C at the terminal reaches the parent alone, which then stops the
children one by one. On Linux each child also asks the kernel for a signal when its parent dies, so that a killed
parent leaves nothing behind; the kernel watches the *thread* that forked, hence children are started by the main one.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_BYTES = 5_000_000  # a log file longer than this is moved aside when its program starts
TAIL_LINES = 20


class StartError(Exception):
    """Something needed could not be started; the message is written for the person at the terminal."""


@dataclass(frozen=True)
class Launch:
    """How one program is started and stopped.

    `stop_signals` are sent one after the other, each with the seconds that the program has to obey it; what is left
    then is killed. `death_signal` is what it gets from the kernel when the parent dies.
    """

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    death_signal: signal.Signals = signal.SIGTERM
    keep_open: tuple[int, ...] = ()  # file descriptors that the child holds for as long as it lives


@dataclass
class Child:
    """A running program, its log file and where in that file this run begins (bytes)."""

    launch: Launch
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int

    @property
    def name(self) -> str:
        return self.launch.name

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def tail(self) -> str:
        """The last lines that this run has written."""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def stop(self) -> None:
        """Asks, waits, and in the end insists; also ends what the program left behind in its session."""
        for stop_signal, seconds in self.launch.stop_signals:
            if self.has_ended:
                break
            self.process.send_signal(stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nobody is left; macOS says "not permitted" for a group of ended processes
        self.process.wait()


class Supervisor:
    """The children of this process, in the order in which they were started.

    As a context it stops them all when left, in reverse order.
    """

    def __init__(self, *, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, launch: Launch) -> Child:
        """Starts a program with its output in `<logs>/<name>.log`. Raises StartError when there is no such program."""
        log = self.logs / f"{launch.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            start = output.tell()
            try:
                process = subprocess.Popen(
                    [str(part) for part in launch.argv],
                    env=None if launch.env is None else dict(launch.env),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=_die_with_parent(launch.death_signal),
                    pass_fds=launch.keep_open,
                )
            except OSError as error:
                raise StartError(f"{launch.name} could not be started: {error}") from error
        child = Child(launch, process, log, start)
        self.children.append(child)
        return child

    def run(self, launch: Launch) -> None:
        """Runs a program to its end. Raises StartError with the end of its log when it fails."""
        child = self.start(launch)
        code = child.process.wait()
        self.children.remove(child)
        if code:
            raise StartError(f"{child.name} failed (exit code {code}). The end of {child.log}:\n{child.tail()}")

    def wait_until(self, ready: Callable[[], bool], *, child: Child, seconds: float) -> None:
        """Waits for a condition that `child` brings about. Raises StartError when it ends, or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if child.has_ended:
                raise StartError(ended(child))
            if time.monotonic() > deadline:
                raise StartError(
                    f"{child.name} did not become ready within {seconds:.0f} seconds. "
                    f"The end of {child.log}:\n{child.tail()}"
                )
            time.sleep(0.02)

    def watch(self) -> Child:
        """Waits until one of the children ends, and returns it."""
        while True:
            for child in self.children:
                if child.has_ended:
                    return child
            time.sleep(0.25)

    def stop(self, *, report: Callable[[str], None] = lambda _: None) -> None:
        """Stops all children, the youngest first; `report` gets the name of each before it is stopped."""
        while self.children:
            report(self.children[-1].name)
            self.children[-1].stop()
            self.children.pop()


def ended(child: Child) -> str:
    """The sentence about a program that ended by itself, with the end of its log."""
    code = child.process.returncode
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"{child.name} {how}. The end of {child.log}:\n{child.tail()}"


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs between fork and exec."""
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork as little as possible may happen

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before it was asked

    return ask_the_kernel
