"""Oluko and the bare application, each served as `oluko serve` does it, on a loopback port and data of their own."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.bare import Answer
from oluko import web_server
from oluko.supervisor import Address, Child

START_SECONDS, STOP_SECONDS = 30.0, 5.0
# What the web server adds to every answer by itself.
_SERVERS_OWN = {"date", "server", "connection", "transfer-encoding"}

type Environment = dict[str, str]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="oluko-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_site(server: str) -> Iterator[Environment]:
    """The environment of a site with an empty data folder; on a database of its own where `server` names PostgreSQL."""
    with temporary_folder() as data, _new_database(server) as address:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OLUKO_", "DATABASE_URL"))}
        own = {"DATABASE_URL": address} if address else {}
        yield (
            clean
            | own
            | {
                "DJANGO_SETTINGS_MODULE": "oluko.settings",
                "OLUKO_DATA": str(data),
                "OLUKO_LOG_LEVEL": "WARNING",
            }
        )


@contextmanager
def served(environment: Environment, *, application: str = web_server.APPLICATION) -> Iterator[int]:
    """The port of the running web server, once it answers. Raises RuntimeError if it never does."""
    address = Address("127.0.0.1", _free_port())
    child = Child("the web server", partial(_serve, environment, address, application))
    child.start()
    try:
        _await_answer(address.port)
        yield address.port
    finally:
        child.terminate()
        child.stop(STOP_SECONDS)


def fetch(port: int, path: str, headers: dict[str, str] | None = None) -> Answer:
    """One answer, without what the web server adds."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", path, headers=headers or {})
        answer = line.getresponse()
        own = [(name, value) for name, value in answer.getheaders() if name.lower() not in _SERVERS_OWN]
        return Answer(f"{answer.status} {answer.reason}", own, answer.read())
    finally:
        line.close()


def _serve(environment: Environment, address: Address, application: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    web_server.serve(address.host, address.port, application)


def _await_answer(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            fetch(port, "/healthz")
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    raise RuntimeError("the web server does not answer")


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    """The address of an empty database of this PostgreSQL server, dropped afterwards; nothing for SQLite."""
    if not server:
        yield ""
        return
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            line.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
