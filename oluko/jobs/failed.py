"""What an operator does about a job that has failed for good. Both are called inside a transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult


def run_again(job_id: UUID) -> bool:
    """Make a failed job due at once, with all its attempts ahead; False if it is not failed any more."""
    return bool(
        _failed(job_id).update(
            status=TaskResultStatus.READY,
            run_after=timezone.now(),
            started_at=None,
            finished_at=None,
            worker_ids=[],
        )
    )


def give_up(job_id: UUID) -> bool:
    """Drop a failed job for good; False if it is not failed any more. Whoever calls notes what it was."""
    return bool(_failed(job_id).delete()[0])


def failed_count() -> int:
    """How many jobs have failed for good and wait for a decision."""
    return DBTaskResult.objects.failed().count()


def _failed(job_id: UUID) -> Any:
    return DBTaskResult.objects.failed().filter(pk=job_id)
