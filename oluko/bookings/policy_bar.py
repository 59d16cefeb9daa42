"""The policy of a booking as a bar: until when how much comes back. From the function that the refund uses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oluko.bookings.cancellations import Terms, Who, refund_terms
from oluko.bookings.models import Booking, PaymentStatus
from oluko.core import clock

# How wide the parts are drawn, in hundredths, by their number: what lies ahead longest is widest.
_WIDTHS = {1: (100,), 2: (64, 36), 3: (50, 30, 20)}
_STYLES = {True: "ok", False: "gold"}


@dataclass(frozen=True)
class Stage:
    """Until an instant (inclusive) this much comes back, in minor units; `x` and `width` place it on the bar."""

    until: datetime
    refund: int
    whole: bool
    style: str
    x: int
    width: int


def stages(terms: Terms, booking: Booking, starts_at: datetime | None = None) -> list[Stage]:
    """What comes back from now to the start of a session whose whole price was, or would be, paid.

    `starts_at` stands for the booking's own start, for a session that may be moved there.
    """
    edges = [at for at, _refund in terms.changes_at] + [starts_at or booking.scheduled_at]
    refunds = [terms.refund] + [refund for _at, refund in terms.changes_at]
    placed, x = [], 0
    for until, refund, width in zip(edges, refunds, _WIDTHS[len(edges)], strict=True):
        whole = refund == booking.price
        placed.append(Stage(until, refund, whole, _STYLES[whole] if refund else "warn", x, width))
        x += width
    return placed


def terms_once_paid(booking: Booking, starts_at: datetime | None = None) -> Terms:
    """What the student could have back from now on, were this booking paid, and at `starts_at` where that is given."""
    paid = Booking(
        price=booking.price,
        currency=booking.currency,
        tutor_share_bps=booking.tutor_share_bps,
        cancellation_policy=booking.cancellation_policy,
        scheduled_at=starts_at or booking.scheduled_at,
        payment_status=PaymentStatus.PAID,
    )
    return refund_terms(paid, Who.STUDENT, clock.now())
