"""The real thing: `oluko serve` with its workers and its sandbox, on ports and data of its own."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.databases import database_url, on_server
from tests.ports import free_port, is_free

ROOT = Path(__file__).resolve().parent.parent
OLUKO = [sys.executable, "-m", "oluko"]
#: Names the folder that the processes of one run share, in their environment.
RUN_FOLDER = "TESTS_RUN_FOLDER"
START_SECONDS = 120.0
STOP_SECONDS = 10.0


@dataclass
class Site:
    """A served Oluko; `url` and `sandbox_url` have no slash at their end."""

    data: Path
    port: int
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    lines: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    #: The process that was started last, and the session that it and all that came of it belong to.
    started: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def log(self) -> str:
        """What the site has written to its standard error so far."""
        return (self.data / "serve.log").read_text()

    def oluko(self, *words: str, check: bool = True) -> str:
        """Run one command of the program on this site's data; what it printed, without the final newline."""
        done = subprocess.run(
            [*OLUKO, *words], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300, check=False
        )
        assert not check or done.returncode == 0, f"oluko {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout.strip()

    def advance(self, step: str) -> None:
        """Move business time on, as in `advance("73h")`."""
        self.oluko("clock", "advance", step)

    def token(self, email: str) -> str:
        return self.oluko("token", email)

    def caller(self, email: str | None = None) -> httpx.Client:
        """A program's HTTP client, signed in with a new token of that person. The caller closes it."""
        return self.client(self.token(email) if email else None)

    def client(self, token: str | None) -> httpx.Client:
        """As `caller`, with a token that exists."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def start(self) -> None:
        """Start serving and wait for the one `ready` line; raises AssertionError with the log if it never comes."""
        with (self.data / "serve.log").open("a") as log:
            self.process = subprocess.Popen(
                [*OLUKO, "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.started = self.process.pid
        self.lines = queue.SimpleQueue()
        threading.Thread(target=_read, args=(self.process, self.lines), daemon=True).start()
        self._await_ready()

    def stop(self) -> float:
        """SIGTERM, and wait for the end; the seconds that it took. A site that will not end is killed."""
        if self.process is None:
            return 0.0
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to the server, its workers and its sandbox at once, as when a machine loses its power."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, 9)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
            self._await_free_ports()

    def _await_free_ports(self) -> None:
        """The supervisor's children die with it, but not in the same moment."""
        deadline = time.monotonic() + STOP_SECONDS
        while not (is_free(self.port) and is_free(self.port + 1)):
            assert time.monotonic() < deadline, "what was killed still listens"
            time.sleep(0.02)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if "ready" in line:
                return
        self.kill()
        raise AssertionError(f"oluko serve did not become ready:\n{self.log[-4000:]}")


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    """Pass on what the process prints, and None at its end; its own queue, for another may have been started since."""
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line)
    lines.put(None)


def site_environment(data: Path, port: int) -> dict[str, str]:
    """A whole environment for a site on data of its own, with no setting of anybody else's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OLUKO_", "DATABASE_URL"))}
    return clean | {
        "DJANGO_SETTINGS_MODULE": "oluko.settings",
        "OLUKO_DATA": str(data),
        "OLUKO_BASE_URL": f"http://127.0.0.1:{port}",
    }


def on_postgres() -> bool:
    """Whether this run is one on PostgreSQL."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def _migrated() -> str:
    """An empty, migrated database to copy: its file, or its name. Made once a run, for all of its processes."""
    folder = Path(os.environ[RUN_FOLDER])
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        env, name = site_environment(folder, 0), str(folder / "oluko.sqlite3")
        if on_postgres():
            name = f"migrated_{folder.name.rsplit('-', 1)[-1]}"
            env["DATABASE_URL"] = database_url(name)
        # A test may have a server of its own.
        made = folder / f"made-{urlsplit(os.environ.get('DATABASE_URL', '')).port}"
        if not made.exists():
            if on_postgres():
                on_server(f'CREATE DATABASE "{name}"')
            Site(folder, 0, env).oluko("migrate", "--verbosity", "0")
            made.touch()
    return name


@contextmanager
def served(*, seeded: bool = True, **settings: str) -> Iterator[Site]:
    """A running site with an empty or a seeded database on the engine of this run; more settings by their names."""
    data = Path(tempfile.mkdtemp(prefix="oluko-site-"))
    port = free_port(1)
    env = site_environment(data, port) | settings
    database = f"site_{data.name.rsplit('-', 1)[-1]}" if on_postgres() else ""
    migrated = _migrated()
    if database:
        on_server(f'CREATE DATABASE "{database}" TEMPLATE "{migrated}"')
        env["DATABASE_URL"] = database_url(database)
    else:
        shutil.copyfile(migrated, data / "oluko.sqlite3")
    site = Site(data, port, env)
    try:
        if seeded:
            site.oluko("seed")
        site.start()
        yield site
    finally:
        site.stop()
        if database:
            on_server(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A process's site with demo data; empty by `@pytest.mark.parametrize("site", [False], indirect=True)`."""
    with served(seeded=getattr(request, "param", True)) as running:
        yield running


def own_site(*, seeded: bool = True) -> Callable[[], Iterator[Site]]:
    """`site = own_site()` in a file whose clock goes ahead: that would end what others find in the demo."""

    @pytest.fixture(scope="module", name="site")
    def running() -> Iterator[Site]:
        with served(seeded=seeded) as there:
            yield there

    return running


@pytest.fixture
def new_site() -> Iterator[Callable[..., Site]]:
    """`new_site(seeded=False, OLUKO_…=…)` starts a site for one test alone, as for one that kills it."""
    running = []

    def start(*, seeded: bool = False, **settings: str) -> Site:
        context = served(seeded=seeded, **settings)
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)
