"""Payouts against Paystack's transfers, by the one reference that each has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from oluko.core import clock
from oluko.payments.models import ReviewItem
from oluko.payments.paystack import SentTransfer, paystack
from oluko.payouts.models import Payout
from oluko.payouts.sending import OVER, SETTLES, record_transfer
from oluko.reconciliation.findings import Code, Examined, Facts, Finding, Subject, of_currency

Kind, Status = ReviewItem.Kind, Payout.Status
# Sent at once, answered within seconds; banks take hours, and somebody may have to fill the balance up.
UNSENT, UNANSWERED, UNDER_WAY = timedelta(hours=1), timedelta(hours=1), timedelta(days=3)


def worth_a_look(told: Iterable[SentTransfer]) -> list[str]:
    """The references of a page's transfers that our books do not have as Paystack has them."""
    told = list(told)
    rows = Payout.objects.filter(reference__in=[sent.reference for sent in told])
    ours = {payout.reference: payout for payout in rows}
    return [sent.reference for sent in told if _difference(ours.get(sent.reference), sent)]


def not_told(since: datetime, told: set[str]) -> list[str]:
    """Payouts sent in that time that Paystack should know, and does not list."""
    rows = Payout.objects.filter(sent_at__gte=since, status__in=(Status.ON_THE_WAY, Status.PAID))
    return [reference for reference in rows.values_list("reference", flat=True) if reference not in told]


def stuck_payouts() -> list[str]:
    """Payouts that are in between for longer than any may be."""
    now = timezone.now()
    due = Q(send_after__isnull=True) | Q(send_after__lte=clock.now() - UNSENT)
    stuck = (
        due & Q(status=Status.QUEUED, next_try_at__lte=now - UNSENT)
        | Q(status=Status.SENDING, sent_at__lte=now - UNANSWERED)
        | Q(status__in=(Status.ON_THE_WAY, Status.NO_BALANCE), sent_at__lte=now - UNDER_WAY)
    )
    return list(Payout.objects.filter(stuck).values_list("reference", flat=True))


def examine_payout(reference: str) -> Examined:
    """Ask what became of one transfer, take it over, and tell what still differs. Raises GatewayError."""
    payout, told = _both_sides(reference)
    difference = _difference(payout, told)
    if difference is None or payout is None:
        return Examined((difference,) if difference else ())
    mended = told is not None and _take_over(payout, told)
    payout, told = _both_sides(reference)
    difference = _difference(payout, told)
    return Examined((difference,) if difference else (), mended)


def _both_sides(reference: str) -> tuple[Payout | None, SentTransfer | None]:
    # Ours is read first: so Paystack's answer is never older than what we know.
    payout = Payout.objects.filter(reference=reference).first()
    return payout, paystack().transfer_by_reference(reference)


def _take_over(payout: Payout, told: SentTransfer) -> bool:
    """As if Paystack's event had come now, where it is an end that the normal way knows; True if it was taken over."""
    ended = told.status == "success" or told.status in OVER
    arrived = payout.status == Status.PAID and told.status == "reversed"
    if not ended or not (arrived or payout.status in Payout.OPEN) or _other_amount(payout, told):
        return False
    return record_transfer(payout.pk, told)


def _difference(payout: Payout | None, told: SentTransfer | None) -> Finding | None:
    """What is the matter with one payout, if anything."""
    if payout is None:
        return _unknown(told) if told and told.status not in OVER else None
    if told is None:
        # One that it has just taken Paystack may not find yet.
        just_sent = payout.sent_at is not None and payout.sent_at > timezone.now() - SETTLES
        gone = payout.status in (Status.PAID, Status.ON_THE_WAY) and not just_sent
        return _finding(payout, told, Code.PAYOUT_NOT_PAID) if gone else _stuck(payout, told)
    if _other_amount(payout, told) and told.status not in OVER:
        return _finding(payout, told, Code.PAYOUT_AMOUNT, kind=Kind.AMOUNT, key=f"payout:{payout.pk}:amount")
    if told.status == "success":
        return _against_success(payout, told)
    if told.status in OVER:
        return _against_return(payout, told)
    if payout.status == Status.PAID:
        return _finding(payout, told, Code.PAYOUT_NOT_PAID)
    return _finding(payout, told, Code.OPEN_AFTER_RETURN) if payout.status == Status.RETURNED else _stuck(payout, told)


def _against_success(payout: Payout, told: SentTransfer) -> Finding | None:
    if payout.status == Status.RETURNED:
        key = f"payout:{payout.pk}:paid-after-return"
        return _finding(payout, told, Code.PAID_AFTER_RETURN, key=key, theirs=_with_fee(told))
    if payout.status != Status.PAID:
        return _finding(payout, told, Code.PAYOUT_BEHIND, theirs=_with_fee(told))
    return _fee(payout, told)


def _against_return(payout: Payout, told: SentTransfer) -> Finding | None:
    if payout.status == Status.RETURNED:
        # Returned by the bank after it had arrived: the fee is gone, though we may never have seen it arrive.
        return _fee(payout, told) if told.fee else None
    if payout.status == Status.PAID:
        return _finding(payout, told, Code.PAYOUT_NOT_PAID)
    # What waits for the operator may have failed before: it is there to be decided already.
    if payout.status == Status.IN_REVIEW:
        return None
    return _finding(payout, told, Code.PAYOUT_BEHIND, theirs=_with_fee(told))


def _with_fee(told: SentTransfer) -> Facts:
    return of_currency(told.amount, told.currency, status=told.status, fee=told.fee or 0)


def _fee(payout: Payout, told: SentTransfer) -> Finding | None:
    if told.fee is None or told.fee == payout.fee:
        return None
    ours: Facts = {"fee": payout.fee, "currency": payout.currency}
    theirs: Facts = {"fee": told.fee, "currency": told.currency}
    return _finding(payout, told, Code.PAYOUT_FEE, kind=Kind.MISSING_FEE, ours=ours, theirs=theirs)


def _stuck(payout: Payout, told: SentTransfer | None) -> Finding | None:
    return _finding(payout, told, Code.PAYOUT_STUCK, kind=Kind.STUCK) if _is_stuck(payout) else None


def _is_stuck(payout: Payout) -> bool:
    now = timezone.now()
    if payout.status == Status.QUEUED:
        held = payout.send_after is not None and payout.send_after > clock.now() - UNSENT
        return not held and payout.next_try_at <= now - UNSENT
    limits = {Status.SENDING: UNANSWERED, Status.ON_THE_WAY: UNDER_WAY, Status.NO_BALANCE: UNDER_WAY}
    waits = limits.get(Status(payout.status))
    return waits is not None and payout.sent_at is not None and payout.sent_at <= now - waits


def _other_amount(payout: Payout, told: SentTransfer) -> bool:
    return (told.amount, told.currency) != (payout.amount, payout.currency)


def _unknown(told: SentTransfer) -> Finding:
    return Finding(
        key=f"transfer:{told.reference}",
        kind=Kind.PAYOUT_DIFFERS,
        code=Code.PAYOUT_UNKNOWN,
        reference=told.reference,
        subject=Subject.PAYOUT,
        name=told.reference,
        ours={},
        theirs=of_currency(told.amount, told.currency, status=told.status),
    )


def _finding(
    payout: Payout,
    told: SentTransfer | None,
    code: Code,
    *,
    kind: ReviewItem.Kind = Kind.PAYOUT_DIFFERS,
    key: str = "",
    ours: Facts | None = None,
    theirs: Facts | None = None,
) -> Finding:
    known: Facts = of_currency(told.amount, told.currency, status=told.status) if told else {"status": "unknown"}
    return Finding(
        key=key or f"paystack:{code}:{payout.pk}",
        kind=kind,
        code=code,
        reference=payout.reference,
        subject=Subject.PAYOUT,
        name=payout.reference,
        ours=ours or of_currency(payout.amount, payout.currency, status=payout.status),
        theirs=theirs or known,
        about={"payout_id": str(payout.pk)},
    )
