"""What an operator may decide about money in review: each way out, what it posts, and its rule.

An item is resolved once, by a conditional update; who decided, when and why stands in the audit trail.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotFound, Unavailable
from oluko.core.gateway import GatewayError
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account, Transfer
from oluko.ledger.transfers import Posting, account, post
from oluko.payments.giving_back import lock_booking
from oluko.payments.models import Dispute, Payment, Refund, ReviewItem
from oluko.payments.paystack import SentRefund, paystack
from oluko.payments.refunds import latest_of, queue_refund, record_answer, settle
from oluko.payments.tasks import send_refund_job

Kind = Account.Kind
LONGEST_NOTE = 250
# A problem has its own decision; a dispute is decided by a bank.
_DECIDED_ELSEWHERE = (ReviewItem.Kind.PROBLEM, ReviewItem.Kind.DISPUTE)


class Way(StrEnum):
    """How an item can be closed; the values stand in addresses."""

    REFUND = "refund"
    ACCEPT = "accept"
    SEND_AGAIN = "send_again"
    BY_HAND = "by_hand"


WAYS = {
    Way.REFUND: gettext_lazy("Refund what arrived"),
    Way.ACCEPT: gettext_lazy("Close with a note"),
    Way.SEND_AGAIN: gettext_lazy("Send the refund again"),
    Way.BY_HAND: gettext_lazy("Settled by hand"),
}


@dataclass(frozen=True)
class Line:
    """A transfer that a decision would post; minor units."""

    debit: str
    credit: str
    amount: int
    currency: str


def get_item(item_id: int) -> ReviewItem:
    """Raises NotFound."""
    item = ReviewItem.objects.select_related("payment__booking").filter(pk=item_id).first()
    if item is None:
        raise NotFound("no_such_item", _("There is no such row."))
    return item


def ways_out(item: ReviewItem) -> list[Way]:
    """What may be decided about an item now; nothing once it is resolved."""
    if item.resolved_at is not None or item.kind in _DECIDED_ELSEWHERE:
        return []
    if item.kind == ReviewItem.Kind.REFUND:
        refund = _refund_of(item)
        # One that Paystack has made after all needs nothing but to be put away.
        stuck = refund is not None and refund.status == Refund.Status.NEEDS_ATTENTION
        return [Way.SEND_AGAIN, Way.BY_HAND] if stuck else [Way.ACCEPT]
    return [Way.REFUND] if unapplied(item) else [Way.ACCEPT]


def preview(item: ReviewItem, way: Way) -> list[Line]:
    """The transfers that this way out posts, at once or when Paystack has done its part."""
    due, held = Kind.REFUNDS_DUE, Kind.PAYSTACK_CLEARING
    refund = _refund_of(item)
    if way == Way.REFUND and item.payment is not None:
        moves, amount, currency = [(Kind.UNAPPLIED, due), (due, held)], unapplied(item), item.payment.currency
    elif way in (Way.SEND_AGAIN, Way.BY_HAND) and refund is not None:
        moves, amount, currency = [(due, held)], refund.amount, refund.currency
    else:
        return []
    return [Line(str(debit.label), str(credit.label), amount, currency) for debit, credit in moves]


def unapplied(item: ReviewItem) -> int:
    """Minor units that lie in UNAPPLIED because of this item."""
    return unapplied_of(item.payment) if item.payment else 0


def unapplied_of(payment: Payment) -> int:
    """Minor units of a payment that lie in UNAPPLIED."""
    went = Transfer.objects.filter(payment_reference=payment.reference, debit__kind=Kind.UNAPPLIED)
    return arrived_unapplied(payment) - int(went.aggregate(sum=Sum("amount"))["sum"] or 0)


def arrived_unapplied(payment: Payment) -> int:
    """Minor units of a payment that came into UNAPPLIED, wherever they are by now."""
    came = Transfer.objects.filter(payment_reference=payment.reference, credit__kind=Kind.UNAPPLIED)
    return int(came.aggregate(sum=Sum("amount"))["sum"] or 0)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def refund_arrived(operator: Person, item_id: int, *, note: str = "") -> Refund:
    """Send back, whole, money that settled nothing.

    Raises NotFound, Conflict where there is none, it is decided, or a bank has yet to decide about it.
    """
    payment = get_item(item_id).payment
    if payment is None:
        raise moved_on()
    # A bank that takes the same money waits until this has ended, or has ended.
    lock_booking(payment.booking_id)
    item, amount = _open(item_id, Way.REFUND), unapplied_of(payment)
    if payment.disputes.filter(status__in=Dispute.OPEN).exists():
        raise Conflict("disputed", _("The student's bank has disputed this payment. Wait until it has decided."))
    _resolve(operator, item, Way.REFUND, note)
    post(
        [
            Posting(
                "review_to_refund",
                account(Kind.UNAPPLIED, payment.currency),
                account(Kind.REFUNDS_DUE, payment.currency),
                amount,
                f"review:{item.pk}:refund",
            )
        ],
        at=clock.now(),
        booking_id=payment.booking_id,
        payment_reference=payment.reference,
    )
    return queue_refund(payment, amount, cause=Refund.Cause.REVIEW)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def accept(operator: Person, item_id: int, *, note: str) -> None:
    """Close an item on which no money hangs. Raises NotFound, Conflict, and Invalid without a note."""
    check_note(note)
    _resolve(operator, _open(item_id, Way.ACCEPT), Way.ACCEPT, note)


def send_again(operator: Person, item_id: int, *, note: str = "") -> None:
    """Send a failed refund once more, unless Paystack, which is asked first, has it after all.

    Raises NotFound, Conflict when the item has moved on or Paystack itself waits for the operator, Unavailable
    when it does not answer.
    """
    item = _open(item_id, Way.SEND_AGAIN)
    refund = _stuck_refund(item)
    known = _ask_paystack(refund)
    if known is not None and known.status == "needs-attention":
        raise Conflict("at_paystack", _("Paystack has this refund and waits for you there. Finish it at Paystack."))
    if known is None or known.status == "failed":
        _queue_again(operator, item_id, refund.pk, note)
        return
    _take_up(operator, item_id, refund.pk, note)
    record_answer(refund, known)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def settle_by_hand(operator: Person, item_id: int, *, note: str) -> None:
    """The operator has given the money back at Paystack's own site. Raises NotFound, Conflict, Invalid (no note)."""
    check_note(note)
    item = _open(item_id, Way.BY_HAND)
    refund = _stuck_refund(item)
    _resolve(operator, item, Way.BY_HAND, note)
    _move_refund(operator, refund.pk, Refund.Status.PROCESSING, note)
    settle(refund.pk, paystack_id=refund.paystack_id, outcome=f"By hand: {note.strip()}")


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _queue_again(operator: Person, item_id: int, refund_id: UUID, note: str) -> None:
    _resolve(operator, _open(item_id, Way.SEND_AGAIN), Way.SEND_AGAIN, note)
    _move_refund(operator, refund_id, Refund.Status.QUEUED, note, attempts=0)
    send_refund_job.enqueue(str(refund_id))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _take_up(operator: Person, item_id: int, refund_id: UUID, note: str) -> None:
    """Paystack has it: follow it from here as any that was sent."""
    _resolve(operator, _open(item_id, Way.SEND_AGAIN), Way.SEND_AGAIN, note)
    _move_refund(operator, refund_id, Refund.Status.SENDING, note, sent_at=timezone.now())


def _move_refund(operator: Person, refund_id: UUID, status: Refund.Status, note: str, **fields: object) -> None:
    stuck = Refund.Status.NEEDS_ATTENTION
    if not Refund.objects.filter(pk=refund_id, status=stuck).update(status=status, **fields):
        raise moved_on()
    record_change("refund", str(refund_id), stuck, status, actor_id=operator.pk, why=note, at=clock.now())


def _open(item_id: int, way: Way) -> ReviewItem:
    item = get_item(item_id)
    if way not in ways_out(item):
        raise moved_on()
    return item


def _resolve(operator: Person, item: ReviewItem, way: Way, note: str) -> None:
    close_item(operator, item, str(WAYS[way]), way.name, note)


def close_item(operator: Person, item: ReviewItem, label: str, state: str, note: str) -> None:
    """Close a row with what was decided, once. Call inside a transaction. Raises Conflict if somebody was quicker."""
    if len(note) > LONGEST_NOTE:
        raise Invalid("too_long", _("At most 250 characters."), field="note")
    words = f"{label}: {note.strip()}" if note.strip() else label
    rows = ReviewItem.objects.filter(pk=item.pk, resolved_at__isnull=True)
    if not rows.update(resolved_at=timezone.now(), resolved_by_id=operator.pk, resolution=words[:300]):
        raise moved_on()
    why = note.strip() or item.kind
    record_change("review", str(item.pk), "OPEN", state, actor_id=operator.pk, why=why[:200], at=clock.now())


def _refund_of(item: ReviewItem) -> Refund | None:
    name = item.detail.get("refund") if item.kind == ReviewItem.Kind.REFUND else None
    return Refund.objects.select_related("payment").filter(pk=name).first() if name else None


def _stuck_refund(item: ReviewItem) -> Refund:
    refund = _refund_of(item)
    if refund is None:
        raise moved_on()
    return refund


def _ask_paystack(refund: Refund) -> SentRefund | None:
    payment: Payment = refund.payment
    try:
        return latest_of(refund, paystack().refunds_of(payment.paystack_id or payment.reference))
    except GatewayError as problem:
        message = _("Paystack is not answering just now; nothing was sent. Try again in a moment.")
        raise Unavailable("provider_unavailable", message) from problem


def check_note(note: str) -> None:
    """Raises Invalid without a reason."""
    if not note.strip():
        raise Invalid("note_needed", _("Say why, in a few words."), field="note")


def moved_on() -> Conflict:
    """What is raised where a row is not any more as it was shown."""
    return Conflict("moved_on", _("This has been decided already, or has changed; reload to see it."))
