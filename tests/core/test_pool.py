"""An idle connection that the server has ended is noticed before anybody uses it, and one that lives costs nothing."""

from __future__ import annotations

import select

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool

from oluko.core.pool import check_open

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="SQLite has no pool of connections; the PostgreSQL half of make test runs this file",
    ),
]


def connect() -> psycopg.Connection:
    """One of our own, beside the pool."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}, autocommit=True)


def end(victim: psycopg.Connection) -> None:
    """The server ends it, as when it is restarted; the news has arrived when this returns."""
    with connect() as other:
        other.execute("SELECT pg_terminate_backend(%s)", [victim.info.backend_pid])
    assert select.select([victim.pgconn.socket], [], [], 10)[0]


def test_a_living_connection_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[psycopg.Connection] = []
    monkeypatch.setattr(ConnectionPool, "check_connection", asked.append)
    with connect() as living:
        living.execute("SELECT 1")
        check_open(living)
    assert not asked


def test_a_connection_that_the_server_has_ended_is_refused() -> None:
    with connect() as victim:
        end(victim)
        with pytest.raises(psycopg.OperationalError):
            check_open(victim)


def test_one_that_has_something_to_say_is_asked_and_kept() -> None:
    with connect() as listening, connect() as other:
        listening.execute("LISTEN news")
        other.execute("NOTIFY news")
        assert select.select([listening.pgconn.socket], [], [], 10)[0]
        check_open(listening)
        assert listening.execute("SELECT 2").fetchone() == (2,)


def test_the_pool_gives_a_new_one_for_one_that_was_ended() -> None:
    parameters = connection.settings_dict["OPTIONS"]["pool"]
    assert parameters["check"] is check_open, "this is how our pool is made"
    with ConnectionPool(
        open=False,
        min_size=1,
        max_size=1,
        check=check_open,
        conninfo=_address(),
    ) as pool:
        with pool.connection() as first:
            pass
        end(first)
        with pool.connection() as second:
            assert second.execute("SELECT 1").fetchone() == (1,)


def _address() -> str:
    with connect() as one:
        return one.info.dsn
