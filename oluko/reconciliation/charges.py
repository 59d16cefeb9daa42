"""Payments against Paystack's charges. News that was lost is applied as any other; only what is left is a finding."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import Prefetch, Sum
from django.utils import timezone

from oluko.core.errors import DomainError
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Dispute, Payment, Refund, ReviewItem
from oluko.payments.paystack import Charge, paystack
from oluko.payments.reconcile import GIVE_UP
from oluko.payments.reviews import arrived_unapplied
from oluko.reconciliation.findings import Code, Examined, Facts, Finding, Subject, of_currency
from oluko.reconciliation.refunds import examine_refunds, made_elsewhere

logger = logging.getLogger(__name__)
Kind = ReviewItem.Kind
# The sweep gives attempts up that nobody has paid; an hour later it has had its time.
STUCK_AFTER = GIVE_UP + timedelta(hours=1)


def worth_a_look(told: Iterable[Charge]) -> list[str]:
    """The references of a page's charges that our books do not have as Paystack has them."""
    told = list(told)
    rows = Payment.objects.filter(reference__in=[charge.reference for charge in told])
    rows = rows.prefetch_related("refunds", Prefetch("disputes", Dispute.objects.filter(status=Dispute.Status.LOST)))
    ours = {payment.reference: payment for payment in rows}
    return [charge.reference for charge in told if not _agrees(ours.get(charge.reference), charge)]


def not_told(since: datetime, told: set[str]) -> list[str]:
    """Payments of that time that our books have as paid, and Paystack's list does not have."""
    paid = Payment.objects.filter(status=Payment.Status.PAID, created_at__gte=since)
    return [reference for reference in paid.values_list("reference", flat=True).iterator() if reference not in told]


def stuck_attempts() -> list[str]:
    """Attempts that are under way for longer than any may be."""
    old = timezone.now() - STUCK_AFTER
    pending = Payment.objects.filter(status=Payment.Status.PENDING, created_at__lte=old)
    return list(pending.values_list("reference", flat=True))


def examine_charge(reference: str) -> Examined:
    """Ask Paystack about one payment, apply what it says, and tell what still differs. Raises GatewayError."""
    payment = Payment.objects.filter(reference=reference).first()
    told = paystack().verify(reference)
    if payment is None:
        gone = told is None or told.status != "success"
        return Examined(() if gone or told is None else (_unknown(told),))
    mended = payment.status != Payment.Status.PAID and told is not None and _apply(reference, told)
    payment = Payment.objects.get(reference=reference)
    if payment.status != Payment.Status.PAID:
        found = _unpaid(payment, told)
        # What was only put before the operator is not settled.
        return Examined(found, mended and not found)
    if told is None or told.status not in ("success", "reversed"):
        # It may have been paid, and booked, since we asked.
        told = paystack().verify(reference)
    if told is None or told.status not in ("success", "reversed"):
        return Examined((_not_paid(payment, told),), mended)
    differences = [*_amounts(payment, told)]
    if told.status == "reversed" and unexplained(payment) > 0:
        rest = unexplained(payment) - made_elsewhere(payment)
        differences += [_reversed(payment, rest)] if rest > 0 else []
        differences += examine_refunds(reference).findings
    return Examined(tuple(differences), mended)


def unexplained(payment: Payment) -> int:
    """Minor units of a payment that are not on their way back by a refund of ours, nor taken by a bank."""
    refunds = payment.refunds.aggregate(sum=Sum("amount"))["sum"] or 0
    lost = payment.disputes.filter(status=Dispute.Status.LOST).aggregate(sum=Sum("amount"))["sum"] or 0
    return payment.amount - int(refunds) - int(lost)


def _agrees(payment: Payment | None, charge: Charge) -> bool:
    if payment is None:
        return charge.status != "success"
    if payment.status != Payment.Status.PAID:
        return charge.status != "success"
    same = (payment.amount, payment.currency) == (charge.amount, charge.currency)
    if not same or charge.fee not in (0, payment.fee):
        return False
    if charge.status != "reversed":
        return True
    # Both lists are here already: no query for each payment of a page.
    back: list[Refund | Dispute] = [*payment.refunds.all(), *payment.disputes.all()]
    return sum(each.amount for each in back) >= payment.amount


def _apply(reference: str, told: Charge) -> bool:
    """As a webhook would do it; what stands against it becomes a finding, and stops no comparison."""
    try:
        return apply_charge(reference, told)
    except (DomainError, Error):
        logger.exception("a charge could not be applied")
        return False


def _unpaid(payment: Payment, told: Charge | None) -> tuple[Finding, ...]:
    if told is not None and told.status == "success":
        if ReviewItem.objects.filter(key=f"charge:{payment.reference}", payment=payment).exists():
            # In review since it arrived. The row is there; if it was decided, that is its end.
            waits = _finding(payment, Kind.AMOUNT, Code.IN_REVIEW, {}, {}, key=f"charge:{payment.reference}")
            # Of money that was not even recorded no fee is.
            return (waits, *(_fee(payment, told) if arrived_unapplied(payment) else ()))
        theirs = of_currency(told.amount, told.currency, status=told.status, fee=told.fee)
        return (_finding(payment, Kind.PAID_NOT_BOOKED, Code.NOT_BOOKED, _ours(payment), theirs),)
    if payment.status == Payment.Status.PENDING and payment.created_at <= timezone.now() - STUCK_AFTER:
        theirs = {"status": told.status if told else "unknown"}
        return (_finding(payment, Kind.STUCK, Code.ATTEMPT_STUCK, _ours(payment), theirs),)
    return ()


def _amounts(payment: Payment, told: Charge) -> Iterable[Finding]:
    theirs = of_currency(told.amount, told.currency)
    if payment.currency != told.currency:
        yield _finding(payment, Kind.CURRENCY, Code.CURRENCY, of_currency(payment.amount, payment.currency), theirs)
    elif payment.amount != told.amount:
        yield _finding(payment, Kind.AMOUNT, Code.AMOUNT, of_currency(payment.amount, payment.currency), theirs)
    yield from _fee(payment, told)


def _fee(payment: Payment, told: Charge) -> Iterable[Finding]:
    if told.fee not in (0, payment.fee):
        ours: Facts = {"fee": payment.fee, "currency": payment.currency}
        theirs: Facts = {"fee": told.fee, "currency": told.currency}
        yield _finding(payment, Kind.MISSING_FEE, Code.FEE, ours, theirs)


def _not_paid(payment: Payment, told: Charge | None) -> Finding:
    theirs: Facts = {"status": told.status if told else "unknown"}
    return _finding(payment, Kind.BOOKED_NOT_PAID, Code.NOT_PAID, _ours(payment), theirs)


def _reversed(payment: Payment, rest: int) -> Finding:
    theirs = of_currency(rest, payment.currency, status="reversed")
    return _finding(payment, Kind.REVERSED, Code.REVERSED, _ours(payment), theirs)


def _unknown(told: Charge) -> Finding:
    return Finding(
        key=f"unknown:{told.reference}",
        kind=Kind.UNKNOWN_REFERENCE,
        code=Code.UNKNOWN,
        reference=told.reference,
        subject=Subject.CHARGE,
        name=told.reference,
        ours={},
        theirs=of_currency(told.amount, told.currency, status=told.status),
    )


def _ours(payment: Payment) -> Facts:
    return of_currency(payment.amount, payment.currency, status=payment.status)


def _finding(
    payment: Payment, kind: ReviewItem.Kind, code: Code, ours: Facts, theirs: Facts, *, key: str = ""
) -> Finding:
    return Finding(
        key=key or f"paystack:{code}:{payment.reference}",
        kind=kind,
        code=code,
        reference=payment.reference,
        subject=Subject.CHARGE,
        name=payment.reference,
        ours=ours,
        theirs=theirs,
        about={"payment_id": str(payment.pk)},
    )
