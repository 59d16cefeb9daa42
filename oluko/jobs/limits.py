"""Ends a job that runs too long, or that is in the way of stopping.

The signals only set a flag while no job runs. In a job an alarm raises at its end; what it raises is no
`Exception`, so that a job that catches those to carry on is ended all the same.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections

logger = logging.getLogger(__name__)

# Below the lease, so that no job of a live worker is ever given to a second one.
JOB_SECONDS = 30.0
STOP_SECONDS = 3.0


class TooLong(BaseException):
    """The job ran for longer than a job may; counts as a failed attempt."""


class Stopped(BaseException):
    """The worker has to end; the job is handed back."""


class Limits:
    """Watches the signals of one worker process. Without `install` nothing is limited."""

    def __init__(self) -> None:
        self.stopping = False
        self._installed = False
        self._inside = False

    def install(self) -> None:
        """Take over SIGTERM, SIGINT and SIGALRM; main thread only."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGALRM, self._alarm)
        self._installed = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Limit what runs inside; raises TooLong or Stopped there."""
        if not self._installed:
            yield
            return
        self._inside = True
        try:
            signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS if self.stopping else JOB_SECONDS)
            yield
        finally:
            self._inside = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._inside and not self.stopping:
            signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)
        self.stopping = True

    def _alarm(self, number: int, frame: FrameType | None) -> None:
        if self._inside:
            self._inside = False
            raise Stopped if self.stopping else TooLong


def forget_connection() -> None:
    """Close the database connection; the next query opens a new one.

    If an alarm struck inside BEGIN or COMMIT, the connection's own idea of its transaction is wrong: it is dropped.
    """
    try:
        connections.close_all()
    except Error as problem:
        logger.warning("closing the database connection failed: %s", problem)
    if connection.in_atomic_block:
        del connections[DEFAULT_DB_ALIAS]
