"""What keeps the processes of `oluko serve` running: one that will not end, none that can be started, none heard of."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from oluko.supervisor import Address, CannotServe, Child, Supervisor
from tests.jobs.conftest import wait_until
from tests.ports import free_port

# Another program, as the sandbox is, which says when it is deaf.
DEAF = "import pathlib, signal, sys, time; signal.signal(15, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch(); {}"


@pytest.fixture
def _signals() -> Iterator[None]:
    """As they were, afterwards."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_another_program_that_does_not_end_when_asked_is_killed_in_time(tmp_path: Path) -> None:
    words = [sys.executable, "-c", DEAF.format("time.sleep(20)"), str(tmp_path / "deaf")]
    child = Child("the sandbox", partial(os.execv, sys.executable, words))
    child.start()
    process = child.process
    wait_until((tmp_path / "deaf").exists, 20)
    child.terminate()
    began = time.monotonic()
    child.stop(0.5)
    assert 0.4 < time.monotonic() - began < 5
    assert process is not None
    assert process.exitcode == -signal.SIGKILL


def test_a_process_that_the_system_has_no_room_for_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real, refusals = os.fork, [errno.EAGAIN, errno.ENOMEM]

    def fork() -> int:
        if refusals:
            code = refusals.pop()
            raise OSError(code, os.strerror(code))
        return real()

    monkeypatch.setattr(os, "fork", fork)
    child = Child("the web server", partial(time.sleep, 20), pause=0.01)
    child.keep()
    # It can be asked to end like any other, so that the others are asked as well.
    child.terminate()
    child.stop(0.0)
    assert (child.process, child.ends) == (None, 1)
    for _ in range(2):
        wait_until(lambda: time.monotonic() >= child.next_start, 5)
        child.keep()
    assert child.process is not None
    assert child.process.is_alive()
    child.terminate()
    child.stop(5)


@pytest.mark.usefixtures("_signals")
def test_processes_that_end_are_noticed_where_whoever_started_us_ignores_such_news() -> None:
    supervisor = Supervisor(Address("127.0.0.1", free_port(1)), [Child("the web server", int, pause=0.01)], None)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: setattr(supervisor, "stopping", True))
    signal.alarm(10)
    with pytest.raises(CannotServe, match="keeps ending before it is ready"):
        supervisor.run()
