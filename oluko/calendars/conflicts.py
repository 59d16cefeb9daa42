"""Booked sessions that a tutor's hours no longer cover. They stay as they are; the tutor is shown them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Max, Min, Q, QuerySet

from oluko.accounts.models import Person
from oluko.calendars.availability import availability_of
from oluko.calendars.claims import instant
from oluko.calendars.models import Availability, Claim
from oluko.calendars.slots import Hours, hours_from, quarter_from, touches
from oluko.calendars.wall_time import first_reaching
from oluko.core import clock

type Why = Literal["hours", "outside_busy"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A session of one booking, and what speaks against it: today's hours, or a calendar that is kept elsewhere."""

    booking_id: UUID
    starts_at: datetime
    ends_at: datetime
    why: Why


def conflicts_of(tutor: Person, availability: Availability | None = None) -> list[Conflict]:
    """The tutor's coming live sessions, by their start, that lie outside their hours or meet what is busy elsewhere.

    `availability` are hours to hold them against instead of the saved ones. Two queries. The step, notice, horizon
    and cap of today say nothing about what was booked before.
    """
    hours = hours_from(availability or availability_of(tutor))
    return [
        Conflict(booking, instant(first), instant(end), why)
        for booking, first, end in _coming(tutor)
        if (why := _against(hours, first, end)) is not None
    ]


def _coming(tutor: Person) -> QuerySet[Claim, tuple[UUID, int, int]]:
    """Each live booking that the tutor teaches and that has not begun: its first quarter and the one after its last.

    The student's quarters tell how long the session is, since the tutor's go on through the break.
    """
    now = clock.now()
    live = Claim.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
    taught = live.filter(person=tutor, opens=True, quarter__gte=quarter_from(now))
    return (
        live.filter(booking_id__in=taught.values("booking_id"))
        .exclude(person=tutor)
        .values("booking_id")
        .annotate(first=Min("quarter"), end=Max("quarter") + 1)
        .order_by("first")
        .values_list("booking_id", "first", "end")
    )


def _against(hours: Hours, first: int, end: int) -> Why | None:
    if touches(hours.outside_busy, first, end):
        return "outside_busy"
    return None if _is_open(hours, first, end) else "hours"


def _is_open(hours: Hours, first: int, end: int) -> bool:
    """Whether ranges, end to end, cover all of these quarters."""
    starts_at, ends_at = instant(first), instant(end)
    covered = starts_at
    for opens, closes in _open_around(hours, starts_at):
        if opens <= covered < closes:
            covered = closes
    return covered >= ends_at


def _open_around(hours: Hours, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The ranges of the day before, the day and the day after, as instants in order."""
    today = at.astimezone(hours.zone).date()
    for day in (today - _DAY, today, today + _DAY):
        for opens, closes in hours.on(day):
            yield first_reaching(day, opens, hours.zone), first_reaching(day, closes, hours.zone)
