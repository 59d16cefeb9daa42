"""How a payment stands, in the honest words of the return page. Reads only; no gateway is called here."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import PaymentStatus
from oluko.core.errors import NotFound
from oluko.payments.models import Payment, Refund


class Standing(StrEnum):
    """What the student is told after coming back from Paystack."""

    CONFIRMED = "confirmed"
    CHECKING = "checking"
    NOT_PAID = "not_paid"
    LAPSED = "lapsed"
    TIME_LOST = "time_lost"
    PAID_TWICE = "paid_twice"
    IN_REVIEW = "in_review"


def get_payment(student: Person, reference: str) -> Payment:
    """The student's own payment of that reference. Raises NotFound."""
    rows = Payment.objects.select_related("booking__tutor__tutor_profile", "booking__student__tutor_profile")
    payment = rows.filter(reference=reference, booking__student=student).first()
    if payment is None:
        raise NotFound("no_such_payment", _("There is no such payment."))
    return payment


def standing_of(payment: Payment, *, since: datetime) -> Standing:
    """How it stands; "not paid" only once Paystack was asked after `since` (real time), never by guessing.

    A declined attempt is asked about like any other: its page at Paystack may have been paid after all. And where
    another attempt has paid the booking, that is what the student needs to know.
    """
    if payment.status == Payment.Status.PAID:
        back = payment.refunds.first()
        causes = {Refund.Cause.TIME_LOST: Standing.TIME_LOST, Refund.Cause.PAID_TWICE: Standing.PAID_TWICE}
        return causes.get(Refund.Cause(back.cause), Standing.CONFIRMED) if back else Standing.CONFIRMED
    if payment.reviews.exists():
        return Standing.IN_REVIEW
    asked = payment.checked_at is not None and payment.checked_at >= since
    over = payment.status == Payment.Status.FAILED or payment.outcome in ("abandoned", "failed")
    if not (asked and over):
        return Standing.CHECKING
    if payment.booking.payment_status == PaymentStatus.PAID:
        return Standing.CONFIRMED
    return Standing.NOT_PAID if payment.booking.awaits_payment else Standing.LAPSED
