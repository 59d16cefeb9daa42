"""Giving back what was paid for a session, in part or whole: who bears it, what it posts, who is told.

Until its release the money comes out of pending. After that it comes out of what tutor and platform have; what the
tutor no longer has becomes a debt to the platform, which later earnings pay before they can be paid out.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, Booking
from oluko.bookings.wording import tell
from oluko.core import clock, money
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, lock_balances, post
from oluko.payments.models import Dispute, Payment, Problem, Refund
from oluko.payments.refunds import queue_refund

Kind = Account.Kind
LONGEST_REASON = 1000


@dataclass(frozen=True)
class Plan:
    """What giving back `amount` takes from whom, in minor units; `tutor + platform` is the amount.

    `owed` is what the tutor's wallet lacks of the tutor's part; `late` means that the money was released already.
    """

    amount: int
    tutor: int
    platform: int
    owed: int
    late: bool

    @property
    def from_wallet(self) -> int:
        return self.tutor - self.owed


def left_of(booking: Booking) -> int:
    """What was paid for a booking and not given back, in minor units."""
    return booking.price - booking.given_back


def parts_of(booking: Booking, amount: int) -> money.Split:
    """Whose money `amount` of what is left is: what the split gives them now, less what it would give them then."""
    left = left_of(booking)
    before = money.split(left, booking.tutor_share_bps)
    after = money.split(left - amount, booking.tutor_share_bps)
    return money.Split(before.tutor - after.tutor, before.platform - after.platform)


def plan_give_back(booking: Booking, amount: int, available: int) -> Plan:
    """Who bears `amount`, where the tutor's wallet holds `available` (minor units). Raises Invalid beyond what is left.

    In proportion, as a cancellation does it: whatever the sequence of parts, tutor and platform end with what the
    split gives them of the rest.
    """
    if not 0 < amount <= left_of(booking):
        most = money.show(left_of(booking), booking.currency)
        raise Invalid(
            "bad_amount", _("Between nothing and %(most)s can be given back.") % {"most": most}, field="amount"
        )
    parts, late = parts_of(booking, amount), booking.released_at is not None
    return Plan(amount, parts.tutor, parts.platform, max(parts.tutor - available, 0) if late else 0, late)


def preview_give_back(booking: Booking, amount: int) -> Plan:
    """As `plan_give_back`, with what the wallet holds at this moment."""
    wallet = Account.objects.filter(
        kind=Kind.TUTOR_AVAILABLE, currency=booking.currency, person_id=booking.tutor_id
    ).first()
    return plan_give_back(booking, amount, wallet.balance if wallet else 0)


def settling_payment(booking: Booking) -> Payment | None:
    """The payment that paid the booking; others that arrived went back whole, the moment that they did."""
    in_vain = (Refund.Cause.PAID_TWICE, Refund.Cause.TIME_LOST)
    return booking.payments.filter(status=Payment.Status.PAID).exclude(refunds__cause__in=in_vain).first()


def open_disputes(booking: Booking) -> list[Dispute]:
    """Disputes about the booking's own money that are not decided, the oldest first."""
    payment = settling_payment(booking)
    return list(payment.disputes.filter(status__in=Dispute.OPEN).order_by("opened_at", "id")) if payment else []


def check_undisputed(booking: Booking) -> None:
    """Raises Conflict while a bank decides about the money: given back here too, it would be given twice."""
    if open_disputes(booking):
        message = _("The student's bank has disputed this payment. Nothing can be given back until it has decided.")
        raise Conflict("disputed", message)


def can_give_back(booking: Booking) -> bool:
    """Whether an operator has anything to give back: the session is over, was paid for, and some of it is left."""
    return booking.status in FINAL and left_of(booking) > 0 and settling_payment(booking) is not None


def get_given(booking_id: UUID) -> Booking:
    """A booking with something to give back. Raises NotFound for an unknown one, Conflict where there is nothing."""
    booking = Booking.objects.select_related("student", "tutor").filter(pk=booking_id).first()
    if booking is None:
        raise NotFound("no_such_session", _("There is no such session."))
    if not can_give_back(booking):
        raise Conflict("nothing_to_give_back", _("Nothing is left to give back, or the session is not over yet."))
    return booking


@repeat_on_deadlock
@transaction.atomic(durable=True)
def give_back_goodwill(operator: Person, booking_id: UUID, amount: int, *, note: str) -> Refund:
    """An operator gives back `amount` (minor units) of a session that is over, with a reason that both people read.

    Raises NotFound, Invalid (amount, no reason), Conflict while a dispute or a reported problem is open.
    """
    check_reason(note)
    lock_booking(booking_id)
    booking = get_given(booking_id)
    if Problem.objects.filter(booking=booking, status=Problem.Status.OPEN).exists():
        raise Conflict("problem_open", _("A problem was reported for this session. Decide it instead."))
    before = booking.given_back
    plan = preview_give_back(booking, amount)
    refund = give_back(booking, amount, cause=Refund.Cause.GOODWILL)
    # With both ids whole the key of a notification would be too long.
    why, key = note.strip(), f":{refund.pk.hex[:16]}"
    tell(booking, booking.student, "given_back", amount=amount, why=why, key=key)
    tell(booking, booking.tutor, "given_back_tutor", amount=plan.tutor, why=why, key=key)
    record_change(
        "booking",
        str(booking.pk),
        _given(before, booking),
        _given(booking.given_back, booking),
        actor_id=operator.pk,
        why=note,
        at=clock.now(),
    )
    return refund


def give_back(booking: Booking, amount: int, *, cause: Refund.Cause) -> Refund:
    """Take `amount` (minor units) from tutor and platform, and queue the refund that brings it to the student.

    Call inside a transaction that has locked the booking before reading it. Raises Invalid beyond what is left, and
    Conflict while a dispute is open or where nothing was paid.
    """
    check_undisputed(booking)
    payment = settling_payment(booking)
    if payment is None:
        raise Conflict("not_paid", _("This session is not paid."))
    available = account(Kind.TUTOR_AVAILABLE, booking.currency, booking.tutor_id)
    plan = plan_give_back(booking, amount, lock_balances(available)[0] if booking.released_at else 0)
    count_given(booking, amount)
    refund = queue_refund(payment, amount, cause=cause)
    post(
        _postings(booking, plan, f"refund:{refund.pk}"),
        at=clock.now(),
        booking_id=booking.pk,
        payment_reference=payment.reference,
    )
    return refund


def count_given(booking: Booking, amount: int) -> None:
    """Note on the booking that `amount` (minor units) is the student's again. Call where the booking is locked."""
    field = "refunded_late" if booking.released_at else "refunded"
    setattr(booking, field, getattr(booking, field) + amount)
    Booking.objects.filter(pk=booking.pk).update(**{field: getattr(booking, field)})


def recover_owed(tutor_id: UUID, currency: str, *, key: str, booking_id: UUID | None = None) -> int:
    """Pay what a tutor owes from what has just become available; how much (minor units). Call inside a transaction.

    `key` names the event that made it available. Where the wallet's row was changed in this transaction already,
    nobody can run up a debt meanwhile: that needs the same row.
    """
    owes = Account.objects.filter(kind=Kind.TUTOR_OWES, currency=currency, person_id=tutor_id, balance__gt=0).first()
    if owes is None:
        return 0
    available = account(Kind.TUTOR_AVAILABLE, currency, tutor_id)
    amount = min(lock_balances(available, owes))
    post(
        [Posting("owed_recovered", available, owes, amount, f"{key}:recovered")], at=clock.now(), booking_id=booking_id
    )
    return amount


def lock_booking(booking_id: UUID) -> None:
    """Whatever else concerns the money of this booking waits until the transaction ends, or has ended."""
    Booking.objects.select_for_update(of=("self",)).filter(pk=booking_id).first()


def check_reason(note: str) -> None:
    """Raises Invalid without a reason, and for one that is too long."""
    if not note.strip():
        raise Invalid("note_needed", _("Say why, in a few words."), field="note")
    if len(note) > LONGEST_REASON:
        raise Invalid("too_long", _("At most 1,000 characters."), field="note")


def _postings(booking: Booking, plan: Plan, key: str) -> list[Posting]:
    currency, tutor = booking.currency, booking.tutor_id
    due = account(Kind.REFUNDS_DUE, currency)
    if not plan.late:
        pending, platform = account(Kind.TUTOR_PENDING, currency, tutor), account(Kind.PLATFORM_PENDING, currency)
        return [
            Posting("refund_tutor", pending, due, plan.tutor, f"{key}:tutor"),
            Posting("refund_platform", platform, due, plan.platform, f"{key}:platform"),
        ]
    available, earned = account(Kind.TUTOR_AVAILABLE, currency, tutor), account(Kind.PLATFORM_REVENUE, currency)
    moves = [
        Posting("refund_available", available, due, plan.from_wallet, f"{key}:tutor"),
        Posting("refund_revenue", earned, due, plan.platform, f"{key}:platform"),
    ]
    if plan.owed:
        owes = account(Kind.TUTOR_OWES, currency, tutor)
        moves.append(Posting("refund_owed", owes, due, plan.owed, f"{key}:owed"))
    return moves


def _given(amount: int, booking: Booking) -> str:
    return f"given back {money.show(amount, booking.currency)}"
