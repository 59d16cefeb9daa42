"""A tutor's calendars elsewhere: connected on a page, read by jobs, blocking what can be booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.calendars.busy_elsewhere import read_outside, take_due
from oluko.calendars.claims import quarters
from oluko.calendars.models import Availability, OutsideCalendar
from oluko.calendars.tasks import read_due_calendars
from oluko.core.outside import Outside
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from tests.calendars.elsewhere import Server, plain, serve
from tests.draining import drain
from tests.paying import pay
from tests.sandbox_process import Sandbox, run_sandbox
from tests.times import next_monday

pytestmark = pytest.mark.django_db

type SignedIn = Callable[..., Client]
type Api = Callable[[Person | None], Any]

SECRET = "https://calendar.example.com/private-0f1e2d3c4b5a/basic.ics"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(
        tmp_path_factory.mktemp("calendars"), "sk_sandbox_unused", "http://127.0.0.1:9/webhook"
    ) as running:
        yield running


@pytest.fixture
def server() -> Iterator[Server]:
    """In plain text, as the sandbox's own: what is read there is the same."""
    with serve(None) as server:
        yield server


@pytest.fixture
def outside(server: Server) -> Outside:
    return Outside(sandbox=f"http://127.0.0.1:{server.port}/calendars/", seconds=5.0)


@pytest.fixture
def connect(tunde: Person, server: Server) -> Callable[..., OutsideCalendar]:
    """`connect("Work", (start, end), …)`: a calendar of Tunde's with these events, not read yet."""

    def make(name: str, *events: tuple[datetime, datetime]) -> OutsideCalendar:
        server.answers[f"/calendars/{name}"] = plain(ics(*events), ETag=f'"{name}"')
        now = timezone.now()
        address = f"http://127.0.0.1:{server.port}/calendars/{name}"
        return OutsideCalendar.objects.create(
            person=tunde, name=name, address=address, created_at=now, next_read_at=now
        )

    return make


def ics(*events: tuple[datetime, datetime]) -> bytes:
    inside = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}@x\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\n"
        for number, (start, end) in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{inside}END:VCALENDAR\r\n".encode()


def busy(person: Person) -> list[list[int]]:
    return list(Availability.objects.get(person=person).outside_busy)


def pair(start: datetime, minutes: int) -> list[int]:
    held = quarters(start, minutes)
    return [held.start, held.stop]


def slots(api: Api, offering: Offering, day: datetime) -> list[str]:
    shown = api(None).get(
        f"/api/mentorship/offerings/{offering.pk}/slots",
        **{"from": f"{day:%Y-%m-%dT00:00:00Z}", "to": f"{day + timedelta(days=1):%Y-%m-%dT00:00:00Z}"},
    )
    assert shown.status_code == 200, shown.content
    return [slot["startsAt"] for slot in shown.json()["slots"]]


def test_busy_times_elsewhere_can_neither_be_seen_nor_booked(
    ada: Person, tunde: Person, offering: Offering, api: Api, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    at = next_monday(10)
    assert f"{at:%Y-%m-%dT10:00:00.000Z}" in slots(api, offering, at)
    read_outside(connect("Work", (at, at + HOUR)).pk, outside)
    assert busy(tunde) == [pair(at, 60)]
    free = slots(api, offering, at)
    assert f"{at:%Y-%m-%dT11:00:00.000Z}" in free
    for gone in ("09:30", "10:00", "10:30"):
        assert f"{at:%Y-%m-%d}T{gone}:00.000Z" not in free
    body = {"offeringId": str(offering.pk), "bookingMode": "INSTANT", "scheduledAt": at.isoformat()}
    refused = api(ada)("beginMentorshipCheckout", **body)
    assert (refused.status_code, refused.json()["code"]) == (409, "time_taken")
    assert not Booking.objects.exists()


def test_sessions_that_are_booked_stay(
    ada: Person, offering: Offering, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    at = next_monday(10)
    booking = pay(book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at))
    read_outside(connect("Work", (at, at + HOUR)).pk, outside)
    booking.refresh_from_db()
    assert (booking.status, booking.scheduled_at) == ("SCHEDULED", at)


def test_several_calendars_are_summed_up_and_one_removed_frees_its_own(
    tunde: Person, signed_in: SignedIn, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    at = next_monday(10)
    work = connect("Work", (at, at + HOUR), (at + 4 * HOUR, at + 5 * HOUR))
    home = connect("Home", (at + HOUR, at + 2 * HOUR))
    for calendar in (work, home):
        read_outside(calendar.pk, outside)
    assert busy(tunde) == [pair(at, 120), pair(at + 4 * HOUR, 60)]
    assert signed_in(tunde).post(f"/calendar/outside/{work.pk}/remove").status_code == 302
    assert busy(tunde) == [pair(at + HOUR, 60)]
    read_outside(work.pk, outside)  # a job that comes late
    assert busy(tunde) == [pair(at + HOUR, 60)]


def test_the_page_connects_a_calendar_and_a_job_reads_it(
    tunde: Person, signed_in: SignedIn, sandbox: Sandbox, settings: Any
) -> None:
    settings.OLUKO_SANDBOX_URL = sandbox.url
    browser = signed_in(tunde)
    address = f"{sandbox.url}/calendars/tunde.ics"
    assert address in browser.get("/calendar").content.decode()
    answer = browser.post("/calendar/outside", {"name": " Work ", "address": address})
    assert answer.status_code == 302
    assert "Being read" in browser.get(answer["Location"]).content.decode()
    assert drain("outside") == 1
    page = browser.get(answer["Location"]).content.decode()
    calendar = OutsideCalendar.objects.get()
    assert (calendar.name, calendar.error, calendar.failures) == ("Work", "", 0)
    assert f"{len(calendar.busy)} busy times ahead" in page
    assert "Being read" not in page
    # Read again it is unchanged, and what it said stays.
    before = busy(tunde)
    assert before
    browser.post(f"/calendar/outside/{calendar.pk}/read")
    assert drain("outside") == 1
    assert busy(tunde) == before


def test_an_unchanged_calendar_is_asked_for_by_its_tag_until_the_day_is_another(
    tunde: Person, server: Server, connect: Callable[..., OutsideCalendar], outside: Outside, frozen: Any
) -> None:
    calendar = connect("Work", (next_monday(10), next_monday(11)))
    read_outside(calendar.pk, outside)
    server.answers["/calendars/Work"] = plain(b"", 304)
    read_outside(calendar.pk, outside)
    calendar.refresh_from_db()
    assert (calendar.error, len(calendar.busy)) == ("", 1)
    assert [tag for _path, _host, tag in server.seen] == ["", '"Work"']
    set_availability(tunde, horizon_days=200)
    read_outside(calendar.pk, outside)
    frozen.advance(timedelta(days=1))
    read_outside(calendar.pk, outside)
    assert [tag for _path, _host, tag in server.seen][2:] == ["", ""]


def test_what_was_read_last_counts_while_it_cannot_be_read_and_tries_grow_rarer(
    tunde: Person, signed_in: SignedIn, server: Server, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    at = next_monday(10)
    calendar = connect("Work", (at, at + HOUR))
    read_outside(calendar.pk, outside)
    server.answers["/calendars/Work"] = plain(b"oops", 500)
    pauses = []
    for _try in range(7):
        read_outside(calendar.pk, outside)
        calendar.refresh_from_db()
        pauses.append(round((calendar.next_read_at - timezone.now()) / timedelta(minutes=15)))
    assert pauses == [1, 2, 4, 8, 16, 24, 24]
    assert busy(tunde) == [pair(at, 60)]
    page = signed_in(tunde).get("/calendar").content.decode()
    assert "Its server has a problem." in page
    assert "still counts" in page
    server.answers["/calendars/Work"] = plain(ics())
    read_outside(calendar.pk, outside)
    calendar.refresh_from_db()
    assert (calendar.error, calendar.failures, busy(tunde)) == ("", 0, [])


def test_after_a_day_of_failures_its_owner_is_told_once(
    tunde: Person, server: Server, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    calendar = connect("Work")
    read_outside(calendar.pk, outside)
    server.answers["/calendars/Work"] = plain(b"gone", 404)
    read_outside(calendar.pk, outside)
    assert not Notification.objects.exists()
    OutsideCalendar.objects.update(read_at=timezone.now() - timedelta(hours=25))
    for _try in range(3):
        read_outside(calendar.pk, outside)
    told = Notification.objects.get()
    assert (told.person, told.url) == (tunde, "/calendar")
    assert "Work" in told.title
    assert "/calendars/" not in told.title + told.body


def test_each_calendar_whose_turn_it_is_gets_one_job(connect: Callable[..., OutsideCalendar]) -> None:
    due = connect("Work")
    later = connect("Home")
    OutsideCalendar.objects.filter(pk=later.pk).update(next_read_at=timezone.now() + HOUR)
    read_due_calendars()
    read_due_calendars()
    jobs = [row.args_kwargs["args"] for row in DBTaskResult.objects.filter(queue_name="outside")]
    assert jobs == [[str(due.pk)]]
    # A job that was lost is asked for again when its lease is over.
    OutsideCalendar.objects.filter(pk=due.pk).update(next_read_at=timezone.now() - timedelta(seconds=1))
    with transaction.atomic():
        assert take_due() == [due.pk]
    OutsideCalendar.objects.update(next_read_at=timezone.now() - HOUR)
    Person.objects.update(is_active=False)
    with transaction.atomic():
        assert take_due() == []


def test_a_longer_horizon_is_read_soon(tunde: Person, connect: Callable[..., OutsideCalendar]) -> None:
    set_availability(tunde, horizon_days=60)
    connect("Work")
    OutsideCalendar.objects.update(next_read_at=timezone.now() + HOUR)
    set_availability(tunde, horizon_days=60, buffer_minutes=15)
    assert OutsideCalendar.objects.get().next_read_at > timezone.now()
    set_availability(tunde, horizon_days=90)
    assert OutsideCalendar.objects.get().next_read_at <= timezone.now()


def test_the_address_is_shown_to_nobody_once_it_is_saved(
    tunde: Person, admin: Person, signed_in: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    browser = signed_in(tunde)
    assert browser.post("/calendar/outside", {"name": "Work", "address": SECRET}).status_code == 302
    page = browser.get("/calendar").content.decode()
    assert "calendar.example.com/…asic" in page
    calendar = OutsideCalendar.objects.get()
    read_outside(calendar.pk, Outside(look_up=lambda host, port: ["10.0.0.1"]))
    calendar.refresh_from_db()
    operator = signed_in(admin)
    pages = [
        browser.get("/calendar"),
        operator.get("/admin/calendars/outsidecalendar/"),
        operator.get(f"/admin/calendars/outsidecalendar/{calendar.pk}/change/"),
    ]
    assert [each.status_code for each in pages] == [200, 200, 200]
    jobs = "".join(str(row.args_kwargs) for row in DBTaskResult.objects.all())
    for text in (*(each.content.decode() for each in pages), caplog.text, calendar.error, jobs):
        assert "private-0f1e2d3c4b5a" not in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", "address": SECRET}, "This field is required"),
        ({"name": "Work", "address": ""}, "This field is required"),
        ({"name": "Work", "address": "http://calendar.example.com/x.ics"}, "must begin with https://"),
        ({"name": "Work", "address": "http://127.0.0.1/x.ics"}, "must begin with https://"),
        ({"name": "Work", "address": "https://ada:pw@calendar.example.com/x.ics"}, "must not contain a name"),
        ({"name": "Work", "address": "https://calendar.example.com:8080/x.ics"}, "must not name a port"),
        ({"name": "Work", "address": "https://" + "x" * 2100}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_an_address_is_said_beside_the_field(
    tunde: Person, signed_in: SignedIn, typed: dict[str, str], words: str
) -> None:
    answer = signed_in(tunde).post("/calendar/outside", typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not OutsideCalendar.objects.exists()


def test_five_calendars_and_none_twice(tunde: Person, signed_in: SignedIn) -> None:
    browser = signed_in(tunde)
    for number in range(5):
        typed = {"name": "Work", "address": f"webcal://calendar.example.com/{number}.ics"}
        assert browser.post("/calendar/outside", typed).status_code == 302
    again = browser.post("/calendar/outside", {"name": "Work", "address": "https://calendar.example.com/1.ics"})
    assert "is here already" in again.content.decode()
    typed = {"name": "Work", "address": "https://calendar.example.com/6.ics"}
    assert browser.post("/calendar/outside", typed).status_code == 409
    assert OutsideCalendar.objects.count() == 5
    assert "Connect the calendar" not in browser.get("/calendar").content.decode()


def test_reading_now_has_its_limit(tunde: Person, signed_in: SignedIn, connect: Callable[..., OutsideCalendar]) -> None:
    calendar, browser = connect("Work"), signed_in(tunde)
    codes = [browser.post(f"/calendar/outside/{calendar.pk}/read").status_code for _try in range(13)]
    assert codes == [302] * 12 + [429]


def test_names_of_calendars_are_text(tunde: Person, signed_in: SignedIn) -> None:
    browser = signed_in(tunde)
    browser.post("/calendar/outside", {"name": "<script>alert(1)</script>", "address": SECRET})
    assert "<script>alert(1)" not in browser.get("/calendar").content.decode()


def test_the_stored_times_are_only_those_ahead(
    tunde: Person, connect: Callable[..., OutsideCalendar], outside: Outside
) -> None:
    now = datetime.now(UTC)
    calendar = connect("Work", (now - 3 * HOUR, now - 2 * HOUR), (now - HOUR, now + HOUR))
    read_outside(calendar.pk, outside)
    ((first, end),) = busy(tunde)
    assert first <= int(now.timestamp()) // 900 < end


def test_a_calendar_that_is_gone_is_not_read(outside: Outside) -> None:
    read_outside(4711, outside)
    assert not Availability.objects.exists()
