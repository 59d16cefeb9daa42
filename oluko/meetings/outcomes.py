"""How a session seems to have ended, from who was there; a proposal that the tutor confirms, or time does.

The rules, for a session of D minutes:
- both in the meeting at once for 10 minutes, or a third of D if that is less: it was held;
- one there for 10 minutes of it, or half of D, and the other never for two minutes: the other was absent;
- anything else: nobody knows, and it counts as held unless somebody objects, as before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from oluko.bookings.models import Booking, Outcome, PaymentStatus, Status
from oluko.bookings.sessions import UNMARKED
from oluko.bookings.wording import tell_both
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.meetings.models import Attendance, Meeting
from oluko.meetings.presence import AFTER, Stay, time_there, time_together, timeline
from oluko.meetings.room_opening import ROOM

ENOUGH = timedelta(minutes=10)
BRIEF = timedelta(minutes=2)
# Zoom's last words may come a moment late.
SETTLED = timedelta(minutes=2)
BATCH = 100
_TOLD = {
    Outcome.HELD: "outcome_held",
    Outcome.STUDENT_ABSENT: "outcome_student_absent",
    Outcome.TUTOR_ABSENT: "outcome_tutor_absent",
    Outcome.UNKNOWN: "outcome_unknown",
}


def propose_outcomes() -> int:
    """Say how the sessions that have just ended seem to have gone; how many."""
    now = clock.now()
    over = Booking.objects.filter(
        status__in=(Status.SCHEDULED, Status.IN_PROGRESS),
        payment_status=PaymentStatus.PAID,
        ends_at__lte=now - SETTLED,
        ends_at__gt=now - UNMARKED,
        proposed_outcome="",
    ).values_list("pk", flat=True)[:BATCH]
    return sum(_propose(booking_id) for booking_id in list(over))


def judge(booking: Booking) -> Outcome:
    """What the traces say about a session that is over."""
    end = booking.ends_at + AFTER
    everywhere = timeline(booking, end)
    in_meeting = timeline(booking, end, _witnesses(booking))
    length = timedelta(minutes=booking.duration)
    if time_together(in_meeting, booking, booking.opens_at, end) >= min(ENOUGH, length / 3):
        return Outcome.HELD
    waited = min(ENOUGH, length / 2)
    if _was_alone(everywhere, booking, booking.tutor_id, booking.student_id, waited):
        return Outcome.STUDENT_ABSENT
    if _was_alone(everywhere, booking, booking.student_id, booking.tutor_id, waited):
        return Outcome.TUTOR_ABSENT
    return Outcome.UNKNOWN


def _was_alone(stays: Collection[Stay], booking: Booking, one: UUID, other: UUID, waited: timedelta) -> bool:
    was_there = time_there(stays, one, booking.scheduled_at, booking.ends_at) >= waited
    return was_there and time_there(stays, other, booking.opens_at, booking.ends_at + AFTER) < BRIEF


def _witnesses(booking: Booking) -> list[str]:
    """Who knows that somebody was in the meeting itself; where nobody does, the session's page has to do."""
    meeting = Meeting.objects.filter(pk=booking.pk).first()
    source = Attendance.Source.ROOM if meeting and meeting.provider == ROOM else Attendance.Source.ZOOM
    seen = Attendance.objects.filter(booking=booking, source=source).exists()
    return [source] if seen else [*Attendance.Source.values]


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _propose(booking_id: UUID) -> bool:
    booking = Booking.objects.select_related("tutor", "student").get(pk=booking_id)
    outcome = judge(booking)
    unmarked = Q(status__in=(Status.SCHEDULED, Status.IN_PROGRESS), proposed_outcome="")
    if not Booking.objects.filter(unmarked, pk=booking_id).update(proposed_outcome=outcome):
        return False
    booking.proposed_outcome = outcome
    tell_both(booking, _TOLD[outcome])
    return True
