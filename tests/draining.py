"""Doing queued jobs at once, in this process."""

from __future__ import annotations

from django.utils import timezone
from django_tasks_db.models import DBTaskResult


def drain(*queues: str) -> int:
    """Run every job that waits in the queues (urgent, unless told otherwise), and those they enqueue; how many ran."""
    ran = 0
    while row := DBTaskResult.objects.filter(status="READY", queue_name__in=queues or ("urgent",)).first():
        DBTaskResult.objects.filter(pk=row.pk).update(status="SUCCESSFUL", finished_at=timezone.now())
        row.task.call(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
        ran += 1
    return ran
