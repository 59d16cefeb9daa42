"""One process that does the jobs of one queue; the urgent one also runs what recurs.

Nothing that a database does ends it: it closes the connection, waits and goes on.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any, TextIO

from django.db import Error
from django.tasks import TaskContext

from oluko.core.logs import set_request_id
from oluko.core.steps import Step, reached
from oluko.jobs.claims import Claim, claim_job, free_lost_jobs
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
        """Whatever is due: a beat, lost leases, recurring work, one job. True if there was a job."""
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
        claim = None if kept else claim_job(self.queue, self.id, self._ahead)
        if claim is not None:
            self._do(claim)
        return claim is not None

    def _do(self, claim: Claim) -> None:
        """Run one attempt and write down what became of it; a failure of any kind is the job's, not the worker's."""
        set_request_id(claim.row.args_kwargs.get("request_id") or claim.row.pk.hex[:16])
        try:
            reached(Step.JOB_CLAIMED)
            with self.limits.watching():
                value = _call(claim)
            reached(Step.JOB_DONE)
            self._record(lambda: claim.succeed(value))
        except Stopped:
            forget_connection()
            self._record(claim.hand_back)
            logger.info("job %s handed back", claim.row.pk)
        except (Exception, TooLong) as problem:  # noqa: BLE001  The edge of the worker: whatever it is, it is recorded.
            failure = problem
            if isinstance(problem, (Error, TooLong)):
                forget_connection()
            self._record(lambda: claim.fail(failure))
        finally:
            set_request_id("")

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


def _call(claim: Claim) -> object:
    task, arguments = claim.row.task, claim.row.args_kwargs
    context: tuple[TaskContext[..., object], ...] = (
        (TaskContext(task_result=claim.row.task_result),) if task.takes_context else ()
    )
    return task.call(*context, *arguments["args"], **arguments["kwargs"])
