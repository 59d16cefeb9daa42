"""A tutor who was not there: all of the money goes back, by the tutor's own word or a day after the session."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_tutored
from oluko.bookings.models import Absent, Booking, Outcome, PaymentStatus, Status
from oluko.bookings.sessions import UNMARKED, complete_over
from oluko.bookings.wording import tell, tell_both
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict
from oluko.payments.giving_back import check_undisputed, give_back, left_of, lock_booking
from oluko.payments.models import Refund
from oluko.payments.problems import close_problem

BATCH = 50
_UNMARKED = (Status.SCHEDULED, Status.IN_PROGRESS)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def own_absence(tutor: Person, booking_id: UUID) -> Booking:
    """The tutor says of a session that is over: I was not there. All goes back to the student.

    Raises NotFound unless it is the tutor's, Conflict before the end, once it is marked, unpaid, or disputed.
    """
    lock_booking(booking_id)
    booking = get_tutored(tutor, booking_id)
    if booking.status not in _UNMARKED or booking.payment_status != PaymentStatus.PAID:
        raise _moved_on()
    if clock.now() < booking.ends_at:
        raise Conflict("not_over", _("The session is not over yet."))
    check_undisputed(booking)
    _conclude(booking, tutor.pk, "SAID_BY_TUTOR")
    return booking


def conclude_absences() -> int:
    """Sessions that seem to have been missed by their tutor, a day after their end and without objection; how many."""
    due = Booking.objects.filter(
        status__in=_UNMARKED,
        payment_status=PaymentStatus.PAID,
        ends_at__lte=clock.now() - UNMARKED,
        proposed_outcome=Outcome.TUTOR_ABSENT,
        release_held=False,
    ).values_list("pk", flat=True)[:BATCH]
    return sum(_conclude_one(booking_id) for booking_id in list(due))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _conclude_one(booking_id: UUID) -> bool:
    lock_booking(booking_id)
    booking = Booking.objects.select_related("tutor", "student").get(pk=booking_id)
    if booking.status not in _UNMARKED or booking.payment_status != PaymentStatus.PAID or booking.release_held:
        return False
    _conclude(booking, None, "NOT_SEEN_AND_NO_OBJECTION")
    return True


def _conclude(booking: Booking, actor_id: UUID | None, why: str) -> None:
    if not complete_over(booking, actor_id=actor_id, why=why, absent=Absent.TUTOR):
        raise _moved_on()
    amount = left_of(booking)
    give_back(booking, amount, cause=Refund.Cause.NO_SHOW)
    tell(booking, booking.student, "refund_due", amount=amount)
    close_problem(booking, refund=amount, note=_("The tutor was not there."))
    tell_both(booking, "tutor_no_show")


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("The session's state has moved on; reload to see it."))
