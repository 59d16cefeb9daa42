"""Applying what Paystack says about a payment, exactly once, whoever brings the news first.

Webhook, return page and sweep all end in `apply_charge`. The booking is found by our own reference; amount,
currency and domain are compared with our record; what differs goes to review and fulfils nothing.
"""

from __future__ import annotations

from copy import copy
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.book import claim
from oluko.bookings.deadlines import lapse
from oluko.bookings.models import Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.wording import compose_both, tell
from oluko.calendars.claims import TimeTaken, confirm_time, release_time
from oluko.core import clock, money
from oluko.core.database import repeat_on_deadlock
from oluko.core.statements import change, read
from oluko.core.steps import Step, reached
from oluko.ledger.audit import record_change
from oluko.ledger.models import Account
from oluko.ledger.transfers import Posting, account, accounts, post
from oluko.meetings.meetings import want_meeting
from oluko.notifications.notifications import Message, notify_all
from oluko.payments.models import Payment, Refund, ReviewItem
from oluko.payments.paystack import Charge
from oluko.payments.refunds import queue_refund

Kind = Account.Kind
# Paystack's words for an attempt that will not be paid any more. An abandoned page may still be paid.
_DECLINED = ("failed", "reversed")

# An attempt in review stays there: its money is in the books already, and an operator decides.
_CLAIM_PAYMENT = """
    UPDATE payments_payment
       SET status = %s, fee = %s, paystack_id = %s, channel = %s, outcome = %s, paid_at = %s, checked_at = %s
     WHERE id = %s AND status = %s
       AND NOT EXISTS (SELECT 1 FROM payments_reviewitem WHERE payments_reviewitem.payment_id = payments_payment.id)
"""
_CLAIMED = ("status", "fee", "paystack_id", "channel", "outcome", "paid_at", "checked_at")
# What was tentative in people's calendars is confirmed now: a calendar file needs a higher number for that.
_PAY_BOOKING = """
    UPDATE bookings_booking SET payment_status = %s, version = version + 1
     WHERE id = %s AND status = %s AND payment_status = %s
"""


def apply_charge(reference: str, charge: Charge) -> bool:
    """Apply a verified charge to our payment of that reference; True if it changed something."""
    found = read(Payment, "reference = %s", reference)
    if not found:
        return review_unknown_reference(reference, {"status": charge.status, "amount": charge.amount})
    payment = found[0]
    if charge.status == "success":
        difference = _difference(payment, charge)
        return finalize_payment(payment, charge) if difference is None else _review(payment.pk, charge, difference)
    return _note(payment, charge)


def finalize_payment(payment: Payment, charge: Charge) -> bool:
    """Book the money of a matching charge and fulfil what it pays for; False if that was done already."""
    (booking,) = read(Booking, "id = %s", payment.booking_id)
    _set_people(booking, read(Person, "id IN (%s, %s)", booking.tutor_id, booking.student_id))
    # Words take longer than statements, and others wait for the transaction: they are put together before it.
    return _finalize(payment, charge, booking, _words_if_paid(booking))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _finalize(payment: Payment, charge: Charge, seen: Booking, words: list[Message]) -> bool:
    """`seen` is the booking as it was before the transaction, `words` what is told if it still is so.

    The booking's row is locked first, so that two attempts of one booking (or its expiry) come one after the
    other; the conditional update of the payment then picks one winner among repeats of one reference.
    """
    (booking,) = read(Booking, "id = %s", seen.pk, lock=True)
    _set_people(booking, [seen.tutor, seen.student])
    if not _claim_payment(payment, charge):
        return False
    reached(Step.CHARGE_CLAIMED)
    if _may_fulfil(booking):
        _fulfil(booking, payment, words)
    else:
        _send_back(booking, payment)
    reached(Step.CHARGE_WRITTEN)
    return True


@transaction.atomic(durable=True)
def review_unknown_reference(reference: str, detail: dict[str, object]) -> bool:
    """Money, or news of it, for a reference that we never gave out: for the operator."""
    _item, created = ReviewItem.objects.get_or_create(
        key=f"unknown:{reference}"[:120],
        defaults={"kind": ReviewItem.Kind.UNKNOWN_REFERENCE, "reference": reference[:120], "detail": detail},
    )
    return created


def _claim_payment(payment: Payment, charge: Charge) -> bool:
    """Make the attempt PAID, once; False if it was, or is in review. In memory it may be older than in the database."""
    now = clock.now()
    facts = (Payment.Status.PAID, charge.fee, charge.paystack_id, charge.channel, charge.answer, now, timezone.now())
    # The update that finds it tells what it was. What was declined never waits again, so that none slips through.
    for before in (Payment.Status.PENDING, Payment.Status.FAILED):
        if change(_CLAIM_PAYMENT, *facts, payment.pk, before):
            break
    else:
        return False
    record_change("payment", payment.reference, before, Payment.Status.PAID, actor_id=None, why="", at=now)
    for name, value in zip(_CLAIMED, facts, strict=True):
        setattr(payment, name, value)
    return True


def _may_fulfil(booking: Booking) -> bool:
    """Make the booking PAID if it can still be: it awaits payment, or its time is free again and ahead."""
    now = clock.now()
    if booking.awaits_payment and booking.scheduled_at <= now:
        lapse(booking)
    if booking.awaits_payment:
        if not change(_PAY_BOOKING, PaymentStatus.PAID, booking.pk, Status.SCHEDULED, PaymentStatus.PENDING):
            return False
        _mark_paid(booking)
        confirm_time(booking.pk)
        return True
    return _revive(booking)


def _mark_paid(booking: Booking) -> None:
    """In memory, as `_PAY_BOOKING` does it in the database."""
    booking.payment_status, booking.version = PaymentStatus.PAID, booking.version + 1


def _set_people(booking: Booking, people: list[Person]) -> None:
    for person in people:
        if person.pk == booking.tutor_id:
            booking.tutor = person
        if person.pk == booking.student_id:
            booking.student = person


def _words_if_paid(booking: Booking) -> list[Message]:
    """What both are told if nothing happens to the booking until it is paid; nothing if it cannot be paid as it is."""
    if not booking.awaits_payment:
        return []
    paid = copy(booking)
    _mark_paid(paid)
    return compose_both(paid, "paid")


def _revive(booking: Booking) -> bool:
    lapsed = booking.status == Status.CANCELLED and booking.cancel_reason == CancelReason.PAYMENT_WINDOW_PASSED
    if not lapsed or booking.payment_status != PaymentStatus.FAILED or booking.scheduled_at <= clock.now():
        return False
    try:
        with transaction.atomic():
            _end_hold_of_the_same(booking)
            claim(booking, expires_at=None)
    except TimeTaken:
        return False
    return booking.move_to(
        Status.SCHEDULED,
        actor_id=None,
        why="PAID_AFTER_HOLD",
        only_if=Q(payment_status=PaymentStatus.FAILED),
        payment_status=PaymentStatus.PAID,
        cancel_reason="",
        cancelled_at=None,
    )


def _end_hold_of_the_same(booking: Booking) -> None:
    """The student holds this very time once more, unpaid: what was paid now takes the place of that hold."""
    holds = Booking.objects.select_for_update(of=("self",)).filter(
        student_id=booking.student_id,
        tutor_id=booking.tutor_id,
        scheduled_at=booking.scheduled_at,
        status=Status.SCHEDULED,
        payment_status=PaymentStatus.PENDING,
    )
    for hold in holds.exclude(pk=booking.pk):
        hold.move_to(
            Status.CANCELLED,
            actor_id=None,
            why="PAID_BY_AN_EARLIER_ATTEMPT",
            only_if=Q(payment_status=PaymentStatus.PENDING),
            payment_status=PaymentStatus.FAILED,
            cancel_reason=CancelReason.PAYMENT_WINDOW_PASSED,
            cancelled_at=clock.now(),
        )
        release_time(hold.pk)


def _fulfil(booking: Booking, payment: Payment, words: list[Message]) -> None:
    parts, reference = money.split(payment.amount, booking.tutor_share_bps), payment.reference
    held, tutor, platform, fees = accounts(
        payment.currency,
        (Kind.PAYSTACK_CLEARING, None),
        (Kind.TUTOR_PENDING, booking.tutor_id),
        (Kind.PLATFORM_PENDING, None),
        (Kind.PAYSTACK_FEES, None),
    )
    want_meeting(booking)
    # The version tells whether anything has happened to the booking since the words were put together.
    still_true = words and words[0].version == booking.version
    notify_all(words if still_true else compose_both(booking, "paid"))
    # Last, because every payment of the house waits for these rows until the transaction ends.
    post(
        [
            Posting("charge_tutor", held, tutor, parts.tutor, f"charge:{reference}:tutor"),
            Posting("charge_platform", held, platform, parts.platform, f"charge:{reference}:platform"),
            Posting("fee", fees, held, payment.fee, f"fee:{reference}"),
        ],
        at=clock.now(),
        booking_id=booking.pk,
        payment_reference=reference,
    )


def _send_back(booking: Booking, payment: Payment) -> None:
    """Money for a booking that is gone, or that another attempt has paid: recorded, and refunded whole."""
    due = account(Kind.REFUNDS_DUE, payment.currency)
    held = account(Kind.PAYSTACK_CLEARING, payment.currency)
    post(
        [Posting("charge_to_refund", held, due, payment.amount, f"charge:{payment.reference}:refund"), _fee(payment)],
        at=clock.now(),
        booking_id=booking.pk,
        payment_reference=payment.reference,
    )
    twice = booking.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED)
    queue_refund(payment, payment.amount, cause=Refund.Cause.PAID_TWICE if twice else Refund.Cause.TIME_LOST)
    event = "paid_twice" if twice else "time_lost"
    tell(booking, booking.student, event, amount=payment.amount, key=f":{payment.reference}")
    if not twice:
        tell(booking, booking.tutor, "cancelled", key=f":{payment.reference}")


def _fee(payment: Payment) -> Posting:
    fees, held = account(Kind.PAYSTACK_FEES, payment.currency), account(Kind.PAYSTACK_CLEARING, payment.currency)
    return Posting("fee", fees, held, payment.fee, f"fee:{payment.reference}")


def _difference(payment: Payment, charge: Charge) -> ReviewItem.Kind | None:
    if charge.reference != payment.reference:
        return ReviewItem.Kind.OTHER
    if charge.domain != settings.OLUKO_PAYSTACK_DOMAIN:
        return ReviewItem.Kind.DOMAIN
    if charge.currency != payment.currency:
        return ReviewItem.Kind.CURRENCY
    return None if charge.amount == payment.amount else ReviewItem.Kind.AMOUNT


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _review(payment_id: UUID, charge: Charge, kind: ReviewItem.Kind) -> bool:
    """Nothing is fulfilled; money of our currency and domain is recorded as not applied, the rest only listed."""
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment_id)
    if payment.status == Payment.Status.PAID:
        return False
    item, created = ReviewItem.objects.get_or_create(
        key=f"charge:{payment.reference}",
        defaults={
            "kind": kind,
            "payment": payment,
            "reference": payment.reference,
            "detail": {
                "expected": {"amount": payment.amount, "currency": payment.currency},
                "arrived": {"amount": charge.amount, "currency": charge.currency, "domain": charge.domain},
                "paystack_id": charge.paystack_id,
            },
        },
    )
    if not created:
        return False
    payment.status, payment.outcome = Payment.Status.FAILED, f"In review: {item.get_kind_display()}"
    payment.checked_at = timezone.now()
    if kind == ReviewItem.Kind.AMOUNT and charge.amount > 0:
        _keep_unapplied(payment, charge)
    payment.save(update_fields=["status", "outcome", "checked_at", "fee"])
    tell(payment.booking, payment.booking.student, "in_review", key=f":{payment.reference}")
    return True


def _keep_unapplied(payment: Payment, charge: Charge) -> None:
    """Book money that settles nothing, and what Paystack has kept of it."""
    payment.fee = charge.fee
    held, unapplied = account(Kind.PAYSTACK_CLEARING, payment.currency), account(Kind.UNAPPLIED, payment.currency)
    came = Posting("charge_unapplied", held, unapplied, charge.amount, f"charge:{payment.reference}:unapplied")
    post([came, _fee(payment)], at=clock.now(), booking_id=payment.booking_id, payment_reference=payment.reference)


def _note(payment: Payment, charge: Charge) -> bool:
    """Remember an answer that moves no money; a declined attempt makes room for another."""
    Payment.objects.filter(pk=payment.pk, status=Payment.Status.FAILED).update(checked_at=timezone.now())
    rows = Payment.objects.filter(pk=payment.pk, status=Payment.Status.PENDING)
    if charge.status in _DECLINED:
        return bool(
            rows.update(status=Payment.Status.FAILED, outcome=charge.answer or charge.status, checked_at=timezone.now())
        )
    rows.update(outcome=charge.status, checked_at=timezone.now())
    return False
