"""Who sits in the built-in room: one seat a person, held by the page that last took it, kept alive by its polling.

Seats are in real time, for they are of browsers; when the room is open is in business time, as everything about a
session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_shared
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict
from oluko.meetings.models import Seat, Signal

# People who are in the middle of a sentence are not thrown out when the hour is over.
GRACE = timedelta(minutes=30)
# A tab that nobody looks at asks every ten seconds; browsers let one wait for up to half a minute on a bad line.
STALE = timedelta(seconds=45)
# A seat is written anew only so often, however often its page asks.
RENEW = timedelta(seconds=5)
_OPEN_STATES = (Status.SCHEDULED, Status.IN_PROGRESS, Status.COMPLETED)


class Standing(StrEnum):
    """What became of a seat: still held, taken over by the person's other page, forgotten, or the room is closed."""

    HERE = "here"
    TAKEN = "taken"
    GONE = "gone"
    CLOSED = "closed"


@dataclass(frozen=True)
class Polled:
    """What a page learns of its seat and of the other people's; `renewed` every few seconds: whose seat still lives."""

    standing: Standing
    others: list[Seat]
    renewed: Booking | None = None


def closes_at(booking: Booking) -> datetime:
    """When the room of a session closes."""
    return booking.ends_at + GRACE


def is_open(booking: Booking, now: datetime) -> bool:
    """Whether the room may be entered at `now`: paid, from the lobby on, until a while after the end."""
    return (
        booking.payment_status == PaymentStatus.PAID
        and booking.status in _OPEN_STATES
        and booking.opens_at <= now < closes_at(booking)
    )


def enterable(person: Person, booking_id: UUID) -> Booking:
    """The booking, if the person is one of its two and its room is open. Raises NotFound or Conflict."""
    booking = get_shared(person, booking_id)
    if not is_open(booking, clock.now()):
        raise Conflict("room_closed", _("The room is open from 15 minutes before the session."))
    return booking


@repeat_on_deadlock
@transaction.atomic(durable=True)
def take_seat(booking: Booking, person: Person) -> tuple[Seat, list[Seat]]:
    """A fresh seat for the person, whose older ones end, and the seats of the others who are there."""
    # Two who enter at once do so one after the other: the later one sees the earlier and makes the first offer.
    Booking.objects.select_for_update().only("pk").get(pk=booking.pk)
    for old in Seat.objects.filter(booking=booking, person=person):
        _empty(old)
    seat = Seat.objects.create(booking=booking, person=person)
    return seat, _fresh(booking.pk, person)


def poll_seat(booking_id: UUID, person: Person, seat_id: UUID) -> Polled:
    """How the seat stands and who else is there; keeps the seat alive. One query, a second every five seconds.

    A page without a seat learns that it is gone; strangers learn nothing else either.
    """
    seats = list(Seat.objects.filter(booking_id=booking_id).select_related("booking"))
    own = next((seat for seat in seats if seat.pk == seat_id and seat.person_id == person.pk), None)
    if own is None:
        mine = any(seat.person_id == person.pk for seat in seats)
        return Polled(Standing.TAKEN if mine else Standing.GONE, [])
    now = timezone.now()
    if not is_open(own.booking, clock.now()):
        return Polled(Standing.CLOSED, [])
    renew = now - own.seen_at > RENEW
    if renew and not Seat.objects.filter(pk=own.pk).update(seen_at=now):
        return Polled(Standing.GONE, [])
    others = [seat for seat in seats if seat.person_id != person.pk and now - seat.seen_at <= STALE]
    return Polled(Standing.HERE, others, own.booking if renew else None)


def others_present(booking: Booking, person: Person) -> list[Seat]:
    """Who else is there, for a page that has yet to enter."""
    return _fresh(booking.pk, person)


@transaction.atomic(durable=True)
def leave_seat(booking_id: UUID, person: Person, seat_id: UUID) -> bool:
    """The page is being left; False if its seat is no more."""
    seats = list(Seat.objects.filter(pk=seat_id, booking_id=booking_id, person=person))
    for seat in seats:
        _empty(seat)
    return bool(seats)


@transaction.atomic(durable=True)
def forget_old_seats() -> None:
    """Throw away seats that nobody holds any more, and signals that nobody waits for."""
    old = timezone.now() - timedelta(minutes=10)
    Seat.objects.filter(seen_at__lt=old).delete()
    Signal.objects.filter(created_at__lt=old).delete()


def _fresh(booking_id: UUID, person: Person) -> list[Seat]:
    recent = Seat.objects.filter(booking_id=booking_id, seen_at__gte=timezone.now() - STALE)
    return list(recent.exclude(person=person))


def _empty(seat: Seat) -> None:
    Signal.objects.filter(booking_id=seat.booking_id, sender=seat.pk).delete()
    Signal.objects.filter(booking_id=seat.booking_id, receiver=seat.pk).delete()
    seat.delete()
