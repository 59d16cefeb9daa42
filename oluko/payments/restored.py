"""After a restore: what was paid or refunded since the backup was made is asked of Paystack first.

The restore leaves a file in the data folder; it is deleted once all is asked, so that a crash begins again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from oluko.core.restore import FLAG
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, Refund
from oluko.payments.paystack import paystack
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import follow_refunds_of

# How long before the restore a backup may have been made for its gap to be asked about.
LONGEST_GAP = timedelta(days=30)


def reconcile_restored() -> None:
    """Do nothing unless a restore has left its file. Raises GatewayError while Paystack does not answer."""
    flag = Path(settings.OLUKO_DATA) / FLAG
    if not flag.exists():
        return
    restored_at = datetime.fromisoformat(flag.read_text().strip())
    _ask_about_unpaid(restored_at)
    _ask_about_refunds()
    _find_unknown(restored_at - LONGEST_GAP)
    flag.unlink(missing_ok=True)


def _ask_about_unpaid(restored_at: datetime) -> None:
    """Attempts that the backup knows as unpaid; each is asked once, so that a long list survives interruptions."""
    unasked = Q(checked_at__isnull=True) | Q(checked_at__lt=restored_at)
    unpaid = Payment.objects.filter(unasked, created_at__gte=restored_at - LONGEST_GAP)
    for reference in unpaid.exclude(status=Payment.Status.PAID).values_list("reference", flat=True):
        check_payment(reference)


def _ask_about_refunds() -> None:
    """Refunds that were sent after the backup must not be sent a second time: they are looked up before."""
    open_refunds = Refund.objects.exclude(status=Refund.Status.PROCESSED)
    # What the backup holds as queued may have been sent since; as SENDING it is looked up, and sent if unknown.
    open_refunds.filter(status=Refund.Status.QUEUED).update(status=Refund.Status.SENDING, sent_at=None)
    for reference in set(open_refunds.values_list("payment__reference", flat=True)):
        follow_refunds_of(reference)
    open_refunds.filter(status=Refund.Status.SENDING, sent_at=None).update(status=Refund.Status.QUEUED)


def _find_unknown(since: datetime) -> None:
    """Charges whose booking the backup does not have: to review, so that their money is not forgotten."""
    for page in count(1):
        charges = paystack().charges_since(since, page)
        known = set(
            Payment.objects.filter(reference__in=[c.reference for c in charges]).values_list("reference", flat=True)
        )
        for charge in charges:
            if charge.reference not in known:
                apply_charge(charge.reference, charge)
        if not charges:
            return
