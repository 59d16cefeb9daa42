"""Money that cannot be applied: what differs from our record goes to review, and fulfils nothing."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from oluko.bookings.wording import tell
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.payments.models import Payment, ReviewItem
from oluko.payments.paystack import Charge

Kind = Account.Kind


def difference(payment: Payment, charge: Charge) -> ReviewItem.Kind | None:
    """What a successful charge differs in from our own record; None if it matches."""
    if charge.reference != payment.reference:
        return ReviewItem.Kind.OTHER
    if charge.domain != settings.OLUKO_PAYSTACK_DOMAIN:
        return ReviewItem.Kind.DOMAIN
    if charge.currency != payment.currency:
        return ReviewItem.Kind.CURRENCY
    return None if charge.amount == payment.amount else ReviewItem.Kind.AMOUNT


@repeat_on_deadlock
@transaction.atomic(durable=True)
def review(payment_id: UUID, charge: Charge, kind: ReviewItem.Kind) -> bool:
    """Put a charge that differs before the operator; False if that was done before.

    Nothing is fulfilled; money of our currency and domain is recorded as not applied, the rest only listed.
    """
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    if payment.status == Payment.Status.PAID:
        return False
    item, created = ReviewItem.objects.get_or_create(
        key=f"charge:{payment.reference}",
        defaults={
            "kind": kind,
            "payment": payment,
            "reference": payment.reference,
            "detail": {
                "expected": {"amount": payment.amount, "currency": payment.currency},
                "arrived": {"amount": charge.amount, "currency": charge.currency, "domain": charge.domain},
                "paystack_id": charge.paystack_id,
            },
        },
    )
    if not created:
        return False
    payment.status, payment.outcome = Payment.Status.FAILED, f"In review: {item.get_kind_display()}"
    payment.checked_at = timezone.now()
    if kind == ReviewItem.Kind.AMOUNT and charge.amount > 0:
        _keep_unapplied(payment, charge)
    payment.save(update_fields=["status", "outcome", "checked_at", "fee"])
    tell(payment.booking, payment.booking.student, "in_review", key=f":{payment.reference}")
    return True


def _keep_unapplied(payment: Payment, charge: Charge) -> None:
    """Book money that settles nothing, and what Paystack has kept of it."""
    payment.fee = charge.fee
    held, unapplied = account(Kind.PAYSTACK_CLEARING, payment.currency), account(Kind.UNAPPLIED, payment.currency)
    came = Posting("charge_unapplied", held, unapplied, charge.amount, f"charge:{payment.reference}:unapplied")
    post(
        [came, fee_posting(payment)], at=clock.now(), booking_id=payment.booking_id, payment_reference=payment.reference
    )


def fee_posting(payment: Payment) -> Posting:
    """What Paystack has kept of it."""
    fees, held = account(Kind.PAYSTACK_FEES, payment.currency), account(Kind.PAYSTACK_CLEARING, payment.currency)
    return Posting("fee", fees, held, payment.fee, f"fee:{payment.reference}")


@transaction.atomic(durable=True)
def review_unknown_reference(reference: str, detail: dict[str, object]) -> bool:
    """Money, or news of it, for a reference that we never gave out: for the operator."""
    _item, created = ReviewItem.objects.get_or_create(
        key=f"unknown:{reference}"[:120],
        defaults={"kind": ReviewItem.Kind.UNKNOWN_REFERENCE, "reference": reference[:120], "detail": detail},
    )
    return created
