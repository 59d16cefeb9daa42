"""What happens to a booking when its time to pay, or to be approved, has passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.bookings.models import Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.wording import tell
from oluko.calendars.claims import extend_time, release_time
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.ledger.audit import record_change

MINUTE = timedelta(minutes=1)
HOLD = timedelta(minutes=15)
EXTENSION = timedelta(minutes=10)
PAY_AFTER_APPROVAL = timedelta(hours=24)
REVIEW = timedelta(hours=72)
REVIEW_BEFORE_START = timedelta(hours=2)
SHORTEST_REQUEST_NOTICE = timedelta(hours=3)
BATCH = 200


def approval_deadline(scheduled_at: datetime, now: datetime) -> datetime:
    """The earlier of 72 hours from now and 2 hours before the start."""
    return min(now + REVIEW, scheduled_at - REVIEW_BEFORE_START)


def is_lapsed(booking: Booking, now: datetime) -> bool:
    """Whether the booking's own deadline has passed, swept or not."""
    return booking.deadline is not None and booking.deadline <= now


def lapse(booking: Booking) -> bool:
    """End a booking whose deadline has passed; False if it had none or somebody was quicker.

    Call inside a transaction. The time is free again, and the student is told.
    """
    now = clock.now()
    if not is_lapsed(booking, now):
        return False
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        return _lapse_request(booking, now)
    return _lapse_hold(booking, now)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def lapse_one(booking_id: UUID) -> bool:
    """As `lapse`, in a transaction of its own."""
    return lapse(Booking.objects.select_related("tutor", "student").get(pk=booking_id))


def lapse_due() -> int:
    """End every booking whose deadline has passed; how many ended."""
    now = clock.now()
    due = Booking.objects.filter(
        Q(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__lte=now)
        | Q(status=Status.SCHEDULED, payment_status=PaymentStatus.PENDING, pay_by__lte=now)
    ).values_list("pk", flat=True)[:BATCH]
    return sum(lapse_one(booking_id) for booking_id in list(due))


def may_extend(booking: Booking, now: datetime) -> bool:
    """Whether this unpaid time could still be held longer: once, while it is held, and never past its start."""
    held = booking.awaits_payment and booking.pay_by is not None and now < booking.pay_by < booking.scheduled_at
    return held and not booking.hold_extended


@repeat_on_deadlock
@transaction.atomic(durable=True)
def extend_hold(booking_id: UUID) -> bool:
    """Hold an unpaid time ten minutes longer, its claims with it; False if that cannot be, or was done before."""
    booking, now = Booking.objects.get(pk=booking_id), clock.now()
    if booking.pay_by is None or not may_extend(booking, now):
        return False
    longer = min(booking.pay_by + EXTENSION, booking.scheduled_at)
    rows = Booking.objects.filter(
        pk=booking.pk,
        status=Status.SCHEDULED,
        payment_status=PaymentStatus.PENDING,
        hold_extended=False,
        pay_by=booking.pay_by,
        scheduled_at=booking.scheduled_at,
    )
    if not rows.update(pay_by=longer, hold_extended=True):
        return False
    extend_time(booking.pk, longer)
    old, new = clock.iso(booking.pay_by), clock.iso(longer)
    record_change("hold", str(booking.pk), old, new, actor_id=None, why="PAYMENT_UNDER_WAY", at=now)
    return True


def _lapse_hold(booking: Booking, now: datetime) -> bool:
    moved = booking.move_to(
        Status.CANCELLED,
        actor_id=None,
        why=CancelReason.PAYMENT_WINDOW_PASSED,
        only_if=Q(payment_status=PaymentStatus.PENDING, pay_by__lte=now),
        payment_status=PaymentStatus.FAILED,
        cancel_reason=CancelReason.PAYMENT_WINDOW_PASSED,
        cancelled_at=now,
    )
    if moved:
        release_time(booking.pk)
        tell(booking, booking.student, "hold_lapsed")
    return moved


def _lapse_request(booking: Booking, now: datetime) -> bool:
    moved = booking.move_to(
        Status.REJECTED,
        actor_id=None,
        why="APPROVAL_DEADLINE_PASSED",
        only_if=Q(approval_deadline__lte=now),
        rejected_at=now,
        approval_notes=_("The tutor did not answer in time."),
    )
    if moved:
        release_time(booking.pk)
        tell(booking, booking.student, "request_lapsed")
        tell(booking, booking.tutor, "request_lapsed_tutor")
    return moved
