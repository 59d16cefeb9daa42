"""Who holds which meeting at Zoom: one at a time, so many a day, and none lost where nobody has room."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.meetings.hosts import NoHost, engage_host
from oluko.meetings.models import HostDay, HostTime, Meeting
from oluko.meetings.moves import reschedule_session
from oluko.meetings.opening import open_at_provider
from oluko.meetings.tasks import ask_again
from oluko.meetings.zoom import mark
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.meetings.conftest import Take, work_off
from tests.paying import pay
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

HOUR = timedelta(hours=1)
EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture
def two_hosts(settings) -> None:
    settings.OLUKO_ZOOM_HOSTS = ["one@site.test", "two@site.test"]


def meeting_of(booking: Booking) -> Meeting:
    return Meeting.objects.get(pk=booking.pk)


def alive(sandbox: Sandbox, *bookings: Booking) -> list[dict]:
    marks = tuple(mark(booking.pk) for booking in bookings)
    return [row for row in sandbox.meetings() if row["agenda"].startswith(marks) and row["deleted_at"] is None]


@pytest.mark.django_db
def test_the_least_used_host_with_room_around_the_session_is_taken(
    hold: Take, ada: Person, bola: Person, at: datetime, sandbox: Sandbox, two_hosts: None
) -> None:
    hosts = []
    for hours, person in ((0, ada), (1, bola), (3, ada)):
        booking = pay(hold(person, at + hours * HOUR))
        open_at_provider(booking.pk)
        hosts.append(meeting_of(booking).host)
    # The second begins when the first ends: another host. The third is far from both; both have one call behind them.
    assert hosts[0] != hosts[1]
    assert sum(HostDay.objects.values_list("used", flat=True)) == 3


@pytest.mark.django_db
def test_a_host_whose_day_is_used_up_takes_no_more_and_the_meeting_waits_for_the_next(
    hold: Take, ada: Person, bola: Person, at: datetime, sandbox: Sandbox, settings
) -> None:
    settings.OLUKO_ZOOM_DAILY_LIMIT = 1
    first, second = pay(hold(ada, at)), pay(hold(bola, at + 3 * HOUR))
    work_off()
    assert [meeting_of(booking).state for booking in (first, second)] == ["OPEN", "WANTED"]
    midnight = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    assert meeting_of(second).next_try_at == midnight + timedelta(seconds=30)
    assert "limit" in meeting_of(second).error
    # Its page stands in meanwhile, and nothing asks before the day is over.
    assert second.meeting_url.endswith(str(second.pk))
    ask_again()
    assert work_off() == 0

    HostDay.objects.update(day=midnight.date() - timedelta(days=2))
    Meeting.objects.filter(state="WANTED").update(next_try_at=timezone.now())
    ask_again()
    work_off()
    assert meeting_of(second).state == "OPEN"
    assert len(alive(sandbox, first, second)) == 2


@pytest.mark.django_db
def test_a_limit_of_the_day_that_zoom_itself_names_is_believed(
    paid: Booking, sandbox: Sandbox, two_hosts: None
) -> None:
    sandbox.control(zoom={"mode": "daily-limit", "times": 1})
    open_at_provider(paid.pk)
    used_up = meeting_of(paid).host
    assert meeting_of(paid).state == "WANTED"
    ask_again()
    work_off()
    assert meeting_of(paid).state == "OPEN"
    assert meeting_of(paid).host != used_up


@pytest.mark.django_db
def test_a_moved_session_whose_host_is_busy_then_is_made_anew_at_another(
    hold: Take, ada: Person, bola: Person, at: datetime, sandbox: Sandbox, two_hosts: None
) -> None:
    morning, noon = pay(hold(ada, at)), pay(hold(bola, at + 3 * HOUR))
    work_off()
    Meeting.objects.filter(pk=noon.pk).update(host=meeting_of(morning).host)
    # The other meeting is held by the same host just then.
    HostTime.objects.filter(booking=noon).delete()
    busy = int((at + 26 * HOUR).timestamp()) // 900
    HostTime.objects.create(host=meeting_of(morning).host, quarter=busy, booking=noon)
    reschedule_session(ada, morning.pk, at + 26 * HOUR)
    work_off()
    assert meeting_of(morning).state == "OPEN"
    assert meeting_of(morning).host != meeting_of(noon).host
    assert meeting_of(morning).starts_at == at + 26 * HOUR
    assert len(alive(sandbox, morning, noon)) == 2


@pytest.mark.django_db
def test_a_cancelled_session_frees_its_host(paid: Booking, ada: Person, sandbox: Sandbox) -> None:
    work_off()
    assert HostTime.objects.filter(booking=paid).count() == 4
    cancel_booking(ada, paid.pk)
    work_off()
    assert not HostTime.objects.exists()


@pytest.mark.django_db
def test_when_the_lobby_opens_without_a_meeting_the_room_stands_in_for_good(
    paid: Booking, sandbox: Sandbox, frozen
) -> None:
    sandbox.control(zoom={"mode": "error"})
    work_off(turns=2)
    frozen(paid.scheduled_at - timedelta(minutes=16))
    ask_again()
    assert meeting_of(paid).state == "WANTED"
    frozen(paid.scheduled_at - timedelta(minutes=14))
    Meeting.objects.update(busy_until=None)
    ask_again()
    assert (meeting_of(paid).state, meeting_of(paid).provider) == ("OPEN", "room")
    sandbox.control(zoom=None)
    work_off()
    assert alive(sandbox, paid) == []
    assert (meeting_of(paid).state, meeting_of(paid).provider) == ("OPEN", "room")


@pytest.mark.django_db
def test_a_meeting_that_zoom_made_unseen_is_dropped_when_the_room_stands_in(
    paid: Booking, sandbox: Sandbox, frozen, impatient: None
) -> None:
    sandbox.control(zoom={"mode": "timeout", "times": 1})
    work_off(turns=1)
    assert len(alive(sandbox, paid)) == 1
    frozen(paid.scheduled_at - timedelta(minutes=14))
    Meeting.objects.update(busy_until=None)
    ask_again()
    work_off()
    assert meeting_of(paid).provider == "room"
    assert alive(sandbox, paid) == []


def test_hosts_are_engaged_at_once_and_nobody_holds_two_meetings_at_a_time(
    database_copy: Copy, tunde: Person, settings
) -> None:
    """Twelve bookings of one hour, five hosts: five are held, seven wait."""
    settings.OLUKO_ZOOM_HOSTS = [f"host{number}@site.test" for number in range(5)]
    bookings = simultaneous(12)

    def take(number: int) -> str:
        try:
            return engage_host(bookings[number])
        except NoHost:
            return ""

    taken, errors = run_threads(12, take)
    assert errors == []
    assert Counter(taken) == Counter({"": 7}) + Counter(settings.OLUKO_ZOOM_HOSTS)
    assert HostTime.objects.count() == 5 * 4


def simultaneous(count: int) -> list[Booking]:
    """Paid bookings of one and the same hour, of as many tutors and students."""
    made = []
    for number in range(count):
        tutor = make_person(f"Tutor{number} Many", role="TUTOR")
        set_availability(tutor, weekly=EVERY_DAY)
        offering: Offering = make_offering(tutor)
        made.append(pay_for(offering, make_person(f"Student{number} Many"), next_monday(1) + 12 * HOUR))
    return made


def pay_for(offering: Offering, student: Person, at: datetime) -> Booking:
    return pay(book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at))
