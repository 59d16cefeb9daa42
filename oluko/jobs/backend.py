"""How a job is stored: as django-tasks-db does it, and with the id of the request that asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from django.tasks import Task
from django.utils import timezone
from django.utils.json import normalize_json
from django_tasks_db.backend import DatabaseBackend, TaskResult
from django_tasks_db.models import DBTaskResult, get_date_max

from oluko.core.logs import current_request_id
from oluko.core.statements import Row, insert


class Job(NamedTuple):
    """One of several jobs; the request that asked for it need not be the one that stores it."""

    task: Task[..., Any]
    args: tuple[Any, ...]
    request_id: str


class Backend(DatabaseBackend):
    """Keeps the request id beside the arguments, where the worker finds it; readers of arguments look past it."""

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any, Any]:
        """Store one job in the transaction of its cause; a rollback leaves none."""
        self.validate_task(task)
        columns = _columns(task, args, kwargs, current_request_id()) | {"id": uuid4(), "enqueued_at": timezone.now()}
        insert([Row(DBTaskResult, **columns)])
        result: TaskResult[Any, Any] = DBTaskResult(**columns).task_result
        return result


def enqueue_all(jobs: Sequence[Job]) -> None:
    """Store jobs by one statement, in the transaction of their cause."""
    insert([Row(DBTaskResult, **_columns(job.task, job.args, {}, job.request_id)) for job in jobs])


def _columns(task: Task[..., Any], args: Any, kwargs: Any, request_id: str) -> dict[str, Any]:
    return {
        "args_kwargs": normalize_json({"args": args, "kwargs": kwargs, "request_id": request_id}),
        "priority": task.priority,
        "task_path": task.module_path,
        "queue_name": task.queue_name,
        # Without a time of its own a job is due at once; django-tasks-db stores that as the last of all days.
        "run_after": task.run_after or get_date_max(),
        "backend_name": task.backend,
    }
