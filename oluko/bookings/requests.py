"""Requests: the tutor approves, or rejects with a reason."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings import deadlines
from oluko.bookings.access import get_tutored
from oluko.bookings.models import Booking, Status
from oluko.bookings.wording import tell
from oluko.calendars.claims import extend_time, release_time
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid

LONGEST_ANSWER = 1000


def approve_request(tutor: Person, booking_id: UUID, *, notes: str = "") -> Booking:
    """PENDING_MENTOR_REVIEW → SCHEDULED, to be paid within 24 hours and before the start.

    Raises NotFound for another's booking, Conflict when it is no longer waiting or its deadline has passed.
    """
    booking = get_tutored(tutor, booking_id)
    _check_length(notes, "notes")
    deadlines.lapse_one(booking.pk)
    return _approve(tutor, booking_id, notes.strip())


def reject_request(tutor: Person, booking_id: UUID, *, reason: str) -> Booking:
    """PENDING_MENTOR_REVIEW → REJECTED; the time is free again.

    Raises as `approve_request`, and Invalid without a reason.
    """
    booking = get_tutored(tutor, booking_id)
    _check_length(reason, "reason")
    if not reason.strip():
        raise Invalid("reason_needed", _("Say why, in a few words."), field="reason")
    deadlines.lapse_one(booking.pk)
    return _reject(tutor, booking_id, reason.strip())


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _approve(tutor: Person, booking_id: UUID, notes: str) -> Booking:
    now = clock.now()
    booking = _waiting(tutor, booking_id)
    pay_by = min(now + deadlines.PAY_AFTER_APPROVAL, booking.scheduled_at)
    moved = booking.move_to(
        Status.SCHEDULED,
        actor_id=tutor.pk,
        only_if=Q(approval_deadline__gt=now),
        approval_notes=notes,
        pay_by=pay_by,
    )
    if not moved:
        raise _moved_on()
    extend_time(booking.pk, pay_by)
    tell(booking, booking.student, "approved")
    return booking


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _reject(tutor: Person, booking_id: UUID, reason: str) -> Booking:
    booking = _waiting(tutor, booking_id)
    if not booking.move_to(
        Status.REJECTED, actor_id=tutor.pk, why=reason, approval_notes=reason, rejected_at=clock.now()
    ):
        raise _moved_on()
    release_time(booking.pk)
    tell(booking, booking.student, "rejected")
    return booking


def _waiting(tutor: Person, booking_id: UUID) -> Booking:
    booking = get_tutored(tutor, booking_id)
    if booking.status != Status.PENDING_MENTOR_REVIEW:
        raise _moved_on()
    return booking


def _moved_on() -> Conflict:
    return Conflict("not_waiting", _("This request is no longer waiting for an answer."))


def _check_length(text: str, field: str) -> None:
    if len(text) > LONGEST_ANSWER:
        raise Invalid("too_long", _("At most 1,000 characters."), field=field)
