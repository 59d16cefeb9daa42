"""Zoom's hosts: who holds which meeting. A host runs one meeting at a time, and makes or changes so many a day.

UNIQUE(host, quarter) is the proof that no host has two at once, as it is for people's own time. Lobbies open early and
talks overrun, so a host with nothing just before and after is preferred.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from oluko.bookings.models import Booking
from oluko.calendars.claims import quarters
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.meetings.models import HostDay, HostTime

# The account's own user, in Zoom's words: who holds meetings where no hosts are named.
ME = "me"
TRY_AGAIN = timedelta(minutes=30)


class NoHost(Exception):
    """No host can take the meeting now; worth another try from `again_at` (real time). `why` is for people."""

    def __init__(self, again_at: datetime, why: str) -> None:
        super().__init__(why)
        self.again_at = again_at
        self.why = why


@repeat_on_deadlock
@transaction.atomic(durable=True)
def engage_host(booking: Booking) -> str:
    """A host who is free at the booking's time and has calls of the day left; the time and one call are taken.

    Raises NoHost.
    """
    today, used_up = _today(), False
    for host in _best_first(booking, today):
        if not _take_time(host, booking):
            continue
        if _take_call(host, today):
            return host
        used_up = True
    HostTime.objects.filter(booking=booking).delete()
    if used_up:
        raise _used_up(today)
    raise NoHost(timezone.now() + TRY_AGAIN, "Every Zoom host holds another meeting at that time.")


@repeat_on_deadlock
@transaction.atomic(durable=True)
def engage_again(booking: Booking, host: str) -> bool:
    """The booking has moved: take its new time of the same host, and one call; False if the host is busy then.

    Raises NoHost if the host's day is used up; the new time is taken all the same.
    """
    if not _take_time(host or ME, booking):
        return False
    today = _today()
    if not _take_call(host or ME, today):
        raise _used_up(today)
    return True


def release_host(booking_id: UUID) -> None:
    """The booking needs no host any more."""
    HostTime.objects.filter(booking_id=booking_id).delete()


def use_up(host: str) -> None:
    """Zoom itself says that the host's day is used up: believe it until the next date."""
    limit = settings.OLUKO_ZOOM_DAILY_LIMIT
    HostDay.objects.update_or_create(host=host or ME, day=_today(), defaults={"used": limit})


def forget_past() -> None:
    """Throw away what is over: days before yesterday, and time before it by the business clock."""
    yesterday = int((clock.now() - timedelta(days=1)).timestamp()) // 900
    HostTime.objects.filter(quarter__lt=yesterday).delete()
    HostDay.objects.filter(day__lt=_today() - timedelta(days=1)).delete()


def _take_time(host: str, booking: Booking) -> bool:
    """Hold the booking's quarters of a host, and of nobody else. Call inside a transaction."""
    wanted = quarters(booking.scheduled_at, booking.duration)
    HostTime.objects.filter(booking=booking).delete()
    rows = [HostTime(host=host, quarter=quarter, booking=booking) for quarter in wanted]
    HostTime.objects.bulk_create(rows, ignore_conflicts=True)
    mine = HostTime.objects.filter(host=host, booking=booking)
    if mine.count() == len(wanted):
        return True
    mine.delete()
    return False


def _take_call(host: str, day: date) -> bool:
    """One more call of the host's day, if there is one left. Call inside a transaction."""
    HostDay.objects.bulk_create([HostDay(host=host, day=day)], ignore_conflicts=True)
    left = HostDay.objects.filter(host=host, day=day, used__lt=settings.OLUKO_ZOOM_DAILY_LIMIT)
    return bool(left.update(used=F("used") + 1))


def _best_first(booking: Booking, day: date) -> list[str]:
    """Hosts with room around the session before those without, and among them the least used."""
    session = quarters(booking.scheduled_at, booking.duration)
    beside = HostTime.objects.filter(quarter__in=(session.start - 1, session.stop)).exclude(booking=booking)
    hurried = set(beside.values_list("host", flat=True))
    used = dict(HostDay.objects.filter(day=day).values_list("host", "used"))
    return sorted(settings.OLUKO_ZOOM_HOSTS, key=lambda host: (host in hurried, used.get(host, 0)))


def _used_up(day: date) -> NoHost:
    tomorrow = datetime.combine(day + timedelta(days=1), time(0, 0, 30), UTC)
    return NoHost(tomorrow, "Zoom's limit of meetings a day is reached; it is made after midnight UTC.")


def _today() -> date:
    # Zoom counts its days in UTC, by real time.
    return timezone.now().astimezone(UTC).date()
