"""What a session's page says about problems and disputes, as one person reads it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.core import clock, money
from oluko.payments.giving_back import left_of, open_disputes
from oluko.payments.models import Dispute, Problem
from oluko.payments.problems import problem_of, reportable_until


@dataclass(frozen=True)
class Trouble:
    """`report_until` where the reader may report a problem; `may_answer` where the other's is theirs to answer."""

    problem: Problem | None
    mine: bool
    may_answer: bool
    report_until: datetime | None
    decision: str
    disputes: tuple[Dispute, ...]

    @property
    def shown(self) -> bool:
        return bool(self.problem or self.report_until or self.disputes)


def trouble_of(booking: Booking, reader: Person) -> Trouble:
    """What is wrong with a session, and what the reader may do about it.

    Disputes are between the tutor, us and a bank: the student, who began one there, is told nothing new by them.
    """
    problem = problem_of(booking)
    takes_part = reader.pk in (booking.student_id, booking.tutor_id)
    mine = problem is not None and problem.reporter_id == reader.pk
    open_ = problem is not None and problem.status == Problem.Status.OPEN
    return Trouble(
        problem=problem,
        mine=mine,
        may_answer=bool(problem and open_ and takes_part and not mine and not problem.answer),
        report_until=reportable_until(booking, clock.now()) if takes_part else None,
        decision=decision_of(problem, booking) if problem and not open_ else "",
        disputes=tuple(open_disputes(booking)) if reader.pk != booking.student_id else (),
    )


def decision_of(problem: Problem, booking: Booking) -> str:
    """What was decided about the money, in one sentence."""
    if problem.status == Problem.Status.RELEASED:
        return _("Nothing goes back to the student; the tutor is paid.")
    if problem.status == Problem.Status.REFUNDED and not problem.refund:
        return _("The student has the money back.")
    amounts = {
        "amount": money.show(problem.refund, booking.currency),
        "rest": money.show(left_of(booking), booking.currency),
        "price": money.show(booking.price, booking.currency),
    }
    if problem.status == Problem.Status.SPLIT:
        return _("%(amount)s of %(price)s go back to the student; the rest is paid out as agreed.") % amounts
    return _("All that was left, %(amount)s, goes back to the student.") % amounts
