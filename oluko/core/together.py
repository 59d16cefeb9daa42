"""What several threads want done at the same moment is done once for all of them.

Each thread lays down its item. The first does all that lies there, in one transaction, and so waits for the database
once; what others lay down meanwhile is done next, by one of those.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

# Where others came a moment ago they will come again: waiting for them costs less than a transaction of their own.
# PostgreSQL's commit_delay does the same.
_GATHER_SECONDS = 0.001
# Whoever is passed over looks again by itself.
_LOOK_SECONDS = 1.0


@dataclass(eq=False)
class _Laid[T, R]:
    """An item that waits to be done, and what became of it. Its thread is woken when it is settled, or may do it."""

    item: T
    outcome: R | BaseException | None = None
    settled: bool = False
    woken: threading.Event = field(default_factory=threading.Event)


class Together[T, R]:
    """Calls `do` with the items of all threads that wait; it returns an outcome for each, in their order.

    An outcome that is an exception is raised to its thread alone; what `do` itself raises is raised to all whose items
    it was given. Nobody goes on before `do` has returned.
    """

    def __init__(self, do: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._do = do
        self._turn = threading.Lock()
        # Adding to a list is one step for threads; only who has the turn takes from it.
        self._laid: list[_Laid[T, R]] = []
        self._had_company = False

    def __call__(self, item: T) -> R:
        """The outcome of this item."""
        laid: _Laid[T, R] = _Laid(item)
        if threading.current_thread() is threading.main_thread():
            # A worker's only thread, which signals may strike anywhere: it takes no turn that it might not give back.
            self._settle([laid])
        else:
            self._laid.append(laid)
        while not laid.settled:
            if self._turn.acquire(blocking=False):
                self._take_turn()
            else:
                laid.woken.wait(_LOOK_SECONDS)
                laid.woken.clear()
        if isinstance(laid.outcome, BaseException):
            raise laid.outcome
        return laid.outcome  # type: ignore[return-value]  # Settled: it is an R.

    def _take_turn(self) -> None:
        try:
            if self._had_company and self._laid:
                time.sleep(_GATHER_SECONDS)
            together = self._laid.copy()
            del self._laid[: len(together)]
            self._had_company = len(together) > 1
            # Nobody, where who had the turn before has done this thread's item a moment ago.
            if together:
                self._settle(together)
        finally:
            self._turn.release()
            # Who came before the release found the turn taken, and lies here by now.
            for laid in self._laid[:1]:
                laid.woken.set()

    def _settle(self, together: Sequence[_Laid[T, R]]) -> None:
        outcomes: Sequence[R | BaseException]
        try:
            outcomes = self._do([laid.item for laid in together])
        except BaseException as problem:  # noqa: BLE001  Whatever it was, nobody may take their item for done.
            outcomes = [problem] * len(together)
        for laid, outcome in zip(together, outcomes, strict=True):
            laid.outcome, laid.settled = outcome, True
            laid.woken.set()
