"""Webhooks that arrive at the same moment: each is stored once, with its own job, or is not said to be stored."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django_tasks_db.models import DBTaskResult

from oluko.core.logs import set_request_id
from oluko.payments.arrivals import store_event
from oluko.payments.models import ProviderEvent
from oluko.payments.tasks import handle_event_job
from tests.racing import run_threads

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, BODIES = 12, 4


def test_of_webhooks_that_arrive_together_each_is_stored_once_with_the_job_of_its_own_request() -> None:
    def store(number: int) -> tuple[int, str, bool]:
        request_id = f"request-{number}"
        set_request_id(request_id)
        body = number % BODIES
        return body, request_id, store_event("paystack", f"body {body}".encode())

    results, errors = run_threads(THREADS, store)
    assert not errors
    firsts = {body: request_id for body, request_id, new in results if new}
    assert len([new for _body, _id, new in results if new]) == len(firsts) == BODIES
    bodies = {row.pk: int(bytes(row.body).split()[1]) for row in ProviderEvent.objects.all()}
    assert sorted(bodies.values()) == sorted(firsts)
    jobs = [row.args_kwargs for row in cast(Any, DBTaskResult).objects.all()]
    assert {bodies[job["args"][0]]: job["request_id"] for job in jobs} == firsts
    assert len(jobs) == BODIES


def test_webhook_that_was_not_stored_because_of_another_is_not_said_to_be() -> None:
    def store(number: int) -> bool:
        # A job that is none breaks the transaction that it is in.
        job = handle_event_job if number % BODIES else cast(Any, None)
        try:
            return store_event("paystack", f"body {number}".encode(), job=job)
        except AttributeError:
            return False

    results, errors = run_threads(THREADS, store)
    assert not errors
    said = {f"body {number}".encode() for number, stored in enumerate(results) if stored}
    assert {bytes(row.body) for row in ProviderEvent.objects.all()} == said
    assert cast(Any, DBTaskResult).objects.count() == len(said)
    # What its provider sends again is stored, and those who came after are not in its way.
    assert all(store_event("paystack", f"body {number}".encode()) for number in range(THREADS) if not results[number])
    assert ProviderEvent.objects.count() == THREADS
