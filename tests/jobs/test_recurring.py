"""Work that comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.jobs.claims import free_lost_jobs
from oluko.jobs.limits import Limits, Stopped
from oluko.jobs.models import Recurrence
from oluko.jobs.presence import be_present
from oluko.jobs.recurring import (
    Recurring,
    Timetable,
    claim_tick,
    find_recurring,
    recurring,
    registry,
    run_tick,
    tick_now,
)
from oluko.jobs.tasks import prune
from tests.databases import Copy
from tests.jobs import trial_jobs
from tests.racing import run_threads


@pytest.fixture
def clean_registry() -> Iterator[None]:
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def test_one_of_two_threads_wins_a_tick(database_copy: Copy) -> None:
    runs: list[int] = []
    job = Recurring("contended", 60, lambda: runs.append(1))
    for tick in range(1, 21):
        results, errors = run_threads(2, partial(race_for, job, tick))

        assert not errors
        assert sorted(results) == [False, True]
        assert len(runs) == tick


def race_for(job: Recurring, tick: int, number: int) -> bool:
    return run_tick(job, tick, Limits())


@pytest.mark.django_db
def test_a_job_runs_once_a_tick_and_again_at_the_next() -> None:
    runs: list[int] = []
    job = Recurring("plain", 60, lambda: runs.append(1))

    assert [run_tick(job, tick, Limits()) for tick in (5, 5, 6)] == [True, False, True]
    assert len(runs) == 2
    assert Recurrence.objects.get(name="plain").finished_at


@pytest.mark.django_db
def test_a_long_gap_is_made_up_for_once() -> None:
    runs: list[int] = []
    job = Recurring("late", 1, lambda: runs.append(1))
    Recurrence.objects.create(name="late", tick=tick_now(job) - 10_000)
    timetable = Timetable([job], Limits())

    assert timetable.run_due() == 1
    assert len(runs) == 1


@pytest.mark.django_db
def test_a_tick_that_was_seen_costs_no_query(django_assert_num_queries) -> None:
    timetable = Timetable([Recurring("seen", 86_400, lambda: None)], Limits())
    timetable.run_due()

    with django_assert_num_queries(0):
        timetable.run_due()


@pytest.mark.django_db
def test_a_failing_job_is_visible_and_stops_nothing() -> None:
    runs: list[int] = []

    def fail() -> None:
        raise ValueError("on purpose")

    timetable = Timetable([Recurring("bad", 60, fail), Recurring("good", 60, lambda: runs.append(1))], Limits())

    assert timetable.run_due() == 1
    bad = Recurrence.objects.get(name="bad")
    assert bad.failed_at
    assert "ValueError: on purpose" in bad.error
    assert bad.finished_at is None
    assert runs == [1]
    assert not run_tick(Recurring("bad", 60, fail), bad.tick, Limits()), "not twice in a tick"
    assert run_tick(Recurring("bad", 60, lambda: None), bad.tick + 1, Limits()), "but at the next"


@pytest.mark.django_db
def test_a_worker_that_has_to_end_gives_the_tick_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oluko.jobs.recurring.forget_connection", lambda: None)

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        run_tick(Recurring("cut", 86_400, stop), 7, Limits())

    assert run_tick(Recurring("cut", 86_400, lambda: None), 7, Limits())


@pytest.mark.django_db
def test_a_tick_whose_worker_died_over_it_is_run_again_within_the_same_period() -> None:
    """As after a power cut in the middle of what comes once a day. The system lets go of a dead worker's file."""
    runs: list[int] = []
    job = Recurring("daily", 86_400, lambda: runs.append(1))
    timetable = Timetable([job], Limits(), "another")
    presence = be_present("mortal")
    assert presence
    assert claim_tick(job, tick_now(job), "mortal") is not None

    timetable.free_lost()
    assert timetable.run_due() == 0, "its worker lives"
    presence.close()
    free_lost_jobs()
    timetable.free_lost()

    assert (timetable.run_due(), len(runs)) == (1, 1)
    timetable.free_lost()
    assert timetable.run_due() == 0


@pytest.mark.django_db
def test_a_changed_period_does_not_stop_a_job_for_years() -> None:
    assert run_tick(Recurring("changed", 1, lambda: None), 1_000_000, Limits())
    assert run_tick(Recurring("changed", 60, lambda: None), 16_667, Limits())


def test_two_recurring_jobs_cannot_share_a_name(clean_registry: None) -> None:
    recurring("twice", every=60)(lambda: None)
    with pytest.raises(ValueError, match="twice"):
        recurring("twice", every=60)(lambda: None)


def test_every_room_s_recurring_jobs_are_found() -> None:
    assert "prune" in {job.name for job in find_recurring()}


@pytest.mark.django_db
def test_the_night_takes_old_finished_jobs_and_expired_sessions_only() -> None:
    now = timezone.now()
    for status, age in [("SUCCESSFUL", 8), ("SUCCESSFUL", 6), ("FAILED", 8), ("FAILED", 91)]:
        trial_jobs.note.enqueue(f"{status}{age}")
        DBTaskResult.objects.filter(finished_at=None).update(status=status, finished_at=now - timedelta(days=age))
    trial_jobs.note.enqueue("ready")
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for seconds in (-1, 3600):
        session = store()
        session.set_expiry(timedelta(seconds=seconds))
        session.create()

    prune()

    left = {row.args_kwargs["args"][0] for row in DBTaskResult.objects.all()}
    assert left == {"SUCCESSFUL6", "FAILED8", "ready"}
    assert Session.objects.count() == 1
