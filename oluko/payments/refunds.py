"""Money back: posted to the books with its cause, sent by a job, followed until Paystack says it is done.

A refund whose answer was lost is looked up at Paystack by our own id in its note, and sent again only when
Paystack knows nothing of it.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from oluko.bookings.models import FINAL, Booking, PaymentStatus
from oluko.bookings.wording import tell
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.gateway import GatewayError, OutcomeUnknown, ProviderBusy
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.paystack import SentRefund, paystack
from oluko.payments.tasks import send_refund_job

# A refund that Paystack was asked for shows in its list by then, if it was taken at all.
SETTLES = timedelta(seconds=60)
ASK_AGAIN = timedelta(seconds=20)
MOST_ATTEMPTS = 8
Status, Cause = Refund.Status, Refund.Cause


def queue_refund(payment: Payment, amount: int, *, cause: Refund.Cause) -> Refund:
    """A refund (minor units) and the job that sends it. Call inside the transaction that posts it to REFUNDS_DUE."""
    refund = Refund.objects.create(payment=payment, amount=amount, currency=payment.currency, cause=cause)
    send_refund_job.enqueue(str(refund.pk))
    return refund


def send_refund(refund_id: UUID) -> None:
    """Ask Paystack for a queued refund, once; SENDING is committed before the call, so a crash is noticed.

    What was sent and not answered is settled by `follow_refunds`.
    """
    claimed = Refund.objects.filter(pk=refund_id, status=Status.QUEUED).update(
        status=Status.SENDING, sent_at=timezone.now(), attempts=F("attempts") + 1
    )
    if not claimed:
        return
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    try:
        sent = paystack().refund(
            transaction_id=refund.payment.paystack_id or refund.payment.reference,
            amount=refund.amount,
            currency=refund.currency,
            note=_note(refund),
        )
    except ProviderBusy:
        Refund.objects.filter(pk=refund_id, status=Status.SENDING).update(status=Status.QUEUED)
    except OutcomeUnknown as problem:
        Refund.objects.filter(pk=refund_id).update(outcome=str(problem)[:300])
    except GatewayError as problem:
        _needs_attention(refund, str(problem))
    else:
        record_answer(refund, sent)


def record_answer(refund: Refund, sent: SentRefund) -> None:
    """Take over what Paystack says about a refund of ours."""
    if sent.status == "processed":
        _settle(refund.pk, sent)
    elif sent.status in ("failed", "needs-attention"):
        _needs_attention(refund, sent.status)
    else:
        Refund.objects.filter(pk=refund.pk, status__in=(Status.SENDING, Status.QUEUED)).update(
            status=Status.PROCESSING, paystack_id=sent.paystack_id, outcome=sent.status
        )


def follow_refunds() -> None:
    """Send what is queued, find out about what was sent without answer, ask about what is under way."""
    now = timezone.now()
    rows = Refund.objects.select_related("payment")
    for refund in rows.filter(status=Status.QUEUED, created_at__lte=now - ASK_AGAIN)[:50]:
        send_refund(refund.pk)
    for refund in rows.filter(status=Status.SENDING, sent_at__lte=now - ASK_AGAIN)[:50]:
        _look_up(refund)
    for refund in rows.filter(status=Status.PROCESSING)[:50]:
        _ask(refund)


def follow_refunds_of(reference: str) -> None:
    """As `follow_refunds`, for one payment at once: Paystack has just told us something about it."""
    for refund in Refund.objects.select_related("payment").filter(
        Q(payment__reference=reference), status__in=(Status.SENDING, Status.PROCESSING)
    ):
        _look_up(refund)


def _look_up(refund: Refund) -> None:
    try:
        known = paystack().refunds_of(refund.payment.paystack_id or refund.payment.reference)
    except GatewayError:
        return
    mine = latest_of(refund, known)
    if mine is not None:
        record_answer(refund, mine)
    elif refund.sent_at and refund.sent_at <= timezone.now() - SETTLES and refund.status == Status.SENDING:
        if refund.attempts >= MOST_ATTEMPTS:
            _needs_attention(refund, "Paystack has no record of it after several attempts.")
            return
        Refund.objects.filter(pk=refund.pk, status=Status.SENDING).update(status=Status.QUEUED)
        send_refund(refund.pk)


def latest_of(refund: Refund, known: list[SentRefund]) -> SentRefund | None:
    """Ours among Paystack's refunds of a payment; one that failed counts only while none was sent after it."""
    mine = [row for row in known if row.note == _note(refund)]
    return min(mine, key=lambda row: row.status == "failed", default=None)


def _ask(refund: Refund) -> None:
    try:
        record_answer(refund, paystack().refund_status(refund.paystack_id))
    except GatewayError:
        return


def _note(refund: Refund) -> str:
    return f"oluko-refund {refund.pk}"


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _settle(refund_id: UUID, sent: SentRefund) -> None:
    settle(refund_id, paystack_id=sent.paystack_id, outcome=sent.status)


def settle(refund_id: UUID, *, paystack_id: str, outcome: str) -> bool:
    """The money is back with its owner: clear the debt, mark the booking, tell the student. False if that was done.

    Call inside a transaction.
    """
    now = clock.now()
    rows = Refund.objects.filter(pk=refund_id).exclude(status=Status.PROCESSED)
    if not rows.update(
        status=Status.PROCESSED, paystack_id=paystack_id, outcome=outcome[:300], settled_at=timezone.now()
    ):
        return False
    refund = Refund.objects.select_related("payment__booking__student", "payment__booking__tutor").get(pk=refund_id)
    booking = refund.payment.booking
    due, held = (
        account(Account.Kind.REFUNDS_DUE, refund.currency),
        account(Account.Kind.PAYSTACK_CLEARING, refund.currency),
    )
    post(
        [Posting("refunded", due, held, refund.amount, f"refund:{refund.pk}:settled")],
        at=now,
        booking_id=booking.pk,
        payment_reference=refund.payment.reference,
    )
    _mark_booking(refund)
    tell(booking, booking.student, "refunded", amount=refund.amount, key=f":{refund.pk}")
    return True


def _mark_booking(refund: Refund) -> None:
    """REFUNDED, if this was the booking's own money: a live one is PAID by another payment meanwhile."""
    rows = Booking.objects.filter(pk=refund.payment.booking_id, status__in=FINAL)
    if refund.cause == Cause.REVIEW:
        # Money that an operator sent back never settled this booking; another attempt may have.
        rows = rows.exclude(payment_status=PaymentStatus.PAID)
    if refund.cause != Cause.PAID_TWICE:
        rows.update(payment_status=PaymentStatus.REFUNDED)


@transaction.atomic(durable=True)
def _needs_attention(refund: Refund, why: str) -> None:
    Refund.objects.filter(pk=refund.pk).exclude(status=Status.PROCESSED).update(
        status=Status.NEEDS_ATTENTION, outcome=why[:300]
    )
    detail = {"refund": str(refund.pk), "amount": refund.amount, "answer": why[:300]}
    # Sent again by an operator and failed again: the same row is open again.
    ReviewItem.objects.update_or_create(
        key=f"refund:{refund.pk}",
        defaults={"detail": detail, "resolved_at": None, "resolved_by_id": None, "resolution": ""},
        create_defaults={
            "kind": ReviewItem.Kind.REFUND,
            "payment": refund.payment,
            "reference": refund.payment.reference,
            "detail": detail,
        },
    )
