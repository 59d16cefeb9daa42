"""One process that does the jobs of one queue; the urgent one also runs what recurs.

Nothing that a database does ends it: it closes the connection, waits and goes on.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TextIO

from django.db import Error
from django.tasks import TaskContext

from oluko.core.logs import of_request
from oluko.core.steps import Step, reached
from oluko.jobs.backend import Job
from oluko.jobs.claims import Claim, claim_jobs, free_lost_jobs, succeed_all
from oluko.jobs.groups import grouped
from oluko.jobs.health import BEAT, beat
from oluko.jobs.limits import Limits, Stopped, TooLong, forget_connection
from oluko.jobs.presence import be_present
from oluko.jobs.recurring import Timetable, find_recurring

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
REAP_SECONDS = 15.0
DATABASE_PAUSE_SECONDS = 1.0
# How long to try to write down what became of a job; after that its lease decides.
RECORD_SECONDS = 10.0


class Worker:
    """Does jobs until it is told to stop. `recurring`: runs the timetable too."""

    def __init__(self, queue: str, *, limits: Limits, recurring: bool = False) -> None:
        self.queue = queue
        self.limits = limits
        self.id = f"{socket.gethostname()[:30]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._timetable = Timetable(find_recurring() if recurring else [], limits, self.id)
        self._next_beat = self._next_reap = 0.0
        self._presence: TextIO | None = None
        self._ahead: list[Any] = []

    def run(self) -> None:
        """Turn after turn; returns once the worker was told to stop."""
        logger.info("worker of %s started", self.queue)
        # Held until the process ends.
        self._presence = be_present(self.id)
        while not self.limits.stopping:
            try:
                busy = self.turn()
            except Stopped:
                break
            except Error as problem:
                logger.warning("the database failed a worker of %s: %s", self.queue, problem)
                forget_connection()
                self._sleep(DATABASE_PAUSE_SECONDS)
            else:
                if not busy:
                    time.sleep(POLL_SECONDS)
        logger.info("worker of %s stopped", self.queue)

    def turn(self) -> bool:
        """Whatever is due: a beat, lost leases, recurring work, a job and what goes with it. True if there was one."""
        now = time.monotonic()
        if now >= self._next_beat:
            beat(self.queue)
            self._next_beat = now + BEAT.total_seconds()
        if now >= self._next_reap:
            self._timetable.free_lost()
            free_lost_jobs()
            self._next_reap = now + REAP_SECONDS
        self._timetable.run_due()
        kept = self.limits.stopping or self._timetable.blocked
        claims = [] if kept else claim_jobs(self.queue, self.id, self._ahead)
        if claims:
            self._do(claims)
        return bool(claims)

    def _do(self, claims: Sequence[Claim]) -> None:
        """Run one attempt and write down what became of it; a failure of any kind is the job's, not the worker's."""
        problems: Sequence[BaseException | None]
        try:
            reached(Step.JOB_CLAIMED)
            with self.limits.watching():
                problems = _call(claims)
            reached(Step.JOB_DONE)
        except Stopped:
            forget_connection()
            for claim in claims:
                with of_request(_request_id(claim)):
                    self._record(claim.hand_back)
                    logger.info("job %s handed back", claim.row.pk)
            return
        except (Exception, TooLong) as failure:  # noqa: BLE001  The edge of the worker: whatever it is, it is recorded.
            problems = [failure] * len(claims)
        if any(isinstance(problem, (Error, TooLong)) for problem in problems):
            forget_connection()
        done = [claim for claim, problem in zip(claims, problems, strict=True) if problem is None]
        self._record(lambda: succeed_all(done) == len(done))
        for claim, problem in zip(claims, problems, strict=True):
            if problem is not None:
                with of_request(_request_id(claim)):
                    self._record(partial(claim.fail, problem))

    def _record(self, write: Callable[[], bool]) -> None:
        """Write what became of a job, again and again while the database is away."""
        give_up = time.monotonic() + RECORD_SECONDS
        while True:
            try:
                if not write():
                    logger.warning("a job outlived its lease; another worker has it")
                return
            except Error as problem:
                forget_connection()
                if self.limits.stopping or time.monotonic() > give_up:
                    logger.error("what became of a job could not be written: %s", problem)
                    return
                self._sleep(DATABASE_PAUSE_SECONDS)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.limits.stopping and time.monotonic() < end:
            time.sleep(0.05)


def _call(claims: Sequence[Claim]) -> Sequence[Exception | None]:
    """Do what was claimed; of several, what went wrong with each. Raises what a single job raises."""
    together = grouped(claims[0].row.task_path) if len(claims) > 1 else None
    if together is not None:
        return together([Job(each.row.task, tuple(each.row.args_kwargs["args"]), _request_id(each)) for each in claims])
    for claim in claims:
        with of_request(_request_id(claim)):
            _call_one(claim)
    return [None] * len(claims)


def _call_one(claim: Claim) -> None:
    task, arguments = claim.row.task, claim.row.args_kwargs
    context: tuple[TaskContext[..., object], ...] = (
        (TaskContext(task_result=claim.row.task_result),) if task.takes_context else ()
    )
    task.call(*context, *arguments["args"], **arguments["kwargs"])


def _request_id(claim: Claim) -> str:
    return claim.row.args_kwargs.get("request_id") or str(claim.row.pk.hex[:16])
