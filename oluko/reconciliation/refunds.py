"""Refunds against Paystack's: those of ours by the note that they were sent with, those made there by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from oluko.payments.models import Dispute, Payment, Refund, ReviewItem
from oluko.payments.paystack import Refused, SentRefund, paystack
from oluko.payments.refunds import latest_of, note_of, record_answer
from oluko.reconciliation.findings import Code, Examined, Facts, Finding, Subject, of_currency

Status = Refund.Status
# Sent at once, answered within seconds; a bank takes up to ten working days.
UNSENT, UNANSWERED, UNDER_WAY = timedelta(hours=1), timedelta(hours=1), timedelta(days=14)
#: What Paystack itself said of a refund that is done; others were settled by hand, or by a bank.
MADE = "processed"


@dataclass(frozen=True)
class Both:
    """The refunds of one charge: ours with Paystack's of each, and Paystack's that none of ours explains."""

    pairs: list[tuple[Refund, SentRefund | None]]
    foreign: list[SentRefund]


def worth_a_look(told: Iterable[SentRefund]) -> list[str]:
    """The references of the charges whose refunds our books do not have as this page of Paystack's has them."""
    told = list(told)
    payments = Payment.objects.filter(reference__in={sent.reference for sent in told}).prefetch_related("refunds")
    # What goes back of a charge that is not ours is its owner's affair.
    known = {payment.reference for payment in payments}
    ours = {note_of(refund): refund for payment in payments for refund in payment.refunds.all()}
    suspect = (sent for sent in told if sent.reference in known and not _agrees(ours.get(sent.note), sent))
    return list({sent.reference: None for sent in suspect})


def not_told(since: datetime, told: set[str]) -> list[str]:
    """The charges whose refunds were sent in that time, and are not on Paystack's list (`told`: its notes)."""
    rows = Refund.objects.filter(sent_at__gte=since).filter(
        Q(status=Status.PROCESSING) | Q(status=Status.PROCESSED, outcome=MADE)
    )
    missing = (refund for refund in rows.select_related("payment") if note_of(refund) not in told)
    return list({refund.payment.reference: None for refund in missing})


def stuck_refunds() -> list[str]:
    """The charges whose refunds are in between for longer than any may be."""
    now = timezone.now()
    stuck = (
        Q(status=Status.QUEUED, created_at__lte=now - UNSENT)
        | Q(status=Status.SENDING, sent_at__lte=now - UNANSWERED)
        | Q(status=Status.PROCESSING, sent_at__lte=now - UNDER_WAY)
    )
    return list(Refund.objects.filter(stuck).values_list("payment__reference", flat=True).distinct())


def examine_refunds(reference: str) -> Examined:
    """Ask for the refunds of one charge, take over what is news, and tell what still differs. Raises GatewayError."""
    payment = Payment.objects.filter(reference=reference).first()
    if payment is None:
        return Examined()
    found, mended = _differences(payment), False
    if found:
        # What is asked again after the news is applied cannot be overtaken by it.
        mended = _take_over_news(payment)
        found = _differences(payment)
    return Examined(tuple(found), mended)


def made_elsewhere(payment: Payment) -> int:
    """What Paystack has given back of a payment without any refund of ours (minor units). Raises GatewayError."""
    return sum(sent.amount for sent in both_sides(payment).foreign)


def both_sides(payment: Payment) -> Both:
    """Our refunds of a payment beside Paystack's. Raises GatewayError."""
    # Ours are read first: so Paystack's answer is never older than what we know.
    ours = list(payment.refunds.order_by("created_at"))
    lost = [each.amount for each in payment.disputes.filter(status=Dispute.Status.LOST)]
    told = _told_of(payment)
    notes = {note_of(refund) for refund in ours}
    pairs = [(refund, latest_of(refund, told)) for refund in ours]
    foreign = [sent for sent in told if sent.note not in notes and sent.status != "failed"]
    # Settled by hand at Paystack, or by the bank: those are made without our note, by whoever decided it.
    listed, known = {sent.paystack_id for sent in told}, {refund.paystack_id for refund in ours if refund.paystack_id}
    elsewhere = [
        refund.amount
        for refund, sent in pairs
        if sent is None
        and refund.status == Status.PROCESSED
        and refund.outcome != MADE
        # One that was taken over names the one that it is; it stands for no other.
        and refund.paystack_id not in listed
    ]
    return Both(pairs, _without([sent for sent in foreign if sent.paystack_id not in known], [*elsewhere, *lost]))


def _told_of(payment: Payment) -> list[SentRefund]:
    try:
        return paystack().refunds_of(payment.paystack_id or payment.reference)
    except Refused as refusal:
        if "not found" not in str(refusal).lower():
            raise
        # A charge that Paystack does not know has no refunds there.
        return []


def _without(foreign: list[SentRefund], explained: list[int]) -> list[SentRefund]:
    rest = []
    for sent in foreign:
        if sent.amount in explained:
            explained.remove(sent.amount)
        else:
            rest.append(sent)
    return rest


def _agrees(refund: Refund | None, sent: SentRefund) -> bool:
    if refund is None:
        return False
    if sent.status == "failed":
        # One that failed says nothing where another was sent after it: all of them are looked at then.
        return refund.status == Status.NEEDS_ATTENTION
    if refund.amount != sent.amount:
        return False
    return refund.status == (Status.PROCESSED if sent.status == MADE else Status.PROCESSING)


def _take_over_news(payment: Payment) -> bool:
    """As if Paystack's event had come now; True if any refund has moved."""
    moved = False
    for refund, sent in both_sides(payment).pairs:
        if sent is None or sent.amount != refund.amount or refund.status == Status.PROCESSED:
            continue
        if refund.status == Status.NEEDS_ATTENTION and sent.status != MADE:
            continue
        record_answer(refund, sent)
        moved |= Refund.objects.get(pk=refund.pk).status != refund.status
    return moved


def _differences(payment: Payment) -> list[Finding]:
    both = both_sides(payment)
    found = [_unknown(sent, payment) for sent in both.foreign]
    for refund, sent in both.pairs:
        difference = _difference(refund, sent)
        found += [difference] if difference else []
    return found


def _difference(refund: Refund, sent: SentRefund | None) -> Finding | None:
    if sent is not None and sent.amount != refund.amount and sent.status != "failed":
        return _finding(refund, sent, ReviewItem.Kind.REFUND_DIFFERS, Code.REFUND_AMOUNT)
    if refund.status == Status.PROCESSED and refund.outcome == MADE and (sent is None or sent.status != MADE):
        return _finding(refund, sent, ReviewItem.Kind.REFUND_DIFFERS, Code.REFUND_NOT_MADE)
    if _is_behind(refund, sent) or _is_stuck(refund):
        return _finding(refund, sent, ReviewItem.Kind.STUCK, Code.REFUND_STUCK)
    return None


def _is_behind(refund: Refund, sent: SentRefund | None) -> bool:
    """Whether it is over at Paystack, and not here."""
    if sent is None or refund.status == Status.PROCESSED:
        return False
    return sent.status == MADE or (sent.status == "failed" and refund.status in (Status.SENDING, Status.PROCESSING))


def _is_stuck(refund: Refund) -> bool:
    now, sent_at = timezone.now(), refund.sent_at or refund.created_at
    if refund.status == Status.QUEUED:
        return refund.created_at <= now - UNSENT
    waits = {Status.SENDING: UNANSWERED, Status.PROCESSING: UNDER_WAY}.get(Status(refund.status))
    return waits is not None and sent_at <= now - waits


def _unknown(sent: SentRefund, payment: Payment) -> Finding:
    return Finding(
        key=f"paystack:refund:{sent.paystack_id}",
        kind=ReviewItem.Kind.REFUND_DIFFERS,
        code=Code.REFUND_UNKNOWN,
        reference=payment.reference,
        subject=Subject.REFUNDS,
        name=payment.reference,
        ours={},
        theirs=of_currency(sent.amount, sent.currency, status="made", number=sent.paystack_id),
        about={"payment_id": str(payment.pk)},
    )


def _finding(refund: Refund, sent: SentRefund | None, kind: ReviewItem.Kind, code: Code) -> Finding:
    theirs: Facts = {"status": "unknown"}
    if sent is not None:
        theirs = of_currency(sent.amount, sent.currency or refund.currency, status=sent.status)
    reference = refund.payment.reference
    return Finding(
        key=f"paystack:{code}:{refund.pk}",
        kind=kind,
        code=code,
        reference=reference,
        subject=Subject.REFUNDS,
        name=reference,
        ours=of_currency(refund.amount, refund.currency, status=refund.status),
        theirs=theirs,
        about={"payment_id": str(refund.payment_id), "refund_id": str(refund.pk)},
    )
