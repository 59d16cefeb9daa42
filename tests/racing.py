"""Many at once: threads or processes that start behind one barrier, each with a database connection of its own."""

from __future__ import annotations

import multiprocessing
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

from tests.databases import close_connection

START_SECONDS = 30.0
type Run = Callable[..., tuple[list[Any], list[BaseException]]]
# A copy of this process knows the test's people and functions already, and is there at once.
PROCESSES = multiprocessing.get_context("fork")


class RaisedElsewhere(Exception):
    """What another process raised, as its traceback."""


def run_threads[T](
    count: int, do: Callable[[int], T], *, timeout: float = 120.0
) -> tuple[list[T], list[BaseException]]:
    """Run `do(0)` to `do(count - 1)` at the same moment; the results and the exceptions, in the order of the numbers.

    Raises AssertionError if a thread has not ended after `timeout` seconds.
    """
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}
    barrier = threading.Barrier(count, timeout=START_SECONDS)

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = do(number)
        except BaseException as error:  # noqa: BLE001 - the test looks at whatever it was
            errors[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return [results[number] for number in sorted(results)], [errors[number] for number in sorted(errors)]


def run_processes[T](
    count: int, do: Callable[[int], T], *, timeout: float = 120.0
) -> tuple[list[T], list[BaseException]]:
    """As `run_threads`, in processes: nothing is shared but the database, the clock's file, and what can be pickled.

    Raises AssertionError if a process has not ended after `timeout` seconds; all of them are ended then.
    """
    # No connection, and on PostgreSQL no pool of them, may be carried into a copy.
    close_connection()
    barrier = PROCESSES.Barrier(count, timeout=START_SECONDS)
    answers: list[Connection] = []
    processes = []
    for number in range(count):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=_run, args=(theirs, barrier, do, number), daemon=True)
        process.start()
        theirs.close()
        answers.append(ours)
        processes.append(process)
    try:
        return _collect(answers, time.monotonic() + timeout)
    finally:
        for process in processes:
            process.join(5)
            process.kill()


def _run[T](answer: Connection, barrier: threading.Barrier, do: Callable[[int], T], number: int) -> None:
    try:
        barrier.wait()
        answer.send((do(number), ""))
    except BaseException:  # noqa: BLE001 - the test looks at whatever it was
        answer.send((None, traceback.format_exc()))
    finally:
        close_connection()


def _collect(answers: list[Connection], deadline: float) -> tuple[list[Any], list[BaseException]]:
    results: list[Any] = []
    errors: list[BaseException] = []
    for number, answer in enumerate(answers):
        assert answer.poll(max(deadline - time.monotonic(), 0)), f"process {number} hangs"
        try:
            result, trouble = answer.recv()
        except EOFError:
            result, trouble = None, f"process {number} died"
        if trouble:
            errors.append(RaisedElsewhere(trouble))
        else:
            results.append(result)
    return results, errors


def run_rounds(run: Run, rounds: Sequence[Sequence[Callable[[], str]]]) -> list[list[str]]:
    """Race the deeds of a round against each other, round after round; what came of each of them.

    Every racer (by `run`, a thread or a process) has one place in all rounds, and all meet before each. Raises
    AssertionError if any deed raised.
    """
    meet = PROCESSES.Barrier(len(rounds[0]), timeout=START_SECONDS)

    def take_part(place: int) -> list[str]:
        outcomes = []
        for deeds in rounds:
            meet.wait()
            try:
                outcomes.append(deeds[place]())
            except BaseException:
                meet.abort()
                raise
        return outcomes

    results, errors = run(len(rounds[0]), take_part, timeout=600.0)
    # The others raise that somebody is missing; what made that one go is what counts.
    assert not errors, next((error for error in errors if "BrokenBarrier" not in repr(error)), errors[0])
    return [list(outcomes) for outcomes in zip(*results, strict=True)]
