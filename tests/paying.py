"""A booking paid by the rule itself, where no gateway is needed."""

from __future__ import annotations

from oluko.bookings.models import Booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment
from oluko.payments.paystack import Charge


def charge_for(payment: Payment, **facts: object) -> Charge:
    """What Paystack would say of the payment, had it been paid; `facts` differ from that."""
    usual: dict[str, object] = {
        "reference": payment.reference,
        "status": "success",
        "amount": payment.amount,
        "currency": payment.currency,
        "domain": "test",
        "fee": 175_00,
        "paystack_id": "4099260516",
        "channel": "card",
        "answer": "Successful",
    }
    return Charge(**(usual | facts))


def attempt(booking: Booking, reference: str = "") -> Payment:
    """An attempt to pay the booking, whose page exists."""
    return Payment.objects.create(
        booking=booking,
        reference=reference or f"olk-{booking.pk.hex[:24]}",
        amount=booking.price,
        currency=booking.currency,
        authorization_url="http://127.0.0.1:9/checkout/x",
    )


def pay(booking: Booking) -> Booking:
    """Apply a good charge to a fresh attempt; the booking as it is afterwards."""
    payment = attempt(booking)
    assert apply_charge(payment.reference, charge_for(payment))
    return Booking.objects.select_related("tutor", "student").get(pk=booking.pk)
