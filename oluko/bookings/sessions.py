"""The live session: when it can be joined, and how it is marked."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_tutored
from oluko.bookings.models import Absent, Booking, Outcome, PaymentStatus, Status
from oluko.bookings.wording import tell, tell_both
from oluko.calendars.claims import release_time
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid
from oluko.core.steps import Step, reached

DISPUTE_WINDOW = timedelta(hours=24)
UNMARKED = timedelta(hours=24)
BATCH = 200


@repeat_on_deadlock
@transaction.atomic(durable=True)
def mark_session(tutor: Person, booking_id: UUID, status: Status) -> Booking:
    """The tutor starts a session, or says how it ended.

    IN_PROGRESS from 15 minutes before the start until the end; COMPLETED and NO_SHOW (the student's absence)
    once the end has passed. All need PAID. Raises NotFound, Conflict, or Invalid for a state that is not marked.
    """
    booking = get_tutored(tutor, booking_id)
    if status == Status.IN_PROGRESS:
        return _start(tutor, booking)
    if status in (Status.COMPLETED, Status.NO_SHOW):
        return _finish(tutor, booking, status)
    raise Invalid("bad_status", _("Choose IN_PROGRESS, COMPLETED, NO_SHOW or CANCELLED."), field="status")


def complete_unmarked() -> int:
    """Let paid sessions that nobody marked within 24 hours of their end count as what they seem to have been.

    Completed, or the student's no-show unless somebody objects. A tutor's no-show moves money, and is not decided here.
    Returns how many.
    """
    contested = Q(proposed_outcome=Outcome.STUDENT_ABSENT, release_held=True)
    over = Booking.objects.filter(
        ~contested,
        status__in=(Status.SCHEDULED, Status.IN_PROGRESS),
        payment_status=PaymentStatus.PAID,
        ends_at__lte=clock.now() - UNMARKED,
    ).exclude(proposed_outcome=Outcome.TUTOR_ABSENT)
    due = over.values_list("pk", flat=True)[:BATCH]
    return sum(_complete_unmarked(booking_id) for booking_id in list(due))


def _start(tutor: Person, booking: Booking) -> Booking:
    now = clock.now()
    _check_moves(booking, (Status.SCHEDULED,))
    if now < booking.opens_at:
        raise Conflict("too_early", _("A session can be started from 15 minutes before its time."))
    if now >= booking.ends_at:
        raise Conflict("too_late", _("This session's time has passed; say how it ended."))
    if not booking.move_to(Status.IN_PROGRESS, actor_id=tutor.pk, only_if=_paid(), started_at=now):
        raise _moved_on()
    tell(booking, booking.student, "started")
    return booking


def _finish(tutor: Person, booking: Booking, status: Status) -> Booking:
    now = clock.now()
    _check_moves(booking, (Status.SCHEDULED, Status.IN_PROGRESS))
    if now < booking.ends_at:
        raise Conflict("not_over", _("The session is not over yet."))
    absent = Absent.STUDENT if status == Status.NO_SHOW else ""
    due = now + DISPUTE_WINDOW
    if not booking.move_to(status, actor_id=tutor.pk, only_if=_paid(), ended_at=now, release_at=due, absent=absent):
        raise _moved_on()
    release_time(booking.pk)
    tell(booking, booking.student, "completed" if status == Status.COMPLETED else "no_show")
    reached(Step.SESSION_MARKED)
    return booking


def start_together(booking: Booking, at: datetime) -> bool:
    """Both people are there: a paid session begins by itself. False if it is not to. Call inside a transaction."""
    if booking.status != Status.SCHEDULED or not booking.opens_at <= at < booking.ends_at:
        return False
    return booking.move_to(Status.IN_PROGRESS, actor_id=None, why="BOTH_PRESENT", only_if=_paid(), started_at=at)


def complete_over(booking: Booking, *, actor_id: UUID | None, why: str, absent: Absent | None = None) -> bool:
    """A paid session that is over and that its tutor has not marked counts as completed, from its end.

    With `absent` it is that person's no-show instead. False if somebody was quicker. Call inside a transaction.
    """
    moved = booking.move_to(
        Status.NO_SHOW if absent else Status.COMPLETED,
        actor_id=actor_id,
        why=why,
        only_if=_paid(),
        ended_at=booking.ends_at,
        absent=absent or "",
        release_at=booking.ends_at + DISPUTE_WINDOW,
    )
    if moved:
        release_time(booking.pk)
    return moved


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _complete_unmarked(booking_id: UUID) -> bool:
    booking = Booking.objects.select_related("tutor", "student").get(pk=booking_id)
    if booking.status not in (Status.SCHEDULED, Status.IN_PROGRESS):
        return False
    # The dispute window ran while nobody marked it: from the session's end, so it has passed as well.
    missed = booking.proposed_outcome == Outcome.STUDENT_ABSENT
    absent = Absent.STUDENT if missed else None
    moved = complete_over(booking, actor_id=None, why="UNMARKED_FOR_24_HOURS", absent=absent)
    if moved:
        tell_both(booking, "no_show" if missed else "completed")
    return moved


def _check_moves(booking: Booking, states: tuple[Status, ...]) -> None:
    if booking.status not in states:
        raise _moved_on()
    if booking.payment_status != PaymentStatus.PAID:
        raise Conflict("not_paid", _("This session is not paid."))


def _paid() -> Q:
    return Q(payment_status=PaymentStatus.PAID)


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("The session's state has moved on; reload to see it."))
