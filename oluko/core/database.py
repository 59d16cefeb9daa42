"""What databases do under load, dealt with in one place."""

from __future__ import annotations

import fcntl
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import OperationalError, connection

logger = logging.getLogger(__name__)
ATTEMPTS = 3
# PostgreSQL: serialization_failure, deadlock_detected.
_REPEATABLE = {"40001", "40P01"}
# A thread that has its turn does not stand in line behind itself.
_line = threading.local()


def repeat_on_deadlock[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Run a whole operation (its own transaction included) again when the database chose it as a victim.

    Three times at most. Put it outside `transaction.atomic`. On SQLite it waits for its turn to write.
    """

    @functools.wraps(operation)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS):
            try:
                with turn_to_write():
                    return operation(*args, **kwargs)
            except OperationalError as problem:
                if connection.in_atomic_block or not _is_repeatable(problem):
                    raise
                logger.info("repeating %s after %s", operation.__qualname__, type(problem).__name__)
                time.sleep(0.02 * attempt)
        with turn_to_write():
            return operation(*args, **kwargs)

    return repeated


@contextmanager
def turn_to_write() -> Iterator[None]:
    """On SQLite, where one writes at a time, stand in line with every thread and process of this data folder.

    SQLite itself has no line: who finds it busy sleeps, up to a tenth of a second at a time, and who comes right then
    goes first, so that of sixteen some wait for seconds while the database is idle between two sleeps. The system's
    file lock wakes the next one at once and lets go of whoever dies. It only keeps order: SQLite's own lock decides,
    also against those who do not stand in line.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block or getattr(_line, "held", False):
        yield
        return
    with _line_file() as file:
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        _line.held = True
        try:
            yield
        finally:
            _line.held = False


@contextmanager
def _line_file() -> Iterator[IO[bytes] | None]:
    """Closing it gives the turn to the next. None on a full disk, which has room for no line."""
    try:
        file = (Path(settings.OLUKO_DATA) / "writing.lock").open("wb")
    except OSError:
        yield None
        return
    with file:
        yield file


@contextmanager
def snapshot() -> Iterator[None]:
    """Every read inside sees one and the same moment, and no writer waits; inside a transaction it is that one's."""
    if connection.in_atomic_block:
        yield
        return
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        # SQLite's own transactions of ours begin IMMEDIATE, which would keep writers out meanwhile.
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if postgresql else "BEGIN DEFERRED")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def _is_repeatable(problem: OperationalError) -> bool:
    return getattr(problem.__cause__, "sqlstate", None) in _REPEATABLE
