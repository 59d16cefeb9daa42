"""/healthz and /readyz."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from oluko.jobs import health
from oluko.jobs.health import ALIVE, QUEUES, beat
from oluko.jobs.models import Recurrence


@pytest.mark.django_db
def test_healthz_asks_no_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_when_both_workers_are_alive(client: Client) -> None:
    assert client.get("/readyz").status_code == 503
    for queue in QUEUES:
        beat(queue)
        beat(queue)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "database": True,
        "migrations": True,
        "worker_urgent": True,
        "worker_outside": True,
    }


@pytest.mark.django_db
def test_not_ready_when_a_worker_has_been_silent(client: Client) -> None:
    for queue in QUEUES:
        beat(queue)
    Recurrence.objects.filter(name="worker:outside").update(finished_at=timezone.now() - ALIVE - timedelta(seconds=1))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert (answer.json()["worker_urgent"], answer.json()["worker_outside"]) == (True, False)


@pytest.mark.django_db
def test_not_ready_while_the_database_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise OperationalError("server closed the connection")

        def close(self) -> None:
            pass

    monkeypatch.setattr(health, "connection", Away())

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] is False
