"""What a student sees of their own bookings: reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.moves import live_proposal
from oluko.core import clock
from oluko.dashboards.pages import Page, page_of, unknown_tab

# The contract's table; the value says which states, and whether the newest come first.
TABS: dict[str, tuple[tuple[Status, ...], bool]] = {
    "approvals": ((Status.PENDING_MENTOR_REVIEW,), False),
    "pending": ((Status.SCHEDULED, Status.IN_PROGRESS), False),
    "history": ((Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED), True),
    "rejected": ((Status.REJECTED,), True),
}
_AHEAD = Q(status__in=(Status.SCHEDULED, Status.IN_PROGRESS), payment_status=PaymentStatus.PAID)
_UNPAID = Q(status=Status.SCHEDULED, payment_status=PaymentStatus.PENDING)


@dataclass(frozen=True)
class Next:
    """What comes next, and what waits for the student, the most urgent first."""

    session: Booking | None
    to_pay: Booking | None
    to_decide: Booking | None


def student_tab(person: Person, tab: str | None = None, cursor: str | None = None, limit: int = 20) -> Page:
    """One page of a tab (None: all bookings). Raises Invalid for an unknown tab or cursor."""
    rows = Booking.objects.filter(student=person)
    if tab is None:
        return page_of(rows, newest_first=True, cursor=cursor, limit=limit)
    if tab not in TABS:
        raise unknown_tab()
    states, newest_first = TABS[tab]
    return page_of(rows.filter(status__in=states), newest_first=newest_first, cursor=cursor, limit=limit)


def student_counts(person: Person) -> dict[str, int]:
    """How many bookings each tab holds, in one query."""
    sums = {tab: Count("pk", filter=Q(status__in=states)) for tab, (states, _newest) in TABS.items()}
    return Booking.objects.filter(student=person).aggregate(**sums)


def student_next(person: Person) -> Next:
    """The next paid session that is not over, the payment that lapses first, the tutor's proposal that waits."""
    mine, now = _rows(person), clock.now()
    proposed = Q(status=Status.SCHEDULED, proposed_at__gt=now, scheduled_at__gt=now)
    asked = mine.filter(proposed).order_by("scheduled_at", "id")
    return Next(
        session=mine.filter(_AHEAD, ends_at__gt=now).order_by("scheduled_at", "id").first(),
        to_pay=mine.filter(_UNPAID, pay_by__gt=now).order_by("pay_by", "id").first(),
        to_decide=next((booking for booking in asked if live_proposal(booking, now)), None),
    )


def ready_for_payment(student: Person) -> list[Booking]:
    """Approved requests that await the student's payment, the most urgent first."""
    rows = _rows(student).filter(_UNPAID, booking_mode="REQUEST", pay_by__gt=clock.now())
    return list(rows.order_by("pay_by", "id"))


def _rows(person: Person) -> QuerySet[Booking]:
    people = ("tutor__tutor_profile", "student__tutor_profile", "course")
    return Booking.objects.filter(student=person).select_related(*people)
