"""Fixtures that every test may use; the servers behind them are started by tests/settings.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from tests.live import LiveStack


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path: Path) -> None:
    """Files that a test stores go with the test."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """No test meets what another one cached, rate limits among it."""
    cache.clear()


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """The product as it runs: web server and Celery worker over a database and a broker of their own."""
    with LiveStack.running(tmp_path_factory.mktemp("live")) as stack:
        yield stack
