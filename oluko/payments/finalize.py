"""Applying what Paystack says about payments, exactly once, whoever brings the news first.

Webhook, return page and sweep all end in `apply_charges`. The booking is found by our own reference; amount,
currency and domain are compared with our record; what differs goes to review and fulfils nothing.

What is told at the same moment is finalized in one transaction, by statements that are made once for all of it: the
usual case, a session that waits for its payment. Whatever else it is (a hold that had ended, a second attempt, a
charge that was declined) has a transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Model, Q
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.book import claim, holds_of
from oluko.bookings.deadlines import lapse
from oluko.bookings.models import Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.wording import compose_both, tell
from oluko.calendars.claims import TimeTaken, confirm_time, is_free, release_time
from oluko.core import clock, money
from oluko.core.database import repeat_on_deadlock
from oluko.core.logs import current_request_id, of_request
from oluko.core.statements import Row, change, changed, insert, placeholders, read, read_values
from oluko.core.steps import Step, reached
from oluko.core.together import Together
from oluko.ledger.audit import change_row
from oluko.ledger.models import Account
from oluko.ledger.transfers import Entry, Posting, account, accounts, post, post_all
from oluko.meetings.meetings import want_meetings
from oluko.notifications.notifications import Message, notify_all
from oluko.payments.models import Payment, Refund
from oluko.payments.paystack import Charge
from oluko.payments.refunds import queue_refund
from oluko.payments.unmatched import difference, fee_posting, review, review_unknown_reference

logger = logging.getLogger(__name__)
Kind = Account.Kind
# Paystack's words for an attempt that will not be paid any more. An abandoned page may still be paid.
_DECLINED = ("failed", "reversed")

# An attempt in review stays there: its money is in the books already, and an operator decides.
_CLAIM_PAYMENTS = """
    WITH told (told_reference, told_fee, told_id, told_channel, told_outcome) AS (VALUES {rows})
    UPDATE payments_payment
       SET status = %s, fee = told_fee, paystack_id = told_id, channel = told_channel, outcome = told_outcome,
           paid_at = %s, checked_at = %s
      FROM told
     WHERE reference = told_reference AND status = %s
       AND NOT EXISTS (SELECT 1 FROM payments_reviewitem WHERE payments_reviewitem.payment_id = payments_payment.id)
    RETURNING reference
"""
# As Booking.awaits_payment, and ahead.
_AWAITS_PAYMENT = "status = %s AND payment_status = %s AND scheduled_at > %s AND id IN ({ids}) ORDER BY id"
# What was tentative in people's calendars is confirmed now: a calendar file needs a higher number for that.
_PAY_BOOKINGS = """
    UPDATE bookings_booking SET payment_status = %s, version = version + 1
     WHERE status = %s AND payment_status = %s AND id IN ({ids})
"""


@dataclass(frozen=True, eq=False)
class Told:
    """What Paystack says about the payment of our reference, and the request that it goes back to."""

    reference: str
    charge: Charge
    request_id: str


@dataclass(eq=False)
class _Due:
    """A payment whose charge matches, its booking with both people, and what they are told once it is paid.

    `version` is the booking's when it was read; in memory the booking itself runs ahead of a transaction that may fail.
    """

    payment: Payment
    told: Told
    booking: Booking
    version: int
    words: list[Message]


def apply_charge(reference: str, charge: Charge) -> bool:
    """Apply a verified charge to our payment of that reference; True if it changed something."""
    return _apply_together(Told(reference, charge, current_request_id()))


def apply_charges(told: Sequence[Told]) -> list[bool | Exception]:
    """Apply verified charges; whether each changed something, or what went wrong with it alone.

    Raises OperationalError where the database is away for all of them.
    """
    rows = read(Payment, f"reference IN ({placeholders(len(told))})", *(each.reference for each in told))
    payments = {row.reference: row for row in rows}
    done: Sequence[Told] = ()
    try:
        due = list(_due(told, payments))
        done = _finalize(due) if due else ()
    except OperationalError:
        raise
    except Exception:
        # One by one it comes out which of them it was, and the others are not kept by it.
        logger.exception("finalizing %d payments together failed", len(told))
    return [each in done or _apply_alone(each, payments.get(each.reference)) for each in told]


_apply_together = Together(apply_charges)


def _apply_alone(told: Told, payment: Payment | None) -> bool | Exception:
    with of_request(told.request_id):
        try:
            return _apply(told, payment)
        except Exception as problem:  # noqa: BLE001  It is raised to whoever brought this charge.
            return problem


def _apply(told: Told, payment: Payment | None) -> bool:
    reference, charge = told.reference, told.charge
    if payment is None:
        return review_unknown_reference(reference, {"status": charge.status, "amount": charge.amount})
    if charge.status != "success":
        return _note(payment, charge)
    kind = difference(payment, charge)
    return _finalize_alone(payment, told) if kind is None else review(payment.pk, charge, kind)


def _due(told: Sequence[Told], payments: dict[str, Payment]) -> Iterator[_Due]:
    """The usual ones among them: under way, matching, and for a session ahead that waits for its payment.

    Words take longer than statements, and others wait for the transaction: they are put together before it.
    """
    matching: dict[str, Told] = {}
    for each in told:
        payment = payments.get(each.reference)
        if payment is None or payment.status != Payment.Status.PENDING or each.charge.status != "success":
            continue
        if difference(payment, each.charge) is None:
            matching.setdefault(each.reference, each)
    bookings = _bookings(payments[reference].booking_id for reference in matching)
    now = clock.now()
    for reference, each in matching.items():
        booking = bookings[payments[reference].booking_id]
        if booking.awaits_payment and booking.scheduled_at > now:
            paid = copy(booking)
            _mark_paid(paid)
            with of_request(each.request_id):
                words = [message.prepared() for message in compose_both(paid, "paid")]
            yield _Due(payments[reference], each, booking, booking.version, words)


def _bookings(ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, Booking]:
    """Bookings with their two people, by their ids; locked in the order of ids if so wanted."""
    found = {each.pk: each for each in _by_id(Booking, ids, lock=lock)}
    people = {
        each.pk: each
        for each in _by_id(Person, {who for each in found.values() for who in (each.tutor_id, each.student_id)})
    }
    for each in found.values():
        each.tutor, each.student = people[each.tutor_id], people[each.student_id]
    return found


def _by_id[M: Model](model: type[M], ids: Iterable[UUID], *, lock: bool = False) -> list[M]:
    wanted = list(ids)
    return read(model, f"id IN ({placeholders(len(wanted))}) ORDER BY id", *wanted, lock=lock) if wanted else []


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _finalize(due: Sequence[_Due]) -> list[Told]:
    """Book the money of these and fulfil what it pays for, where all is still as it was seen; which these were.

    The bookings' rows are locked first, so that two attempts of one booking (or its expiry) come one after the
    other; the conditional update of the payments then picks one winner among repeats of one reference.
    """
    ids = [each.booking.pk for each in due]
    waiting = _AWAITS_PAYMENT.format(ids=placeholders(len(ids)))
    state = (Status.SCHEDULED, PaymentStatus.PENDING)
    rows = read_values(Booking, ("id", "version"), waiting, *state, clock.now(), *ids, lock=True)
    # The version tells whether anything has happened to a booking since its words were put together.
    as_seen = {(pk, version) for pk, version in rows}
    unchanged = [each for each in due if (each.booking.pk, each.version) in as_seen]
    paid = _claim_payments(unchanged, Payment.Status.PENDING)
    if paid:
        _pay([each.booking for each in paid])
        _fulfil(paid)
    return [each.told for each in paid]


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _finalize_alone(payment: Payment, told: Told) -> bool:
    """Book the money of one payment, whatever has become of its booking; False if that was done already."""
    booking = _bookings([payment.booking_id], lock=True)[payment.booking_id]
    due = [_Due(payment, told, booking, booking.version, [])]
    # What was declined never waits again, so that none slips through between the two.
    if not (_claim_payments(due, Payment.Status.PENDING) or _claim_payments(due, Payment.Status.FAILED)):
        return False
    if _may_fulfil(booking):
        _fulfil([_Due(payment, told, booking, booking.version, compose_both(booking, "paid"))])
    else:
        _send_back(booking, payment)
    return True


def _claim_payments(due: Sequence[_Due], before: Payment.Status) -> list[_Due]:
    """Make these attempts PAID, once; those that were so `before`, and in no review."""
    if not due:
        return []
    at, now = clock.now(), timezone.now()
    charges = [(each.payment.reference, each.told.charge) for each in due]
    values = [
        value
        for reference, charge in charges
        for value in (reference, charge.fee, charge.paystack_id, charge.channel, charge.answer)
    ]
    sql = _CLAIM_PAYMENTS.format(rows=", ".join([f"({placeholders(5)})"] * len(due)))
    claimed = {reference for (reference,) in changed(sql, *values, Payment.Status.PAID, at, now, before)}
    paid = [each for each in due if each.payment.reference in claimed]
    insert([_change(each, before, at) for each in paid])
    for each in paid:
        each.payment.status, each.payment.fee = Payment.Status.PAID, each.told.charge.fee
    if paid:
        reached(Step.CHARGE_CLAIMED)
    return paid


def _change(due: _Due, before: str, at: datetime) -> Row:
    return change_row(
        "payment", due.payment.reference, before, Payment.Status.PAID, at=at, request_id=due.told.request_id
    )


def _may_fulfil(booking: Booking) -> bool:
    """Make the booking PAID if it can still be: it awaits payment, or its time is free again and ahead."""
    if booking.awaits_payment and booking.scheduled_at <= clock.now():
        lapse(booking)
    return bool(_pay([booking])) if booking.awaits_payment else _revive(booking)


def _pay(bookings: Sequence[Booking]) -> int:
    """Make these locked bookings PAID; how many were waiting for it."""
    ids = [each.pk for each in bookings]
    sql = _PAY_BOOKINGS.format(ids=placeholders(len(ids)))
    number = change(sql, PaymentStatus.PAID, Status.SCHEDULED, PaymentStatus.PENDING, *ids)
    if number:
        for each in bookings:
            _mark_paid(each)
        confirm_time(*ids)
    return number


def _mark_paid(booking: Booking) -> None:
    """In memory, as `_PAY_BOOKINGS` does it in the database."""
    booking.payment_status, booking.version = PaymentStatus.PAID, booking.version + 1


def will_fulfil(booking: Booking) -> bool:
    """Whether money that came now would pay the booking; a look that changes nothing."""
    now = clock.now()
    if booking.awaits_payment:
        return booking.scheduled_at > now
    return _may_revive(booking) and is_free(holds_of(booking), now, besides=booking.pk)


def _may_revive(booking: Booking) -> bool:
    """Whether its hold has ended unpaid, and its time is still ahead."""
    lapsed = booking.status == Status.CANCELLED and booking.cancel_reason == CancelReason.PAYMENT_WINDOW_PASSED
    return lapsed and booking.payment_status == PaymentStatus.FAILED and booking.scheduled_at > clock.now()


def _revive(booking: Booking) -> bool:
    if not _may_revive(booking):
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


def _fulfil(paid: Sequence[_Due]) -> None:
    """What follows when bookings have become PAID: meetings, words, and their money in the books."""
    want_meetings([(each.booking, each.told.request_id) for each in paid])
    notify_all([message for each in paid for message in each.words])
    # Last, because every payment of the house waits for these rows until the transaction ends.
    by_currency = attrgetter("payment.currency")
    for currency, some in groupby(sorted(paid, key=by_currency), by_currency):
        post_all(_entries(currency, list(some)), at=clock.now())
    reached(Step.CHARGE_WRITTEN)


def _entries(currency: str, paid: Sequence[_Due]) -> list[Entry]:
    """Each charge, split between its tutor and the platform, and Paystack's fee."""
    tutors = sorted({each.booking.tutor_id for each in paid})
    house = [(kind, None) for kind in (Kind.PAYSTACK_CLEARING, Kind.PLATFORM_PENDING, Kind.PAYSTACK_FEES)]
    opened = accounts(currency, *house, *((Kind.TUTOR_PENDING, tutor) for tutor in tutors))
    held, platform, fees = opened[:3]
    wallets = dict(zip(tutors, opened[3:], strict=True))
    entries = []
    for each in paid:
        booking, payment, reference = each.booking, each.payment, each.payment.reference
        parts, tutor = money.split(payment.amount, booking.tutor_share_bps), wallets[booking.tutor_id]
        postings = [
            Posting("charge_tutor", held, tutor, parts.tutor, f"charge:{reference}:tutor"),
            Posting("charge_platform", held, platform, parts.platform, f"charge:{reference}:platform"),
            Posting("fee", fees, held, payment.fee, f"fee:{reference}"),
        ]
        entries.append(Entry(postings, booking.pk, reference))
    return entries


def _send_back(booking: Booking, payment: Payment) -> None:
    """Money for a booking that is gone, or that another attempt has paid: recorded, and refunded whole."""
    due = account(Kind.REFUNDS_DUE, payment.currency)
    held = account(Kind.PAYSTACK_CLEARING, payment.currency)
    post(
        [
            Posting("charge_to_refund", held, due, payment.amount, f"charge:{payment.reference}:refund"),
            fee_posting(payment),
        ],
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
