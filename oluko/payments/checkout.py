"""Starting to pay: the booking is held first, then Paystack is asked for a page, outside any transaction."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings import deadlines
from oluko.bookings.access import get_booked
from oluko.bookings.book import book, offered_terms, terms_from_scratch
from oluko.bookings.models import Booking
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, Unavailable
from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.core.steps import Step, reached
from oluko.offerings.models import BookingMode
from oluko.payments.models import Payment
from oluko.payments.paystack import paystack

# Longer than any call may take: an attempt that has no page by then never got one.
UNANSWERED = timedelta(seconds=8)
WAIT_SECONDS = 4.0


@dataclass(frozen=True)
class Checkout:
    """A booking and where to pay it; the last two are None for a request, which is paid once approved."""

    booking: Booking
    reference: str | None = None
    authorization_url: str | None = None


def begin_checkout(
    student: Person,
    *,
    offering_id: UUID | None = None,
    tutor_id: UUID | None = None,
    title: str | None = None,
    duration: int | None = None,
    booking_mode: BookingMode,
    scheduled_at: datetime,
    notes: str = "",
) -> Checkout:
    """Book a time of an offering, or from scratch by the tutor's hourly rate, and start to pay it.

    Raises what `book` raises, and Unavailable when Paystack gives no page; the booking is kept then.
    """
    if offering_id is not None:
        terms = offered_terms(offering_id)
    elif tutor_id is not None and title is not None and duration is not None:
        terms = terms_from_scratch(tutor_id, title, duration)
    else:
        raise Invalid("offering_needed", _("Name an offering, or a tutor with title and duration."), field="offeringId")
    booking = book(student, terms, mode=booking_mode, scheduled_at=scheduled_at, notes=notes)
    reached(Step.TIME_HELD)
    return Checkout(booking) if booking_mode == BookingMode.REQUEST else _start_payment(booking)


def proceed_with_payment(student: Person, booking_id: UUID) -> Checkout:
    """Pay a booking that awaits payment: the same attempt while it can still be paid, else a new one.

    Raises NotFound for another's booking, Conflict when it awaits no payment, Unavailable as above.
    """
    deadlines.lapse_one(get_booked(student, booking_id).pk)
    booking = get_booked(student, booking_id)
    if not booking.awaits_payment:
        raise Conflict("not_awaiting_payment", _("This session is not waiting for a payment."))
    return _start_payment(booking)


def _start_payment(booking: Booking) -> Checkout:
    payment, ours = _open_attempt(booking)
    if not ours and not payment.authorization_url:
        payment = _wait_for_page(payment)
    if not payment.authorization_url:
        payment = _ask_for_page(payment)
    return Checkout(booking, payment.reference, payment.authorization_url)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _open_attempt(booking: Booking) -> tuple[Payment, bool]:
    """The attempt under way, or a new one; True when it is for this caller to ask for its page."""
    # The booking's row serialises two tabs, so that they end with one attempt between them.
    Booking.objects.select_for_update(of=("self",)).get(pk=booking.pk)
    payment = Payment.objects.filter(booking=booking, status=Payment.Status.PENDING).first()
    if payment is not None and (payment.authorization_url or payment.created_at > timezone.now() - UNANSWERED):
        return payment, False
    if payment is not None:
        _give_up(payment, "No answer to initialize")
    fresh = Payment.objects.create(
        booking=booking,
        reference=f"olk-{secrets.token_hex(12)}",
        amount=booking.price,
        currency=booking.currency,
    )
    return fresh, True


def _wait_for_page(payment: Payment) -> Payment:
    """Another tab is asking Paystack right now; take what it gets."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.1)
        payment.refresh_from_db(fields=["authorization_url", "status"])
        if payment.authorization_url:
            return payment
        if payment.status != Payment.Status.PENDING:
            break
    raise _unavailable(busy=True)


def _ask_for_page(payment: Payment) -> Payment:
    reached(Step.PAGE_WANTED)
    try:
        page = paystack().initialize(
            reference=payment.reference,
            email=payment.booking.student.email,
            amount=payment.amount,
            currency=payment.currency,
            callback_url=settings.OLUKO_BASE_URL + reverse("verify_payment"),
            metadata={"booking": str(payment.booking_id)},
        )
    except GatewayError as problem:
        # No money moves by initialize: this attempt is given up, the next click starts another.
        _give_up(payment, str(problem))
        raise _unavailable(busy=isinstance(problem, ProviderBusy)) from problem
    reached(Step.PAGE_GIVEN)
    Payment.objects.filter(pk=payment.pk).update(authorization_url=page.authorization_url)
    payment.authorization_url = page.authorization_url
    return payment


def _give_up(payment: Payment, why: str) -> None:
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.PENDING).update(
        status=Payment.Status.FAILED, outcome=why[:200]
    )


def _unavailable(*, busy: bool) -> Unavailable:
    message = _("Paystack is not answering just now. Your time is kept; try again in a moment.")
    return Unavailable("provider_busy" if busy else "provider_unavailable", message)
