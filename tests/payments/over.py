"""Sessions that are over, and what a bank says, by the rules themselves where no gateway is needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.ledger.models import Account
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.disputes import apply_dispute
from oluko.payments.models import Payment
from oluko.payments.paystack import ChargeDispute
from oluko.payments.release import release_due
from tests.conftest import Frozen
from tests.paying import pay

MONDAY = datetime(2031, 5, 5, 8, tzinfo=UTC)
END = MONDAY + timedelta(hours=1)


def fresh(booking: Booking) -> Booking:
    return Booking.objects.select_related("student", "tutor").get(pk=booking.pk)


def paid_ahead(frozen: Frozen, offering: Offering, student: Person, hours: int = 0) -> Booking:
    """Paid; it starts so many hours after Monday 08:00 UTC, and business time is three days earlier."""
    frozen(MONDAY - timedelta(days=3))
    at = MONDAY + timedelta(hours=hours)
    return pay(book(student, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at))


def took_place(frozen: Frozen, offering: Offering, student: Person, hours: int = 0) -> Booking:
    """Paid, over and marked as completed a minute after its end, which is business time now."""
    booking = paid_ahead(frozen, offering, student, hours)
    frozen(END + timedelta(hours=hours, minutes=1))
    return fresh(mark_session(offering.tutor, booking.pk, Status.COMPLETED))


def released(frozen: Frozen, offering: Offering, student: Person, hours: int = 0) -> Booking:
    """Took place more than a day ago; its money is available."""
    booking = took_place(frozen, offering, student, hours)
    frozen.advance(timedelta(hours=25))
    release_due()
    return fresh(booking)


def balance(kind: str, person: Person | None = None) -> int:
    row = Account.objects.filter(kind=kind, person_id=person.pk if person else None).first()
    return row.balance if row else 0


def wallet(tutor: Person) -> tuple[int, int, int, int]:
    """Pending, available, held, owed."""
    kinds = ("TUTOR_PENDING", "TUTOR_AVAILABLE", "TUTOR_HELD", "TUTOR_OWES")
    pending, available, held, owed = (balance(kind, tutor) for kind in kinds)
    return pending, available, held, owed


def platform() -> tuple[int, int, int]:
    """Pending, earned, held."""
    return balance("PLATFORM_PENDING"), balance("PLATFORM_REVENUE"), balance("PLATFORM_HELD")


def bank_says(booking: Booking, number: int = 1) -> Callable[..., bool]:
    """As `payment_disputed`, for the payment that paid the booking."""
    return payment_disputed(booking.payments.filter(status="PAID").earliest("paid_at"), number)


def payment_disputed(payment: Payment, number: int = 1) -> Callable[..., bool]:
    """`payment_disputed(payment)(amount, "declined")`: what Paystack would tell of a dispute, open unless decided."""

    def say(amount: int = 0, resolution: str = "", status: str = "awaiting-merchant-feedback") -> bool:
        return apply_dispute(
            ChargeDispute(
                paystack_id=f"28674{number:02}",
                reference=payment.reference,
                status="resolved" if resolution else status,
                resolution=resolution,
                amount=amount or payment.amount,
                currency="NGN",
                category="chargeback",
                due_at=MONDAY + timedelta(days=9),
                resolved_at=None,
                created_at=None,
            )
        )

    return say
