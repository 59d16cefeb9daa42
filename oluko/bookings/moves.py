"""Moving a booking to another time: the student moves it within the policy, the tutor proposes, the student answers.

What happens inside the transactions of `oluko.meetings.moves`, where the operations begin because the provider's
meeting must follow. A move changes the start and the end, the claims, the deadline to pay and the version; price,
payment, split and the break after the session stay. A proposal holds no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from oluko.bookings import deadlines
from oluko.bookings.book import claim
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.wording import tell, tell_both
from oluko.calendars.claims import MINUTES, TimeTaken, is_free, lock_people, quarters, release_time
from oluko.calendars.slots import check_bookable, check_daily_cap
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid
from oluko.ledger.audit import record_change, trail

FURTHEST_PROPOSAL = timedelta(days=365)
_TIME, _PROPOSAL = "booking_time", "booking_proposal"
_BY_STUDENT, _ACCEPTED = "moved by student", "proposal accepted"


@dataclass(frozen=True)
class Move:
    """One move as the audit trail has it; `by_proposal` says that the tutor had asked for it."""

    at: datetime
    before: datetime
    after: datetime
    by_proposal: bool


def may_move(booking: Booking, now: datetime) -> bool:
    """Whether its student may move the booking at `now`: as long as cancelling it would give everything back."""
    if not _is_ahead(booking, now):
        return False
    if booking.payment_status != PaymentStatus.PAID:
        return True
    return refund_terms(booking, Who.STUDENT, now).refund == booking.price - booking.given_back


def may_propose(booking: Booking, now: datetime) -> bool:
    """Whether its tutor may propose another time at `now`."""
    return _is_ahead(booking, now)


def live_proposal(booking: Booking, now: datetime) -> datetime | None:
    """The start that the tutor proposes, while the student can still say yes to it."""
    proposed = booking.proposed_at
    return proposed if proposed is not None and proposed > now and _is_ahead(booking, now) else None


def moves_of(booking: Booking) -> list[Move]:
    """Every move of the booking, oldest first."""
    return [
        Move(
            at=entry.at,
            before=datetime.fromisoformat(entry.from_state),
            after=datetime.fromisoformat(entry.to_state),
            by_proposal=entry.why == _ACCEPTED,
        )
        for entry in trail(_TIME, str(booking.pk))
    ]


def lock_as_read(booking: Booking) -> Booking:
    """The booking locked and read anew, its people's calendars locked before it. Call inside a transaction.

    Calendars come first, as in `book`; a payment, a cancellation or another move comes wholly before or after.
    """
    lock_people(booking.tutor_id, booking.student_id)
    rows = Booking.objects.select_for_update(of=("self",))
    return rows.select_related("tutor__tutor_profile", "student__tutor_profile", "course").get(pk=booking.pk)


def move_by_student(read: Booking, starts_at: datetime) -> tuple[Booking, bool]:
    """Move to a time that the tutor's hours allow; the booking and whether it moved. Call inside a transaction.

    Asked again for the time that it has, it stays as it is. Raises Conflict (`too_late_to_move`, `day_full`,
    `moved_on`, …), Invalid (`bad_time`) for a time that cannot be booked, TimeTaken.
    """
    booking, now = lock_as_read(read), clock.now()
    _check_ahead(booking, now)
    if booking.scheduled_at == starts_at:
        return booking, False
    if not may_move(booking, now):
        raise Conflict(
            "too_late_to_move",
            _("It is too late to move this session yourself. Ask the tutor to propose another time."),
        )
    check_bookable(booking.tutor, starts_at, booking.duration, buffer_minutes=booking.buffer_minutes)
    check_daily_cap(booking.tutor, starts_at, besides=booking.pk)
    _move(booking, read.scheduled_at, starts_at, why=_BY_STUDENT)
    return booking, True


def propose(read: Booking, starts_at: datetime) -> Booking:
    """The tutor asks for another time, also outside their hours; the student is told. Call inside a transaction.

    Takes the place of an earlier proposal. Raises Conflict (`moved_on`, …), Invalid (`bad_time`, `same_time`) and
    TimeTaken.
    """
    booking, now = lock_as_read(read), clock.now()
    _check_ahead(booking, now)
    _check_proposable(booking, starts_at, now)
    if booking.proposed_at == starts_at:
        return booking
    if not is_free(_holds(booking, starts_at), now, besides=booking.pk):
        raise TimeTaken
    _set_proposal(booking, read.scheduled_at, starts_at)
    _record(booking, _PROPOSAL, clock.iso(starts_at), actor_id=booking.tutor_id)
    tell(booking, booking.student, "proposed", key=f":{booking.version}:{int(now.timestamp() * 1000)}")
    return booking


def accept(read: Booking, proposed_at: datetime | None) -> Booking:
    """The student says yes: a move without the limits of policy, hours and cap. Call inside a transaction.

    `proposed_at` is the proposal that the student has seen, None: whichever there is. Raises Conflict (`no_proposal`,
    `moved_on`) and TimeTaken, which keeps the proposal.
    """
    booking = lock_as_read(read)
    _move(booking, read.scheduled_at, _proposal(booking, proposed_at), why=_ACCEPTED)
    return booking


def decline(read: Booking, proposed_at: datetime | None) -> Booking:
    """The student says no: the time stays, the tutor is told. Call inside a transaction; raises as `accept`."""
    booking = lock_as_read(read)
    proposal = _proposal(booking, proposed_at)
    _set_proposal(booking, read.scheduled_at, None)
    _record(booking, _PROPOSAL, "declined", actor_id=booking.student_id)
    key = f":{booking.version}:{int(clock.now().timestamp() * 1000)}"
    tell(booking, booking.tutor, "proposal_declined", key=key, other_time=proposal)
    return booking


def _move(booking: Booking, was: datetime, starts_at: datetime, *, why: str) -> None:
    """Change row and claims together, or raise and change nothing once the transaction has rolled back."""
    pay_by = min(booking.pay_by, starts_at) if booking.pay_by is not None else None
    changed: dict[str, object] = {
        "scheduled_at": starts_at,
        "ends_at": starts_at + booking.duration * deadlines.MINUTE,
        "pay_by": pay_by,
        "proposed_at": None,
        "version": booking.version + 1,
    }
    _update(booking, was, changed)
    release_time(booking.pk)
    claim(booking, expires_at=booking.deadline)
    now = clock.now()
    record_change(
        _TIME, str(booking.pk), clock.iso(was), clock.iso(starts_at), actor_id=booking.student_id, why=why, at=now
    )
    tell_both(booking, "moved", key=f":{booking.version}", other_time=was)


def _set_proposal(booking: Booking, was: datetime, starts_at: datetime | None) -> None:
    _update(booking, was, {"proposed_at": starts_at})


def _update(booking: Booking, was: datetime, changed: dict[str, object]) -> None:
    """One conditional update: still scheduled, and at the time that was read when the person asked."""
    if not Booking.objects.filter(pk=booking.pk, status=Status.SCHEDULED, scheduled_at=was).update(**changed):
        raise _moved_on()
    for name, value in changed.items():
        setattr(booking, name, value)


def _proposal(booking: Booking, seen: datetime | None) -> datetime:
    proposal = live_proposal(booking, clock.now())
    if proposal is None:
        raise Conflict("no_proposal", _("There is no proposal to answer any more."))
    if seen is not None and seen != proposal:
        raise Conflict("moved_on", _("The tutor has proposed yet another time; reload to see it."))
    return proposal


def _check_proposable(booking: Booking, starts_at: datetime, now: datetime) -> None:
    if starts_at.tzinfo is None:
        raise _bad_time(_("Give the time with its zone."))
    if starts_at.timestamp() % (MINUTES * 60):
        raise _bad_time(_("Sessions start on the quarter hour."))
    if starts_at <= now:
        raise _bad_time(_("This time has passed."))
    if starts_at > now + FURTHEST_PROPOSAL:
        raise _bad_time(_("Propose a time within a year."))
    if starts_at == booking.scheduled_at:
        raise Invalid("same_time", _("The session is at this time already."), field="scheduledAt")


def _check_ahead(booking: Booking, now: datetime) -> None:
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        raise Conflict("not_scheduled", _("This request is not answered yet; only a scheduled session can be moved."))
    if booking.status != Status.SCHEDULED or deadlines.is_lapsed(booking, now):
        raise _moved_on()
    if booking.scheduled_at <= now:
        raise Conflict("has_started", _("A session whose time has come cannot be moved any more."))


def _is_ahead(booking: Booking, now: datetime) -> bool:
    return booking.status == Status.SCHEDULED and booking.scheduled_at > now and not deadlines.is_lapsed(booking, now)


def _holds(booking: Booking, starts_at: datetime) -> dict[UUID, range]:
    return {
        booking.tutor_id: quarters(starts_at, booking.duration + booking.buffer_minutes),
        booking.student_id: quarters(starts_at, booking.duration),
    }


def _record(booking: Booking, subject: str, to: str, *, actor_id: UUID) -> None:
    record_change(subject, str(booking.pk), "", to, actor_id=actor_id, why="", at=clock.now())


def _bad_time(message: str) -> Invalid:
    return Invalid("bad_time", message, field="scheduledAt")


def _moved_on() -> Conflict:
    return Conflict("moved_on", _("The session's state has moved on; reload to see it."))
