"""Streams the rows of one SQL statement into Django's storage as CSV, in constant memory; knows no export."""

import csv
import io
import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, connections
from psycopg import sql

logger = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
BEAT_SECONDS = 1.0
BOM = "\N{BYTE ORDER MARK}".encode()


class BrokenOffError(Exception):
    """The work was taken away while it was under way."""


@dataclass(frozen=True)
class Written:
    """A complete file: its name in the storage, its rows without the header, its size in bytes."""

    name: str
    rows: int
    size: int


class Pulse:
    """Calls `beat(rows)` about once a second from a thread of its own, also while the database is still sorting.

    When `beat` answers False, the statement on `busy` is cancelled: nobody wants it any more.
    """

    def __init__(self, beat: Callable[[int], bool], busy: psycopg.Connection) -> None:
        self.rows = 0
        self.lost = False
        self._beat = beat
        self._busy = busy
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export-pulse", daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(BEAT_SECONDS):
                try:
                    self.lost = not self._beat(self.rows)
                except (DatabaseError, psycopg.Error):
                    # A beat that fails is a beat left out; the row tells for how long.
                    logger.warning("A sign of life could not be written", exc_info=True)
                    connections.close_all()
                    continue
                if self.lost:
                    self._busy.cancel_safe(timeout=5)
                    return
        except psycopg.Error:
            logger.warning("The statement could not be cancelled", exc_info=True)
        finally:
            connections.close_all()


class _Stream(File):
    """What a storage reads from: chunks of bytes as PostgreSQL hands them out."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__(None)
        self._parts = parts
        self._rest = b""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return self._parts

    def read(self, size: int = -1) -> bytes:
        taken = [self._rest]
        length = len(self._rest)
        for part in self._parts:
            taken.append(part)
            length += len(part)
            if 0 <= size <= length:
                break
        whole = b"".join(taken)
        if size < 0:
            size = len(whole)
        self._rest = whole[size:]
        return whole[:size]

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing below to be closed."""


def write(
    statement: tuple[str, Sequence[Any]] | None,
    header: Sequence[str],
    *,
    name: str,
    separator: str,
    with_bom: bool,
    beat: Callable[[int], bool],
) -> Written:
    """Write `header` and the rows of `statement` (SQL, parameters; None: no rows) to the storage as `name`.

    `beat(rows so far)` is called about once a second; when it answers False, BrokenOffError is raised. Whatever is
    raised, a part of the file may be left under `name`, and the caller deletes it.
    """
    connection.ensure_connection()
    with Pulse(beat, connection.connection) as pulse:
        sent = 0

        def counted(parts: Iterator[bytes]) -> Iterator[bytes]:
            nonlocal sent
            for part in parts:
                sent += len(part)
                yield part
                if pulse.lost:
                    raise BrokenOffError(name)

        try:
            # Closed before anything else is asked of this connection, also when the storage breaks off in the middle.
            with closing(_parts(statement, header, separator=separator, with_bom=with_bom, pulse=pulse)) as parts:
                stored = default_storage.save(name, _Stream(counted(parts)))
        except psycopg.errors.QueryCanceled:
            if pulse.lost:
                raise BrokenOffError(name) from None
            raise
    if pulse.lost:
        raise BrokenOffError(stored)
    size = default_storage.size(stored)
    if size != sent:
        raise OSError(f"The storage holds {size} of {sent} bytes")
    return Written(stored, pulse.rows, size)


def _parts(
    statement: tuple[str, Sequence[Any]] | None,
    header: Sequence[str],
    *,
    separator: str,
    with_bom: bool,
    pulse: Pulse,
) -> Generator[bytes, None, None]:
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(header)
    buffer = bytearray(BOM if with_bom else b"")
    buffer += line.getvalue().encode()
    if statement is not None:
        with connection.cursor() as cursor:
            # COPY takes no parameters on the server's side: psycopg binds them into the text, each quoted by its type.
            query = cursor.mogrify(*statement)
            copy = sql.SQL("COPY ({}) TO STDOUT WITH (FORMAT csv, DELIMITER {}, ENCODING 'UTF8')").format(
                sql.SQL(query), sql.Literal(separator)
            )
            with cursor.copy(copy) as rows:
                for row in rows:
                    pulse.rows += 1
                    buffer += row
                    if len(buffer) >= CHUNK_BYTES:
                        yield bytes(buffer)
                        buffer.clear()
    yield bytes(buffer)
