"""Keeps the processes of `oluko serve` running: the web server, two workers and, without a Paystack key, the sandbox.

Each has a process group of its own and dies with the supervisor. One that ends is started again, after a pause
that grows while it keeps ending.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TextIO

from setproctitle import setproctitle

from oluko.tied import tie_to_parent

logger = logging.getLogger(__name__)

HOST, PORT = "127.0.0.1", 8000
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# A process that ran for so long has recovered; its next pause is short again.
STEADY_SECONDS = 60.0
# One that ends so often before everything was ready will not get better by itself.
FALSE_STARTS = 4
# All is over within five seconds: a job has three of them, and the sandbox goes last, because jobs still call it.
STOP_SECONDS, SANDBOX_SECONDS = 3.9, 0.7
TICK, LOOK = 0.1, 0.02
STOPPING = (signal.SIGTERM, signal.SIGINT)

_fork = multiprocessing.get_context("fork")


class CannotServe(Exception):
    """Serving is impossible; the message is one line for the person at the terminal."""


@dataclass(frozen=True)
class Address:
    """Where the web server listens. The sandbox has the next port."""

    host: str
    port: int

    @property
    def reached(self) -> str:
        """The host by which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        return _url(self.reached, self.port)

    @property
    def sandbox_url(self) -> str:
        return _url(self.reached, self.port + 1)


@dataclass
class Child:
    """One process, what it does, and how its starts went. Times are monotonic seconds.

    It begins as a copy of this process, and so with everything that is loaded here: only this one has to load it, and
    one that ended has nothing to load when it comes back. Nothing here may hold what copies must not share, as a
    connection.
    """

    name: str
    run: Callable[[], object]
    process: BaseProcess | None = None
    started: float = 0.0
    next_start: float = 0.0
    pause: float = FIRST_PAUSE
    ends: int = 0

    def start(self) -> None:
        """Start it in a process group of its own, tied to this process, its output on our standard error.

        Raises OSError where the system has no room for another process.
        """
        process = _fork.Process(target=self._begin, args=(os.getpid(),), name=self.name)
        # What reaches it before it can tell that it is another process than this one waits until it can.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            process.start()
            self.process = process
            with suppress(OSError):  # The child does it too; whoever is first.
                os.setpgid(process.pid or 0, process.pid or 0)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.started = time.monotonic()

    def _begin(self, supervisor: int) -> None:
        """The first steps of the new process; then it does what it is for, and ends."""
        tie_to_parent(supervisor)
        with suppress(OSError):
            os.setpgid(0, 0)
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        setproctitle(f"oluko {self.name.removeprefix('the ')}")
        self.run()

    def keep(self) -> None:
        """Start it again once its pause is over; note when it has ended."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.next_start:
                self._try_to_start(now)
            return
        code = self.process.exitcode
        if code is None:
            return
        self._signal(signal.SIGKILL)  # whatever is left of its group
        self.process = None
        if now - self.started > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        self._wait_to_start(now, f"ended with {code}")

    def _try_to_start(self, now: float) -> None:
        try:
            self.start()
        except OSError as problem:
            self._wait_to_start(now, f"cannot be started ({problem.strerror})")

    def _wait_to_start(self, now: float, why: str) -> None:
        self.ends += 1
        logger.warning("%s %s; starting it again in %g s", self.name, why, self.pause)
        self.next_start = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def stop(self, seconds: float) -> None:
        """Wait for it so long, then kill all of its group."""
        if self.process is None:
            return
        # Not `join`, which takes a process for ended as soon as it has become another program.
        deadline = time.monotonic() + seconds
        while self.process.exitcode is None and time.monotonic() < deadline:
            time.sleep(LOOK)
        if self.process.exitcode is None:
            logger.warning("%s did not end in time and is killed", self.name)
        self._signal(signal.SIGKILL)
        self.process.join()

    def terminate(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            self.process.terminate()

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass
class Supervisor:
    """Runs until SIGTERM or SIGINT. `sandbox` is None where Paystack itself is used."""

    address: Address
    children: list[Child]
    sandbox: Child | None
    output: TextIO = field(default_factory=lambda: sys.stdout)
    stopping: bool = False

    def run(self) -> None:
        """Serve; prints one ready line. Raises CannotServe if it never gets ready."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        # Whoever started us may ignore it, and would have us never hear that a process has ended.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        begun = ready = False
        try:
            while not self.stopping:
                if self.sandbox:
                    self.sandbox.keep()
                # Jobs that find nobody to ask would wait for their second attempt.
                begun = begun or not self.sandbox or _answers(self.address.sandbox_url + "/")
                for child in self.children if begun else ():
                    child.keep()
                if not ready:
                    self._refuse_false_starts()
                    ready = self._say_ready()
                time.sleep(TICK)
        finally:
            self._end()

    def _all(self) -> list[Child]:
        return [*([self.sandbox] if self.sandbox else []), *self.children]

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _refuse_false_starts(self) -> None:
        for child in self._all():
            if child.ends >= FALSE_STARTS:
                raise CannotServe(f"{child.name} keeps ending before it is ready; its messages are above.")

    def _say_ready(self) -> bool:
        """Print the line once the web server answers and every process runs."""
        if not all(child.process for child in self._all()) or not _answers(self.address.url + "/healthz"):
            return False
        print(f"ready {self.address.url}", file=self.output, flush=True)
        return True

    def _end(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.stop(deadline - time.monotonic())
        if self.sandbox:
            self.sandbox.terminate()
            self.sandbox.stop(SANDBOX_SECONDS)


def parse_address(arguments: Sequence[str]) -> Address:
    """The address that `oluko serve` was given; ends the program on a wrong one, as argparse does."""
    options = argparse.ArgumentParser(prog="oluko serve", add_help=False, allow_abbrev=False)
    add_arguments(options)
    given, _ = options.parse_known_args(arguments)
    return Address(given.host, given.port)


def add_arguments(options: argparse.ArgumentParser) -> None:
    """`--host` and `--port`."""
    options.add_argument("--host", default=HOST, help="the address to listen on (default %(default)s)")
    options.add_argument("--port", type=_port, default=PORT, help="the port; the sandbox takes the next (%(default)s)")


def set_addresses(environment: MutableMapping[str, str], address: Address) -> None:
    """Let settings, here and in every child, know where Oluko is; what was set by the operator stays."""
    environment.setdefault("OLUKO_BASE_URL", address.url)
    environment.setdefault("OLUKO_SANDBOX_URL", address.sandbox_url)


def refuse_taken_ports(address: Address, *, sandbox: bool) -> None:
    """Raise CannotServe if somebody else listens there already."""
    for port in (address.port, address.port + 1)[: 2 if sandbox else 1]:
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(address.host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
        except OSError as problem:
            raise CannotServe(f"cannot listen on {address.host} port {port}: {problem.strerror}.") from None


def hold_data(data: Path) -> TextIO:
    """Mark the data folder as being served, so that nothing is restored under it; keep the file open.

    Raises CannotServe while a restore is under way.
    """
    file = (data / "serve.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotServe(f"a backup is being restored into {data}.") from None
    return file


def _answers(url: str) -> bool:
    """Whether anything answers there over HTTP, below 500."""
    host, _, rest = url.removeprefix("http://").partition("/")
    line = http.client.HTTPConnection(host, timeout=1)
    try:
        line.request("GET", f"/{rest}")
        return line.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port: a number from 1 to 65534 is wanted")
    return int(text)
