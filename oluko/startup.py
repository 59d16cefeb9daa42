"""What has to be done before Oluko can serve; quick when it was done before, and safe when two do it at once."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# Any number will do, as long as every Oluko takes the same.
_ADVISORY_LOCK = 6_101_702


def prepare() -> None:
    """Migrate, make the cache's table, collect static files. Raises what Django's commands raise."""
    with _alone():
        if _unmigrated():
            call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        _collect_static()


@contextmanager
def _alone() -> Iterator[None]:
    """One start at a time: by a file lock for this data folder, and by an advisory lock in PostgreSQL for others."""
    with (Path(settings.OLUKO_DATA) / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])


def _unmigrated() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _collect_static() -> None:
    """Collect, unless the very same files were collected before."""
    note = Path(settings.STATIC_ROOT) / ".collected"
    present = _fingerprint()
    if note.exists() and note.read_text() == present:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    note.write_text(present)


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{django.__version__} {settings.STORAGES['staticfiles']}".encode())
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            state = Path(storage.path(name)).stat()
            digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
