"""What tests of moves look at afterwards."""

from __future__ import annotations

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.bookings.moves import moves_of
from oluko.calendars.models import Claim
from oluko.notifications.models import Notification


def reload(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def held(booking: Booking, person: Person) -> list[int]:
    return sorted(Claim.objects.filter(booking_id=booking.pk, person=person).values_list("quarter", flat=True))


def told(person: Person, kind: str) -> list[Notification]:
    return list(Notification.objects.filter(person=person, kind=kind).order_by("pk"))


def untouched(booking: Booking) -> bool:
    """Whether row, claims, trail and notes are as the booking that was read says."""
    fresh = reload(booking)
    same = (fresh.scheduled_at, fresh.ends_at, fresh.version, fresh.pay_by, fresh.proposed_at) == (
        *(booking.scheduled_at, booking.ends_at, booking.version, booking.pay_by, booking.proposed_at),
    )
    return same and not moves_of(fresh) and not Notification.objects.filter(kind="moved").exists()
