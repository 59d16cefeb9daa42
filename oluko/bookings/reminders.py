"""Reminding: before sessions and deadlines, and after a session. A sweep compares with the clock each minute.

Each kind has rungs, so long before the instant that it is about. What is told is always the rung that the clock stands
on: one that was missed gives way to the next, and one whose moment lay before people knew of the time is left out, so
that whoever books half an hour ahead is reminded once. The ledger has each rung once a booking, version and person;
that it is still true is asked again in the moment of sending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.wording import compose
from oluko.core import clock
from oluko.notifications.kinds import check_by
from oluko.notifications.models import Notification
from oluko.notifications.notifications import Message, notify_all
from oluko.offerings.models import BookingMode

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONGEST_SESSION = timedelta(hours=4)
# From when until when after a session it may be asked how it went.
SETTLES, OVER = timedelta(minutes=10), timedelta(hours=12)
BATCH = 100
# Who was told of one of these knows the time; a rung before that would repeat it.
_NEWS = ("requested", "approved", "paid", "moved")


@dataclass(frozen=True)
class Ladder:
    """Reminders about one instant of a booking, `field`: kinds and how long before it, the longest first."""

    field: str
    rungs: tuple[tuple[str, timedelta], ...]
    waits: Q
    people: Callable[[Booking], Iterable[Person]]

    def spans(self) -> list[tuple[str, timedelta, timedelta]]:
        """Each kind, from how long before the instant until how long before it the clock stands on its rung."""
        ends = [before for _, before in self.rungs[1:]] + [timedelta(0)]
        return [(kind, before, end) for (kind, before), end in zip(self.rungs, ends, strict=True)]


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
    messages = [message for ladder in LADDERS for message in _due(ladder, now)]
    messages += _due_after(now)
    told = 0
    for some in batched(messages, BATCH):
        with transaction.atomic(durable=True):
            told += notify_all(some)
    return told


def _due(ladder: Ladder, now: datetime) -> list[Message]:
    found: list[tuple[str, timedelta, timedelta, Booking]] = []
    for kind, before, end in ladder.spans():
        span = {f"{ladder.field}__gt": now + end, f"{ladder.field}__lte": now + before}
        rows = _untold(Booking.objects.filter(ladder.waits, **span), kind)
        # The index is by the end of a session; what is about a time ahead ends after it.
        rows = rows.filter(ends_at__gt=now)
        if ladder.field == "scheduled_at":
            rows = rows.filter(ends_at__lte=now + before + LONGEST_SESSION)
        found += [(kind, before, end, booking) for booking in rows]
    known = _known_since([booking.pk for *_, booking in found])
    messages = []
    for kind, before, end, booking in found:
        instant: datetime = getattr(booking, ladder.field)
        if instant - before > known.get(booking.pk, booking.created_at):
            messages += [_message(booking, person, kind, instant - end) for person in ladder.people(booking)]
    return messages


def _due_after(now: datetime) -> list[Message]:
    """A session is over and nobody has said how it went: the student may book again, the tutor says it.

    Where the traces of who was there say it, both are told that within minutes, and are not asked.
    """
    over = Booking.objects.filter(_OVER_WAITS, proposed_outcome="", ends_at__lte=now - SETTLES, ends_at__gt=now - OVER)
    messages = []
    for kind, person in (("over_student", "student"), ("over_tutor", "tutor")):
        for booking in _untold(over, kind):
            messages.append(_message(booking, getattr(booking, person), kind, booking.ends_at + OVER))
    return messages


def _untold(rows: QuerySet[Booking], kind: str) -> QuerySet[Booking]:
    told = Notification.objects.filter(booking_id=OuterRef("pk"), kind=kind, version=OuterRef("version"))
    return rows.filter(~Exists(told)).select_related("student", "tutor").order_by("pk")


def _known_since(bookings: list[UUID]) -> dict[UUID, datetime]:
    """When the people of a booking were told of its time, or of what it waits for."""
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
