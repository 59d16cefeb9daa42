"""What has happened in the demo, and what is about to: sessions with their payments, books, audit and messages.

The past can't be lived through the ordinary operations, since those happen now and business time is not moved
for it. So its rows are written as those operations would have left them, with the same keys in the ledger, and
`oluko check-ledger` holds afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.bookings.cancellations import Who, kept_parts, refund_terms
from oluko.bookings.deadlines import HOLD, approval_deadline
from oluko.bookings.models import Booking, CancelReason, PaymentStatus, Status
from oluko.bookings.sessions import DISPUTE_WINDOW
from oluko.calendars.claims import quarters
from oluko.core import money
from oluko.core.times import when_for
from oluko.demo.people import LEARNERS, STRANGER, fresh_id
from oluko.demo.teachers import TEACHERS, Teacher
from oluko.ledger.models import Account, AuditEntry
from oluko.ledger.transfers import Posting, account, post
from oluko.notifications.models import Delivery, Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.models import Payment, Refund

Kind = Account.Kind
SESSIONS = 96
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)
_TEACHERS = {teacher.login: teacher for teacher in TEACHERS}
# What became of a session, as often as it stands here.
_OUTCOMES = (
    ["completed"] * 12
    + ["no_show"] * 2
    + ["by_student"] * 2
    + ["by_tutor", "unpaid", "request_lapsed"]
    + ["rejected"] * 2
    + ["approved"] * 3
)
_FIRST_TUTORS = ("tunde",) * 14 + ("mei",) * 8
_FIRST_STUDENTS = ("ada", "bola")


@dataclass
class Past:
    """Rows to write, gathered first so that they go in together, and postings by their instant."""

    bookings: list[Booking] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    told: list[Notification] = field(default_factory=list)
    postings: list[tuple[datetime, Booking, str, list[Posting]]] = field(default_factory=list)
    accounts: dict[tuple[str, UUID | None], Account] = field(default_factory=dict)

    def house(self, booking: Booking, kind: Account.Kind, person_id: UUID | None = None) -> Account:
        """An account of the platform's, looked up once."""
        if (kind, person_id) not in self.accounts:
            self.accounts[kind, person_id] = account(kind, booking.currency, person_id)
        return self.accounts[kind, person_id]

    def tutors(self, booking: Booking, kind: Account.Kind) -> Account:
        """An account of the booking's tutor."""
        return self.house(booking, kind, booking.tutor_id)

    def changed(
        self, subject: str, subject_id: object, old: str, new: str, at: datetime, actor: Person | None, why: str = ""
    ) -> None:
        row = AuditEntry(subject=subject, subject_id=str(subject_id), from_state=old, to_state=new, why=why, at=at)
        row.actor_id = actor.pk if actor else None
        row.recorded_at = at
        self.audit.append(row)

    def tell(self, booking: Booking, person: Person, event: str, title: str, at: datetime) -> None:
        """A message that was mailed and read when it came."""
        self.told.append(
            Notification(
                person=person,
                key=f"{event}:{booking.pk}:{person.pk}",
                kind=event,
                title=f"{title}: {booking.title}",
                body=f"{when_for(person, booking.scheduled_at)}.",
                url=reverse("session", args=[booking.pk]),
                booking_id=booking.pk,
                created_at=at,
                read_at=at + _QUARTER,
            )
        )

    def write(self) -> None:
        """Everything, oldest first. Call inside a transaction."""
        Booking.objects.bulk_create(self.bookings)
        Payment.objects.bulk_create(self.payments)
        Refund.objects.bulk_create(self.refunds)
        AuditEntry.objects.bulk_create(sorted(self.audit, key=lambda row: row.at))
        told = Notification.objects.bulk_create(sorted(self.told, key=lambda row: row.created_at))
        Delivery.objects.bulk_create(
            Delivery(notification=row, channel="MAIL", state="SENT", attempts=1, sent_at=row.created_at) for row in told
        )
        for at, booking, reference, postings in sorted(self.postings, key=lambda row: row[0]):
            post(postings, at=at, booking_id=booking.pk, payment_reference=reference)


def create_past(chance: random.Random, people: dict[str, Person], offerings: list[Offering], monday: datetime) -> None:
    """Eight weeks of sessions that are over by `monday`. Call inside a transaction."""
    past = Past()
    for booking, outcome in _sessions(chance, people, offerings, monday):
        past.bookings.append(booking)
        {
            "completed": _hold_session,
            "approved": _hold_session,
            "no_show": _hold_session,
            "by_student": _cancel,
            "by_tutor": _cancel,
            "unpaid": _lapse_hold,
            "rejected": _turn_down,
            "request_lapsed": _turn_down,
        }[outcome](past, chance, booking, outcome)
    past.write()


def new_booking(
    chance: random.Random, offering: Offering, student: Person, start: datetime, created_at: datetime, mode: str
) -> Booking:
    """A booking of an offering as it stands when it is made; not saved."""
    on_request = mode == BookingMode.REQUEST
    return Booking(
        id=fresh_id(chance),
        offering=offering,
        tutor=offering.tutor,
        student=student,
        course_id=offering.course_id,
        title=offering.title,
        description=offering.description,
        duration=offering.duration,
        buffer_minutes=next(each.buffer for each in TEACHERS if each.name == offering.tutor.name),
        price=offering.price,
        currency=offering.currency,
        tutor_share_bps=settings.OLUKO_TUTOR_SHARE_BPS,
        cancellation_policy=offering.cancellation_policy,
        booking_mode=mode,
        status=Status.PENDING_MENTOR_REVIEW if on_request else Status.SCHEDULED,
        scheduled_at=start,
        ends_at=start + timedelta(minutes=offering.duration),
        notes=chance.choice(_WISHES),
        approval_deadline=approval_deadline(start, created_at) if on_request else None,
        pay_by=None if on_request else created_at + HOLD,
        created_at=created_at,
    )


def paid(chance: random.Random, past: Past, booking: Booking, at: datetime) -> Payment:
    """Mark a booking paid at an instant, with the attempt and its split in the books."""
    booking.payment_status = PaymentStatus.PAID
    payment = Payment(
        id=fresh_id(chance),
        booking=booking,
        reference=f"olk-{chance.getrandbits(96):024x}",
        amount=booking.price,
        currency=booking.currency,
        status=Payment.Status.PAID,
        fee=_fee(booking.price),
        paystack_id=str(chance.randint(4_000_000_000, 4_999_999_999)),
        channel=chance.choice(("card", "card", "bank_transfer", "ussd")),
        outcome="Approved",
        created_at=at,
        checked_at=at,
        paid_at=at,
    )
    past.payments.append(payment)
    past.changed("payment", payment.reference, Payment.Status.PENDING, Payment.Status.PAID, at, None)
    parts, key = money.split(payment.amount, booking.tutor_share_bps), payment.reference
    held, fees = past.house(booking, Kind.PAYSTACK_CLEARING), past.house(booking, Kind.PAYSTACK_FEES)
    postings = [
        Posting("charge_tutor", held, past.tutors(booking, Kind.TUTOR_PENDING), parts.tutor, f"charge:{key}:tutor"),
        Posting(
            "charge_platform",
            held,
            past.house(booking, Kind.PLATFORM_PENDING),
            parts.platform,
            f"charge:{key}:platform",
        ),
        Posting("fee", fees, held, payment.fee, f"fee:{key}"),
    ]
    past.postings.append((at, booking, key, postings))
    for person in (booking.student, booking.tutor):
        past.tell(booking, person, "paid", "Paid and confirmed", at)
    return payment


def finished(past: Past, booking: Booking, status: Status, at: datetime) -> None:
    """The tutor says how a session ended; its money is released after the dispute window."""
    past.changed("booking", booking.pk, booking.status, status, at, booking.tutor)
    booking.status, booking.ended_at, booking.release_at = status, at, at + DISPUTE_WINDOW
    title = "Completed" if status == Status.COMPLETED else "Marked as no-show"
    past.tell(booking, booking.student, "completed" if status == Status.COMPLETED else "no_show", title, at)


def _sessions(
    chance: random.Random, people: dict[str, Person], offerings: list[Offering], monday: datetime
) -> Iterator[tuple[Booking, str]]:
    """Bookings with their outcome; nobody is in two at once, and the stranger in none."""
    listed: dict[str, list[Offering]] = {teacher.login: [] for teacher in TEACHERS}
    for offering in offerings:
        listed[offering.tutor.email.partition("@")[0]].append(offering)
    students = [login for login, _name, _zone in LEARNERS if login != STRANGER]
    busy: set[tuple[str, int]] = set()
    made = 0
    while made < SESSIONS:
        tutor = _FIRST_TUTORS[made] if made < len(_FIRST_TUTORS) else chance.choice(TEACHERS).login
        student = _FIRST_STUDENTS[made % 2] if made % 4 < 2 and made < 40 else chance.choice(students)
        offering, outcome = chance.choice(listed[tutor]), chance.choice(_OUTCOMES)
        start = _start_within_hours(chance, _TEACHERS[tutor], offering.duration, monday)
        if start is None:
            continue
        wanted = {(login, quarter) for login in (tutor, student) for quarter in quarters(start, offering.duration + 60)}
        if wanted & busy:
            continue
        busy |= wanted
        made += 1
        on_request = outcome in ("rejected", "request_lapsed", "approved")
        mode = BookingMode.REQUEST if on_request else BookingMode.INSTANT
        if offering.booking_mode == BookingMode.REQUEST and not on_request:
            mode, outcome = BookingMode.REQUEST, "approved"
        created_at = start - timedelta(days=chance.randint(4, 8), minutes=15 * chance.randint(0, 40))
        yield new_booking(chance, offering, people[student], start, created_at, mode), outcome


def _start_within_hours(chance: random.Random, teacher: Teacher, duration: int, monday: datetime) -> datetime | None:
    """A start on a half hour within a teacher's hours on some day of the past eight weeks; None on a free day."""
    day = (monday - timedelta(days=chance.randint(4, 56))).date()
    ranges = teacher.weekend if day.weekday() > 4 else teacher.workdays
    if not ranges:
        return None
    opens, closes = chance.choice(ranges)
    first = datetime.combine(day, time.fromisoformat(opens), ZoneInfo(teacher.zone))
    last = datetime.combine(day, time.fromisoformat(closes), ZoneInfo(teacher.zone)) - timedelta(minutes=duration)
    steps = int((last - first) / timedelta(minutes=30))
    return None if steps < 0 else first + timedelta(minutes=30 * chance.randint(0, steps))


def _begin(past: Past, chance: random.Random, booking: Booking) -> datetime:
    """The booking is made and, where it was a request, approved; returns when it was paid."""
    past.changed("booking", booking.pk, "", booking.status, booking.created_at, booking.student, booking.booking_mode)
    if booking.booking_mode == BookingMode.INSTANT:
        return booking.created_at + timedelta(minutes=chance.randint(2, 9))
    approved_at = booking.created_at + timedelta(hours=chance.randint(2, 40))
    booking.status, booking.pay_by = Status.SCHEDULED, approved_at + timedelta(hours=24)
    booking.approval_notes = chance.choice(_WELCOMES)
    past.changed("booking", booking.pk, Status.PENDING_MENTOR_REVIEW, Status.SCHEDULED, approved_at, booking.tutor)
    return approved_at + timedelta(hours=chance.randint(1, 20))


def _hold_session(past: Past, chance: random.Random, booking: Booking, outcome: str) -> None:
    paid(chance, past, booking, _begin(past, chance, booking))
    if outcome == "no_show":
        finished(past, booking, Status.NO_SHOW, booking.ends_at + _QUARTER)
    else:
        booking.started_at = booking.scheduled_at
        past.changed("booking", booking.pk, booking.status, Status.IN_PROGRESS, booking.scheduled_at, booking.tutor)
        booking.status = Status.IN_PROGRESS
        finished(past, booking, Status.COMPLETED, booking.ends_at + _QUARTER)
    _release(past, booking)


def _cancel(past: Past, chance: random.Random, booking: Booking, outcome: str) -> None:
    """Somebody cancels a paid session; what the policy says goes back and has arrived two days later."""
    payment = paid(chance, past, booking, _begin(past, chance, booking))
    by_tutor = outcome == "by_tutor"
    at = booking.scheduled_at - chance.choice((30, 20, 40)) * _HOUR
    terms = refund_terms(booking, Who.TUTOR if by_tutor else Who.STUDENT, at)
    actor, why = (booking.tutor, CancelReason.BY_TUTOR) if by_tutor else (booking.student, CancelReason.BY_STUDENT)
    past.changed("booking", booking.pk, booking.status, Status.CANCELLED, at, actor, why)
    booking.status, booking.cancel_reason, booking.cancelled_at = Status.CANCELLED, why, at
    booking.cancel_note = chance.choice(_EXCUSES)
    booking.refunded, booking.release_at = terms.refund, at + DISPUTE_WINDOW
    for person in (booking.student, booking.tutor):
        past.tell(booking, person, "cancelled", "Cancelled", at)
    if terms.refund:
        _refund(past, chance, booking, payment, at)
    _release(past, booking)


def _refund(past: Past, chance: random.Random, booking: Booking, payment: Payment, at: datetime) -> None:
    whole, kept = money.split(booking.price, booking.tutor_share_bps), kept_parts(booking)
    due, held = past.house(booking, Kind.REFUNDS_DUE), past.house(booking, Kind.PAYSTACK_CLEARING)
    refund = Refund(
        id=fresh_id(chance),
        payment=payment,
        amount=booking.refunded,
        currency=booking.currency,
        cause=Refund.Cause.CANCELLED,
        status=Refund.Status.PROCESSED,
        paystack_id=str(chance.randint(10_000_000, 99_999_999)),
        outcome="processed",
        attempts=1,
        created_at=at,
        sent_at=at,
        settled_at=at + 48 * _HOUR,
    )
    past.refunds.append(refund)
    pending, platform = past.tutors(booking, Kind.TUTOR_PENDING), past.house(booking, Kind.PLATFORM_PENDING)
    back = [
        Posting("refund_tutor", pending, due, whole.tutor - kept.tutor, f"cancel:{booking.pk}:tutor"),
        Posting("refund_platform", platform, due, whole.platform - kept.platform, f"cancel:{booking.pk}:platform"),
    ]
    past.postings.append((at, booking, payment.reference, back))
    settled = [Posting("refunded", due, held, refund.amount, f"refund:{refund.pk}:settled")]
    past.postings.append((at + 48 * _HOUR, booking, payment.reference, settled))
    booking.payment_status = PaymentStatus.REFUNDED


def _lapse_hold(past: Past, chance: random.Random, booking: Booking, outcome: str) -> None:
    """The time was held and not paid."""
    _begin(past, chance, booking)
    at, why = booking.pay_by or booking.created_at, CancelReason.PAYMENT_WINDOW_PASSED
    past.changed("booking", booking.pk, booking.status, Status.CANCELLED, at, None, why)
    booking.status, booking.payment_status = Status.CANCELLED, PaymentStatus.FAILED
    booking.cancel_reason, booking.cancelled_at = why, at
    past.tell(booking, booking.student, "hold_lapsed", "Your hold has ended", at)


def _turn_down(past: Past, chance: random.Random, booking: Booking, outcome: str) -> None:
    """A request that the tutor refused, or did not answer in time."""
    made, lapsed = booking.created_at, outcome == "request_lapsed"
    past.changed("booking", booking.pk, "", booking.status, made, booking.student, booking.booking_mode)
    deadline = booking.approval_deadline or made
    at = deadline if lapsed else min(made + chance.randint(1, 30) * _HOUR, deadline)
    booking.approval_notes = "The tutor did not answer in time." if lapsed else chance.choice(_REFUSALS)
    actor, why = (None, "APPROVAL_DEADLINE_PASSED") if lapsed else (booking.tutor, booking.approval_notes)
    past.changed("booking", booking.pk, booking.status, Status.REJECTED, at, actor, why)
    booking.status, booking.rejected_at = Status.REJECTED, at
    past.tell(booking, booking.student, "request_lapsed" if lapsed else "rejected", "Not possible", at)


def _release(past: Past, booking: Booking) -> None:
    """The dispute window has passed: what is left becomes available and earned."""
    at = booking.release_at
    if at is None:
        return
    booking.released_at, kept = at, kept_parts(booking)
    available, revenue = past.tutors(booking, Kind.TUTOR_AVAILABLE), past.house(booking, Kind.PLATFORM_REVENUE)
    pending, platform = past.tutors(booking, Kind.TUTOR_PENDING), past.house(booking, Kind.PLATFORM_PENDING)
    postings = [
        Posting("release_tutor", pending, available, kept.tutor, f"release:{booking.pk}:tutor"),
        Posting("release_platform", platform, revenue, kept.platform, f"release:{booking.pk}:platform"),
    ]
    past.postings.append((at, booking, "", postings))


def _fee(amount: int) -> int:
    """About what Paystack takes of a local charge, in kobo: 1.5 % and ₦100 from ₦2,500 on, ₦2,000 at most."""
    return min(amount * 15 // 1000 + (100_00 if amount >= 2_500_00 else 0), 2_000_00)


_WISHES = (
    "",
    "I have a small project and would like to get it ready to show.",
    "I am stuck on one thing and have been for a week.",
    "Mostly I want to know whether I am on the right road.",
    "I can send files beforehand, just tell me where.",
    "First time doing this, please be gentle!",
    "I have an interview soon and would love to rehearse.",
)
_WELCOMES = (
    "Happy to. Please send me your files the evening before.",
    "Good topic! Write down three questions.",
    "Yes, gladly.",
    "That fits. I will prepare an example.",
)
_EXCUSES = (
    "",
    "Something came up at work, sorry.",
    "My child is ill.",
    "No light and no network this week.",
    "Travelling.",
)
_REFUSALS = (
    "I am travelling that week. Any day after would be fine.",
    "This is not quite my field; I would do you a disservice.",
    "That evening is my daughter's graduation. Please ask for another time.",
    "I am fully booked with students before the exam, sorry.",
)
