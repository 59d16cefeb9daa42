"""Holding a time longer while its payment is under way: once, and only on Paystack's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from oluko.bookings import deadlines
from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.core import clock
from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment
from oluko.payments.paystack import Charge, paystack

# Paystack's words for a payment that the student has begun. An abandoned page is one that nobody has.
UNDER_WAY = ("ongoing", "pending", "processing", "queued")
ENDS_SOON = timedelta(seconds=60)
BATCH = 20


class Held(StrEnum):
    """What came of asking for more time."""

    LONGER = "longer"
    NOT_BEGUN = "not_begun"
    NO_MORE = "no_more"
    PAID = "paid"
    OVER = "over"


@dataclass(frozen=True)
class Hold:
    """`begun`: there is a page at Paystack; `under_way`: Paystack has last said that somebody is paying there."""

    begun: bool
    under_way: bool
    may_extend: bool
    extended: bool


def extend_hold(booking_id: UUID) -> Held:
    """Ask Paystack about the attempt under way, outside any transaction, and hold the time longer if it says so.

    Whatever it answers is applied like any other news. Raises GatewayError when it does not answer.
    """
    booking = Booking.objects.get(pk=booking_id)
    charge = _ask(booking) if booking.awaits_payment else None
    under_way = charge is not None and charge.status in UNDER_WAY
    if under_way and deadlines.extend_hold(booking_id):
        return Held.LONGER
    booking.refresh_from_db()
    if booking.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED):
        return Held.PAID
    if not booking.awaits_payment or deadlines.is_lapsed(booking, clock.now()):
        return Held.OVER
    return Held.NO_MORE if under_way else Held.NOT_BEGUN


def hold_of(booking: Booking, payment: Payment | None = None) -> Hold:
    """How the hold of a booking stands; by its newest attempt that has a page, if none is given. Asks nobody."""
    payment = payment or _newest_attempt(booking)
    outcome = payment.outcome if payment and payment.status == Payment.Status.PENDING else ""
    return Hold(
        begun=payment is not None,
        under_way=outcome in UNDER_WAY,
        may_extend=payment is not None and deadlines.may_extend(booking, clock.now()),
        extended=booking.hold_extended,
    )


def extend_ending() -> int:
    """Extend the holds that end within a minute and whose payment Paystack calls under way; how many.

    A hold is asked about at every tick until its end, because its payment may begin in the last minute too.
    """
    now = clock.now()
    ending = Booking.objects.filter(
        status=Status.SCHEDULED,
        payment_status=PaymentStatus.PENDING,
        hold_extended=False,
        pay_by__gt=now,
        pay_by__lte=now + ENDS_SOON,
        payments__status=Payment.Status.PENDING,
    ).order_by("pay_by")
    extended = 0
    for booking in ending[:BATCH]:
        if not deadlines.may_extend(booking, clock.now()):
            continue
        try:
            extended += extend_hold(booking.pk) == Held.LONGER
        except ProviderBusy:
            break
        except GatewayError:
            # Nothing is known, so nothing changes; a payment that arrives late is looked after as any other.
            continue
    return extended


def _ask(booking: Booking) -> Charge | None:
    """Paystack's answer about the newest attempt that has a page, applied; None where there is nothing to ask."""
    payment = _newest_attempt(booking)
    charge = paystack().verify(payment.reference) if payment else None
    if payment and charge:
        apply_charge(payment.reference, charge)
    return charge


def _newest_attempt(booking: Booking) -> Payment | None:
    # A declined one too: its page is still open at Paystack, and may be paid in another way.
    attempts = booking.payments.exclude(status=Payment.Status.PAID).exclude(authorization_url="")
    return attempts.order_by("-created_at").first()
