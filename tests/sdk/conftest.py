"""Voucherify's own SDKs: the Python one comes with the tests' packages, the JavaScript one by `npm ci`."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live import LiveStack

FOLDER = Path(__file__).resolve().parent / "js"


def _needs(reason: str) -> None:
    assert not os.environ.get("REQUIRE_NODE"), f"the tests of the JavaScript SDK are demanded and {reason}"
    pytest.skip(reason)


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js with Voucherify's SDK beside the journeys, installed from the lock when it is not there yet."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program:
        _needs("there is no Node.js (apt-get install nodejs npm)")
    installed = FOLDER / "node_modules" / "@voucherify" / "sdk"
    # Test processes that run side by side must not install over each other.
    with (FOLDER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            if not npm:
                _needs("there is no npm to install the SDK with (apt-get install npm)")
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True, check=False
            )
            if done.returncode:
                _needs(f"npm could not install the SDK: {done.stderr.strip()[-300:]}")
    return program


@pytest.fixture
def journey(node: str, live_stack: LiveStack) -> Callable[..., None]:
    """Return a function that runs one journey of js/journeys.cjs against the running server."""

    def run(name: str, **more: str) -> None:
        keys = {"URL": live_stack.url, "APP_ID": live_stack.app_id, "APP_TOKEN": live_stack.app_token}
        done = subprocess.run(
            [node, "journeys.cjs", name],
            cwd=FOLDER,
            env=os.environ | keys | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}{done.stderr}"

    return run
