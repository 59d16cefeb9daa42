"""Many at once: threads that start behind one barrier, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

START_SECONDS = 30.0


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
