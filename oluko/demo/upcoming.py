"""What is about to happen in the demo: sessions that are paid, requested or approved, and one that has just ended."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from oluko.accounts.models import Person
from oluko.bookings.deadlines import PAY_AFTER_APPROVAL
from oluko.bookings.models import Booking, Status
from oluko.bookings.wording import tell
from oluko.calendars.claims import quarters, take_time
from oluko.demo.past import Past, finished, new_booking, paid
from oluko.demo.tasks import pay_in_sandbox
from oluko.meetings.meetings import want_meeting
from oluko.notifications.models import Delivery, Notification
from oluko.notifications.notifications import newest_id
from oluko.offerings.models import BookingMode, Offering

LAGOS = ZoneInfo("Africa/Lagos")
# Who, what (by its title), in how many days from today, at what time in Lagos.
_PAID = (
    ("ada", "Deep React, one to one", 1, "15:00"),
    ("bola", "Rehearse your speech aloud", 2, "11:00"),
    ("bola", "Deep React, one to one", 5, "12:00"),
    ("temitope.oni", "From course project to portfolio piece", 3, "16:00"),
    ("kwabena.ofori", "Your slowest query", 2, "17:30"),
    ("halima.sani", "CV in forty-five minutes", 3, "10:00"),
    ("rukky.omena", "From notebook to pipeline", 2, "09:30"),
    ("maryam.lawal", "Algebra, from the beginning, kindly", 4, "18:00"),
    ("obinna.uche", "Yoruba tones with songs", 4, "19:00"),
)
_REQUESTED = (
    ("chisom.ede", "React interview, the real questions", 3, "11:00"),
    ("ebuka.nwafor", "Review of your front end before launch", 6, "13:00"),
    ("seun.alabi", "Mock take-home task, reviewed", 5, "10:00"),
)
_APPROVED = (("yusuf.garba", "Mock take-home task, reviewed", 6, "10:00"),)
_JUST_ENDED = ("dami.fasholu", "Unblock me: half an hour on one bug", -1, "16:00")
_COMPLAINED = ("temitope.oni", "Your slowest query", -1, "13:00")


def create_upcoming(
    chance: random.Random, people: dict[str, Person], offerings: list[Offering], now: datetime
) -> Booking:
    """Live bookings with their claims, and two of yesterday whose money waits. Call inside a transaction.

    Returns that of yesterday's with which its student was not content. Neither Ada nor Bola gets an open hold or
    request, so that each still has all three.
    """
    listed = {offering.title: offering for offering in offerings}
    past = Past()

    def made(row: tuple[str, str, int, str], mode: str, age: timedelta) -> Booking:
        student, title, days, at = row
        start = _in_days(now, days, at)
        created = min(_quarter(now), start) - age
        booking = new_booking(chance, listed[title], people[student], start, created, mode)
        past.bookings.append(booking)
        past.changed("booking", booking.pk, "", booking.status, created, booking.student, mode)
        return booking

    ahead = [made(row, BookingMode.INSTANT, timedelta(hours=20)) for row in _PAID]
    ended = made(_JUST_ENDED, BookingMode.INSTANT, timedelta(days=3))
    complained = made(_COMPLAINED, BookingMode.INSTANT, timedelta(days=2))
    for booking in [*ahead, ended, complained]:
        # The sandbox gives the charge its number; until then, and afterwards, our own reference finds it.
        paid(chance, past, booking, booking.created_at + timedelta(minutes=5)).paystack_id = ""
    for booking in (ended, complained):
        finished(past, booking, Status.COMPLETED, booking.ends_at)
    asked = [made(row, BookingMode.REQUEST, timedelta(0)) for row in _REQUESTED]
    approved = [made(row, BookingMode.REQUEST, timedelta(hours=6)) for row in _APPROVED]
    for booking in approved:
        _approve(past, booking, _quarter(now))
    past.write()
    for payment in past.payments:
        pay_in_sandbox.enqueue(str(payment.pk))
    _bring_to_life(ahead, asked, approved)
    _leave_unread(people, now)
    return complained


def _bring_to_life(ahead: list[Booking], asked: list[Booking], approved: list[Booking]) -> None:
    """What booking, asking and approving do besides the booking's row: times, meetings, messages."""
    for booking in [*ahead, *asked, *approved]:
        _take_time(booking)
    for booking in ahead:
        want_meeting(booking)
    for booking in asked:
        tell(booking, booking.tutor, "requested")
    for booking in approved:
        tell(booking, booking.student, "approved")


def _approve(past: Past, booking: Booking, at: datetime) -> None:
    past.changed("booking", booking.pk, booking.status, Status.SCHEDULED, at, booking.tutor)
    booking.status, booking.pay_by = Status.SCHEDULED, min(at + PAY_AFTER_APPROVAL, booking.scheduled_at)
    booking.approval_notes = "Gladly. I will send you the task as soon as it is paid."


def _take_time(booking: Booking) -> None:
    holds = {
        booking.tutor_id: quarters(booking.scheduled_at, booking.duration + booking.buffer_minutes),
        booking.student_id: quarters(booking.scheduled_at, booking.duration),
    }
    take_time(booking.pk, holds, teacher=booking.tutor_id, expires_at=booking.deadline)


def _leave_unread(people: dict[str, Person], now: datetime) -> None:
    """Nobody is mailed for what was only seeded; the newest message of each who can be tried out stays unread."""
    Delivery.objects.filter(state="QUEUED").update(state="SENT", sent_at=now, next_at=None)
    for login in ("ada", "bola", "tunde", "mei"):
        newest = newest_id(people[login])
        Notification.objects.filter(pk=newest).update(read_at=None)


def _in_days(now: datetime, days: int, at: str) -> datetime:
    return datetime.combine(now.astimezone(LAGOS).date() + timedelta(days=days), time.fromisoformat(at), LAGOS)


def _quarter(instant: datetime) -> datetime:
    """The quarter hour that an instant lies in."""
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)
