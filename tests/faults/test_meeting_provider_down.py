"""Zoom down for a while, and Zoom's limits: nobody loses money or a place to meet, and nothing is made twice."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.meetings.hosts import forget_past
from oluko.meetings.models import HostDay, HostTime, Meeting
from oluko.meetings.tasks import ask_again
from oluko.meetings.zoom import mark
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.models import Refund
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.draining import drain
from tests.paying import pay
from tests.racing import run_threads
from tests.sandbox_process import ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, Sandbox, run_sandbox
from tests.times import next_monday

EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMIT = 10


@pytest.fixture
def zoom(tmp_path: Path, settings, scale: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Zoom with a limit a host and day, and our client, which waits for no answer longer than half a second."""
    monkeypatch.setattr("oluko.meetings.zoom.JOB_SECONDS", 0.5)
    monkeypatch.setattr("oluko.core.gateway.TIMEOUTS_TO_OPEN", 10_000)
    with run_sandbox(tmp_path, "sk_sandbox_unused", "http://127.0.0.1:9/webhook", zoom_calls=LIMIT * scale) as sandbox:
        settings.OLUKO_ZOOM_ACCOUNT_ID = ZOOM_ACCOUNT_ID
        settings.OLUKO_ZOOM_CLIENT_ID = ZOOM_CLIENT_ID
        settings.OLUKO_ZOOM_CLIENT_SECRET = ZOOM_CLIENT_SECRET
        settings.OLUKO_ZOOM_URL = settings.OLUKO_ZOOM_OAUTH_URL = sandbox.url
        settings.OLUKO_ZOOM_DAILY_LIMIT = LIMIT * scale
        yield sandbox


def tutors(count: int) -> list[Offering]:
    """Offerings of as many tutors, at every hour of every day."""
    made = []
    for number in range(count):
        tutor = make_person(f"Tutor{number} Busy", role=Person.Role.TUTOR)
        set_availability(tutor, weekly=EVERY_DAY, slot_step_minutes=60, horizon_days=365)
        made.append(make_offering(tutor))
    return made


def paid_sessions(offerings: list[Offering], count: int) -> list[Booking]:
    """So many paid sessions, of every tutor at the same hours."""
    made: list[Booking] = []
    for number in range(count):
        turn, offering = number // len(offerings), offerings[number % len(offerings)]
        at = next_monday(1) + (turn // 20) * DAY + (turn % 20) * HOUR
        student = make_person(f"Student{number} Meets")
        made.append(pay(book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)))
    return made


def work_on(until: threading.Event | None = None) -> None:
    """Two workers' way through the queue, retries at once; while `until` is not set, or until nothing is left."""

    def worker(_number: int) -> None:
        while True:
            DBTaskResult.objects.filter(status="READY", queue_name="outside").update(run_after=timezone.now())
            if not run_one() and (until is None or until.is_set()):
                return

    _done, errors = run_threads(2, worker, timeout=300.0)
    assert errors == []


def run_one() -> bool:
    """Run one job of the outside queue as a worker does: claimed first, failed ones come back by the sweep."""
    row = DBTaskResult.objects.filter(status="READY", queue_name="outside", task_path__contains="meeting").first()
    if row is None:
        return False
    if not DBTaskResult.objects.filter(pk=row.pk, status="READY").update(status="RUNNING"):
        return True
    try:
        row.task.call(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
    except Exception as error:  # noqa: BLE001 - the edge of a worker
        DBTaskResult.objects.filter(pk=row.pk).update(status="FAILED", exception_class_path=type(error).__name__)
    else:
        DBTaskResult.objects.filter(pk=row.pk).update(status="SUCCESSFUL")
    return True


def sweep() -> None:
    Meeting.objects.update(next_try_at=timezone.now(), busy_until=None)
    ask_again()


def alive(sandbox: Sandbox) -> Counter[str]:
    """How many meetings Zoom has for each booking."""
    rows = [row for row in sandbox.meetings() if row["deleted_at"] is None]
    return Counter(row["agenda"].split("\n")[0] for row in rows)


def test_ten_minutes_without_zoom_lose_nothing_and_make_nothing_twice(
    database_copy: Copy, zoom: Sandbox, scale: int, settings
) -> None:
    """Sessions paid while Zoom answers 503, hangs, or hangs after it has done the work, for as many tries as fill
    ten minutes; then Zoom is well. One session begins meanwhile, and is held in the room."""
    settings.OLUKO_ZOOM_DAILY_LIMIT = 10_000
    chance = random.Random(scale)
    bookings = paid_sessions(tutors(1), 3 * scale)
    for _minute in range(10):
        zoom.control(zoom={"mode": chance.choice(("error", "timeout", "rate-limit")), "times": 4})
        sweep()
        work_on()
    assert Booking.objects.filter(payment_status="PAID").count() == len(bookings)
    soon = bookings[0]
    Booking.objects.filter(pk=soon.pk).update(scheduled_at=timezone.now(), ends_at=timezone.now() + HOUR)
    stood_in = Meeting.objects.filter(pk=soon.pk, state="WANTED").exists()
    zoom.control(zoom=None)
    for _turn in range(3):
        sweep()
        work_on()
    assert set(Meeting.objects.values_list("state", flat=True)) == {"OPEN"}
    held_at_zoom = Meeting.objects.filter(provider="zoom").values_list("pk", flat=True)
    assert alive(zoom) == Counter(mark(pk) for pk in held_at_zoom)
    if stood_in:
        assert Meeting.objects.get(pk=soon.pk).provider == "room"
    assert not Refund.objects.exists()


def test_a_day_of_meetings_over_the_pool_stays_below_every_hosts_limit(
    database_copy: Copy, zoom: Sandbox, scale: int, settings
) -> None:
    """150 meetings made in one day (a tenth: 15), three at every hour, by three hosts who may make 100 (10) each."""
    settings.OLUKO_ZOOM_HOSTS = ["one@site.test", "two@site.test", "three@site.test"]
    paid_sessions(tutors(3), 15 * scale)
    work_on()
    assert Counter(Meeting.objects.values_list("state", flat=True)) == {"OPEN": 15 * scale}
    made = Counter(row["user_id"] for row in zoom.meetings())
    assert set(made) == set(settings.OLUKO_ZOOM_HOSTS)
    assert max(made.values()) <= LIMIT * scale
    assert sum(HostDay.objects.values_list("used", flat=True)) == 15 * scale
    assert no_host_has_two_at_once(zoom)
    drain()


def test_what_goes_beyond_the_pool_waits_for_the_next_day(
    database_copy: Copy, zoom: Sandbox, scale: int, settings
) -> None:
    """One host for 15 tenths of the limit: what is left is made when the date has changed."""
    paid_sessions(tutors(1), LIMIT * scale + 5)
    work_on()
    assert Counter(Meeting.objects.values_list("state", flat=True)) == {"OPEN": LIMIT * scale, "WANTED": 5}
    tomorrow = Meeting.objects.filter(state="WANTED").values_list("next_try_at", flat=True)
    assert all(at > timezone.now() for at in tomorrow)
    ask_again()
    work_on()
    assert Meeting.objects.filter(state="WANTED").count() == 5

    # The date changes, for us and for Zoom.
    HostDay.objects.update(day=datetime.now().astimezone().date() - 2 * DAY)
    forget_past()
    zoom.control(zoom={"newDay": True})
    sweep()
    work_on()
    assert Counter(Meeting.objects.values_list("state", flat=True)) == {"OPEN": LIMIT * scale + 5}
    assert HostTime.objects.count() == 4 * (LIMIT * scale + 5)


def no_host_has_two_at_once(sandbox: Sandbox) -> bool:
    starts = Counter((row["user_id"], row["start_time"]) for row in sandbox.meetings())
    return max(starts.values()) == 1
