"""Reminders before sessions and deadlines and after sessions: each once, none that is not true any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.bookings.reminders import remind_due
from oluko.bookings.requests import approve_request
from oluko.bookings.sessions import mark_session
from oluko.calendars.availability import set_availability
from oluko.core import clock
from oluko.meetings.moves import reschedule_session
from oluko.notifications.delivering import deliver
from oluko.notifications.models import Delivery, Notification
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from tests.cast import make_person
from tests.conftest import Frozen
from tests.paying import pay

pytestmark = pytest.mark.django_db
type Take = Callable[..., Booking]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REMINDERS = ("reminder", "answer", "pay_", "over")


@pytest.fixture(autouse=True)
def _free_all_day(tunde: Person) -> None:
    whole = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    set_availability(tunde, weekly=whole, minimum_notice_hours=0, slot_step_minutes=15)


def reminded(person: Person) -> list[str]:
    """The kinds of reminders that a person was told, in order."""
    rows = Notification.objects.filter(person=person).order_by("pk").values_list("kind", flat=True)
    return [kind for kind in rows if kind.startswith(REMINDERS)]


def walk(frozen: Frozen, at: datetime, *befores: timedelta) -> None:
    """Sweep at each of these times before an instant."""
    for before in befores:
        frozen(at - before)
        remind_due()


def test_both_are_reminded_a_day_an_hour_and_ten_minutes_before(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    walk(frozen, at, 25 * HOUR)
    assert reminded(ada) == []
    walk(frozen, at, 24 * HOUR, 24 * HOUR - MINUTE, 20 * HOUR, 2 * HOUR)
    assert reminded(ada) == reminded(tunde) == ["reminder_day"]
    walk(frozen, at, HOUR, 59 * MINUTE, 11 * MINUTE)
    assert reminded(ada) == reminded(tunde) == ["reminder_day", "reminder_hour"]
    walk(frozen, at, 10 * MINUTE, 9 * MINUTE, -MINUTE)
    assert reminded(ada) == reminded(tunde) == ["reminder_day", "reminder_hour", "reminder_minutes"]


def test_a_booking_half_an_hour_ahead_is_reminded_of_once(
    ada: Person, hold: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 30 * MINUTE)
    pay(hold(ada))
    walk(frozen, at, 29 * MINUTE, 11 * MINUTE)
    assert reminded(ada) == []
    walk(frozen, at, 10 * MINUTE, 5 * MINUTE)
    assert reminded(ada) == ["reminder_minutes"]


def test_after_a_gap_only_the_nearest_reminder_goes_out(ada: Person, hold: Take, at: datetime, frozen: Frozen) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    walk(frozen, at, 48 * HOUR, 45 * MINUTE)
    assert reminded(ada) == ["reminder_hour"]


def test_after_a_jump_over_the_session_nobody_is_reminded_of_it(
    ada: Person, hold: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    frozen(at + 73 * HOUR)
    remind_due()
    assert reminded(ada) == []


def test_a_moved_session_is_reminded_of_at_its_new_time_alone(
    ada: Person, offering: Offering, hold: Take, at: datetime, frozen: Frozen, mailoutbox: list[EmailMessage]
) -> None:
    Offering.objects.update(cancellation_policy="FLEXIBLE")
    frozen(at - 72 * HOUR)
    booking = pay(hold(ada))
    walk(frozen, at, 24 * HOUR)
    old = Delivery.objects.get(notification__kind="reminder_day", notification__person=ada)
    reschedule_session(ada, booking.pk, at + 48 * HOUR)
    mailoutbox.clear()
    deliver(old.pk)
    old.refresh_from_db()
    assert (old.state, old.why, mailoutbox) == ("DROPPED", "STALE", [])
    walk(frozen, at, 10 * MINUTE)
    assert reminded(ada) == ["reminder_day"]
    walk(frozen, at + 48 * HOUR, 24 * HOUR)
    assert reminded(ada) == ["reminder_day", "reminder_day"]
    new = Delivery.objects.filter(notification__kind="reminder_day", notification__person=ada).latest("pk")
    deliver(new.pk)
    new.refresh_from_db()
    assert new.state == "SENT"
    assert new.notification.about_at == at + 48 * HOUR


def test_a_cancelled_session_is_not_reminded_of(ada: Person, hold: Take, at: datetime, frozen: Frozen) -> None:
    frozen(at - 72 * HOUR)
    booking = pay(hold(ada))
    walk(frozen, at, 24 * HOUR)
    cancel_booking(ada, booking.pk)
    for waiting in Delivery.objects.filter(notification__kind="reminder_day"):
        deliver(waiting.pk)
    assert set(Delivery.objects.filter(notification__kind="reminder_day").values_list("state", "why")) == {
        ("DROPPED", "STALE")
    }
    walk(frozen, at, HOUR, 10 * MINUTE)
    assert reminded(ada) == ["reminder_day"]


def test_a_reminder_that_comes_to_its_turn_too_late_gives_way_to_the_next(
    ada: Person, hold: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    walk(frozen, at, 24 * HOUR, 50 * MINUTE)
    for waiting in Delivery.objects.filter(notification__person=ada, notification__kind__startswith="reminder"):
        deliver(waiting.pk)
    states = dict(Delivery.objects.filter(notification__person=ada).values_list("notification__kind", "why"))
    assert (states["reminder_day"], states["reminder_hour"]) == ("LATE", "")


def test_unpaid_holds_are_not_reminded_of(ada: Person, hold: Take, at: datetime, frozen: Frozen) -> None:
    frozen(at - 24 * HOUR - 5 * MINUTE)
    hold(ada)
    walk(frozen, at, 24 * HOUR, 24 * HOUR - 5 * MINUTE)
    assert reminded(ada) == []


def test_a_tutor_is_reminded_to_answer_and_the_student_is_not(
    ada: Person, tunde: Person, ask: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 100 * HOUR)
    deadline = ask(ada).approval_deadline
    assert deadline is not None
    walk(frozen, deadline, 25 * HOUR, 24 * HOUR, 3 * HOUR, 2 * HOUR, MINUTE, -MINUTE)
    assert reminded(tunde) == ["answer_day", "answer_soon"]
    assert reminded(ada) == []


def test_a_student_is_reminded_to_pay_what_was_approved(
    ada: Person, tunde: Person, ask: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 100 * HOUR)
    booking = ask(ada)
    pay_by = approve_request(tunde, booking.pk).pay_by
    assert pay_by is not None
    walk(frozen, pay_by, 13 * HOUR, 12 * HOUR, 3 * HOUR, 2 * HOUR)
    assert reminded(ada) == ["pay_half", "pay_soon"]
    frozen(pay_by - HOUR)
    pay(Booking.objects.get(pk=booking.pk))
    for waiting in Delivery.objects.filter(notification__kind="pay_soon"):
        deliver(waiting.pk)
    assert Delivery.objects.get(notification__kind="pay_soon", channel="MAIL").why == "STALE"


def test_after_a_session_both_are_asked_unless_its_end_was_told(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime, frozen: Frozen
) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    other = pay(hold(bola, at + 3 * HOUR))
    frozen(at + 4 * HOUR + 10 * MINUTE)
    mark_session(tunde, other.pk, "COMPLETED")
    for _again in range(2):
        remind_due()
    assert reminded(ada) == ["over_student"]
    assert reminded(tunde) == ["over_tutor"]
    assert reminded(bola) == []
    links = Notification.objects.get(kind="over_student").links
    assert any(path.startswith("/mentorship/offerings/") for _label, path in links)


def test_a_sweep_asks_as_often_for_many_as_for_one(
    tunde: Person, hold: Take, at: datetime, frozen: Frozen, offering: Offering
) -> None:
    counts: list[int] = []
    frozen(at - 72 * HOUR)
    for number in range(6):
        pay(hold(make_person(f"Student{number} Many"), at + number * 2 * HOUR))
    for before, after in ((24 * HOUR, 0), (14 * HOUR, 5)):
        frozen(at - before)
        with CaptureQueriesContext(connection) as asked:
            told = remind_due()
        counts.append(len(asked))
        assert told == (2 if not after else 2 * after)
    assert counts[0] == counts[1]
    with CaptureQueriesContext(connection) as asked:
        assert remind_due() == 0
    assert len(asked) <= 12


def test_the_mail_of_a_reminder_names_the_session_first(
    ada: Person, hold: Take, at: datetime, frozen: Frozen, mailoutbox: list[Any]
) -> None:
    frozen(at - 72 * HOUR)
    pay(hold(ada))
    walk(frozen, at, HOUR)
    deliver(Delivery.objects.get(notification__kind="reminder_hour", notification__person=ada).pk)
    assert mailoutbox[-1].subject.endswith("(Lagos) · React code review with Tunde")
    assert clock.now() < at
