"""Who was there: stays as the session's page, the built-in room and Zoom see them, in one timeline.

Instants are business time. A stay that nobody renews ends where it was last seen, so that a phone that dies is not
there for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from oluko.bookings.models import Booking, PaymentStatus, Status
from oluko.bookings.sessions import start_together
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.meetings.models import Attendance

Source = Attendance.Source
# A tab in the background may ask only once a minute; whoever is silent for longer has left in between.
FRESH = timedelta(seconds=100)
# A stay is written anew only so often, however often it is noted.
RENEW = timedelta(seconds=20)
# What counts around a session: from the lobby until a while after its end.
AFTER = timedelta(minutes=30)


@dataclass(frozen=True)
class Stay:
    """From when until when somebody was there, whoever saw it. `present`: still."""

    person_id: UUID
    start: datetime
    end: datetime
    sources: tuple[str, ...]
    present: bool = False


def is_counted(booking: Booking, now: datetime) -> bool:
    """Whether presence at `now` says something about the session: paid, from the lobby until a while after the end."""
    paid = booking.payment_status == PaymentStatus.PAID
    return paid and booking.opens_at <= now < booking.ends_at + AFTER


def note_presence(booking: Booking, person_id: UUID, source: Source) -> None:
    """Somebody is there just now, says `source`; when both are, the session begins.

    Does nothing outside of the session's time, or where it was noted a moment ago.
    """
    now = clock.now()
    if not is_counted(booking, now):
        return
    mine = Attendance.objects.filter(booking_id=booking.pk, person_id=person_id, source=source, left_at__isnull=True)
    if not mine.filter(seen_at__gt=now - RENEW, seen_at__lte=now).exists():
        _write_stay(booking.pk, person_id, source, now)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def note_arrival(booking_id: UUID, person_id: UUID, source: Source, at: datetime) -> None:
    """A witness that tells only of coming and going says that somebody came at `at`. Said twice, it is one stay."""
    mine = Attendance.objects.filter(booking_id=booking_id, person_id=person_id, source=source)
    gone = mine.filter(arrived_at=F("left_at"), left_at__gte=at).order_by("left_at").first()
    if gone is not None:
        # The news of the leaving came first.
        mine.filter(pk=gone.pk).update(arrived_at=at)
    elif not mine.filter(arrived_at=at).exists():
        Attendance.objects.create(booking_id=booking_id, person_id=person_id, source=source, arrived_at=at, seen_at=at)
    _begin_if_both(booking_id, at)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def note_departure(booking_id: UUID, person_id: UUID, source: Source, at: datetime) -> None:
    """Somebody has left at `at`: of several stays (two devices) the latest ends. Said twice, it is one leaving."""
    mine = Attendance.objects.filter(booking_id=booking_id, person_id=person_id, source=source)
    if mine.filter(left_at=at).exists():
        return
    stay = mine.filter(left_at__isnull=True, arrived_at__lte=at).order_by("-arrived_at").first()
    if stay is not None:
        mine.filter(pk=stay.pk).update(left_at=at, seen_at=at)
        return
    Attendance.objects.create(
        booking_id=booking_id, person_id=person_id, source=source, arrived_at=at, seen_at=at, left_at=at
    )


def note_end(booking_id: UUID, source: Source, at: datetime) -> None:
    """The meeting has ended for everybody."""
    Attendance.objects.filter(booking_id=booking_id, source=source, left_at__isnull=True, arrived_at__lte=at).update(
        left_at=at, seen_at=at
    )


def timeline(booking: Booking, now: datetime, sources: Collection[str] = Source.values) -> list[Stay]:
    """The stays of both people, as these witnesses saw them, one after the other; what overlaps is one stay."""
    rows = Attendance.objects.filter(booking_id=booking.pk, source__in=sources).order_by("person_id", "arrived_at")
    stays: list[Stay] = []
    for row in rows:
        stay = _stay(row, now)
        last = stays[-1] if stays else None
        if last and last.person_id == stay.person_id and stay.start <= last.end + FRESH:
            stays[-1] = Stay(
                last.person_id,
                last.start,
                max(last.end, stay.end),
                tuple(sorted({*last.sources, *stay.sources})),
                last.present or stay.present,
            )
        else:
            stays.append(stay)
    return sorted(stays, key=lambda stay: (stay.start, str(stay.person_id)))


def present_now(booking: Booking, now: datetime) -> set[UUID]:
    """Who of the two is there at this moment."""
    return {stay.person_id for stay in timeline(booking, now) if stay.present}


def time_there(stays: Iterable[Stay], person_id: UUID, start: datetime, end: datetime) -> timedelta:
    """How long a person was there between two instants."""
    own = (stay for stay in stays if stay.person_id == person_id)
    return sum((max(min(stay.end, end) - max(stay.start, start), timedelta(0)) for stay in own), timedelta(0))


def time_together(stays: Collection[Stay], booking: Booking, start: datetime, end: datetime) -> timedelta:
    """How long both were there at once between two instants."""
    tutors = [stay for stay in stays if stay.person_id == booking.tutor_id]
    return sum(
        (time_there(stays, booking.student_id, max(stay.start, start), min(stay.end, end)) for stay in tutors),
        timedelta(0),
    )


def _stay(row: Attendance, now: datetime) -> Stay:
    # Zoom tells when somebody leaves; the others fall silent.
    lasting = row.source == Source.ZOOM or row.seen_at > now - FRESH
    present = row.left_at is None and lasting
    end = row.left_at or (max(now, row.seen_at) if present else row.seen_at)
    return Stay(row.person_id, row.arrived_at, end, (row.source,), present)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def _write_stay(booking_id: UUID, person_id: UUID, source: Source, now: datetime) -> None:
    mine = Attendance.objects.filter(booking_id=booking_id, person_id=person_id, source=source, left_at__isnull=True)
    if not mine.filter(seen_at__gt=now - FRESH, seen_at__lte=now).update(seen_at=now):
        Attendance.objects.create(
            booking_id=booking_id, person_id=person_id, source=source, arrived_at=now, seen_at=now
        )
    _begin_if_both(booking_id, now)


def _begin_if_both(booking_id: UUID, at: datetime) -> None:
    """Both are there: the session is in progress. An open page counts from the start on, a room from the lobby."""
    booking = Booking.objects.select_related("tutor", "student").get(pk=booking_id)
    if booking.status != Status.SCHEDULED or not booking.opens_at <= at < booking.ends_at:
        return
    witnesses = Source.values if at >= booking.scheduled_at else [Source.ROOM, Source.ZOOM]
    here = {stay.person_id for stay in timeline(booking, at, witnesses) if stay.present}
    if {booking.tutor_id, booking.student_id} <= here:
        start_together(booking, at)
