"""`oluko serve`: one program, and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.jobs.conftest import wait_until
from tests.ports import free_port
from tests.serving import OLUKO, ROOT, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Not started yet; on SQLite, whatever the other tests use, because it is about processes."""
    dropped = ("OLUKO_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    site = Site(tmp_path, free_port(1), clean | {"OLUKO_DATA": str(tmp_path)})
    yield site
    site.kill()


def processes_of(site: Site) -> dict[int, str]:
    """Living processes that were started for this site, by the session that it began with, and what they are called."""
    assert site.started
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(session) == site.started and state != "Z":
            found[int(entry.name)] = words
    return found


def pid_of(site: Site, word: str) -> int | None:
    return next((pid for pid, words in processes_of(site).items() if word in words), None)


def ready(site: Site) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return httpx.get(f"{site.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    return ask


def test_a_site_starts_mends_itself_and_ends_within_five_seconds(site: Site) -> None:
    site.start()
    wait_until(ready(site))
    assert httpx.get(site.sandbox_url, trust_env=False).status_code < 500

    # Whatever dies is started again.
    lost = {word: pid_of(site, word) for word in ("oluko urgent worker", "-m sandbox", "oluko web server")}
    for pid in lost.values():
        assert pid
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: all(pid_of(site, word) not in (None, pid) for word, pid in lost.items()))
    wait_until(ready(site))

    assert site.process
    process = site.process
    assert site.stop() < 5
    assert process.returncode == 0
    assert processes_of(site) == {}
    assert site.lines.empty() or site.lines.get() is None, "one ready line, and nothing else, on standard output"


def test_workers_begin_once_there_is_somebody_to_ask(site: Site) -> None:
    """Otherwise every job that asks a provider would fail once at each start."""
    site.start()
    wait_until(lambda: "worker of outside started" in site.log)

    assert site.log.index("sandbox ready") < site.log.index(" started")


def test_web_processes_that_die_are_replaced(site: Site) -> None:
    site.start()
    wait_until(ready(site))
    workers = {pid for pid, words in processes_of(site).items() if "oluko web server worker" in words}
    assert len(workers) == 2

    for pid in workers:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(web_processes(site)) == 3)

    assert ready(site)()


def test_a_killed_supervisor_leaves_no_process_behind(site: Site) -> None:
    site.start()
    assert len(processes_of(site)) >= 7
    assert site.process

    site.process.kill()
    site.process.wait()

    wait_until(lambda: not processes_of(site), 5)


def test_a_killed_supervisor_takes_a_web_worker_along_that_is_just_starting(site: Site) -> None:
    """It takes seconds to load the program, and its parent dies within them."""
    site.start()
    before = web_processes(site)
    os.kill(max(before), signal.SIGKILL)
    wait_until(lambda: web_processes(site) - before, 20)
    assert site.process

    site.process.kill()
    site.process.wait()

    wait_until(lambda: not processes_of(site), 15)


def web_processes(site: Site) -> set[int]:
    return {pid for pid, words in processes_of(site).items() if "oluko web" in words}


def test_two_may_start_at_once_on_one_data_folder(site: Site) -> None:
    other = Site(site.data, free_port(1), site.env)
    log = (site.data / "first.log").open("w")
    first = subprocess.Popen(
        [*OLUKO, "serve", "--port", str(other.port)],
        cwd=ROOT,
        env=site.env,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        site.start()
        assert first.stdout
        assert first.stdout.readline() == f"ready {other.url}\n"
    finally:
        first.terminate()
        first.wait(10)
        log.close()


@pytest.mark.parametrize("offset", [0, 1], ids=["its-own", "the-sandbox's"])
def test_a_busy_port_is_one_clear_line(site: Site, offset: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port + offset))
        taken.listen()
        began = time.monotonic()
        done = subprocess.run(
            [*OLUKO, "serve", "--port", str(site.port)],
            cwd=ROOT,
            env=site.env,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(site.port + offset) in done.stderr
    assert time.monotonic() - began < 20


def test_a_database_that_cannot_be_migrated_is_one_clear_line(site: Site) -> None:
    (site.data / "oluko.sqlite3").write_bytes(b"this is no database" * 100)

    done = subprocess.run(
        [*OLUKO, "serve", "--port", str(site.port)], cwd=ROOT, env=site.env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "not a database" in done.stderr
