"""Zoom as the sandbox plays it, over real HTTP, and bookings that are paid by the rule itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.jobs.limits import Limits
from oluko.jobs.worker import Worker
from oluko.offerings.models import BookingMode, Offering
from tests.paying import pay
from tests.sandbox_process import ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, Sandbox, run_sandbox
from tests.times import next_monday

type Take = Callable[..., Booking]


@pytest.fixture(scope="module")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("zoom"), "sk_sandbox_unused", "http://127.0.0.1:9/webhook") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox, settings) -> Iterator[Sandbox]:
    """A well-behaved Zoom, and our client pointed at it."""
    settings.OLUKO_ZOOM_ACCOUNT_ID = ZOOM_ACCOUNT_ID
    settings.OLUKO_ZOOM_CLIENT_ID = ZOOM_CLIENT_ID
    settings.OLUKO_ZOOM_CLIENT_SECRET = ZOOM_CLIENT_SECRET
    settings.OLUKO_ZOOM_URL = settings.OLUKO_ZOOM_OAUTH_URL = _sandbox.url
    _sandbox.control(zoom=None)
    yield _sandbox
    _sandbox.control(zoom=None)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls to Zoom give up within a second, and a line that timed out often is not put to rest."""
    monkeypatch.setattr("oluko.meetings.zoom.JOB_SECONDS", 0.5)
    monkeypatch.setattr("oluko.core.gateway.TIMEOUTS_TO_OPEN", 1000)


@pytest.fixture
def at() -> datetime:
    return next_monday()


@pytest.fixture
def hold(offering: Offering, at: datetime) -> Take:
    """`hold(student)` takes the usual time of the cast's offering and has yet to pay."""

    def take(student: Person, scheduled_at: datetime = at) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=scheduled_at)

    return take


@pytest.fixture
def ask(offering: Offering, at: datetime) -> Take:
    """`ask(student)` requests the usual time."""

    def request(student: Person) -> Booking:
        return book(student, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=at)

    return request


@pytest.fixture
def paid(hold: Take, ada: Person) -> Booking:
    """Ada's paid hour with Tunde, whose meeting is wanted and not made yet."""
    return pay(hold(ada))


def work_off(*, turns: int = 40) -> int:
    """Let a worker do what waits in its queue, retries at once and not in their time; how many attempts that took."""
    worker = Worker("outside", limits=Limits())
    for turn in range(turns):
        DBTaskResult.objects.filter(status="READY").update(run_after=timezone.now())
        if not worker.turn():
            return turn
    return turns
