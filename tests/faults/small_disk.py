"""A disk that can be filled up: a small file system of its own, where this machine lets us mount one.

Where it does not, as in most containers and for whoever is not root, the refusal comes from somewhere else, but comes
for real: from the kernel, which lets no file of the site's processes grow (SQLite), or from PostgreSQL itself, which a
trigger makes raise the very error of a full disk.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from tests.serving import Site
from tests.test_serve import processes_of

MEGABYTE = 1_000_000


class Disk(Protocol):
    """What can be full, and empty again."""

    def fill(self) -> None: ...

    def clear(self) -> None: ...


class SmallDisk:
    """A mounted file system; what fills it is one file of nothing."""

    def __init__(self, folder: Path) -> None:
        self.ballast = folder / "ballast"

    def fill(self) -> None:
        with self.ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def clear(self) -> None:
        self.ballast.unlink(missing_ok=True)


class NoGrowth:
    """Every file of the site's processes has the greatest size that it may have."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def fill(self) -> None:
        largest = max(path.stat().st_size for path in self.site.data.glob("oluko.sqlite3*"))
        self._limit(largest)

    def clear(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for pid in processes_of(self.site):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class Refusing:
    """PostgreSQL says of every new webhook and API token that its disk is full."""

    TABLES = ("payments_providerevent", "accounts_apitoken")
    RAISE = """CREATE OR REPLACE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"""

    def __init__(self, url: str) -> None:
        self.url = url

    def fill(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(self.RAISE)
            for table in self.TABLES:
                on = f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION disk_is_full()"
                connection.execute(on.encode())

    def clear(self) -> None:
        with psycopg.connect(self.url) as connection:
            for table in self.TABLES:
                connection.execute(f"DROP TRIGGER full_disk ON {table}".encode())


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[bool]:
    """An empty file system of that size at the folder, open to everybody; False where none can be mounted."""
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(folder)]
    can = os.geteuid() == 0 and subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    try:
        yield can
    finally:
        if can:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
