"""The one door to a private booking. Absent and another's look the same."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core.errors import NotFound


def get_booking(person: Person, booking_id: UUID) -> Booking:
    """A booking that the person takes part in, or any for an operator. Raises NotFound."""
    rows = _rows()
    if not person.is_operator:
        rows = rows.filter(Q(student=person) | Q(tutor=person))
    return _one(rows, booking_id)


def get_shared(person: Person, booking_id: UUID) -> Booking:
    """A booking whose student or tutor the person is; operators are no part of it. Raises NotFound."""
    return _one(_rows().filter(Q(student=person) | Q(tutor=person)), booking_id)


def get_tutored(tutor: Person, booking_id: UUID) -> Booking:
    """A booking whose tutor the person is. Raises NotFound."""
    return _one(_rows().filter(tutor=tutor), booking_id)


def get_booked(student: Person, booking_id: UUID) -> Booking:
    """A booking whose student the person is. Raises NotFound."""
    return _one(_rows().filter(student=student), booking_id)


def _rows() -> QuerySet[Booking]:
    return Booking.objects.select_related("tutor__tutor_profile", "student__tutor_profile", "course")


def _one(rows: QuerySet[Booking], booking_id: UUID) -> Booking:
    booking = rows.filter(pk=booking_id).first()
    if booking is None:
        raise NotFound("no_such_session", _("There is no such session."))
    return booking
