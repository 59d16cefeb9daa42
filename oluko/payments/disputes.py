"""Disputes: a student's bank asks Paystack for the money back, and decides.

While it does, what is left of the booking's money is frozen, in the two accounts of held money. Decided for the tutor,
it goes back to where it would be by then; decided for the student, the disputed part leaves the books as Paystack has
taken it, and the rest goes back. The bank is answered at Paystack's own site.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.bookings.models import LIVE, Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.sessions import complete_over
from oluko.bookings.wording import tell, tell_both
from oluko.calendars.claims import release_time
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.gateway import GatewayError
from oluko.core.steps import Step, reached
from oluko.core.times import when_for
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, lock_balances, post
from oluko.meetings.meetings import close_meeting
from oluko.payments.giving_back import (
    count_given,
    left_of,
    lock_booking,
    open_disputes,
    parts_of,
    recover_owed,
    settling_payment,
)
from oluko.payments.models import Dispute, Payment, Problem, Refund, ReviewItem
from oluko.payments.paystack import ChargeDispute, paystack
from oluko.payments.problems import close_problem
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import settle
from oluko.payments.reviews import arrived_unapplied, unapplied_of
from oluko.payments.unmatched import review_unknown_reference

Kind, State = Account.Kind, Dispute.Status
# Where banks are answered; Paystack offers no page of one dispute whose address could be made from its number.
ANSWER_AT = "https://dashboard.paystack.com/#/disputes"
LOOK_BACK = timedelta(days=3)
BATCH = 50
_STATES = {"awaiting-merchant-feedback": State.AWAITING_US, "awaiting-bank-feedback": State.AWAITING_BANK}
_DECISIONS = {"declined": State.WON, "merchant-accepted": State.LOST, "auto-accepted": State.LOST}


def check_dispute(paystack_id: str) -> bool:
    """Ask Paystack about one dispute and apply the answer; True if it changed something. Raises GatewayError."""
    told = paystack().dispute(paystack_id) if paystack_id else None
    return apply_dispute(told) if told else False


def check_disputes() -> int:
    """Ask about every dispute that is open, and for those that were opened lately; how many changed.

    Stops quietly while Paystack does not answer: the next round asks again.
    """
    changed = 0
    try:
        seen = set()
        for told in _lately_opened():
            seen.add(told.paystack_id)
            changed += apply_dispute(told)
        waiting = Dispute.objects.filter(status__in=Dispute.OPEN).exclude(paystack_id__in=seen)
        longest_unasked = waiting.order_by(F("checked_at").asc(nulls_first=True))[:BATCH]
        for paystack_id in list(longest_unasked.values_list("paystack_id", flat=True)):
            changed += check_dispute(paystack_id)
    except GatewayError:
        return changed
    return changed


def apply_dispute(told: ChargeDispute) -> bool:
    """Take over what Paystack says about a dispute; True if it changed something. Raises GatewayError."""
    payment = Payment.objects.filter(reference=told.reference).first()
    if payment is None or told.currency not in ("", payment.currency):
        facts = {"dispute": told.paystack_id, "amount": told.amount, "currency": told.currency, "of": told.reference}
        return review_unknown_reference(f"dispute {told.paystack_id}", facts)
    if payment.status != Payment.Status.PAID:
        # The bank may be quicker than the news that it was paid.
        check_payment(payment.reference)
        payment.refresh_from_db()
    return _take_over(payment, told)


def outcome_of(told: ChargeDispute) -> Dispute.Status | None:
    """How it was decided; None while it is open."""
    return _DECISIONS.get(told.resolution) if told.status == "resolved" else None


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _take_over(payment: Payment, told: ChargeDispute) -> bool:
    lock_booking(payment.booking_id)
    booking = Booking.objects.select_related("student", "tutor").get(pk=payment.booking_id)
    opening = {
        "payment": payment,
        "amount": told.amount,
        "currency": payment.currency,
        "category": told.category[:60],
        "due_at": told.due_at,
        "opened_at": clock.now(),
    }
    dispute, opened = Dispute.objects.get_or_create(paystack_id=told.paystack_id, defaults=opening)
    if opened:
        _open(dispute, booking)
    if dispute.status not in Dispute.OPEN:
        return False
    before = (dispute.status, dispute.amount, dispute.due_at)
    dispute.amount, dispute.due_at = told.amount, told.due_at
    decided = outcome_of(told)
    if decided is None:
        dispute.status = _STATES.get(told.status, State.AWAITING_BANK)
    else:
        _decide(dispute, booking, decided, told.resolution)
    dispute.checked_at = timezone.now()
    dispute.save()
    reached(Step.DISPUTE_WRITTEN)
    return opened or before != (dispute.status, dispute.amount, dispute.due_at)


def _open(dispute: Dispute, booking: Booking) -> None:
    payment = dispute.payment
    if _settles(dispute, booking):
        # Of several disputes about one payment the first holds the money for all of them.
        if len(open_disputes(booking)) == 1:
            _freeze(dispute, booking)
        Booking.objects.filter(pk=booking.pk).update(release_held=True)
        due = when_for(booking.tutor, dispute.due_at) if dispute.due_at else ""
        why = _("Oluko answers the bank by %(due)s.") % {"due": due} if due else ""
        tell(booking, booking.tutor, "disputed", amount=dispute.amount, why=why, key=f":{dispute.paystack_id}")
    ReviewItem.objects.get_or_create(
        key=f"dispute:{dispute.paystack_id}",
        defaults={
            "kind": ReviewItem.Kind.DISPUTE,
            # A row of an attempt that is not paid would keep it from being paid.
            "payment": payment if payment.status == Payment.Status.PAID else None,
            "reference": payment.reference,
            "detail": {
                "dispute": str(dispute.pk),
                "amount": dispute.amount,
                "category": dispute.category,
                "due": clock.iso(dispute.due_at) if dispute.due_at else "",
            },
        },
    )
    _record(dispute, "", State.AWAITING_US, dispute.category)


def _freeze(dispute: Dispute, booking: Booking) -> None:
    """Hold what is left; of money that was released, as much of the tutor's part as the wallet has."""
    parts = parts_of(booking, left_of(booking))
    tutor, platform = _rest_in(booking)
    held = min(parts.tutor, lock_balances(tutor)[0]) if booking.released_at else parts.tutor
    dispute.held_tutor, dispute.held_platform = held, parts.platform
    tutor_held, platform_held = _held(booking)
    _post(
        dispute,
        Posting("dispute_frozen_tutor", tutor, tutor_held, held, f"dispute:{dispute.pk}:frozen:tutor"),
        Posting(
            "dispute_frozen_platform", platform, platform_held, parts.platform, f"dispute:{dispute.pk}:frozen:platform"
        ),
    )
    dispute.save(update_fields=["held_tutor", "held_platform"])


def _decide(dispute: Dispute, booking: Booking, decided: Dispute.Status, resolution: str) -> None:
    settles, tutors_loss = _settles(dispute, booking), 0
    if settles:
        tutors_loss = _settle_held(dispute, booking, taken=dispute.amount if decided == State.LOST else 0)
    elif decided == State.LOST:
        _bear(dispute, dispute.amount)
    _record(dispute, dispute.status, decided, resolution)
    dispute.status, dispute.answer, dispute.resolved_at = decided, resolution[:300], clock.now()
    dispute.save()
    ReviewItem.objects.filter(key=f"dispute:{dispute.paystack_id}", resolved_at__isnull=True).update(
        resolved_at=timezone.now(), resolution=f"{decided.label}: {resolution}"[:300]
    )
    if settles:
        _end(booking)
        event = "dispute_won" if decided == State.WON else "dispute_lost"
        tell(booking, booking.tutor, event, amount=tutors_loss, key=f":{dispute.paystack_id}")


def _settle_held(dispute: Dispute, booking: Booking, *, taken: int) -> int:
    """Take what the bank took out of the frozen money, and let go of the rest, unless another dispute holds it on.

    What the tutor has lost by it, in minor units.
    """
    disputes = open_disputes(booking)
    holder = next((each for each in disputes if each.held_tutor or each.held_platform), dispute)
    heir = next((each for each in disputes if each.pk != dispute.pk), None)
    lost = min(taken, left_of(booking))
    parts = parts_of(booking, lost)
    from_held = min(parts.tutor, holder.held_tutor)
    _post_lost(dispute, booking, from_held, parts.tutor - from_held, parts.platform)
    if lost:
        count_given(booking, lost)
    rest = (holder.held_tutor - from_held, holder.held_platform - parts.platform)
    if heir is None:
        _thaw(dispute, booking, *rest)
    else:
        keeper = heir if holder.pk == dispute.pk else holder
        keeper.held_tutor, keeper.held_platform = rest
        keeper.save(update_fields=["held_tutor", "held_platform"])
    recover_owed(booking.tutor_id, booking.currency, key=f"dispute:{dispute.pk}", booking_id=booking.pk)
    _bear(dispute, taken - lost)
    return parts.tutor


def _post_lost(dispute: Dispute, booking: Booking, from_held: int, owed: int, platform: int) -> None:
    """What the bank has taken: out of held money, and what was not there any more as a debt of the tutor."""
    tutor_held, platform_held = _held(booking)
    gone, key = account(Kind.PAYSTACK_CLEARING, booking.currency), f"dispute:{dispute.pk}:lost"
    moves = [
        Posting("dispute_lost_tutor", tutor_held, gone, from_held, f"{key}:tutor"),
        Posting("dispute_lost_platform", platform_held, gone, platform, f"{key}:platform"),
    ]
    if owed:
        owes = account(Kind.TUTOR_OWES, booking.currency, booking.tutor_id)
        moves.append(Posting("dispute_lost_owed", owes, gone, owed, f"{key}:owed"))
    _post(dispute, *moves)


def _thaw(dispute: Dispute, booking: Booking, tutor: int, platform: int) -> None:
    back_tutor, back_platform = _rest_in(booking)
    tutor_held, platform_held = _held(booking)
    _post(
        dispute,
        Posting("dispute_freed_tutor", tutor_held, back_tutor, tutor, f"dispute:{dispute.pk}:freed:tutor"),
        Posting(
            "dispute_freed_platform", platform_held, back_platform, platform, f"dispute:{dispute.pk}:freed:platform"
        ),
    )


def _bear(dispute: Dispute, amount: int) -> None:
    """The bank took money that is not the booking's any more: it was on its way back, in review, or is given twice.

    Refunds that Paystack has not taken up are settled by it; what remains is the platform's loss.
    """
    payment, gone = dispute.payment, account(Kind.PAYSTACK_CLEARING, dispute.currency)
    waiting = payment.refunds.select_for_update(of=("self",)).filter(
        status__in=(Refund.Status.QUEUED, Refund.Status.NEEDS_ATTENTION), amount__lte=amount
    )
    for refund in waiting.order_by("created_at"):
        if refund.amount <= amount and settle(refund.pk, paystack_id=refund.paystack_id, outcome="Taken by the bank"):
            amount -= refund.amount
    in_review = min(amount, unapplied_of(payment))
    _post(
        dispute,
        Posting(
            "dispute_lost_unapplied",
            account(Kind.UNAPPLIED, dispute.currency),
            gone,
            in_review,
            f"dispute:{dispute.pk}:lost:unapplied",
        ),
        Posting(
            "dispute_loss",
            account(Kind.PLATFORM_REVENUE, dispute.currency),
            gone,
            # What never arrived by our books cannot leave them.
            amount - in_review if _has_arrived(payment) else 0,
            f"dispute:{dispute.pk}:loss",
        ),
    )


def _has_arrived(payment: Payment) -> bool:
    """Whether our books have had its money: it was paid, or came into review, from where it may have gone back."""
    return payment.status == Payment.Status.PAID or arrived_unapplied(payment) > 0


def _end(booking: Booking) -> None:
    """What the decision means for the session: nothing, unless all that was paid for it is gone."""
    if not left_of(booking):
        _end_session(booking)
        Booking.objects.filter(pk=booking.pk).update(payment_status=PaymentStatus.REFUNDED)
        close_problem(booking, refund=0, note=_("The student's bank has taken the payment back."))
    reported = Problem.objects.filter(booking=booking, status=Problem.Status.OPEN).exists()
    Booking.objects.filter(pk=booking.pk).update(release_held=reported or bool(open_disputes(booking)))


def _end_session(booking: Booking) -> None:
    """A session for which nobody pays any more does not take place; one that is over is not left unmarked."""
    if booking.status not in LIVE:
        return
    now = clock.now()
    if booking.ends_at <= now:
        complete_over(booking, actor_id=None, why="TAKEN_BY_BANK")
        return
    taken = CancelReason.TAKEN_BY_BANK
    if booking.move_to(
        Status.CANCELLED, actor_id=None, why=taken, cancel_reason=taken, cancelled_at=now, release_at=now
    ):
        release_time(booking.pk)
        close_meeting(booking)
        tell_both(booking, "cancelled")


def _settles(dispute: Dispute, booking: Booking) -> bool:
    """Whether it is the payment that paid the booking; any other went back whole, or waits in review."""
    payment = settling_payment(booking)
    return payment is not None and payment.pk == dispute.payment_id


def _rest_in(booking: Booking) -> tuple[Account, Account]:
    """Where the tutor's and the platform's part of the booking's money are, when nothing holds them."""
    currency, tutor = booking.currency, booking.tutor_id
    if booking.released_at is None:
        return account(Kind.TUTOR_PENDING, currency, tutor), account(Kind.PLATFORM_PENDING, currency)
    return account(Kind.TUTOR_AVAILABLE, currency, tutor), account(Kind.PLATFORM_REVENUE, currency)


def _held(booking: Booking) -> tuple[Account, Account]:
    currency = booking.currency
    return account(Kind.TUTOR_HELD, currency, booking.tutor_id), account(Kind.PLATFORM_HELD, currency)


def _post(dispute: Dispute, *postings: Posting) -> None:
    payment = dispute.payment
    post(list(postings), at=clock.now(), booking_id=payment.booking_id, payment_reference=payment.reference)


def _record(dispute: Dispute, before: str, after: str, why: str) -> None:
    record_change("dispute", dispute.paystack_id, before, after, actor_id=None, why=why, at=clock.now())


def _lately_opened() -> Iterator[ChargeDispute]:
    """Disputes whose opening no webhook may have told."""
    since = timezone.now() - LOOK_BACK
    for page in count(1):
        rows = paystack().disputes_since(since, page)
        yield from rows
        if not rows:
            return
