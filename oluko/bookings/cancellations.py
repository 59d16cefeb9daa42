"""What comes back when a booking is cancelled: one pure function for preview and refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oluko.bookings.models import Booking, PaymentStatus
from oluko.core import money
from oluko.offerings.models import CancellationPolicy


class Who(StrEnum):
    """Who cancels. An operator cancels in the student's favour, as a tutor does."""

    STUDENT = "student"
    TUTOR = "tutor"


@dataclass(frozen=True)
class Terms:
    """Minor units. `refund + tutor_keeps + platform_keeps` is what was paid and not given back yet.

    `changes_at` lies ahead.
    """

    refund: int
    tutor_keeps: int
    platform_keeps: int
    currency: str
    changes_at: list[tuple[datetime, int]]


_HOUR = timedelta(hours=1)
# Until so long before the start, so many half parts come back.
_STEPS: dict[str, tuple[tuple[timedelta, int], ...]] = {
    CancellationPolicy.FLEXIBLE: ((2 * _HOUR, 2),),
    CancellationPolicy.MODERATE: ((24 * _HOUR, 2), (2 * _HOUR, 1)),
    CancellationPolicy.STRICT: ((72 * _HOUR, 2), (24 * _HOUR, 1)),
}


def refund_terms(booking: Booking, who: Who, now: datetime) -> Terms:
    """What a cancellation at `now` gives back and leaves; nothing moves where nothing was paid.

    "Until" includes the instant itself. Half of an odd sum is rounded up, in the student's favour.
    """
    # A bank may have taken a part of it back already.
    paid = booking.price - booking.given_back if booking.payment_status == PaymentStatus.PAID else 0
    refund = paid if who == Who.TUTOR else _share(booking, paid, now)
    kept = money.split(paid - refund, booking.tutor_share_bps)
    changes = [] if who == Who.TUTOR or not paid else _changes(booking, paid, now)
    return Terms(refund, kept.tutor, kept.platform, booking.currency, changes)


def kept_parts(booking: Booking) -> money.Split:
    """What tutor and platform keep of a paid booking after its refund, if any."""
    return money.split(booking.price - booking.given_back, booking.tutor_share_bps)


def _share(booking: Booking, paid: int, at: datetime) -> int:
    for before, halves in _STEPS[booking.cancellation_policy]:
        if at <= booking.scheduled_at - before:
            return -(-paid * halves // 2)
    return 0


def _changes(booking: Booking, paid: int, now: datetime) -> list[tuple[datetime, int]]:
    edges = [booking.scheduled_at - before for before, _ in _STEPS[booking.cancellation_policy]]
    return [(edge, _share(booking, paid, edge + timedelta.resolution)) for edge in edges if edge > now]
