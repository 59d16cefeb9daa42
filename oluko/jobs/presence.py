"""Whether a worker still lives, known at once where the same data folder is seen.

A worker holds a lock on a file of its own, which the system lets go of however the process ends. Workers of another
machine leave no file here: of those the lease of their job tells.
"""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import TextIO

from django.conf import settings

logger = logging.getLogger(__name__)


def be_present(worker_id: str) -> TextIO | None:
    """Take the lock; the worker keeps the file as long as it lives. None where the disk takes no file."""
    try:
        _folder().mkdir(exist_ok=True)
        file = (_folder() / worker_id).open("w")
    except OSError as problem:
        logger.warning("no file for worker %s: %s", worker_id, problem.strerror)
        return None
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def is_gone(worker_id: str) -> bool:
    """Whether the worker was one of this data folder, and has ended. False where that cannot be known."""
    return _is_free(_folder() / worker_id)


def forget_gone(still_named: set[str]) -> None:
    """Remove the files of workers that have ended, but of those whose work was not given back yet."""
    if not _folder().is_dir():
        return
    for path in _folder().iterdir():
        if path.name not in still_named and _is_free(path):
            path.unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held, or not there.
        return False
    return True


def _folder() -> Path:
    return Path(settings.OLUKO_DATA) / "workers"
