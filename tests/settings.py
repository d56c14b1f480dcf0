"""The settings of the tests: starts PostgreSQL and Valkey when none are given, then takes the product's own settings.

Here and not in conftest.py, because pytest-django reads the settings before any conftest. The workers of pytest-xdist
find the addresses in the environment that they inherit, and so use the servers of the process that started them.
"""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from voucherify_admin.embedded import postgres, valkey
from voucherify_admin.embedded.supervisor import Supervisor


def _start_servers() -> None:
    """Starts what the environment does not name, in a folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="rd-test-"))
    supervisor = Supervisor(logs=folder / "logs")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(supervisor.stop)
    sockets = folder / "run"
    sockets.mkdir(mode=0o700)
    os.environ["DATA_DIR"] = str(folder)
    # WhiteNoise warns with every client that is made where there is no such folder.
    (folder / "static").mkdir()
    if "DATABASE_URL" not in os.environ:
        cluster = postgres.Cluster(folder / "pg", sockets, durable=False)
        cluster.start(supervisor)
        os.environ["DATABASE_URL"] = cluster.url
    if "REDIS_URL" not in os.environ:
        valkey.start(supervisor, directory=folder / "valkey", sockets=sockets, durable=False)
        os.environ["REDIS_URL"] = valkey.url(sockets)


if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(50)
    _start_servers()

from voucherify_admin.settings import *  # noqa: E402, F403

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Each test process has a cache of its own, so that rate limits of one test do not meet another.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# No `collectstatic` before the tests: a page names its files as they are.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
