"""Sessions booked, paid, moved and called off at random while the clock runs and mails are late.

Nobody is reminded of a time that is not true any more, and nobody lacks a reminder of one that is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking
from oluko.bookings.reminders import remind_due
from oluko.bookings.requests import approve_request
from oluko.calendars.availability import set_availability
from oluko.core import clock
from oluko.core.errors import DomainError
from oluko.meetings.moves import reschedule_session
from oluko.notifications.delivering import deliver
from oluko.notifications.models import Delivery, Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.paying import pay
from tests.times import next_monday

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
QUARTER = 15 * MINUTE
# Kind, from how long before the start, until how long before it.
RUNGS = (
    ("reminder_day", 24 * HOUR, HOUR),
    ("reminder_hour", HOUR, 10 * MINUTE),
    ("reminder_minutes", 10 * MINUTE, 0 * MINUTE),
)


@dataclass
class Truth:
    """What was true of one booking, as the test did it: from when until when it was paid for which start."""

    spans: list[tuple[datetime, datetime | None, datetime]] = field(default_factory=list)

    def stands(self, now: datetime, start: datetime) -> None:
        self.ends(now)
        self.spans.append((now, None, start))

    def ends(self, now: datetime) -> None:
        if self.spans and self.spans[-1][1] is None:
            began, _open, start = self.spans[-1]
            self.spans[-1] = (began, now, start)


@dataclass
class World:
    """The cast, the truth, and when reminders were swept and mails were sent."""

    chance: random.Random
    offerings: list[Offering]
    students: list[Person]
    truths: dict[UUID, Truth] = field(default_factory=dict)
    sweeps: list[datetime] = field(default_factory=list)
    rounds: list[datetime] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def one_deed(self) -> None:
        """Something that people do, or that we refuse; both happen in a month."""
        name = self.chance.choice(("take", "take", "take", "move", "move", "call_off"))
        try:
            getattr(self, name)()
        except DomainError:
            name = "refused"
        self.done[name] = self.done.get(name, 0) + 1

    def take(self) -> None:
        student, offering = self.chance.choice(self.students), self.chance.choice(self.offerings)
        asked = self.chance.random() < 0.3
        mode = BookingMode.REQUEST if asked else BookingMode.INSTANT
        booking = book(student, offered_terms(offering.pk), mode=mode, scheduled_at=self.some_time(4 if asked else 0))
        if asked:
            approve_request(offering.tutor, booking.pk)
        if self.chance.random() < 0.9:
            pay(Booking.objects.get(pk=booking.pk))
            self.truths.setdefault(booking.pk, Truth()).stands(clock.now(), booking.scheduled_at)

    def move(self) -> None:
        booking = self.live()
        moved = reschedule_session(booking.student, booking.pk, self.some_time(0))
        self.truths[booking.pk].stands(clock.now(), moved.scheduled_at)

    def call_off(self) -> None:
        booking = self.live()
        cancel_booking(self.chance.choice((booking.student, booking.tutor)), booking.pk)
        self.truths[booking.pk].ends(clock.now())

    def live(self) -> Booking:
        ahead = [pk for pk, truth in self.truths.items() if truth.spans[-1][1] is None]
        return Booking.objects.select_related("student", "tutor").get(pk=self.chance.choice(ahead))

    def some_time(self, at_least: int) -> datetime:
        """A quarter hour from soon until in three days, sooner ones more often."""
        ahead = at_least * HOUR + QUARTER + 72 * HOUR * self.chance.random() ** 3
        seconds = (clock.now() + ahead).timestamp() // QUARTER.total_seconds() * QUARTER.total_seconds()
        return datetime.fromtimestamp(seconds + QUARTER.total_seconds(), tz=clock.now().tzinfo)


def test_no_reminder_is_stale_and_none_is_missing(
    database_copy: Copy, tunde: Person, mei: Person, frozen: Any, scale: int, mailoutbox: list[Any]
) -> None:
    """1,000 sessions in a month (a tenth: 100 in two days); sweeps and mails come at odd times, at times late."""
    world = make_world(tunde, mei, scale)
    now = frozen(next_monday(0))
    lasts, deeds = timedelta(days=2 if scale == 1 else 30), 0
    end = now + lasts
    while now < end:
        # Most steps are short; now and then nobody is at work for hours.
        now = frozen(now + world.chance.choice((4, 8, 9, 12, 20, 20, 240)) * MINUTE)
        lapse_due()
        while deeds < 200 * scale * (1 - (end - now) / lasts):
            world.one_deed()
            deeds += 1
        if world.chance.random() < 0.9:
            remind_due()
            world.sweeps.append(clock.now())
        if world.chance.random() < 0.7:
            send_mails(world)
    assert len(world.truths) >= 60 * scale, world.done
    assert min(world.done.get(name, 0) for name in ("take", "move", "call_off")) >= 5 * scale, world.done
    assert_none_is_stale(world)
    assert_none_is_missing(world)


def make_world(tunde: Person, mei: Person, scale: int) -> World:
    whole = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    offerings = []
    for tutor in (tunde, mei, *(make_person(f"Tutor{n} Busy", Person.Role.TUTOR) for n in range(3))):
        set_availability(tutor, weekly=whole, slot_step_minutes=15, horizon_days=7, minimum_notice_hours=0)
        offerings.append(make_offering(tutor, duration=30, cancellation_policy="FLEXIBLE"))
    students = [make_person(f"Student{number} Busy") for number in range(20 * scale)]
    return World(random.Random(7), offerings, students)


def send_mails(world: World) -> None:
    """The reminders that wait; each that goes out is true in that moment, and each that does not is not."""
    world.rounds.append(clock.now())
    reminders = Delivery.objects.filter(notification__kind__startswith="reminder").select_related("notification")
    waiting = list(reminders.filter(state="QUEUED", next_at__lte=timezone.now()))
    for delivery in waiting:
        deliver(delivery.pk)
    bookings = Booking.objects.in_bulk([each.notification.booking_id for each in waiting])
    for delivery in reminders.filter(pk__in=[each.pk for each in waiting]):
        told = delivery.notification
        booking = bookings[told.booking_id]
        stands = (booking.scheduled_at, booking.status, booking.payment_status) == (told.about_at, "SCHEDULED", "PAID")
        useful = told.useful_until is not None and clock.now() < told.useful_until <= booking.scheduled_at
        assert delivery.state == ("SENT" if stands and useful else "DROPPED"), (told.kind, booking.status)


def assert_none_is_stale(world: World) -> None:
    """Each was told while its booking stood at that time, on the rung that the clock stood on."""
    rungs = {kind: (before, until) for kind, before, until in RUNGS}
    reminders = Notification.objects.filter(kind__startswith="reminder")
    assert reminders
    for told in reminders:
        before, until = rungs[told.kind]
        assert told.about_at is not None
        assert told.about_at - before <= told.created_at < told.about_at - until
        spans = world.truths[told.booking_id].spans
        assert any(
            start == told.about_at and began <= told.created_at and (ended is None or told.created_at <= ended)
            for began, ended, start in spans
        )


def assert_none_is_missing(world: World) -> None:
    """Whenever a sweep came while a time was true and a rung's turn, both were told; and mailed, if mails went out."""
    told = {(row.booking_id, row.kind, row.about_at, row.person_id): row.pk for row in Notification.objects.all()}
    sent = set(Delivery.objects.filter(state="SENT").values_list("notification_id", flat=True))
    owed = 0
    for booking in Booking.objects.filter(pk__in=world.truths):
        for began, ended, start in world.truths[booking.pk].spans:
            for kind, before, until in RUNGS:
                last = min(start - until, ended or start)
                swept = next((at for at in world.sweeps if max(began, start - before) <= at < last), None)
                if start - before <= began or swept is None:
                    continue
                owed += 1
                mailed = any(swept <= at < last for at in world.rounds)
                for person in (booking.student_id, booking.tutor_id):
                    key = (booking.pk, kind, start, person)
                    assert key in told, (kind, began, ended, start, swept)
                    assert not mailed or told[key] in sent, (kind, began, ended, start, swept)
    assert owed >= 25
