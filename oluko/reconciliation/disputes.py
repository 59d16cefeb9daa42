"""Disputes against Paystack's. What it says of one is applied as a webhook's news would be; the rest is a finding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from oluko.payments.disputes import apply_dispute, outcome_of
from oluko.payments.models import Dispute, ReviewItem
from oluko.payments.paystack import ChargeDispute, paystack
from oluko.reconciliation.findings import Code, Examined, Facts, Finding, Subject, of_currency

Kind, State = ReviewItem.Kind, Dispute.Status


def worth_a_look(told: Iterable[ChargeDispute]) -> list[str]:
    """The numbers of a page's disputes that our books do not have as Paystack has them."""
    told = list(told)
    rows = Dispute.objects.filter(paystack_id__in=[each.paystack_id for each in told])
    ours = {dispute.paystack_id: dispute for dispute in rows}
    return [each.paystack_id for each in told if _difference(ours.get(each.paystack_id), each)]


def not_told(since: datetime, told: set[str]) -> list[str]:
    """Disputes that are open, or were asked about in that time, and are not on Paystack's list."""
    rows = Dispute.objects.filter(Q(status__in=Dispute.OPEN) | Q(checked_at__gte=since))
    return [number for number in rows.values_list("paystack_id", flat=True) if number not in told]


def examine_dispute(number: str) -> Examined:
    """Ask how one dispute stands, take it over, and tell what still differs. Raises GatewayError."""
    dispute, told = _both_sides(number)
    difference = _difference(dispute, told)
    if difference is None or told is None:
        return Examined((difference,) if difference else ())
    mended = apply_dispute(told)
    dispute, told = _both_sides(number)
    difference = _difference(dispute, told)
    return Examined((difference,) if difference else (), mended and dispute is not None)


def _both_sides(number: str) -> tuple[Dispute | None, ChargeDispute | None]:
    # Ours is read first: so Paystack's answer is never older than what we know.
    dispute = Dispute.objects.select_related("payment").filter(paystack_id=number).first()
    return dispute, paystack().dispute(number)


def _difference(dispute: Dispute | None, told: ChargeDispute | None) -> Finding | None:
    if dispute is None:
        return _unknown(told) if told else None
    if told is None:
        return _finding(dispute, {"status": "unknown"}, Code.DISPUTE_MISSING)
    decided = outcome_of(told)
    theirs = of_currency(told.amount, told.currency or dispute.currency, status=told.resolution or told.status)
    if decided is None:
        # Between the two ways of being open it goes back and forth by itself.
        return None if dispute.status in Dispute.OPEN else _finding(dispute, theirs, Code.DISPUTE_DIFFERS)
    same = dispute.status == decided and (decided == State.WON or dispute.amount == told.amount)
    return None if same else _finding(dispute, theirs, Code.DISPUTE_DIFFERS)


def _unknown(told: ChargeDispute) -> Finding:
    return Finding(
        key=f"unknown:dispute {told.paystack_id}",
        kind=Kind.DISPUTE_DIFFERS,
        code=Code.DISPUTE_UNKNOWN,
        reference=told.reference or f"dispute {told.paystack_id}",
        subject=Subject.DISPUTE,
        name=told.paystack_id,
        ours={},
        theirs=of_currency(told.amount, told.currency, status=told.resolution or told.status),
    )


def _finding(dispute: Dispute, theirs: Facts, code: Code) -> Finding:
    return Finding(
        key=f"paystack:{code}:{dispute.pk}",
        kind=Kind.DISPUTE_DIFFERS,
        code=code,
        reference=dispute.payment.reference,
        subject=Subject.DISPUTE,
        name=dispute.paystack_id,
        ours=of_currency(dispute.amount, dispute.currency, status=dispute.status),
        theirs=theirs,
        about={"payment_id": str(dispute.payment_id), "dispute_id": str(dispute.pk)},
    )
