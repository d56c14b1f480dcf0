"""A storage that takes its time for the first piece: gives a test the chance to kill whoever writes."""

import time
from collections.abc import Iterator
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

SECONDS = 120


class SlowStorage(FileSystemStorage):
    """Writes one piece of a file to the disk, then waits for longer than any test does."""

    def _save(self, name: str, content: Any) -> str:
        return super()._save(name, _Slow(content))


class _Slow(File):
    def __init__(self, content: Any) -> None:
        super().__init__(None)
        self.content = content

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for piece in self.content.chunks():
            # Longer than any buffer between here and the disk.
            yield piece + b" " * 1_000_000
            time.sleep(SECONDS)
