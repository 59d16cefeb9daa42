"""Jobs that are done together: what fails among them fails alone, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.core.logs import of_request
from oluko.jobs.claims import claim_jobs, succeed_all
from oluko.jobs.groups import LARGEST
from oluko.jobs.limits import Limits
from oluko.jobs.worker import Worker
from tests.jobs import trial_jobs
from tests.jobs.trial_jobs import traces

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> Worker:
    return Worker("outside", limits=Limits())


def enqueue(*names: str) -> None:
    for name in names:
        with of_request(f"r-{name}"):
            trial_jobs.note_with_others.enqueue(name)


def states() -> dict[str, str]:
    return {row.args_kwargs["args"][0]: row.status for row in DBTaskResult.objects.all()}


def due_now() -> None:
    DBTaskResult.objects.update(run_after=timezone.now() - timedelta(seconds=1))


def test_first_attempts_of_one_task_are_one_turn_each_under_its_own_request(worker: Worker, trial_file: Path) -> None:
    enqueue("a", "b")
    trial_jobs.note.enqueue("other")
    enqueue("c")
    assert worker.turn()
    assert traces(trial_file) == ["a/r-a+b/r-b+c/r-c"]
    assert worker.turn()
    assert traces(trial_file)[1:] == ["other"]
    assert not worker.turn()
    assert set(states().values()) == {"SUCCESSFUL"}


def test_one_job_alone_is_done_as_any_other(worker: Worker, trial_file: Path) -> None:
    enqueue("a")
    assert worker.turn()
    assert traces(trial_file) == ["a"]


def test_no_more_at_once_than_a_jobs_time_allows(worker: Worker, trial_file: Path) -> None:
    enqueue(*(f"n{number}" for number in range(LARGEST + 2)))
    assert worker.turn()
    assert worker.turn()
    assert not worker.turn()
    assert [len(line.split("+")) for line in traces(trial_file)] == [LARGEST, 2]


def test_what_failed_among_them_fails_alone_and_is_alone_from_then_on(worker: Worker, trial_file: Path) -> None:
    enqueue("a", "bad1", "bad2", "b")
    worker.turn()
    assert states() == {"a": "SUCCESSFUL", "bad1": "READY", "bad2": "READY", "b": "SUCCESSFUL"}
    row: Any = DBTaskResult.objects.filter(status="READY").first()
    assert "ObjectDoesNotExist: bad" in row.traceback
    assert row.run_after > timezone.now()
    due_now()
    assert worker.turn()
    assert worker.turn()
    assert sorted(traces(trial_file)[1:]) == ["bad1", "bad2"]
    assert Counter(states().values()) == {"SUCCESSFUL": 4}


def test_when_all_of_them_fail_each_has_another_attempt_alone(worker: Worker, trial_file: Path) -> None:
    enqueue("a", "worst", "b")
    worker.turn()
    assert Counter(states().values()) == {"READY": 3}
    due_now()
    while worker.turn():
        pass
    assert sorted(traces(trial_file)[1:]) == ["a", "b", "worst"]


def test_what_another_worker_took_meanwhile_is_left_to_it(trial_file: Path) -> None:
    enqueue("a", "b", "c")
    ahead = list(reversed(DBTaskResult.objects.ready().filter(queue_name="outside")))
    (first,) = [row for row in ahead if row.args_kwargs["args"] == ["b"]]
    DBTaskResult.objects.filter(pk=first.pk).update(
        status="RUNNING", started_at=timezone.now(), worker_ids=["somebody"]
    )
    claims = claim_jobs("outside", "me", ahead)
    assert sorted(claim.row.args_kwargs["args"][0] for claim in claims) == ["a", "c"]
    assert states() == {"a": "RUNNING", "b": "RUNNING", "c": "RUNNING"}
    # One of ours was given up for lost and belongs to somebody else by now.
    DBTaskResult.objects.filter(pk=claims[0].row.pk).update(started_at=timezone.now())
    assert succeed_all(claims) == 1
    assert Counter(states().values()) == {"RUNNING": 2, "SUCCESSFUL": 1}
