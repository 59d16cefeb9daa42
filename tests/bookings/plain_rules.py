"""The rules of bookings once more, asked of the bookings' own rows: who may do what, and what is free."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from oluko.accounts.models import Person
from oluko.bookings.book import MOST_OPEN
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.models import LIVE, Booking, PaymentStatus, Status
from oluko.calendars.availability import availability_of
from oluko.calendars.slots import hours_from
from oluko.offerings.models import BookingMode, Offering
from tests.calendars.slow_slots import slow_starts

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def quarters(start: datetime, minutes: int) -> set[int]:
    first = int(start.timestamp()) // 900
    return set(range(first, first + -(-minutes // 15)))


def until(row: Booking, person: UUID) -> datetime:
    return row.ends_at + MINUTE * (row.buffer_minutes if person == row.tutor_id else 0)


class PlainRules:
    """What holds at the instant `now`. Claims are never looked at: they are what is to be proved."""

    now: datetime

    def has_lapsed(self, row: Booking) -> bool:
        if row.status == Status.PENDING_MENTOR_REVIEW:
            return row.approval_deadline is not None and row.approval_deadline <= self.now
        unpaid = row.status == Status.SCHEDULED and row.payment_status == PaymentStatus.PENDING
        return unpaid and row.pay_by is not None and row.pay_by <= self.now

    def is_live(self, row: Booking) -> bool:
        return row.status in LIVE and not self.has_lapsed(row)

    def is_ahead(self, row: Booking) -> bool:
        return row.status == Status.SCHEDULED and self.is_live(row) and row.scheduled_at > self.now

    def waits(self, row: Booking) -> bool:
        return row.status == Status.PENDING_MENTOR_REVIEW and self.is_live(row)

    def awaits_payment(self, row: Booking) -> bool:
        return row.awaits_payment and self.is_live(row)

    def may_extend(self, row: Booking) -> bool:
        return (
            self.awaits_payment(row)
            and not row.hold_extended
            and row.pay_by is not None
            and row.pay_by < row.scheduled_at
        )

    def may_cancel(self, row: Booking, person: Person) -> bool:
        begun = row.payment_status == PaymentStatus.PAID and row.scheduled_at <= self.now
        return self.is_live(row) and not (begun and person == row.student)

    def may_mark(self, row: Booking, status: Status) -> bool:
        if row.payment_status != PaymentStatus.PAID:
            return False
        if status == Status.IN_PROGRESS:
            return row.status == Status.SCHEDULED and row.scheduled_at - 15 * MINUTE <= self.now < row.ends_at
        return row.status in (Status.SCHEDULED, Status.IN_PROGRESS) and row.ends_at <= self.now

    def is_free_to_move(self, row: Booking) -> bool:
        unpaid = row.payment_status != PaymentStatus.PAID
        return self.is_ahead(row) and (unpaid or refund_terms(row, Who.STUDENT, self.now).refund == row.price)

    def may_move(self, row: Booking, at: datetime) -> bool:
        if at == row.scheduled_at:
            return self.is_ahead(row)
        offered = self.is_offered(row.tutor, row.student, at, row.duration, besides=row)
        return self.is_free_to_move(row) and offered

    def may_propose(self, row: Booking, at: datetime) -> bool:
        possible = self.is_ahead(row) and self.now < at != row.scheduled_at
        return possible and (at == row.proposed_at or self.is_clear(row, at))

    def has_proposal(self, row: Booking) -> bool:
        return row.proposed_at is not None and row.proposed_at > self.now and self.is_ahead(row)

    def may_accept(self, row: Booking) -> bool:
        return row.proposed_at is not None and self.has_proposal(row) and self.is_clear(row, row.proposed_at)

    def may_book(self, student: Person, listed: Offering, mode: BookingMode, at: datetime) -> bool:
        open_now = [
            row
            for row in Booking.objects.filter(student=student)
            if self.is_live(row) and (row.status == Status.PENDING_MENTOR_REVIEW or row.awaits_payment)
        ]
        return (
            student.pk != listed.tutor_id
            and len(open_now) < MOST_OPEN
            and not (mode == BookingMode.REQUEST and at - self.now < 3 * HOUR)
            and self.is_offered(listed.tutor, student, at, listed.duration)
        )

    def same_again(self, student: Person, listed: Offering, mode: BookingMode, at: datetime) -> Booking | None:
        rows = Booking.objects.filter(student=student, offering=listed, booking_mode=mode, scheduled_at=at)
        pending = rows.filter(payment_status=PaymentStatus.PENDING)
        return next((row for row in pending if self.is_live(row)), None)

    def is_offered(
        self, tutor: Person, student: Person, at: datetime, duration: int, besides: Booking | None = None
    ) -> bool:
        """Hours, notice, horizon, cap, what both have already and what is busy elsewhere allow this time."""
        return at in self.slow_free(tutor, duration, at, at + MINUTE, student=student, besides=besides)

    def is_clear(self, row: Booking, at: datetime) -> bool:
        """Nobody else holds a part of what the booking would take at `at`."""
        session, with_break = quarters(at, row.duration), quarters(at, row.duration + row.buffer_minutes)
        held_by_tutor, held_by_student = self.held(row.tutor, row), self.held(row.student, row)
        return not (with_break & held_by_tutor or session & held_by_student)

    def held(self, person: Person, besides: Booking | None = None) -> set[int]:
        """The quarters that live bookings take of a person's time, by the bookings' own words."""
        taken: set[int] = set()
        for row in Booking.objects.filter(status__in=LIVE):
            if self.is_live(row) and row != besides:
                if row.tutor_id == person.pk:
                    taken |= quarters(row.scheduled_at, row.duration + row.buffer_minutes)
                if row.student_id == person.pk:
                    taken |= quarters(row.scheduled_at, row.duration)
        return taken

    def slow_free(
        self,
        tutor: Person,
        duration: int,
        start: datetime,
        end: datetime,
        *,
        student: Person | None = None,
        besides: Booking | None = None,
    ) -> list[datetime]:
        availability = availability_of(tutor)
        if besides is not None:
            availability.buffer_minutes = besides.buffer_minutes
        taught = Booking.objects.filter(tutor=tutor, status__in=LIVE)
        return slow_starts(
            hours_from(availability),
            taken=self.held(tutor, besides),
            busy=self.held(student, besides) if student is not None else (),
            taught=[min(quarters(row.scheduled_at, 15)) for row in taught if self.is_live(row) and row != besides],
            duration=duration,
            start=start,
            end=end,
            now=self.now,
        )
