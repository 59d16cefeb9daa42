"""One attempt after the other, in this process."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.core.logs import set_request_id
from oluko.jobs import worker as workers
from oluko.jobs.claims import LEASE, claim_jobs, free_lost_jobs
from oluko.jobs.limits import Limits
from oluko.jobs.retry import ATTEMPTS, pause_after
from oluko.jobs.worker import Worker
from tests.jobs import trial_jobs
from tests.jobs.trial_jobs import traces

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker() -> Worker:
    return Worker("outside", limits=Limits())


def only_job() -> Any:
    return DBTaskResult.objects.get()


def due_now() -> None:
    DBTaskResult.objects.update(run_after=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_once_and_is_successful(worker: Worker, trial_file: Path) -> None:
    trial_jobs.note.enqueue("a")

    assert worker.turn()
    assert not worker.turn()

    assert traces(trial_file) == ["a"]
    assert only_job().status == "SUCCESSFUL"
    assert only_job().finished_at


def test_a_job_of_another_queue_is_left_alone(trial_file: Path) -> None:
    trial_jobs.note.enqueue("a")

    assert not Worker("urgent", limits=Limits()).turn()

    assert only_job().status == "READY"


def test_a_rolled_back_cause_leaves_no_job(worker: Worker) -> None:
    with transaction.atomic():
        trial_jobs.note.enqueue("a")
        transaction.set_rollback(True)

    assert not worker.turn()


def test_a_failed_job_waits_and_keeps_its_traceback(worker: Worker, trial_file: Path) -> None:
    trial_jobs.fail.enqueue("a")

    assert worker.turn()
    assert not worker.turn()

    job = only_job()
    assert job.status == "READY"
    assert "ObjectDoesNotExist: a" in job.traceback
    wait = job.run_after - timezone.now()
    assert timedelta(seconds=0) < wait < timedelta(seconds=3)


def test_the_last_attempt_fails_for_good_where_the_operator_sees_it(worker: Worker, trial_file: Path) -> None:
    trial_jobs.fail.enqueue("a")

    for _ in range(ATTEMPTS):
        due_now()
        assert worker.turn()

    due_now()
    assert not worker.turn()
    job = only_job()
    assert job.status == "FAILED"
    assert job.exception_class_path == "django.core.exceptions.ObjectDoesNotExist"
    assert "ObjectDoesNotExist: a" in job.traceback
    assert len(traces(trial_file)) == ATTEMPTS


def test_a_job_that_gives_up_fails_at_once(worker: Worker) -> None:
    trial_jobs.hopeless.enqueue()

    worker.turn()

    assert only_job().status == "FAILED"
    assert "no repetition helps" in only_job().traceback


def test_a_job_that_can_do_nothing_yet_comes_back_when_it_can_however_often_it_came(
    worker: Worker, trial_file: Path
) -> None:
    """Somebody else's lease, as of a meeting whose worker has died: the pauses after failures would outlast it."""
    at = timezone.now() + timedelta(seconds=40)
    trial_jobs.wait_until.enqueue(at.isoformat())

    for _ in range(ATTEMPTS + 1):
        due_now()
        assert worker.turn()
        assert not worker.turn()
        job = only_job()
        assert (job.status, job.run_after, job.worker_ids) == ("READY", at, [])
    assert len(traces(trial_file)) == ATTEMPTS + 1


def test_a_job_whose_code_is_gone_is_recorded_as_failed(worker: Worker) -> None:
    trial_jobs.note.enqueue("a")
    DBTaskResult.objects.update(task_path="oluko.nowhere.nothing")

    worker.turn()

    assert "nowhere" in only_job().traceback


def test_pauses_double_and_the_attempts_span_more_than_ten_minutes() -> None:
    for attempt in range(1, ATTEMPTS):
        seconds = [pause_after(attempt).total_seconds() for _ in range(50)]
        assert 1.5 * 2 ** (attempt - 1) <= min(seconds) < max(seconds) <= 2.5 * 2 ** (attempt - 1)
    assert sum(1.5 * 2 ** (attempt - 1) for attempt in range(1, ATTEMPTS)) > 600


def test_a_job_runs_under_the_id_of_the_request_that_caused_it(worker: Worker, trial_file: Path) -> None:
    set_request_id("req-1234")
    trial_jobs.note_request.enqueue()
    set_request_id("")

    worker.turn()

    assert traces(trial_file) == ["req-1234"]


def test_an_expired_lease_is_freed_and_counts_as_an_attempt(worker: Worker, trial_file: Path) -> None:
    trial_jobs.note.enqueue("a")
    (lost,) = claim_jobs("outside", "gone")
    assert free_lost_jobs() == 0

    DBTaskResult.objects.update(started_at=timezone.now() - LEASE - timedelta(seconds=1))

    assert free_lost_jobs() == 1
    assert worker.turn()
    assert only_job().status == "SUCCESSFUL"
    assert len(only_job().worker_ids) == 2
    assert not lost.succeed(None), "the worker that was lost has no say any more"


def test_a_job_that_takes_every_worker_down_ends_as_failed(trial_file: Path) -> None:
    trial_jobs.note.enqueue("a")
    for _ in range(ATTEMPTS):
        claim_jobs("outside", "gone")
        DBTaskResult.objects.update(started_at=timezone.now() - LEASE - timedelta(seconds=1))
        free_lost_jobs()

    assert only_job().status == "FAILED"
    assert "lost" in only_job().traceback


def test_a_database_that_fails_does_not_end_the_worker(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []

    def turn() -> bool:
        turns.append(1)
        if len(turns) == 3:
            worker.limits.stopping = True
            return True
        raise OperationalError("database is locked")

    monkeypatch.setattr(worker, "turn", turn)
    monkeypatch.setattr(workers, "forget_connection", lambda: None)
    monkeypatch.setattr(workers, "DATABASE_PAUSE_SECONDS", 0.01)

    worker.run()

    assert len(turns) == 3


def test_an_idle_turn_is_one_read(worker: Worker, django_assert_num_queries: Any) -> None:
    worker.turn()
    with django_assert_num_queries(1):
        worker.turn()
