"""Who runs a job: rows of django-tasks-db claimed, finished, handed back and freed by conditional updates.

Zero rows updated means that somebody else was quicker, on either database. An attempt is one entry in
`worker_ids`. `started_at` is the lease: a row that is RUNNING for longer than that has lost its worker. Whose worker is
seen to have ended has lost it at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exception
from typing import Any
from uuid import UUID

from django.db import connection
from django.tasks import TaskResultStatus
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db.models import DBTaskResult

from oluko.core.statements import change, changed, placeholders
from oluko.jobs.groups import LARGEST, grouped
from oluko.jobs.models import Recurrence
from oluko.jobs.presence import forget_gone, is_gone
from oluko.jobs.retry import ATTEMPTS, GiveUp, NotYet, pause_after

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=45)
# So many are read at once; each is claimed right before it is done.
_AHEAD = 20
_TRACEBACK_CHARACTERS = 20_000
_CLAIM = """
    UPDATE django_tasks_database_dbtaskresult SET status = %s, started_at = %s, worker_ids = %s
     WHERE status = %s AND id IN ({ids}) AND (id, COALESCE(started_at, enqueued_at)) IN (VALUES {pairs})
    RETURNING id
"""
_SUCCEED = """
    UPDATE django_tasks_database_dbtaskresult
       SET status = %s, finished_at = %s, return_value = %s, exception_class_path = '', traceback = ''
     WHERE status = %s AND started_at = %s AND id IN ({ids})
"""


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
        return succeed_all([self], value) == 1

    def fail(self, problem: BaseException) -> bool:
        """Record a failed attempt: again later, or for good after GiveUp or the last attempt. False if not ours."""
        if isinstance(problem, NotYet):
            logger.info("job %s %s waits until %s: %s", self.row.task_path, self.row.pk, problem.at, problem)
            return self.hand_back(problem.at)
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

    def hand_back(self, again_at: datetime | None = None) -> bool:
        """Make the job ready as if it had not been attempted: at once, as its worker has to end, or then."""
        return bool(
            self._mine().update(
                status=TaskResultStatus.READY,
                run_after=again_at or timezone.now(),
                worker_ids=list(self.attempts[:-1]),
            )
        )

    def _end(self, status: TaskResultStatus, **changes: object) -> bool:
        blank = {"exception_class_path": "", "traceback": ""}
        return bool(self._mine().update(status=status, finished_at=timezone.now(), **(blank | changes)))


def claim_jobs(queue: str, worker_id: str, ahead: list[Any] | None = None) -> list[Claim]:
    """The next due job of the queue, now this worker's; none if there is none. One plain read when idle.

    Several first attempts of one task, where its jobs are done together. `ahead` is the worker's list of what it has
    read and not come to yet: what others took meanwhile is passed over.
    """
    ahead = [] if ahead is None else ahead
    if not ahead:
        ahead += reversed(DBTaskResult.objects.ready().filter(queue_name=queue)[:_AHEAD])
    while ahead:
        if claims := _claim(_next(ahead), worker_id):
            return claims
    return []


def _next(ahead: list[Any]) -> list[Any]:
    """The next of these rows, and what may be done together with it; taken out of the list."""
    rows = [ahead.pop()]
    if grouped(rows[0].task_path) and not rows[0].worker_ids:
        like = [row for row in reversed(ahead) if row.task_path == rows[0].task_path and not row.worker_ids]
        rows += like[: LARGEST - 1]
        ahead[:] = [row for row in ahead if row not in rows]
    return rows


def _claim(rows: Sequence[Any], worker_id: str) -> list[Claim]:
    """What of these is still as it was read, now this worker's; their earlier attempts are the same."""
    now, attempts = timezone.now(), (*rows[0].worker_ids, worker_id)
    # The start of the attempt before this one: nobody took the row and gave it back in between.
    pairs = [value for row in rows for value in (row.pk, row.started_at or row.enqueued_at)]
    sql = _CLAIM.format(ids=placeholders(len(rows)), pairs=", ".join(["(%s, %s)"] * len(rows)))
    running, ready = TaskResultStatus.RUNNING, TaskResultStatus.READY
    claimed = changed(sql, running, now, _json(list(attempts)), ready, *(row.pk for row in rows), *pairs)
    # SQLite gives an id as its digits.
    ids = {UUID(str(pk)) for (pk,) in claimed}
    return [Claim(row, now, attempts) for row in rows if row.pk in ids]


def succeed_all(claims: Sequence[Claim], value: object = None) -> int:
    """Record the success of what was claimed together; how many there were whose lease was not lost meanwhile."""
    if not claims:
        return 0
    sql = _SUCCEED.format(ids=placeholders(len(claims)))
    done = (TaskResultStatus.SUCCESSFUL, timezone.now(), _json(normalize_json(value)))
    return change(sql, *done, TaskResultStatus.RUNNING, claims[0].started_at, *(claim.row.pk for claim in claims))


def _json(value: object) -> object:
    """As the database's driver takes a value of a JSON column."""
    return None if value is None else connection.ops.adapt_json_value(value, None)


def free_lost_jobs() -> int:
    """Give back every job whose worker is lost, of all queues; the lost attempt counts. How many there were."""
    running, expired = list(DBTaskResult.objects.running()), timezone.now() - LEASE
    freed = sum(_free(row) for row in running if row.started_at < expired or is_gone(row.worker_ids[-1]))
    at_a_tick = Recurrence.objects.exclude(worker="").values_list("worker", flat=True)
    forget_gone({row.worker_ids[-1] for row in running} | set(at_a_tick))
    return freed


def _free(row: Any) -> bool:
    logger.warning("job %s %s lost its worker, attempt %d", row.task_path, row.pk, len(row.worker_ids))
    changes: dict[str, object] = {"status": TaskResultStatus.READY, "run_after": timezone.now()}
    if len(row.worker_ids) >= ATTEMPTS:
        text = "The worker was lost during the last attempt."
        changes = {"status": TaskResultStatus.FAILED, "finished_at": timezone.now(), "traceback": text}
    still_lost = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
    return bool(still_lost.update(**changes))
