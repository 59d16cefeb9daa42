"""What a comparison finds: one row to decide about a difference, however often it is found.

A finding that is gone closes itself. One that a person has closed stays closed until its facts are others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.payments.models import ReviewItem

type Facts = dict[str, str | int]
GONE = "Gone: both sides agree again."


class Subject(StrEnum):
    """What is compared as one, and asked about again by its name."""

    CHARGE = "charge"
    REFUNDS = "refunds"
    PAYOUT = "payout"
    DISPUTE = "dispute"
    SETTLEMENT = "settlement"


class Code(StrEnum):
    """What is the matter; the words for it are in `words`, the remedies in `remedies`."""

    NOT_BOOKED = "not_booked"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"
    IN_REVIEW = "in_review"
    AMOUNT = "amount"
    CURRENCY = "currency"
    FEE = "fee"
    REVERSED = "reversed"
    ATTEMPT_STUCK = "attempt_stuck"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_NOT_MADE = "refund_not_made"
    REFUND_AMOUNT = "refund_amount"
    REFUND_STUCK = "refund_stuck"
    PAYOUT_UNKNOWN = "payout_unknown"
    PAYOUT_NOT_PAID = "payout_not_paid"
    PAYOUT_BEHIND = "payout_behind"
    PAID_AFTER_RETURN = "paid_after_return"
    OPEN_AFTER_RETURN = "open_after_return"
    PAYOUT_AMOUNT = "payout_amount"
    PAYOUT_FEE = "payout_fee"
    PAYOUT_STUCK = "payout_stuck"
    DISPUTE_UNKNOWN = "dispute_unknown"
    DISPUTE_DIFFERS = "dispute_differs"
    DISPUTE_MISSING = "dispute_missing"
    SETTLEMENT = "settlement"


@dataclass(frozen=True)
class Finding:
    """A difference: our side and theirs (amounts in minor units), and what `about` names of ours, by id."""

    key: str
    kind: ReviewItem.Kind
    code: Code
    reference: str
    subject: Subject
    name: str
    ours: Facts
    theirs: Facts
    about: dict[str, object] = field(default_factory=dict)

    @property
    def detail(self) -> dict[str, object]:
        return {
            "found": self.code.value,
            "subject": [self.subject.value, self.name],
            "ours": self.ours,
            "theirs": self.theirs,
            **self.about,
        }


@dataclass(frozen=True)
class Examined:
    """What is left of a subject's differences, and whether looking at it has settled any."""

    findings: tuple[Finding, ...] = ()
    mended: bool = False


@repeat_on_deadlock
@transaction.atomic(durable=True)
def remember(finding: Finding) -> bool:
    """Keep a finding in the inbox; False where a person has closed it, and nothing about it has changed since."""
    now = timezone.now()
    defaults = {
        "kind": finding.kind,
        "reference": finding.reference[:120],
        "detail": finding.detail,
        "seen_at": now,
    }
    item, created = ReviewItem.objects.get_or_create(key=finding.key[:120], defaults=defaults)
    if created:
        return True
    item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    same = "found" not in item.detail or _facts(item.detail) == _facts(finding.detail)
    if item.resolved_by_id is not None and same:
        return False
    # Money that waits for a decision keeps the facts that it came with, and is never put away by a comparison.
    if item.payment_id is None:
        item.detail = item.detail | finding.detail
    item.seen_at, item.resolved_at, item.resolved_by_id, item.resolution = now, None, None, ""
    item.save()
    return True


def open_findings() -> Iterator[ReviewItem]:
    """What comparisons have found and nobody has decided."""
    yield from ReviewItem.objects.filter(seen_at__isnull=False, resolved_at__isnull=True).order_by("pk")


def subject_of(item: ReviewItem) -> tuple[Subject, str] | None:
    """What has to be asked about again to know whether a finding is still there; None for other rows."""
    named = item.detail.get("subject")
    if not isinstance(named, list) or len(named) != 2 or named[0] not in list(Subject):
        return None
    return Subject(named[0]), str(named[1])


def close_unseen(since: datetime, *, of: tuple[Subject, str] | None = None) -> int:
    """Close the findings (of one subject, or all) that were not found again since an instant; how many."""
    closed = 0
    for item in open_findings():
        subject = subject_of(item)
        if subject is None or (of is not None and subject != of):
            continue
        # Found by another comparison in this moment, or decided by a person: then it is not ours to close.
        rows = ReviewItem.objects.filter(pk=item.pk, seen_at__lt=since, resolved_at__isnull=True)
        closed += rows.update(resolved_at=timezone.now(), resolution=GONE)
    return closed


def of_currency(amount: int, currency: str, **more: str | int) -> Facts:
    """Facts with an amount, in the order in which they are shown."""
    return {"amount": amount, "currency": currency, **more}


def day(instant: datetime | None) -> str:
    return clock.iso(instant) if instant else ""


def _facts(detail: dict[str, object]) -> list[object]:
    return [detail.get(name) for name in ("found", "ours", "theirs")]
