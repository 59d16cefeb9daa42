"""Cancelling a booking: the state, the time, the money and the meeting change together."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings import deadlines
from oluko.bookings.access import get_booking, get_shared
from oluko.bookings.cancellations import Terms, Who, refund_terms
from oluko.bookings.models import LIVE, Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.sessions import DISPUTE_WINDOW
from oluko.bookings.wording import tell, tell_both
from oluko.calendars.claims import release_time
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid
from oluko.core.steps import Step, reached
from oluko.meetings.meetings import close_meeting
from oluko.payments.giving_back import check_undisputed, give_back, lock_booking
from oluko.payments.models import Refund
from oluko.payments.problems import close_problem

LONGEST_REASON = 1000
_REASONS = {Who.STUDENT: CancelReason.BY_STUDENT, Who.TUTOR: CancelReason.BY_TUTOR}


@dataclass(frozen=True)
class Cancellation:
    """The cancelled booking and what goes back to the student, in minor units."""

    booking: Booking
    refund: int


class TermsChanged(Conflict):
    """Cancelling now would cost more than the person was told."""

    def __init__(self) -> None:
        super().__init__("terms_changed", _("What comes back has changed a moment ago. Please look at it again."))


def who_cancels(person: Person, booking: Booking) -> Who:
    """A student cancels by the policy; the tutor, or an operator, always gives all back."""
    return Who.STUDENT if person.pk == booking.student_id else Who.TUTOR


def preview_cancellation(person: Person, booking_id: UUID) -> Terms:
    """What cancelling would give back at this moment, for its student or its tutor.

    Raises NotFound for everybody else, Conflict when the booking is over.
    """
    booking = get_shared(person, booking_id)
    if booking.status not in LIVE:
        raise _moved_on()
    return refund_terms(booking, who_cancels(person, booking), clock.now())


def cancel_booking(person: Person, booking_id: UUID, *, reason: str = "", most_kept: int | None = None) -> Cancellation:
    """Cancel a live booking; what the policy gives back goes out by a job.

    `most_kept` (minor units) is what the person was told that tutor and platform keep. Raises NotFound for a
    stranger, Conflict when it is over, has started (for the student), is disputed, has moved on, or would cost more.
    """
    booking = get_booking(person, booking_id)
    if len(reason) > LONGEST_REASON:
        raise Invalid("too_long", _("At most 1,000 characters."), field="reason")
    deadlines.lapse_one(booking.pk)
    cancelled = _cancel(person, booking_id, reason.strip(), most_kept)
    reached(Step.CANCELLED)
    return cancelled


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _cancel(person: Person, booking_id: UUID, reason: str, most_kept: int | None) -> Cancellation:
    # Locked first, as finalization does: a payment that arrives meanwhile comes wholly before or after.
    lock_booking(booking_id)
    booking, now = get_booking(person, booking_id), clock.now()
    who = who_cancels(person, booking)
    _check_cancellable(booking, who)
    check_undisputed(booking)
    terms = refund_terms(booking, who, now)
    if most_kept is not None and terms.tutor_keeps + terms.platform_keeps > most_kept:
        raise TermsChanged
    by = CancelReason.BY_OPERATOR if person.pk not in (booking.student_id, booking.tutor_id) else _REASONS[who]
    moved = booking.move_to(
        Status.CANCELLED,
        actor_id=person.pk,
        why=reason or by,
        only_if=Q(payment_status=booking.payment_status),
        cancel_reason=by,
        cancel_note=reason,
        cancelled_at=now,
        release_at=now + DISPUTE_WINDOW if booking.payment_status == PaymentStatus.PAID else None,
    )
    if not moved:
        raise _moved_on()
    release_time(booking.pk)
    if booking.payment_status == PaymentStatus.PAID:
        close_meeting(booking)
    if terms.refund:
        give_back(booking, terms.refund, cause=Refund.Cause.CANCELLED)
        tell(booking, booking.student, "refund_due", amount=terms.refund)
    close_problem(booking, refund=terms.refund, note=_("The session was cancelled."))
    tell_both(booking, "cancelled")
    reached(Step.CANCELLATION_WRITTEN)
    return Cancellation(booking, terms.refund)


def _check_cancellable(booking: Booking, who: Who) -> None:
    if booking.status not in LIVE:
        raise _moved_on()
    paid = booking.payment_status == PaymentStatus.PAID
    if who == Who.STUDENT and paid and booking.scheduled_at <= clock.now():
        raise Conflict("has_started", _("A session that has begun cannot be cancelled any more."))


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("The session's state has moved on; reload to see it."))
