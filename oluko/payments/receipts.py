"""Receipts: each payment that arrived has one, numbered in the order of arrival, and shown as it stands today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_booking
from oluko.bookings.models import Booking
from oluko.core import clock, money, times
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, NotFound
from oluko.ledger.models import Transfer
from oluko.payments.models import Payment, Receipt, Refund


@dataclass(frozen=True)
class Business:
    """Who sells; what is not set is empty."""

    name: str
    address: str
    tax_id: str


@dataclass(frozen=True)
class GivenBack:
    """Money that went back since, in minor units; `at` is null while it is on its way."""

    amount: int
    why: str
    at: datetime | None
    done: bool


@dataclass(frozen=True)
class Paper:
    """What a receipt says, on the page and in the PDF alike. Amounts in minor units."""

    receipt: Receipt
    payment: Payment
    booking: Booking
    business: Business
    given_back: tuple[GivenBack, ...]
    zone: str

    @property
    def number(self) -> str:
        return f"{self.receipt.number:06}"

    @property
    def back(self) -> int:
        return sum(each.amount for each in self.given_back)

    @property
    def kept(self) -> int:
        return self.payment.amount - self.back

    @property
    def method(self) -> str:
        """How it was paid, as Paystack called it."""
        return CHANNELS.get(self.payment.channel, self.payment.channel.replace("_", " ")) or "Paystack"

    @property
    def paid_at(self) -> datetime:
        return self.payment.paid_at or self.payment.created_at

    def shown(self, instant: datetime) -> str:
        """An instant on the student's clock, with its zone."""
        return times.show(instant, "long", ZoneInfo(self.zone))

    def sum(self, amount: int) -> str:
        return money.show(amount, self.payment.currency)

    @property
    def state(self) -> tuple[str, str]:
        """A style and a sentence: paid, partly or wholly refunded, and whether that is done."""
        if not self.back:
            return "ok", _("Paid in full.")
        words = {
            (True, True): _("Wholly refunded: %(back)s of %(paid)s went back."),
            (True, False): _("Wholly refunded: %(back)s of %(paid)s are on their way back."),
            (False, True): _("Partly refunded: %(back)s of %(paid)s went back; %(kept)s remain paid."),
            (False, False): _("Partly refunded: %(back)s of %(paid)s are on their way back; %(kept)s remain paid."),
        }
        whole, done = self.kept <= 0, all(each.done for each in self.given_back)
        sums = {"back": self.back, "paid": self.payment.amount, "kept": self.kept}
        shown = {name: money.show(amount, self.payment.currency) for name, amount in sums.items()}
        return "warn" if whole else "wait", words[whole, done] % shown


BATCH = 200
# What a bank takes by a dispute; beyond that it is the platform's loss, and nothing of this payment.
_TAKEN = ("dispute_lost_tutor", "dispute_lost_owed", "dispute_lost_platform", "dispute_lost_unapplied")
# Paystack's words for how it was paid.
CHANNELS = {
    "card": "Card",
    "bank": "Bank account",
    "bank_transfer": "Bank transfer",
    "ussd": "USSD",
    "qr": "QR code",
    "mobile_money": "Mobile money",
    "eft": "EFT",
}


def business() -> Business:
    """Who sells, as the operator has named it."""
    return Business(settings.OLUKO_BUSINESS_NAME, settings.OLUKO_BUSINESS_ADDRESS, settings.OLUKO_BUSINESS_TAX_ID)


def paid_payments(booking: Booking) -> list[Payment]:
    """The payments of a booking that have arrived, oldest first; each has a receipt of its own."""
    return list(booking.payments.filter(status=Payment.Status.PAID).order_by("paid_at", "id"))


def get_receipted(reader: Person, booking_id: UUID, reference: str = "") -> Payment:
    """The payment whose receipt the reader may have: of that reference, or the one that paid the booking.

    Raises NotFound for everybody but the student and operators, and where nothing was paid.
    """
    booking = get_booking(reader, booking_id)
    if not may_have_receipt(reader, booking):
        raise _none()
    paid = paid_payments(booking)
    if reference:
        paid = [payment for payment in paid if payment.reference == reference]
    if not paid:
        raise _none()
    payment = _settling(paid)
    payment.booking = booking
    return payment


def may_have_receipt(reader: Person, booking: Booking) -> bool:
    """Receipts are the student's, and operators may look at them; a tutor has statements instead."""
    return reader.is_operator or reader.pk == booking.student_id


def paper_of(payment: Payment) -> Paper:
    """What the receipt of a payment says today; the payment with its booking.

    Raises Conflict in the moment before it has its number: looking at a page gives none.
    """
    receipt = Receipt.objects.filter(payment=payment).first()
    if receipt is None:
        raise Conflict("receipt_soon", _("Your receipt is given its number in a moment. Load this page again."))
    return Paper(
        receipt=receipt,
        payment=payment,
        booking=payment.booking,
        business=business(),
        given_back=_given_back(payment),
        zone=payment.booking.student.time_zone,
    )


def number_receipts() -> int:
    """Give their numbers to the payments that have arrived since; how many.

    Not in the transaction of the payment itself: there all payments would wait for each other.
    """
    bare = Payment.objects.filter(status=Payment.Status.PAID, receipt__isnull=True).order_by("paid_at", "id")
    return len([give_number(payment) for payment in bare[:BATCH]])


@repeat_on_deadlock
@transaction.atomic(durable=True)
def give_number(payment: Payment) -> Receipt:
    """The payment's receipt, with the next number if it has none; it keeps it for ever.

    Who loses a race for a number waits at its unique key until the winner has committed, and takes the next one: no
    number is left out, and none is given twice. Somebody has gone ahead whenever one must try again, so that it ends.
    """
    while True:
        found = Receipt.objects.filter(payment=payment).first()
        if found is not None:
            return found
        latest = Receipt.objects.aggregate(number=Max("number"))["number"] or 0
        try:
            with transaction.atomic():
                return Receipt.objects.create(number=latest + 1, payment=payment, issued_at=clock.now())
        except IntegrityError:
            continue


def _settling(paid: list[Payment]) -> Payment:
    """The one that paid the session: others were sent back at once. Where none is left, the latest."""
    in_vain = Refund.objects.filter(payment__in=paid, cause__in=(Refund.Cause.PAID_TWICE, Refund.Cause.TIME_LOST))
    lost = set(in_vain.values_list("payment_id", flat=True))
    return next((payment for payment in paid if payment.pk not in lost), paid[-1])


def _given_back(payment: Payment) -> tuple[GivenBack, ...]:
    """Refunds, and what the student's bank took back; times, and what the bank took, are those of the books."""
    moved = list(Transfer.objects.filter(payment_reference=payment.reference, kind__in=("refunded", *_TAKEN)))
    done = {row.idempotency_key: row.at for row in moved}
    refunds = [_refund(refund, done) for refund in payment.refunds.order_by("created_at", "id")]
    taken = [row for row in moved if row.kind in _TAKEN]
    if taken:
        amount, at = sum(row.amount for row in taken), max(row.at for row in taken)
        refunds.append(GivenBack(amount, _("Taken back by the bank"), at, done=True))
    return tuple(refunds)


def _refund(refund: Refund, done: dict[str, datetime]) -> GivenBack:
    at = done.get(f"refund:{refund.pk}:settled")
    return GivenBack(refund.amount, str(refund.get_cause_display()), at, done=at is not None)


def _none() -> NotFound:
    return NotFound("no_receipt", _("There is no receipt here: nothing was paid, or it is somebody else's."))
