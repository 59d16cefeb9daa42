"""How a job is stored: as django-tasks-db does it, and with the id of the request that asked for it."""

from __future__ import annotations

from typing import Any

from django.tasks import Task
from django.utils.json import normalize_json
from django_tasks_db.backend import DatabaseBackend, TaskResult
from django_tasks_db.models import DBTaskResult, get_date_max

from oluko.core.logs import current_request_id
from oluko.core.statements import insert


class Backend(DatabaseBackend):
    """Keeps the request id beside the arguments, where the worker finds it; readers of arguments look past it."""

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any, Any]:
        """Store one job in the transaction of its cause; a rollback leaves none."""
        self.validate_task(task)
        # Without a time of its own a job is due at once; django-tasks-db stores that as the last of all days.
        row: Any = DBTaskResult(
            args_kwargs=normalize_json({"args": args, "kwargs": kwargs, "request_id": current_request_id()}),
            priority=task.priority,
            task_path=task.module_path,
            queue_name=task.queue_name,
            run_after=task.run_after or get_date_max(),
            backend_name=self.alias,
        )
        insert([row])
        result: TaskResult[Any, Any] = row.task_result
        return result
