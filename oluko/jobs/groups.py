"""Jobs that cost less done together than one by one: `@done_together(task)` on a function in a room's tasks.py.

Such a function does several jobs of its task at once and says of each what went wrong with it, or None. Only first
attempts are done together: a job that failed, or whose worker was lost, is alone from then on and keeps no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.tasks import Task

from oluko.jobs.backend import Job

type DoTogether = Callable[[Sequence[Job]], Sequence[Exception | None]]

LARGEST = 10
# From here on nothing more of a group is begun that asks a provider: the last call, too, has to end within a job's
# time, or what was learnt about the others would be lost with it.
ENOUGH_SECONDS = 8.0

_by_path: dict[str, DoTogether] = {}


def done_together(task: Task[..., None]) -> Callable[[DoTogether], DoTogether]:
    """Let the decorated function do jobs of this task that are due at the same moment."""

    def register(function: DoTogether) -> DoTogether:
        _by_path[task.module_path] = function
        return function

    return register


def grouped(task_path: str) -> DoTogether | None:
    """What does jobs of this task together; None if they are done one by one."""
    return _by_path.get(task_path)
