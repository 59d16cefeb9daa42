"""Who runs a job: rows of django-tasks-db claimed, finished, handed back and freed by conditional updates.

Zero rows updated means that somebody else was quicker, on either database. An attempt is one entry in
`worker_ids`. `started_at` is the lease: a row that is RUNNING for longer than that has lost its worker. Whose worker is
seen to have ended has lost it at once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exception
from typing import Any

from django.tasks import TaskResultStatus
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db.models import DBTaskResult

from oluko.jobs.presence import forget_gone, is_gone
from oluko.jobs.retry import ATTEMPTS, GiveUp, pause_after

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
_CANDIDATES = 5
_TRACEBACK_CHARACTERS = 20_000


@dataclass(frozen=True)
class Claim:
    """One attempt at one job. `started_at` tells it from every other attempt."""

    row: Any
    started_at: datetime
    attempts: tuple[str, ...]

    def _mine(self) -> Any:
        return DBTaskResult.objects.filter(pk=self.row.pk, status=TaskResultStatus.RUNNING, started_at=self.started_at)

    def succeed(self, value: object) -> bool:
        """Record success; False if the lease was lost meanwhile."""
        return self._end(TaskResultStatus.SUCCESSFUL, return_value=normalize_json(value))

    def fail(self, problem: BaseException) -> bool:
        """Record a failed attempt: again later, or for good after GiveUp or the last attempt. False if not ours."""
        number = len(self.attempts)
        final = isinstance(problem, GiveUp) or number >= ATTEMPTS
        kind = type(problem)
        logger.log(
            logging.ERROR if final else logging.WARNING,
            "job %s %s failed, attempt %d%s: %s: %s",
            self.row.task_path,
            self.row.pk,
            number,
            ", given up" if final else "",
            kind.__name__,
            problem,
        )
        error = {
            "exception_class_path": f"{kind.__module__}.{kind.__qualname__}",
            "traceback": "".join(format_exception(problem))[-_TRACEBACK_CHARACTERS:],
        }
        if final:
            return self._end(TaskResultStatus.FAILED, **error)
        again = timezone.now() + pause_after(number)
        return bool(self._mine().update(status=TaskResultStatus.READY, run_after=again, **error))

    def hand_back(self) -> bool:
        """Make the job ready at once, as if it had not been attempted; its worker has to end."""
        return bool(
            self._mine().update(
                status=TaskResultStatus.READY, run_after=timezone.now(), worker_ids=list(self.attempts[:-1])
            )
        )

    def _end(self, status: TaskResultStatus, **changes: object) -> bool:
        blank = {"exception_class_path": "", "traceback": ""}
        return bool(self._mine().update(status=status, finished_at=timezone.now(), **(blank | changes)))


def claim_job(queue: str, worker_id: str) -> Claim | None:
    """The next due job of the queue, now this worker's; None if there is none. One plain read when idle."""
    for row in DBTaskResult.objects.ready().filter(queue_name=queue)[:_CANDIDATES]:
        claim = Claim(row, timezone.now(), (*row.worker_ids, worker_id))
        claimed = DBTaskResult.objects.filter(
            # The start of the attempt before this one: nobody took the row and gave it back in between.
            pk=row.pk,
            status=TaskResultStatus.READY,
            started_at=row.started_at,
        ).update(status=TaskResultStatus.RUNNING, started_at=claim.started_at, worker_ids=list(claim.attempts))
        if claimed:
            return claim
    return None


def free_lost_jobs() -> int:
    """Give back every job whose worker is lost, of all queues; the lost attempt counts. How many there were."""
    running, expired = list(DBTaskResult.objects.running()), timezone.now() - LEASE
    freed = sum(_free(row) for row in running if row.started_at < expired or is_gone(row.worker_ids[-1]))
    forget_gone({row.worker_ids[-1] for row in running})
    return freed


def _free(row: Any) -> bool:
    logger.warning("job %s %s lost its worker, attempt %d", row.task_path, row.pk, len(row.worker_ids))
    changes: dict[str, object] = {"status": TaskResultStatus.READY, "run_after": timezone.now()}
    if len(row.worker_ids) >= ATTEMPTS:
        text = "The worker was lost during the last attempt."
        changes = {"status": TaskResultStatus.FAILED, "finished_at": timezone.now(), "traceback": text}
    still_lost = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
    return bool(still_lost.update(**changes))
