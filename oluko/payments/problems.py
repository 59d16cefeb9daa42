"""Problems that a student or tutor reports within a day of a session: the money waits until an operator decides."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_shared
from oluko.bookings.models import Absent, Booking, Outcome, PaymentStatus, Status
from oluko.bookings.sessions import DISPUTE_WINDOW, complete_over
from oluko.bookings.wording import tell, tell_both
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.core.steps import Step, reached
from oluko.ledger.audit import record_change
from oluko.payments.giving_back import (
    check_reason,
    check_undisputed,
    give_back,
    left_of,
    lock_booking,
    open_disputes,
    settling_payment,
)
from oluko.payments.models import Problem, Refund, ReviewItem

State = Problem.Status
LONGEST_WORDS = 2000
_UNMARKED = (Status.SCHEDULED, Status.IN_PROGRESS)
_TOOK_PLACE = (*_UNMARKED, Status.COMPLETED, Status.NO_SHOW)


def problem_of(booking: Booking) -> Problem | None:
    """What was reported about a session, if anything was."""
    return Problem.objects.filter(booking=booking).first()


def reportable_until(booking: Booking, now: datetime) -> datetime | None:
    """Until when a problem may be reported; None where it may not be, or not any more.

    From the session's end until its money is due for release, which is 24 hours after it was marked; unmarked, it is
    24 hours after the end.
    """
    until = booking.release_at or booking.ends_at + DISPUTE_WINDOW
    paid = booking.payment_status == PaymentStatus.PAID and booking.status in _TOOK_PLACE
    if not paid or booking.released_at is not None or not booking.ends_at <= now < until:
        return None
    return None if problem_of(booking) else until


@repeat_on_deadlock
@transaction.atomic(durable=True)
def report_problem(person: Person, booking_id: UUID, words: str) -> Problem:
    """Its student or tutor says what was wrong; the money is not released until an operator has decided.

    Raises NotFound for a stranger, Invalid for no words or too many, Conflict before the end, after the window, and
    where a problem was reported already.
    """
    _check_words(words)
    get_shared(person, booking_id)
    lock_booking(booking_id)
    booking, now = get_shared(person, booking_id), clock.now()
    payment = settling_payment(booking)
    if reportable_until(booking, now) is None or payment is None:
        raise _not_reportable(booking, now)
    Booking.objects.filter(pk=booking.pk).update(release_held=True)
    problem = Problem.objects.create(booking=booking, reporter=person, words=words.strip(), reported_at=now)
    by = "student" if person.pk == booking.student_id else "tutor"
    ReviewItem.objects.create(
        key=_key(problem),
        kind=ReviewItem.Kind.PROBLEM,
        payment=payment,
        reference=payment.reference,
        detail={"problem": str(problem.pk), "reported_by": by},
    )
    _record(problem, "", State.OPEN, person.pk, why=f"Reported by the {by}")
    tell(booking, other_of(booking, person), "problem_reported")
    reached(Step.PROBLEM_WRITTEN)
    return problem


@repeat_on_deadlock
@transaction.atomic(durable=True)
def answer_problem(person: Person, booking_id: UUID, words: str) -> Problem:
    """The other of the two says how it was, once. Raises NotFound, Invalid, Conflict when it is answered or decided."""
    _check_words(words)
    booking = get_shared(person, booking_id)
    problem = problem_of(booking)
    if problem is None or problem.reporter_id == person.pk:
        raise NotFound("no_such_problem", _("There is no problem here that you could answer."))
    open_ = Problem.objects.filter(pk=problem.pk, status=State.OPEN, answer="")
    if not open_.update(answer=words.strip()):
        raise _moved_on()
    problem.answer = words.strip()
    tell(booking, other_of(booking, person), "problem_answered")
    return problem


def get_problem(problem_id: UUID) -> Problem:
    """Any problem, for an operator. Raises NotFound."""
    rows = Problem.objects.select_related("booking__student", "booking__tutor", "reporter")
    problem = rows.filter(pk=problem_id).first()
    if problem is None:
        raise NotFound("no_such_problem", _("There is no such problem."))
    return problem


@repeat_on_deadlock
@transaction.atomic(durable=True)
def decide_problem(operator: Person, problem_id: UUID, *, refund: int, note: str) -> Problem:
    """Give `refund` (minor units, perhaps nothing, at most all that is left) to the student and the rest to the tutor.

    The rest is released at once; both people read the note. A session that nobody marked counts as completed. Raises
    NotFound, Invalid (`amount`, no reason), Conflict when it is decided, or while the payment is disputed.
    """
    check_reason(note)
    lock_booking(get_problem(problem_id).booking_id)
    problem = get_problem(problem_id)
    booking = problem.booking
    if problem.status != State.OPEN:
        raise _moved_on()
    check_undisputed(booking)
    left = left_of(booking)
    if not 0 <= refund <= left:
        raise Invalid("bad_amount", _("That is more than was paid, or no amount."), field="amount")
    absent = _absent(booking, refund, left)
    if booking.status in _UNMARKED and not complete_over(
        booking, actor_id=operator.pk, why="PROBLEM_DECIDED", absent=absent
    ):
        raise _moved_on()
    if refund:
        give_back(booking, refund, cause=Refund.Cause.PROBLEM)
    decided = State.RELEASED if not refund else State.REFUNDED if refund == left else State.SPLIT
    _close(problem, decided, refund, note.strip(), operator)
    Booking.objects.filter(pk=booking.pk).update(release_at=clock.now())
    tell_both(booking, "problem_refunded" if refund else "problem_released", amount=refund, why=note.strip())
    reached(Step.PROBLEM_DECIDED)
    return problem


def close_problem(booking: Booking, *, refund: int, note: str) -> None:
    """What was reported has settled itself, because the student has the money back. Call where the booking is locked.

    Does nothing where no problem is open.
    """
    problem = Problem.objects.select_related("booking").filter(booking=booking, status=State.OPEN).first()
    if problem is not None:
        _close(problem, State.REFUNDED, refund, note, None)


def other_of(booking: Booking, person: Person) -> Person:
    """The one of the two that the person is not."""
    return booking.tutor if person.pk == booking.student_id else booking.student


def _absent(booking: Booking, refund: int, left: int) -> Absent | None:
    """Whose no-show a session was that seemed one, if the decision about the money says so too."""
    if booking.proposed_outcome == Outcome.TUTOR_ABSENT and refund == left:
        return Absent.TUTOR
    return Absent.STUDENT if booking.proposed_outcome == Outcome.STUDENT_ABSENT and not refund else None


def _close(problem: Problem, decided: Problem.Status, refund: int, note: str, operator: Person | None) -> None:
    now, by = clock.now(), operator.pk if operator else None
    problem.status, problem.refund, problem.note = decided, refund, note
    problem.decided_by_id, problem.decided_at = by, now
    problem.save(update_fields=["status", "refund", "note", "decided_by_id", "decided_at"])
    Booking.objects.filter(pk=problem.booking_id).update(release_held=bool(open_disputes(problem.booking)))
    ReviewItem.objects.filter(key=_key(problem), resolved_at__isnull=True).update(
        resolved_at=timezone.now(), resolved_by_id=by, resolution=f"{decided.label}: {note}"[:300]
    )
    _record(problem, State.OPEN, decided, by, why=note)


def _record(problem: Problem, before: str, after: str, actor_id: UUID | None, *, why: str) -> None:
    record_change("problem", str(problem.pk), before, after, actor_id=actor_id, why=why, at=clock.now())


def _key(problem: Problem) -> str:
    return f"problem:{problem.pk}"


def _check_words(words: str) -> None:
    if not words.strip():
        raise Invalid("words_needed", _("Say what happened, in a few words."), field="words")
    if len(words) > LONGEST_WORDS:
        raise Invalid("too_long", _("At most 2,000 characters."), field="words")


def _not_reportable(booking: Booking, now: datetime) -> Conflict:
    if problem_of(booking):
        return Conflict("reported", _("A problem with this session was reported already."))
    if booking.status in _UNMARKED and now < booking.ends_at:
        return Conflict("not_over", _("The session is not over yet."))
    return Conflict("too_late", _("Nothing can be reported about this session, or not any more."))


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("This was answered or decided already; reload to see it."))
