"""Many threads, one doing: each gets its own outcome, and nobody is forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from oluko.core.together import Together
from tests.racing import run_threads

THREADS, TIMES = 12, 40


def test_each_thread_gets_the_outcome_of_its_own_item_and_each_item_is_done_once() -> None:
    done: list[list[int]] = []

    def double(items: Sequence[int]) -> list[int]:
        done.append(list(items))
        time.sleep(0.0005)
        return [2 * item for item in items]

    together = Together(double)

    def work(number: int) -> list[int]:
        return [together(number * TIMES + time_) for time_ in range(TIMES)]

    results, errors = run_threads(THREADS, work)
    assert not errors
    assert results == [[2 * (number * TIMES + time_) for time_ in range(TIMES)] for number in range(THREADS)]
    assert sorted(item for group in done for item in group) == list(range(THREADS * TIMES))
    assert len(done) < THREADS * TIMES / 2, "what waits at the same moment is done together"


def test_only_one_group_is_done_at_a_time() -> None:
    inside = threading.Lock()

    def do(items: Sequence[int]) -> list[int]:
        assert inside.acquire(blocking=False), "two at once"
        time.sleep(0.001)
        inside.release()
        return list(items)

    together = Together(do)
    results, errors = run_threads(THREADS, lambda number: [together(number) for _ in range(10)])
    assert not errors
    assert results == [[number] * 10 for number in range(THREADS)]


def test_an_outcome_that_is_an_exception_is_raised_to_its_own_thread_alone() -> None:
    def do(items: Sequence[int]) -> list[int | Exception]:
        time.sleep(0.001)
        return [ValueError(str(item)) if item % 2 else item for item in items]

    together = Together[int, int](do)

    def work(number: int) -> str:
        try:
            return f"{together(number)}"
        except ValueError as problem:
            return f"ValueError {problem}"

    results, errors = run_threads(THREADS, work)
    assert not errors
    assert results == [f"ValueError {number}" if number % 2 else f"{number}" for number in range(THREADS)]


def test_what_fails_for_all_is_raised_to_all_of_them_and_to_nobody_after_them() -> None:
    broken = True

    def do(items: Sequence[int]) -> list[int]:
        time.sleep(0.001)
        if broken:
            raise OSError("the disk is full")
        return list(items)

    together = Together(do)
    results, errors = run_threads(THREADS, together)
    assert not results
    assert {type(error) for error in errors} == {OSError}
    broken = False
    assert together(7) == 7
    results, errors = run_threads(THREADS, together)
    assert (results, errors) == (list(range(THREADS)), [])


def test_a_thread_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("oluko.core.together.time.sleep", pauses.append)
    together = Together[int, int](list)
    results, errors = run_threads(1, lambda _: [together(number) for number in range(20)])
    assert (results, errors) == ([list(range(20))], [])
    assert not pauses


def test_the_main_thread_which_signals_strike_takes_no_turn() -> None:
    together = Together[int, int](list)
    together._turn.acquire()  # as if a signal had kept it from being given back
    assert together(5) == 5


def test_what_is_no_exception_of_ours_is_raised_too() -> None:
    class Ended(BaseException):
        """As a job that took too long."""

    def do(items: Sequence[int]) -> list[int]:
        raise Ended

    together = Together(do)
    for _ in range(2):
        with pytest.raises(Ended):
            together(1)
