"""Work that comes back: `@recurring("name", every=SECONDS)` on a plain function in a room's tasks.py.

Time is cut into ticks of `every` seconds of real time since 1970. One worker wins each tick by a conditional
update; a failing function is run again at its next tick, and one whose worker is seen to have died within the same.
After a long gap it runs once, at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from traceback import format_exception

from django.db import Error
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

from oluko.core.logs import set_request_id
from oluko.core.steps import Step, reached
from oluko.jobs.limits import Limits, Stopped, TooLong, forget_connection
from oluko.jobs.models import Recurrence
from oluko.jobs.presence import is_gone

logger = logging.getLogger(__name__)
_ERROR_CHARACTERS = 20_000


@dataclass(frozen=True)
class Recurring:
    """A function that runs every so many seconds."""

    name: str
    every: int
    run: Callable[[], object]
    first: bool = False


registry: dict[str, Recurring] = {}


def recurring[F: Callable[[], object]](name: str, *, every: int, first: bool = False) -> Callable[[F], F]:
    """Run the decorated function once every `every` seconds; raises ValueError if the name is taken.

    Nothing else of the urgent worker runs before what is `first` has succeeded.
    """

    def register(function: F) -> F:
        if name in registry:
            raise ValueError(f"Two recurring jobs are called {name}.")
        registry[name] = Recurring(name, every, function, first)
        return function

    return register


def find_recurring() -> list[Recurring]:
    """Every recurring job of the installed rooms."""
    autodiscover_modules("tasks")
    return list(registry.values())


def tick_now(job: Recurring) -> int:
    """The number of the tick that real time is in."""
    return int(time.time() // job.every)


def claim_tick(job: Recurring, tick: int, worker: str) -> int | None:
    """Take the tick for the caller; the tick it was at before, or None if somebody has it already."""
    row, _ = Recurrence.objects.get_or_create(name=job.name)
    # A tick far ahead was counted in other units: the period has been changed since.
    stale = Q(tick__lt=tick) | Q(tick__gt=tick + 1)
    won = Recurrence.objects.filter(stale, name=job.name, tick=row.tick).update(tick=tick, worker=worker)
    return row.tick if won else None


def free_lost_ticks() -> int:
    """Give back every tick whose worker is seen to have died over it; how many there were."""
    lost = [row for row in Recurrence.objects.exclude(worker="") if is_gone(row.worker)]
    rows = (Recurrence.objects.filter(name=row.name, tick=row.tick, worker=row.worker) for row in lost)
    return sum(row.update(tick=F("tick") - 1, worker="") for row in rows)


def run_tick(job: Recurring, tick: int, limits: Limits, worker: str = "") -> bool:
    """Run the job if this tick is still free; True if it was, and the job went well.

    A failure is recorded for the operator and stops nothing. A worker that has to end gives the tick back.
    """
    before = claim_tick(job, tick, worker)
    if before is None:
        return False
    reached(Step.TICK_CLAIMED)
    row = Recurrence.objects.filter(name=job.name)
    set_request_id(f"{job.name}-{tick}"[:40])
    try:
        with limits.watching():
            job.run()
    except Stopped:
        forget_connection()
        row.filter(tick=tick).update(tick=before, worker="")
        raise
    except (Exception, TooLong) as problem:
        logger.exception("recurring job %s failed", job.name)
        if isinstance(problem, (Error, TooLong)):
            forget_connection()
        error = "".join(format_exception(problem))[-_ERROR_CHARACTERS:]
        row.update(failed_at=timezone.now(), error=error, worker="")
        return False
    finally:
        set_request_id("")
    row.update(finished_at=timezone.now(), worker="")
    return True


class Timetable:
    """Which recurring jobs are due. Remembers the ticks it has seen, so that asking again costs no query.

    `blocked`: a job that comes first has not succeeded yet.
    """

    def __init__(self, jobs: list[Recurring], limits: Limits, worker: str = "") -> None:
        self._jobs = sorted(jobs, key=lambda job: not job.first)
        self.blocked = False
        self._limits, self._worker = limits, worker
        self._seen: dict[str, int] = {}

    def free_lost(self) -> None:
        """Let what died over its tick run again within the same."""
        if free_lost_ticks():
            self._seen.clear()

    def run_due(self) -> int:
        """Run what is due, one after the other; how many went well."""
        done = 0
        for job in self._jobs:
            tick = tick_now(job)
            if self._seen.get(job.name) != tick and not self._limits.stopping:
                went_well = run_tick(job, tick, self._limits, self._worker)
                done += went_well
                self._seen[job.name] = tick
                if job.first:
                    self.blocked = not went_well
            if self.blocked:
                break
        return done
