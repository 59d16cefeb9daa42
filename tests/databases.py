"""Databases of the tests' own: a migrated template, and quick copies of it that several processes can open."""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.operations import BaseDatabaseOperations


@dataclass(frozen=True)
class Copy:
    """`url` for DATABASE_URL; `env` is a whole environment for a process that shares database, clock and secrets."""

    name: str
    url: str

    @property
    def env(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OLUKO_")}
        return clean | {
            "DATABASE_URL": self.url,
            "OLUKO_DATA": str(settings.OLUKO_DATA),
            "DJANGO_SETTINGS_MODULE": "oluko.settings",
        }


def close_connection() -> None:
    """Close this thread's connection, and on PostgreSQL the pool behind it, so that the database can be copied."""
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


def database_url(name: str) -> str:
    """The address of another database of the same server, or of a SQLite file."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def on_server(statement: str) -> None:
    """Run one statement outside all of the tests' databases (PostgreSQL)."""
    import psycopg

    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute(statement.encode())


@contextmanager
def make_template(folder: Path) -> Iterator[str]:
    """A copy of the just migrated test database that nobody writes to; its file or its name."""
    source = str(connection.settings_dict["NAME"])
    close_connection()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(folder / "template.sqlite3")) as new:
            old.backup(new)
        yield str(folder / "template.sqlite3")
        return
    name = f"{source}_template"
    on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    on_server(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    yield name
    on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def new_database(template: str, folder: Path) -> Iterator[str]:
    """A fresh copy of the template; its file or its name."""
    if connection.vendor == "sqlite":
        name = str(folder / f"copy-{uuid.uuid4().hex[:8]}.sqlite3")
        shutil.copyfile(template, name)
        yield name
        return
    name = f"copy_{uuid.uuid4().hex[:12]}"
    on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield name
    finally:
        on_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def copied_database(template: str, folder: Path) -> Iterator[Copy]:
    """A copy that this process's default connection leads to as long as the block lasts."""
    ordinary = connections.settings["default"]["NAME"]
    with new_database(template, folder) as name:
        close_connection()
        connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = name
        try:
            yield Copy(name, database_url(name))
        finally:
            close_connection()
            connections.settings["default"]["NAME"] = connection.settings_dict["NAME"] = ordinary


@contextmanager
def flush_past_triggers() -> Iterator[None]:
    """Let a test's clean-up empty tables whose triggers forbid just that, and put the triggers back.

    The ledger's rows cannot be deleted, by triggers in the database; only the tests' own flush may.
    """
    operations: type[BaseDatabaseOperations] = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_past(self: Any, sql_list: list[str]) -> None:
        if connection.vendor == "postgresql":
            flush(self, ["SET LOCAL session_replication_role = replica", *sql_list])
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drops = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
        flush(self, [*drops, *sql_list, *(sql for _, sql in triggers)])

    with patch.object(operations, "execute_sql_flush", flush_past):
        yield
