"""Moving a session, and the meeting at the provider with it: the operations that pages and programs call."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from oluko.accounts.models import Person
from oluko.bookings import deadlines, moves
from oluko.bookings.access import get_booked, get_shared
from oluko.bookings.models import Booking
from oluko.core.database import repeat_on_deadlock
from oluko.meetings.meetings import move_meeting


def reschedule_session(person: Person, booking_id: UUID, scheduled_at: datetime) -> Booking:
    """Its student moves the session to `scheduled_at`, its tutor proposes that time.

    Raises NotFound for everybody else, Conflict where the booking or the policy does not allow it, Invalid for a
    time that cannot be had, TimeTaken for one that somebody has.
    """
    booking = get_shared(person, booking_id)
    deadlines.lapse_one(booking.pk)
    if person.pk == booking.student_id:
        return _move(booking, scheduled_at)
    return _propose(booking, scheduled_at)


def answer_proposal(student: Person, booking_id: UUID, *, accept: bool, proposed_at: datetime | None = None) -> Booking:
    """The student accepts the tutor's proposal, which moves the session, or declines it.

    `proposed_at` names the proposal that the student has seen: another one is not answered by mistake. Raises
    NotFound unless it is the student's, Conflict (`no_proposal`, `moved_on`), TimeTaken where the time is gone.
    """
    booking = get_booked(student, booking_id)
    deadlines.lapse_one(booking.pk)
    return _accept(booking, proposed_at) if accept else _decline(booking, proposed_at)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _move(read: Booking, scheduled_at: datetime) -> Booking:
    booking, moved = moves.move_by_student(read, scheduled_at)
    if moved:
        move_meeting(booking)
    return booking


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _propose(read: Booking, scheduled_at: datetime) -> Booking:
    return moves.propose(read, scheduled_at)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _accept(read: Booking, proposed_at: datetime | None) -> Booking:
    booking = moves.accept(read, proposed_at)
    move_meeting(booking)
    return booking


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _decline(read: Booking, proposed_at: datetime | None) -> Booking:
    return moves.decline(read, proposed_at)
