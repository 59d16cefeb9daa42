"""What a tutor sees of the bookings that they teach: reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, Booking, PaymentStatus, Status
from oluko.core import clock
from oluko.dashboards.pages import Page, page_of, unknown_tab

# The contract's table; the value says which states, and whether the newest come first.
TABS: dict[str, tuple[tuple[Status, ...], bool]] = {
    "approvals": ((Status.PENDING_MENTOR_REVIEW,), False),
    "pending": ((Status.SCHEDULED,), False),
    "active": ((Status.IN_PROGRESS,), False),
    "completed": (FINAL, True),
}
_PAID_AND_OPEN = Q(status__in=(Status.SCHEDULED, Status.IN_PROGRESS), payment_status=PaymentStatus.PAID)


@dataclass(frozen=True)
class Next:
    """What comes next, and what waits for the tutor."""

    session: Booking | None
    to_answer: Booking | None
    to_mark: Booking | None


def tutor_tab(
    person: Person, tab: str | None = None, cursor: str | None = None, limit: int = 20, *, outcome: str = ""
) -> Page:
    """One page of a tab (None: all bookings); `outcome` narrows `completed` to one final state.

    Raises Invalid for an unknown tab, outcome or cursor.
    """
    rows = Booking.objects.filter(tutor=person)
    if tab is None:
        return page_of(rows, newest_first=True, cursor=cursor, limit=limit)
    if tab not in TABS or (outcome and (tab != "completed" or outcome not in FINAL)):
        raise unknown_tab()
    states, newest_first = TABS[tab]
    rows = rows.filter(status=outcome) if outcome else rows.filter(status__in=states)
    return page_of(rows, newest_first=newest_first, cursor=cursor, limit=limit)


def tutor_counts(person: Person) -> dict[str, int]:
    """How many bookings each tab and each final state holds, in one query."""
    sums = {tab: Count("pk", filter=Q(status__in=states)) for tab, (states, _newest) in TABS.items()}
    sums |= {state.value: Count("pk", filter=Q(status=state)) for state in FINAL}
    return Booking.objects.filter(tutor=person).aggregate(**sums)


def tutor_next(person: Person) -> Next:
    """The next paid session that is not over, the request that lapses first, the oldest session to be marked."""
    mine, now = _rows(person), clock.now()
    waiting = Q(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__gt=now)
    return Next(
        session=mine.filter(_PAID_AND_OPEN, ends_at__gt=now).order_by("scheduled_at", "id").first(),
        to_answer=mine.filter(waiting).order_by("approval_deadline", "id").first(),
        to_mark=mine.filter(_PAID_AND_OPEN, ends_at__lte=now).order_by("ends_at", "id").first(),
    )


def pending_approvals(tutor: Person) -> list[Booking]:
    """Requests that await the tutor's answer, the most urgent first."""
    rows = _rows(tutor).filter(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__gt=clock.now())
    return list(rows.order_by("approval_deadline", "id"))


def _rows(person: Person) -> QuerySet[Booking]:
    people = ("tutor__tutor_profile", "student__tutor_profile", "course")
    return Booking.objects.filter(tutor=person).select_related(*people)
