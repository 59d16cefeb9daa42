"""Taking a time again whose hold has ended, in one press, if nobody else has it by now."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings import deadlines
from oluko.bookings.access import get_booked
from oluko.bookings.book import Terms, book, offered_terms, terms_from_scratch
from oluko.bookings.models import LIVE, Booking, CancelReason, PaymentStatus, Status
from oluko.calendars.slots import free_starts
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.offerings.models import BookingMode

_SLOT = timedelta(minutes=15)


def was_released(booking: Booking) -> bool:
    """Whether its hold ended before it was paid, and no money has come since."""
    released = booking.status == Status.CANCELLED and booking.cancel_reason == CancelReason.PAYMENT_WINDOW_PASSED
    return released and booking.payment_status == PaymentStatus.FAILED


def terms_again(booking: Booking) -> Terms | None:
    """What the same time costs now, if it is still free; None if it is not, or is not offered any more."""
    try:
        terms = _terms_now(booking)
    except (NotFound, Invalid):
        return None
    at = booking.scheduled_at
    if mode_again(booking, terms) == BookingMode.REQUEST and at - clock.now() < deadlines.SHORTEST_REQUEST_NOTICE:
        return None
    free = free_starts(terms.tutor, terms.duration, at, at + _SLOT, student=booking.student)
    return terms if at in free else None


def mode_again(booking: Booking, terms: Terms) -> BookingMode:
    """As before, unless the tutor has come to answer each request first."""
    return BookingMode.REQUEST if terms.on_request_only else BookingMode(booking.booking_mode)


def take_again(student: Person, booking_id: UUID) -> Booking:
    """A new booking of the same time, on the terms of now, with the notes of before.

    Raises NotFound for another's booking, Conflict where nothing was released, and what `book` raises.
    """
    deadlines.lapse_one(get_booked(student, booking_id).pk)
    booking = get_booked(student, booking_id)
    if not was_released(booking):
        raise Conflict("moved_on", _("The session's state has moved on; reload to see it."))
    terms = _terms_now(booking)
    mode = mode_again(booking, terms)
    return book(student, terms, mode=mode, scheduled_at=booking.scheduled_at, notes=booking.notes)


def booked_instead(booking: Booking) -> Booking | None:
    """The student's other live booking of the same time with the same tutor, if there is one."""
    others = Booking.objects.filter(
        student_id=booking.student_id, tutor_id=booking.tutor_id, scheduled_at=booking.scheduled_at, status__in=LIVE
    ).exclude(pk=booking.pk)
    return next((other for other in others if not deadlines.is_lapsed(other, clock.now())), None)


def _terms_now(booking: Booking) -> Terms:
    if booking.offering_id is not None:
        return offered_terms(booking.offering_id)
    return terms_from_scratch(booking.tutor_id, booking.title, booking.duration)
