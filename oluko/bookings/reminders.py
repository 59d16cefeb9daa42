"""Reminding: before sessions and deadlines, and after a session. A sweep compares with the clock each minute.

Each kind has rungs, so long before the instant that it is about. What is told is always the rung that the clock stands
on: one that was missed gives way to the next, and one whose moment lay before people knew of the time is left out, so
that whoever books half an hour ahead is reminded once. The ledger has each rung once a booking, version and person;
that it is still true is asked again in the moment of sending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, CharField, Exists, Max, OuterRef, Q, QuerySet, Value, When

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.wording import compose
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.notifications.kinds import check_by
from oluko.notifications.models import Notification
from oluko.notifications.notifications import Message, notify_all
from oluko.offerings.models import BookingMode

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONGEST_SESSION = timedelta(hours=4)
# From when until when after a session it may be asked how it went.
SETTLES, OVER = timedelta(minutes=10), timedelta(hours=12)
# So many bookings are told of in one transaction.
BATCH = 50
# Who was told of one of these knows the time; a rung before that would repeat it.
_NEWS = ("requested", "approved", "paid", "moved")


@dataclass(frozen=True)
class Ladder:
    """Reminders about one instant of a booking, `field`: kinds and how long before it, the longest first."""

    field: str
    rungs: tuple[tuple[str, timedelta], ...]
    waits: Q
    people: Callable[[Booking], Iterable[Person]]

    def span(self, kind: str) -> tuple[timedelta, timedelta]:
        """From how long before the instant until how long before it the clock stands on this rung."""
        kinds = [each for each, _ in self.rungs]
        ends = [before for _, before in self.rungs[1:]] + [timedelta(0)]
        return dict(self.rungs)[kind], ends[kinds.index(kind)]

    def rung(self, now: datetime) -> Case:
        """In SQL, the kind on whose rung the clock stands, for what lies ahead by no more than the longest rung."""
        whens = [When(**{f"{self.field}__lte": now + before}, then=Value(kind)) for kind, before in self.rungs]
        return Case(*reversed(whens), default=Value(""), output_field=CharField())


_PAID_AHEAD = Q(status=Status.SCHEDULED, payment_status=PaymentStatus.PAID)
_APPROVED = Q(status=Status.SCHEDULED, payment_status=PaymentStatus.PENDING, booking_mode=BookingMode.REQUEST)
LADDERS = (
    Ladder(
        "scheduled_at",
        (("reminder_day", 24 * HOUR), ("reminder_hour", HOUR), ("reminder_minutes", 10 * MINUTE)),
        _PAID_AHEAD,
        lambda booking: (booking.student, booking.tutor),
    ),
    Ladder(
        "approval_deadline",
        (("answer_day", 24 * HOUR), ("answer_soon", 2 * HOUR)),
        Q(status=Status.PENDING_MENTOR_REVIEW),
        lambda booking: (booking.tutor,),
    ),
    # A hold lasts a quarter of an hour, in front of its page: a mail about it would come too late.
    Ladder("pay_by", (("pay_half", 12 * HOUR), ("pay_soon", 2 * HOUR)), _APPROVED, lambda booking: (booking.student,)),
)
_OVER_WAITS = Q(status__in=(Status.SCHEDULED, Status.IN_PROGRESS), payment_status=PaymentStatus.PAID)
_LADDER_OF = {kind: ladder for ladder in LADDERS for kind, _before in ladder.rungs}


def remind_due() -> int:
    """Tell everybody what is due at this moment; how many were told. The number of queries depends on new ones only."""
    now = clock.now()
    groups = [group for ladder in LADDERS for group in _due(ladder, now)]
    groups += _due_after(now)
    return sum(_tell(some) for some in batched(groups, BATCH))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _tell(groups: Sequence[list[Message]]) -> int:
    """Tell these; both people of a booking together, because it is not looked at again once one was told."""
    return notify_all([message for group in groups for message in group])


def _due(ladder: Ladder, now: datetime) -> list[list[Message]]:
    longest = ladder.rungs[0][1]
    span = {f"{ladder.field}__gt": now, f"{ladder.field}__lte": now + longest}
    # The index is by the end of a session; what is about a time ahead ends after it.
    rows = Booking.objects.filter(ladder.waits, ends_at__gt=now, **span)
    if ladder.field == "scheduled_at":
        rows = rows.filter(ends_at__lte=now + longest + LONGEST_SESSION)
    found = list(_untold(rows.annotate(rung=ladder.rung(now)), OuterRef("rung")))
    known = _known_since([booking.pk for booking in found])
    groups = []
    for booking in found:
        instant: datetime = getattr(booking, ladder.field)
        before, end = ladder.span(booking.rung)
        if instant - before > known.get(booking.pk, booking.created_at):
            groups.append([_message(booking, person, booking.rung, instant - end) for person in ladder.people(booking)])
    return groups


def _due_after(now: datetime) -> list[list[Message]]:
    """A session is over and nobody has said how it went: the student may book again, the tutor says it.

    Where the traces of who was there say it, both are told that within minutes, and are not asked.
    """
    over = Booking.objects.filter(_OVER_WAITS, proposed_outcome="", ends_at__lte=now - SETTLES, ends_at__gt=now - OVER)
    return [
        [
            _message(booking, booking.student, "over_student", booking.ends_at + OVER),
            _message(booking, booking.tutor, "over_tutor", booking.ends_at + OVER),
        ]
        for booking in _untold(over, "over_tutor")
    ]


def _untold(rows: QuerySet[Any], kind: str | OuterRef) -> QuerySet[Any]:
    told = Notification.objects.filter(booking_id=OuterRef("pk"), kind=kind, version=OuterRef("version"))
    return rows.filter(~Exists(told)).select_related("student", "tutor").order_by("pk")


def _known_since(bookings: list[UUID]) -> dict[UUID, datetime]:
    """When the people of a booking were told of its time, or of what it waits for."""
    if not bookings:
        return {}
    rows = Notification.objects.filter(booking_id__in=bookings, kind__in=_NEWS).order_by()
    found = rows.values("booking_id").annotate(at=Max("created_at")).values_list("booking_id", "at")
    return {booking_id: at for booking_id, at in found if booking_id is not None}


def _message(booking: Booking, person: Person, kind: str, useful_until: datetime) -> Message:
    return compose(booking, person, kind, key=f":{booking.version}", useful_until=useful_until)


def _still_due(notification: Notification) -> bool:
    """Whether the booking is as it was when it was reminded of: its version, its time, and what it waits for."""
    booking_id, version, start = notification.booking_id, notification.version, notification.about_at
    if booking_id is None or version is None or start is None:
        # It names no booking that could have moved on.
        return True
    rows = Booking.objects.filter(pk=booking_id, version=version)
    ladder = _LADDER_OF.get(notification.kind)
    waits = ladder.waits if ladder else _OVER_WAITS
    return rows.filter(waits, scheduled_at=start).exists()


check_by(_still_due, (*_LADDER_OF, "over_student", "over_tutor"))
