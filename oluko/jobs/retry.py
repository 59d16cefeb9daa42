"""When a job that failed runs again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

ATTEMPTS = 10
_FIRST_SECONDS = 2.0
_LONGEST_SECONDS = 600.0


class GiveUp(Exception):
    """Raised by a job that no repetition can help: it fails at once, and the operator sees it."""


class NotYet(Exception):
    """Raised by a job that can do nothing before the instant `at`, real time: it comes back then.

    Nothing went wrong, so it is no attempt, and waits no longer for having come often.
    """

    def __init__(self, message: str, at: datetime) -> None:
        super().__init__(message)
        self.at = at


def pause_after(attempt: int) -> timedelta:
    """How long to wait after the attempt of this number (1 is the first).

    Doubles from two seconds, a quarter more or less by chance, so that jobs that failed together do not come
    back together. All ten attempts span more than ten minutes, the longest outage that a provider is
    expected to have.
    """
    seconds = min(_FIRST_SECONDS * 2 ** (attempt - 1), _LONGEST_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311
