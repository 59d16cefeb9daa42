"""What databases do under load, dealt with in one place."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)
ATTEMPTS = 3
# PostgreSQL: serialization_failure, deadlock_detected.
_REPEATABLE = {"40001", "40P01"}


def repeat_on_deadlock[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Run a whole operation (its own transaction included) again when the database chose it as a victim.

    Three times at most. Put it outside `transaction.atomic`.
    """

    @functools.wraps(operation)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS):
            try:
                return operation(*args, **kwargs)
            except OperationalError as problem:
                if connection.in_atomic_block or not _is_repeatable(problem):
                    raise
                logger.info("repeating %s after %s", operation.__qualname__, type(problem).__name__)
                time.sleep(0.02 * attempt)
        return operation(*args, **kwargs)

    return repeated


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
