"""Taking a time: at once, held until it is paid; or on request, held until the tutor answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person, TutorProfile
from oluko.accounts.people import has_verified_email
from oluko.bookings import deadlines
from oluko.bookings.models import LIVE, Booking, PaymentStatus, Status
from oluko.bookings.wording import tell
from oluko.calendars.claims import Holds, lapsed_holders, lock_people, quarters, take_time
from oluko.calendars.slots import check_bookable, check_daily_cap
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Invalid, NotAllowed, NotFound, TooMany
from oluko.ledger.audit import record_change
from oluko.offerings.models import DURATIONS, BookingMode, CancellationPolicy, Offering
from oluko.offerings.offerings import get_live_offering

MOST_OPEN = 3
LONGEST_NOTES = 2000


@dataclass(frozen=True)
class Terms:
    """What is bought, snapshotted on the booking: price in minor units, duration in minutes."""

    tutor: Person
    title: str
    description: str
    duration: int
    price: int
    currency: str
    policy: str
    on_request_only: bool
    offering: Offering | None = None


def offered_terms(offering_id: UUID) -> Terms:
    """The terms of a live listing. Raises NotFound."""
    offering = get_live_offering(offering_id)
    return Terms(
        tutor=offering.tutor,
        title=offering.title,
        description=offering.description,
        duration=offering.duration,
        price=offering.price,
        currency=offering.currency,
        policy=offering.cancellation_policy,
        on_request_only=offering.booking_mode == BookingMode.REQUEST,
        offering=offering,
    )


def terms_from_scratch(tutor_id: UUID, title: str, duration: int) -> Terms:
    """Terms by the tutor's hourly rate. Raises NotFound for an unknown tutor, Invalid where there is no rate."""
    profile = TutorProfile.objects.select_related("person").filter(person_id=tutor_id, person__is_active=True).first()
    if profile is None or not profile.person.teaches:
        raise NotFound("no_such_tutor", _("There is no such tutor."))
    if profile.hourly_rate is None:
        raise Invalid("no_hourly_rate", _("This tutor takes bookings of offerings only."), field="tutorId")
    if duration not in DURATIONS:
        raise Invalid("bad_duration", _("Choose 30, 45, 60, 90, 120 or 180 minutes."), field="duration")
    title = title.strip()
    if not 3 <= len(title) <= 120:
        raise Invalid("bad_title", _("A title has 3 to 120 characters."), field="title")
    return Terms(
        tutor=profile.person,
        title=title,
        description="",
        duration=duration,
        price=profile.hourly_rate * duration // 60,
        currency=profile.currency,
        policy=CancellationPolicy.MODERATE,
        on_request_only=False,
    )


@repeat_on_deadlock
@transaction.atomic(durable=True)
def book(student: Person, terms: Terms, *, mode: BookingMode, scheduled_at: datetime, notes: str = "") -> Booking:
    """Take a time for a student, or return the booking that already holds just this for them.

    Raises NotAllowed (one's own offering, an unverified address for a request), Invalid (a time that cannot be
    booked), TimeTaken (somebody has it, or the tutor is busy elsewhere), Conflict (`day_full`: the tutor teaches
    enough on that day), TooMany (three open holds and requests already).
    """
    now = clock.now()
    _check_person_and_mode(student, terms, mode)
    # Two tabs of one student wait here for each other: the second then finds what the first has made.
    lock_people(student.pk, terms.tutor.pk)
    held = _same_again(student, terms, mode, scheduled_at, now)
    if held is not None:
        return held
    availability = check_bookable(terms.tutor, scheduled_at, terms.duration)
    if mode == BookingMode.REQUEST and scheduled_at - now < deadlines.SHORTEST_REQUEST_NOTICE:
        raise Invalid("too_soon", _("A request needs at least three hours before the start."), field="scheduledAt")
    _check_open_count(student, now)
    check_daily_cap(terms.tutor, scheduled_at)
    booking = _new_booking(student, terms, mode, scheduled_at, notes, availability.buffer_minutes, now)
    claim(booking, expires_at=booking.deadline)
    booking.save(force_insert=True)
    record_change("booking", str(booking.pk), "", booking.status, actor_id=student.pk, why=mode, at=now)
    if mode == BookingMode.REQUEST:
        tell(booking, booking.tutor, "requested")
    return booking


def holds_of(booking: Booking) -> Holds:
    """The quarter hours of its tutor (with the break after it) and of its student."""
    return {
        booking.tutor_id: quarters(booking.scheduled_at, booking.duration + booking.buffer_minutes),
        booking.student_id: quarters(booking.scheduled_at, booking.duration),
    }


def claim(booking: Booking, *, expires_at: datetime | None) -> None:
    """Take the booking's quarter hours for tutor (with the break after it) and student; raises TimeTaken.

    Bookings in the way that have lapsed by the clock but were not swept yet are ended first. Call inside a
    transaction.
    """
    holds = holds_of(booking)
    lapsed = lapsed_holders(holds, clock.now())
    for other in Booking.objects.select_related("tutor", "student").filter(pk__in=lapsed).order_by("pk"):
        deadlines.lapse(other)
    take_time(booking.pk, holds, teacher=booking.tutor_id, expires_at=expires_at)


def _check_person_and_mode(student: Person, terms: Terms, mode: BookingMode) -> None:
    if student.pk == terms.tutor.pk:
        raise NotAllowed("own_offering", _("You cannot book yourself."))
    if mode == BookingMode.INSTANT and terms.on_request_only:
        raise Invalid("on_request_only", _("This tutor answers each request first."), field="bookingMode")
    if mode == BookingMode.REQUEST and not has_verified_email(student):
        raise NotAllowed("email_unverified", _("Confirm your e-mail address first; a request holds a tutor's time."))


def _same_again(
    student: Person, terms: Terms, mode: BookingMode, scheduled_at: datetime, now: datetime
) -> Booking | None:
    rows = Booking.objects.select_related("tutor", "student", "course").filter(
        student=student,
        tutor=terms.tutor,
        offering=terms.offering,
        duration=terms.duration,
        booking_mode=mode,
        scheduled_at=scheduled_at,
        payment_status=PaymentStatus.PENDING,
        status__in=LIVE,
    )
    return next((booking for booking in rows if not deadlines.is_lapsed(booking, now)), None)


def _check_open_count(student: Person, now: datetime) -> None:
    open_now = Booking.objects.filter(
        Q(status=Status.PENDING_MENTOR_REVIEW, approval_deadline__gt=now)
        | Q(status=Status.SCHEDULED, payment_status=PaymentStatus.PENDING, pay_by__gt=now),
        student=student,
    ).count()
    if open_now >= MOST_OPEN:
        raise TooMany("too_many_holds", _("You have three unpaid times or open requests; finish one of them first."))


def _new_booking(
    student: Person, terms: Terms, mode: BookingMode, scheduled_at: datetime, notes: str, buffer: int, now: datetime
) -> Booking:
    if len(notes) > LONGEST_NOTES:
        raise Invalid("notes_too_long", _("At most 2,000 characters."), field="notes")
    on_request = mode == BookingMode.REQUEST
    return Booking(
        offering=terms.offering,
        tutor=terms.tutor,
        student=student,
        course=terms.offering.course if terms.offering else None,
        title=terms.title,
        description=terms.description,
        duration=terms.duration,
        buffer_minutes=buffer,
        price=terms.price,
        currency=terms.currency,
        tutor_share_bps=settings.OLUKO_TUTOR_SHARE_BPS,
        cancellation_policy=terms.policy,
        booking_mode=mode,
        status=Status.PENDING_MENTOR_REVIEW if on_request else Status.SCHEDULED,
        scheduled_at=scheduled_at,
        ends_at=scheduled_at + terms.duration * deadlines.MINUTE,
        notes=notes.strip(),
        approval_deadline=deadlines.approval_deadline(scheduled_at, now) if on_request else None,
        pay_by=None if on_request else min(now + deadlines.HOLD, scheduled_at),
        created_at=now,
    )
