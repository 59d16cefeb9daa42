"""Real worker processes: racing, killed, told to stop."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.jobs.claims import LEASE, free_lost_jobs
from oluko.jobs.presence import is_gone
from tests.databases import Copy, close_connection, on_server
from tests.jobs import trial_jobs
from tests.jobs.conftest import StartWorker, wait_until
from tests.jobs.trial_jobs import traces

JOBS = 200


def all_successful() -> bool:
    return not DBTaskResult.objects.exclude(status="SUCCESSFUL").exists()


def living_workers() -> int:
    return sum(not is_gone(path.name) for path in (Path(settings.OLUKO_DATA) / "workers").glob("*"))


def start_two(start_worker: StartWorker) -> None:
    """Both ask for jobs before there are any, or the first would be through with them when the second has begun."""
    start_worker()
    start_worker()
    wait_until(lambda: living_workers() >= 2, 90)


def test_two_workers_run_each_of_200_jobs_once(start_worker: StartWorker, trial_file: Path) -> None:
    start_two(start_worker)
    with transaction.atomic():
        for number in range(JOBS):
            # So long that the other has looked for jobs again before one is through with them.
            trial_jobs.note_after_a_moment.enqueue(str(number))

    wait_until(all_successful, 90)

    assert Counter(traces(trial_file)) == Counter(str(number) for number in range(JOBS))
    workers = {row.worker_ids[0] for row in DBTaskResult.objects.all()}
    assert len(workers) == 2, "both took part"


def test_two_workers_do_each_of_200_jobs_once_that_are_done_together(
    start_worker: StartWorker, trial_file: Path
) -> None:
    start_two(start_worker)
    with transaction.atomic():
        for number in range(JOBS):
            trial_jobs.note_with_others.enqueue(str(number))

    wait_until(all_successful, 90)

    lines = traces(trial_file)
    done = [name.partition("/")[0] for line in lines for name in line.split("+")]
    assert Counter(done) == Counter(str(number) for number in range(JOBS))
    assert len(lines) < JOBS / 2


def begin_together(start_worker: StartWorker, trial_file: Path) -> subprocess.Popen[str]:
    """A worker that is in the middle of two slow jobs at once."""
    # A worker knows what is done together from a task's module, which in this test comes with the first job.
    for name in ("first", "slow", "a"):
        trial_jobs.note_with_others.enqueue(name)
    worker = start_worker()
    wait_until(lambda: len(traces(trial_file)) == 2)
    assert traces(trial_file)[1].startswith("slow/")
    return worker


def test_stopping_hands_back_all_that_is_done_together_as_if_not_attempted(
    start_worker: StartWorker, trial_file: Path
) -> None:
    worker = begin_together(start_worker, trial_file)
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)

    rows = DBTaskResult.objects.exclude(status="SUCCESSFUL")
    assert [(row.status, row.worker_ids) for row in rows] == [("READY", []), ("READY", [])]


def test_what_a_killed_worker_did_together_is_done_one_by_one(start_worker: StartWorker, trial_file: Path) -> None:
    worker = begin_together(start_worker, trial_file)
    worker.kill()
    worker.wait()
    assert free_lost_jobs() == 2

    start_worker()

    wait_until(all_successful)
    assert sorted(traces(trial_file)[2:]) == ["a", "slow"]
    assert {len(row.worker_ids) for row in DBTaskResult.objects.all()} == {1, 2}


def test_a_killed_workers_job_runs_again_at_once(start_worker: StartWorker, trial_file: Path) -> None:
    trial_jobs.linger.enqueue("a")
    worker = start_worker()
    wait_until(lambda: traces(trial_file) == ["a-begun"])
    assert free_lost_jobs() == 0, "its worker lives"
    worker.kill()
    worker.wait()

    start_worker()

    wait_until(lambda: traces(trial_file) == ["a-begun", "a-begun"])
    assert len(DBTaskResult.objects.get().worker_ids) == 2


def test_a_job_lost_on_another_machine_runs_again_once_its_lease_is_over(
    start_worker: StartWorker, trial_file: Path
) -> None:
    trial_jobs.linger.enqueue("a")
    worker = start_worker()
    wait_until(lambda: traces(trial_file) == ["a-begun"])
    worker.kill()
    worker.wait()
    # What holds the sign of life of a worker is in its own data folder.
    DBTaskResult.objects.update(worker_ids=["elsewhere-1-abcdef"])

    assert free_lost_jobs() == 0
    DBTaskResult.objects.update(started_at=timezone.now() - LEASE - timedelta(seconds=1))
    start_worker()

    wait_until(lambda: traces(trial_file) == ["a-begun", "a-begun"])
    assert len(DBTaskResult.objects.get().worker_ids) == 2


def test_the_files_of_workers_that_have_ended_are_removed(start_worker: StartWorker, trial_file: Path) -> None:
    folder = Path(settings.OLUKO_DATA) / "workers"
    before = set(folder.iterdir()) if folder.exists() else set()
    worker, other = start_worker(), start_worker()
    wait_until(lambda: folder.exists() and len(set(folder.iterdir()) - before) == 2)
    worker.kill()
    worker.wait()

    free_lost_jobs()

    assert len(set(folder.iterdir()) - before) == 1
    assert other.poll() is None


def test_sigterm_gives_a_job_three_seconds_and_hands_it_back(start_worker: StartWorker, trial_file: Path) -> None:
    trial_jobs.linger.enqueue("a")
    worker = start_worker()
    wait_until(lambda: traces(trial_file) == ["a-begun"])

    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(5) == 0
    assert 2.5 < time.monotonic() - begun < 4.5
    job = DBTaskResult.objects.get()
    assert (job.status, job.worker_ids) == ("READY", [])
    start_worker()
    wait_until(lambda: traces(trial_file) == ["a-begun", "a-begun"])


def test_an_idle_worker_ends_at_once(start_worker: StartWorker, trial_file: Path) -> None:
    trial_jobs.note.enqueue("a")
    worker = start_worker()
    wait_until(all_successful)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(1.5) == 0


def test_a_worker_outlives_a_database_that_goes_away(
    start_worker: StartWorker, database_copy: Copy, trial_file: Path
) -> None:
    trial_jobs.note.enqueue("before")
    worker = start_worker()
    wait_until(all_successful)

    trouble(database_copy)
    trial_jobs.note.enqueue("after")

    wait_until(all_successful)
    assert traces(trial_file) == ["before", "after"]
    assert worker.poll() is None


def trouble(copy: Copy) -> None:
    """Cut every connection, as a restart does; SQLite has none to cut, so its file is locked for a while."""
    if connection.vendor == "postgresql":
        close_connection()
        on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{copy.name}'")
        return
    with transaction.atomic():
        time.sleep(1)
