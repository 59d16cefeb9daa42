"""Is Oluko alive, and can it do its work?"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from oluko.jobs.models import Recurrence

QUEUES = ("urgent", "outside")
BEAT = timedelta(seconds=10)
# A beat, and the longest that a job may keep a worker from the next one.
ALIVE = timedelta(seconds=45)


def beat(queue: str) -> None:
    """Note that a worker of this queue is alive now."""
    name, now = f"worker:{queue}", timezone.now()
    if not Recurrence.objects.filter(name=name).update(finished_at=now):
        Recurrence.objects.bulk_create([Recurrence(name=name, finished_at=now)], ignore_conflicts=True)


def workers_alive() -> dict[str, bool]:
    """Whether each queue has a worker that said so within the last 45 s."""
    names = [f"worker:{queue}" for queue in QUEUES]
    beats = Recurrence.objects.filter(name__in=names, finished_at__gt=timezone.now() - ALIVE)
    alive = set(beats.values_list("name", flat=True))
    return {queue: f"worker:{queue}" in alive for queue in QUEUES}


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks no database, so that a slow one does not get every process replaced."""
    return JsonResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if the database answers, its migrations are applied and both queues are worked on; else 503."""
    parts = {"database": False, "migrations": False} | {f"worker_{queue}": False for queue in QUEUES}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        parts["database"] = True
        parts["migrations"] = _migrations_applied()
        parts |= {f"worker_{queue}": alive for queue, alive in workers_alive().items()}
    except Error:
        connection.close()
    ready = all(parts.values())
    answer = {"status": "ready" if ready else "not ready", **parts}
    return JsonResponse(answer, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def _migrations_applied() -> bool:
    """True once all are; asked again only while some are missing, because nothing takes one away."""
    if _unapplied():
        _unapplied.cache_clear()
        return False
    return True


@cache
def _unapplied() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
