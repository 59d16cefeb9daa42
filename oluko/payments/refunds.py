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
from oluko.core.steps import Step, reached
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, post
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.paystack import SentRefund, paystack
from oluko.payments.tasks import send_refund_job

# A refund that Paystack was asked for shows in its list by then, if it was taken at all.
SETTLES = timedelta(seconds=60)
ASK_AGAIN = timedelta(seconds=20)
MOST_ATTEMPTS = 8
BATCH = 50
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
    reached(Step.REFUND_CLAIMED)
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    try:
        sent = paystack().refund(
            transaction_id=refund.payment.paystack_id or refund.payment.reference,
            amount=refund.amount,
            currency=refund.currency,
            note=note_of(refund),
        )
    except ProviderBusy:
        # Nothing was sent, so this was no attempt.
        same = Refund.objects.filter(pk=refund_id, status=Status.SENDING, attempts=refund.attempts)
        same.update(status=Status.QUEUED, attempts=F("attempts") - 1)
    except OutcomeUnknown as problem:
        Refund.objects.filter(pk=refund_id).update(outcome=str(problem)[:300])
    except GatewayError as problem:
        _needs_attention(refund, str(problem))
    else:
        reached(Step.REFUND_SENT)
        record_answer(refund, sent)


def record_answer(refund: Refund, sent: SentRefund) -> None:
    """Take over what Paystack says about a refund of ours."""
    if sent.amount != refund.amount:
        _needs_attention(refund, f"Paystack says {sent.status} of {sent.amount} instead of {refund.amount}.")
    elif sent.status == "processed":
        _settle(refund.pk, sent)
    elif sent.status in ("failed", "needs-attention"):
        _needs_attention(refund, sent.status)
    else:
        Refund.objects.filter(pk=refund.pk, status__in=(Status.SENDING, Status.QUEUED)).update(
            status=Status.PROCESSING, paystack_id=sent.paystack_id, outcome=sent.status, asked_at=timezone.now()
        )


def follow_refunds() -> None:
    """Send what is queued, find out about what was sent without answer, ask about what is under way."""
    now = timezone.now()
    rows = Refund.objects.select_related("payment")
    for refund in rows.filter(status=Status.QUEUED, created_at__lte=now - ASK_AGAIN)[:BATCH]:
        send_refund(refund.pk)
    for refund in rows.filter(status=Status.SENDING, sent_at__lte=now - ASK_AGAIN).order_by("sent_at")[:BATCH]:
        _look_up(refund)
    # A bank takes days: the older a refund is, the more rarely it is asked about; the longest unasked comes first.
    due = Q(asked_at__isnull=True) | Q(asked_at__lte=now - timedelta(hours=3))
    for age, pause in ((timedelta(minutes=10), timedelta(seconds=4)), (timedelta(days=1), timedelta(minutes=10))):
        due |= Q(sent_at__gt=now - age, asked_at__lte=now - pause)
    under_way = rows.filter(due, status=Status.PROCESSING).order_by(F("asked_at").asc(nulls_first=True), "sent_at")
    for refund in under_way[:BATCH]:
        _ask(refund)


def follow_stuck() -> None:
    """Ask about refunds that wait for the operator: one that is finished at Paystack's own site is done here too."""
    stuck = Refund.objects.select_related("payment").filter(status=Status.NEEDS_ATTENTION)
    for refund in stuck.order_by(F("asked_at").asc(nulls_first=True))[:BATCH]:
        _look_up_stuck(refund)


def follow_refunds_of(reference: str) -> None:
    """As `follow_refunds`, for one payment at once: Paystack has just told us something about it."""
    for refund in Refund.objects.select_related("payment").filter(payment__reference=reference):
        if refund.status in (Status.SENDING, Status.PROCESSING):
            _look_up(refund)
        elif refund.status == Status.NEEDS_ATTENTION:
            _look_up_stuck(refund)


def _look_up(refund: Refund) -> None:
    known = _known(refund)
    mine = None if known is None else latest_of(refund, known)
    if known is None:
        return
    if mine is not None:
        record_answer(refund, mine)
    elif refund.sent_at and refund.sent_at <= timezone.now() - SETTLES and refund.status == Status.SENDING:
        if refund.attempts >= MOST_ATTEMPTS:
            _needs_attention(refund, "Paystack has no record of it after several attempts.")
        elif _queue_again(refund):
            send_refund(refund.pk)


def _queue_again(refund: Refund) -> bool:
    """Back to the queue, if it is still the same sending that we asked about.

    Two may look up one refund at once; were the attempt not compared, the second would take what the first has
    just sent for lost, and send it twice.
    """
    same = Refund.objects.filter(pk=refund.pk, status=Status.SENDING, attempts=refund.attempts, sent_at=refund.sent_at)
    return bool(same.update(status=Status.QUEUED))


def _look_up_stuck(refund: Refund) -> None:
    known = _known(refund)
    mine = latest_of(refund, known or [])
    if mine is not None and mine.status == "processed" and mine.amount == refund.amount:
        _settle(refund.pk, mine)


def _known(refund: Refund) -> list[SentRefund] | None:
    """What Paystack lists for the payment of a refund; None when it does not answer."""
    try:
        known = paystack().refunds_of(refund.payment.paystack_id or refund.payment.reference)
    except GatewayError:
        return None
    Refund.objects.filter(pk=refund.pk).update(asked_at=timezone.now())
    return known


def latest_of(refund: Refund, known: list[SentRefund]) -> SentRefund | None:
    """Ours among Paystack's refunds of a payment; one that failed counts only while none was sent after it."""
    mine = [row for row in known if row.note == note_of(refund)]
    return min(mine, key=lambda row: row.status == "failed", default=None)


def _ask(refund: Refund) -> None:
    if not refund.paystack_id:
        _look_up(refund)
        return
    try:
        answer = paystack().refund_status(refund.paystack_id)
    except GatewayError:
        return
    Refund.objects.filter(pk=refund.pk).update(asked_at=timezone.now())
    record_answer(refund, answer)


def note_of(refund: Refund) -> str:
    """What a refund is sent with, so that it is found again at Paystack."""
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
    ReviewItem.objects.filter(key=f"refund:{refund.pk}", resolved_at__isnull=True).update(
        resolved_at=timezone.now(), resolution="Paystack has made it."
    )
    tell(booking, booking.student, "refunded", amount=refund.amount, key=f":{refund.pk}")
    reached(Step.REFUND_SETTLED)
    return True


def _mark_booking(refund: Refund) -> None:
    """REFUNDED, if this was the booking's own money: a live one is PAID by another payment meanwhile."""
    rows = Booking.objects.filter(pk=refund.payment.booking_id, status__in=FINAL)
    if refund.cause in (Cause.PROBLEM, Cause.GOODWILL):
        # A part that was given back of a session that took place leaves it paid.
        rows = rows.filter(refunded=F("price") - F("refunded_late"))
    if refund.cause in (Cause.REVIEW, Cause.TIME_LOST):
        # Money that was sent back, or that came for a lost time, never settled this booking; another attempt may have.
        rows = rows.exclude(payment_status=PaymentStatus.PAID)
    if refund.cause != Cause.PAID_TWICE:
        rows.update(payment_status=PaymentStatus.REFUNDED)


@transaction.atomic(durable=True)
def _needs_attention(refund: Refund, why: str) -> None:
    rows = Refund.objects.filter(pk=refund.pk).exclude(status=Status.PROCESSED)
    if not rows.update(status=Status.NEEDS_ATTENTION, outcome=why[:300]):
        return
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
