"""A disk without room: what cannot be kept is refused and nobody is told otherwise; with room again, all goes on."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from django.db import connection

from tests.databases import database_url, on_server
from tests.faults.small_disk import Disk, NoGrowth, Refusing, SmallDisk, mounted
from tests.faults.webhook_load import body_of, deliver, digest_of, stored_events
from tests.jobs.conftest import wait_until
from tests.ports import free_port
from tests.serving import Site, site_environment
from tests.test_serve import pid_of, ready

PADDING = 60_000
CSRF = "c" * 32
EMAIL, WORDS = "new@demo.test", "a long pass phrase"
WORKERS = ("--queue urgent", "--queue outside")


@contextmanager
def on_small_disk() -> Iterator[tuple[Site, Disk]]:
    """A site whose database is on a disk of its own, which can be filled."""
    with tempfile.TemporaryDirectory(prefix="oluko-disk-", ignore_cleanup_errors=True) as name, _on(Path(name)) as both:
        yield both


@contextmanager
def _on(folder: Path) -> Iterator[tuple[Site, Disk]]:
    # PostgreSQL runs as somebody else, and has to get there.
    folder.chmod(0o755)
    with mounted(folder, 64) as small:
        port = free_port(1)
        site = Site(folder, port, site_environment(folder, port))
        with database_on(site, folder if small else None):
            site.start()
            disk: Disk = SmallDisk(folder)
            if not small:
                disk = Refusing(site.env["DATABASE_URL"]) if "DATABASE_URL" in site.env else NoGrowth(site)
            try:
                yield site, disk
            finally:
                site.kill()


@contextmanager
def database_on(site: Site, small: Path | None) -> Iterator[None]:
    """The site's database, on PostgreSQL in a tablespace on the small disk; SQLite's is in the data folder."""
    if connection.vendor == "sqlite":
        yield
        return
    name, where = f"small_{site.port}", ""
    if small is not None:
        place = small / "tables"
        place.mkdir()
        with psycopg.connect(database_url("postgres")) as server:
            owner = Path(server.execute("SHOW data_directory").fetchone()[0]).stat()
        shutil.chown(place, owner.st_uid, owner.st_gid)
        on_server(f"CREATE TABLESPACE {name} LOCATION '{place}'")
        where = f"TABLESPACE {name}"
    on_server(f"CREATE DATABASE {name} {where}")
    site.env["DATABASE_URL"] = database_url(name)
    try:
        yield
    finally:
        on_server(f"DROP DATABASE {name} WITH (FORCE)")
        if small is not None:
            on_server(f"DROP TABLESPACE {name}")


@pytest.mark.django_db
def test_a_full_disk_refuses_webhooks_and_loses_none_that_it_took() -> None:
    with on_small_disk() as (site, disk), httpx.Client(timeout=60, trust_env=False) as client:
        workers = {word: pid_of(site, word) for word in WORKERS}
        acknowledged, refused = [body_of("before")], []
        assert taken(client, site, acknowledged[0])
        assert (
            press(client, site, "/accounts/signup/", email=EMAIL, password1=WORDS, name="New Person").status_code == 302
        )
        signed_in = press(client, site, "/accounts/login/", login=EMAIL, password=WORDS)
        assert (signed_in.status_code, "sessionid" in client.cookies) == (302, True), signed_in.text
        wait_until(lambda: all(stored_events(site).values()))

        disk.fill()
        # Large ones first, then small ones: a little room is left within the files, and it ends.
        for padding, wanted in ((PADDING, 15), (0, 20)):
            while len(refused) < wanted:
                body = body_of(f"full-{len(acknowledged)}-{len(refused)}", padding=padding)
                (acknowledged if taken(client, site, body) else refused).append(body)
                assert len(acknowledged) < 500
        page = press(client, site, "/profile/tokens", token_name="a token")
        assert page.status_code == 503
        assert page.headers["retry-after"]
        assert "Nothing can be written down" in page.text

        disk.clear()
        wait_until(lambda: taken(client, site, refused[0]))
        assert all(taken(client, site, body) for body in refused)
        wait_until(lambda: all(stored_events(site).values()), 90)
        assert stored_events(site).keys() == {digest_of(body) for body in acknowledged + refused}
        assert press(client, site, "/profile/tokens", token_name="a token").status_code < 400
        wait_until(ready(site))
        assert {word: pid_of(site, word) for word in WORKERS} == workers, "no worker died of it"
        assert site.oluko("check-ledger").startswith("ok ")
        expect_integrity(site)


def taken(client: httpx.Client, site: Site, body: bytes) -> bool:
    """Whether the webhook is acknowledged; anything but that, or a clear refusal, is a failure."""
    answer = deliver(client, site, body)
    assert answer is not None
    if answer.status_code == 200:
        return True
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["code"] == "not_stored"
    return False


def press(client: httpx.Client, site: Site, path: str, **fields: str) -> httpx.Response:
    """Post a form of a page, as a browser does."""
    client.cookies.set("csrftoken", CSRF, domain="127.0.0.1")
    return client.post(site.url + path, data=fields, headers={"X-CSRFToken": client.cookies["csrftoken"]})


def expect_integrity(site: Site) -> None:
    if "DATABASE_URL" in site.env:
        with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as server:
            server.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
            found = server.execute(
                "SELECT count(bt_index_check(indexrelid, true)) FROM pg_index JOIN pg_class ON oid = indexrelid "
                "WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'btree') AND relpersistence = 'p'"
            )
            assert found.fetchone()
        return
    with closing(sqlite3.connect(site.data / "oluko.sqlite3")) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
