"""Workers that are killed over their jobs, and a database or server that is restarted under load."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.calendars.availability import set_availability
from oluko.meetings.models import Meeting
from oluko.notifications.models import Delivery
from oluko.notifications.tasks import deliver_waiting
from oluko.offerings.models import BookingMode, Offering
from tests import postgres
from tests.cast import make_person
from tests.databases import Copy, on_server
from tests.faults.lives import EVERY_DAY
from tests.faults.webhook_load import Load, stored_events
from tests.jobs.conftest import wait_until
from tests.paying import pay
from tests.sandbox_process import Sandbox
from tests.serving import OLUKO, ROOT, Site, served
from tests.times import next_monday

SECOND = timedelta(seconds=1)
ZOOM = ("ACCOUNT_ID", "CLIENT_ID", "CLIENT_SECRET")


class Crew:
    """Two workers of the queue that talks to the outside; whoever is killed is replaced."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.processes = [self._start() for _ in range(2)]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*OLUKO, "run_worker", "--queue", "outside"], env=self.env, cwd=ROOT)

    def kill_one(self, chance: random.Random) -> None:
        lost = self.processes.pop(chance.randrange(2))
        lost.kill()
        lost.wait()
        self.processes.append(self._start())

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def jobs_left() -> int:
    return DBTaskResult.objects.exclude(status="SUCCESSFUL").filter(queue_name="outside").count()


def let_a_minute_pass() -> None:
    """Leases of those that died, and pauses before another try: only the waiting is shorter than in life."""
    past = timezone.now() - SECOND
    Meeting.objects.filter(busy_until__isnull=False).update(busy_until=past, next_try_at=past)
    DBTaskResult.objects.filter(status="READY").update(run_after=past)
    if not jobs_left():
        # A mail whose worker died over it; in life the sweep of the other workers brings it back.
        Delivery.objects.filter(state="QUEUED").update(next_at=past, given_at=None)
        deliver_waiting()


def test_jobs_whose_workers_are_killed_are_done_once_each(
    database_copy: Copy, tunde: Person, offering: Offering, sandbox: Sandbox, scale: int
) -> None:
    """200 jobs (a tenth: 20), a worker killed after every tenth: one meeting each, no mail lost."""
    count, chance = 20 * scale, random.Random(scale)
    set_availability(tunde, weekly=EVERY_DAY, slot_step_minutes=60, horizon_days=365)
    booked = []
    for number in range(count):
        at, student = next_monday(0) + timedelta(hours=number), make_person(f"Student{number} Waiting")
        booked.append(pay(book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)))
    zoom = {f"OLUKO_ZOOM_{name}": getattr(settings, f"OLUKO_ZOOM_{name}") for name in ZOOM}
    # One host makes a hundred meetings a day at most.
    hosts = ",".join(f"host{number}@site.test" for number in range(4))
    crew, killed = Crew(database_copy.env | zoom | {"OLUKO_SANDBOX_URL": sandbox.url, "OLUKO_ZOOM_HOSTS": hosts}), 0
    try:
        for left in range(jobs_left() - 10, 0, -10):
            wait_until(lambda left=left: jobs_left() <= left, 120)
            crew.kill_one(chance)
            killed += 1
        deadline = time.monotonic() + 120
        while jobs_left() or Delivery.objects.filter(state="QUEUED").exists():
            assert time.monotonic() < deadline, list(DBTaskResult.objects.exclude(status="SUCCESSFUL").values())
            let_a_minute_pass()
            time.sleep(0.5)
    finally:
        crew.end()
    assert killed >= 2 * scale
    ids = {str(booking.pk) for booking in booked}
    agendas = " ".join(row["agenda"] for row in sandbox.meetings() if not row["deleted_at"])
    made = Counter(name for name in re.findall(r"Oluko booking (\S+)", agendas) if name in ids)
    assert made == dict.fromkeys(ids, 1)
    assert Meeting.objects.filter(state="OPEN").count() == count
    assert Delivery.objects.filter(state="SENT").count() == Delivery.objects.count()


@contextmanager
def site_to_restart(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, Callable[[], None]]]:
    """A served site, and what restarts its database: PostgreSQL's own server, or, with SQLite, all that uses it."""
    if connection.vendor == "postgresql":
        # A server of its own: others use the tests' one at the same time.
        with postgres.server() as url:
            monkeypatch.setenv("DATABASE_URL", url)
            # As it is unless somebody changes it, and the tests' servers do: a commit is told once it is written.
            on_server("ALTER SYSTEM SET synchronous_commit = on")
            on_server("SELECT pg_reload_conf()")
            with served(seeded=False) as site:
                yield site, lambda: postgres.restart(url)
        return
    with served(seeded=False) as site:

        def restart() -> None:
            site.kill()
            site.start()

        yield site, restart


@pytest.mark.django_db
def test_no_acknowledged_webhook_is_lost_when_the_database_is_restarted(
    monkeypatch: pytest.MonkeyPatch, scale: int
) -> None:
    """Ten restarts (a tenth: one) while six clients send: what was answered with 200 is stored and acted upon."""
    chance = random.Random(scale)
    with site_to_restart(monkeypatch) as (site, restart):
        with Load(site) as load:
            for _ in range(scale):
                seen = len(load.acknowledged)
                wait_until(lambda seen=seen: len(load.acknowledged) > seen + 50, 60)
                time.sleep(chance.uniform(0.0, 0.3))
                restart()
            seen = len(load.acknowledged)
            wait_until(lambda: len(load.acknowledged) > seen + 50, 60)
        assert set(load.answers) <= {200, 503, 0}, load.answers
        assert load.acknowledged <= stored_events(site).keys()
        wait_until(lambda: all(stored_events(site).values()), 180)
        assert site.oluko("check-ledger").startswith("ok ")
