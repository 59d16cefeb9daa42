"""Which times of a tutor can be booked.

The rules, so that two programs can agree on them:

- Hours are wall-clock time in the tutor's zone and keep their wall-clock time when clocks change. An exception
  replaces all hours of its local date.
- Starts are built on the wall clock: each range's start, then every step after it, before the range's end.
- A wall time that clocks jump over does not exist and is no start. A wall time that occurs twice means its first
  occurrence. A start must lie on a UTC quarter hour.
- A session runs inside one range by elapsed time. A range that ends at a time which clocks jump over ends with
  the jump.
- A start lies at least the minimum notice after now, and at most the horizon (in days of 24 hours) after now.
- The tutor must be free for the session and for the break after it, which may reach beyond the hours; the student
  for the session alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.availability import availability_of, minutes_of
from oluko.calendars.claims import SECONDS, quarters
from oluko.calendars.models import WEEKDAYS, Availability, Claim
from oluko.core import clock
from oluko.core.errors import Invalid

type Minutes = tuple[tuple[int, int], ...]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """When a tutor takes bookings: ranges are (start, end) in minutes since local midnight; Monday is week[0]."""

    zone: ZoneInfo
    week: tuple[Minutes, ...]
    exceptions: Mapping[date, Minutes] = field(default_factory=dict)
    buffer_minutes: int = 0
    minimum_notice_hours: int = 0
    horizon_days: int = 60
    step_minutes: int = 30

    def on(self, day: date) -> Minutes:
        """The ranges of one local date."""
        return self.exceptions.get(day, self.week[day.weekday()])


def hours_from(availability: Availability) -> Hours:
    """The stored availability in the form that the rules read."""
    return Hours(
        zone=ZoneInfo(availability.time_zone),
        week=tuple(_minutes(availability.weekly.get(day, ())) for day in WEEKDAYS),
        exceptions={date.fromisoformat(day): _minutes(ranges) for day, ranges in availability.exceptions.items()},
        buffer_minutes=availability.buffer_minutes,
        minimum_notice_hours=availability.minimum_notice_hours,
        horizon_days=availability.horizon_days,
        step_minutes=availability.slot_step_minutes,
    )


def bookable_starts(
    hours: Hours,
    *,
    taken: Collection[int],
    duration: int,
    start: datetime,
    end: datetime,
    now: datetime,
    busy: Collection[int] = (),
) -> list[datetime]:
    """The instants (UTC, rising) in [start, end) at which `duration` minutes can be booked.

    `taken` are the tutor's quarter hours that are gone, `busy` the student's. Reads no database.
    """
    return list(_starts(hours, taken, busy, duration, start, end, now))


def free_starts(
    tutor: Person, duration: int, start: datetime, end: datetime, *, student: Person | None = None
) -> list[datetime]:
    """The instants in [start, end) that can be booked now with the tutor, by the student where one is given.

    Two queries. Claims whose deadline has passed do not block.
    """
    now = clock.now()
    hours = _hours_of([tutor.pk])[tutor.pk]
    people = [tutor.pk] if student is None else [tutor.pk, student.pk]
    held = _taken(people, min(end, now + timedelta(days=hours.horizon_days)), now)
    busy = held.get(student.pk, set()) if student is not None else set()
    return bookable_starts(
        hours, taken=held.get(tutor.pk, set()), busy=busy, duration=duration, start=start, end=end, now=now
    )


def check_bookable(tutor: Person, starts_at: datetime, duration: int) -> Availability:
    """The tutor's availability if these minutes may be booked, as far as hours and rules go.

    Raises Invalid (`bad_time`, field scheduledAt). Whether the time is still free is for `claims.take_time` to say.
    """
    if starts_at.tzinfo is None:
        raise _bad_time(_("Give the time with its zone."))
    availability = availability_of(tutor)
    hours = hours_from(availability)
    now = clock.now()
    if starts_at <= now:
        raise _bad_time(_("This time has passed."))
    if starts_at < now + timedelta(hours=hours.minimum_notice_hours):
        raise _bad_time(_("The tutor needs %(hours)d hours' notice.") % {"hours": hours.minimum_notice_hours})
    if starts_at > now + timedelta(days=hours.horizon_days):
        raise _bad_time(_("The tutor takes bookings %(days)d days ahead.") % {"days": hours.horizon_days})
    only = _starts(hours, (), (), duration, starts_at, starts_at + timedelta(microseconds=1), now)
    if next(only, None) is None:
        raise _bad_time(_("The tutor offers no session of this length at this time."))
    return availability


def next_free(wanted: Mapping[UUID, int]) -> dict[UUID, datetime | None]:
    """For each tutor the next instant at which that many minutes can be booked. Two queries, however many tutors."""
    found = next_free_of(wanted.items())
    return {tutor: found[tutor, duration] for tutor, duration in wanted.items()}


def next_free_of(wanted: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], datetime | None]:
    """As `next_free`, for pairs of tutor and minutes, since one tutor may offer several lengths."""
    now = clock.now()
    hours = _hours_of({tutor for tutor, _duration in wanted})
    horizon = max((each.horizon_days for each in hours.values()), default=0)
    held = _taken(hours, now + timedelta(days=horizon + 1), now)
    end = datetime.max.replace(tzinfo=UTC) - _DAY * 2
    return {
        (tutor, duration): next(_starts(hours[tutor], held.get(tutor, ()), (), duration, now, end, now), None)
        if tutor in hours
        else None
        for tutor, duration in wanted
    }


def _starts(
    hours: Hours,
    taken: Collection[int],
    busy: Collection[int],
    duration: int,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Iterator[datetime]:
    """The rules of this module, lazily and in order; `end` is exclusive, the horizon is not."""
    last = now + timedelta(days=hours.horizon_days)
    if end <= now or start > last or not (any(hours.week) or any(hours.exceptions.values())):
        return
    first = max(start, now + timedelta(hours=hours.minimum_notice_hours)).astimezone(UTC)
    # A day early and a day late: local dates are up to 14 hours off, and a range may end at the next midnight.
    day = (first - _DAY).date()
    final = (min(end.astimezone(UTC), last) + _DAY).date()
    while day <= final:
        for at in _on_day(hours, day, duration):
            if at >= end or at > last:
                return
            if at >= first and _is_free(at, duration, hours.buffer_minutes, taken, busy):
                yield at
        day += _DAY


def _on_day(hours: Hours, day: date, duration: int) -> Iterator[datetime]:
    """Every start of one local date, whoever holds it."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall time
    length = timedelta(minutes=duration)
    for opens, closes in hours.on(day):
        until = _closing(midnight + timedelta(minutes=closes), hours.zone)
        for minute in range(opens, closes, hours.step_minutes):
            at = _first_occurrence(midnight + timedelta(minutes=minute), hours.zone)
            if at is not None and at + length <= until and at.second == 0 and at.minute % 15 == 0:
                yield at


def _first_occurrence(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant at which the zone's clocks show this time; None if they jump over it."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None


def _closing(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clocks show this time or a later one."""
    at = _first_occurrence(wall, zone)
    if at is not None:
        return at
    # Clocks jump over it: seek the jump, which lies between the two readings of the wall time.
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after


def _is_free(at: datetime, duration: int, buffer: int, taken: Collection[int], busy: Collection[int]) -> bool:
    if taken and any(quarter in taken for quarter in quarters(at, duration + buffer)):
        return False
    return not busy or not any(quarter in busy for quarter in quarters(at, duration))


def _hours_of(tutors: Collection[UUID]) -> dict[UUID, Hours]:
    """The hours of several tutors in one query; who has saved none has the defaults in their zone."""
    rows = Person.objects.filter(pk__in=tutors).values_list(
        "pk",
        "time_zone",
        "availability__time_zone",
        "availability__weekly",
        "availability__buffer_minutes",
        "availability__minimum_notice_hours",
        "availability__horizon_days",
        "availability__slot_step_minutes",
        "availability__exceptions",
    )
    return {
        person: hours_from(
            Availability(
                time_zone=zone,
                weekly=weekly,
                buffer_minutes=buffer,
                minimum_notice_hours=notice,
                horizon_days=horizon,
                slot_step_minutes=step,
                exceptions=exceptions,
            )
            if zone is not None
            else Availability(time_zone=home)
        )
        for person, home, zone, weekly, buffer, notice, horizon, step, exceptions in rows
    }


def _taken(people: Collection[UUID], until: datetime, now: datetime) -> dict[UUID, set[int]]:
    """The quarter hours from now until `until` that live bookings hold, by person; one query.

    The break after a session reaches a little further than the session, so a few hours are added.
    """
    last = int(until.timestamp()) // SECONDS + 24 * 4
    rows = Claim.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        person_id__in=people,
        quarter__gte=int(now.timestamp()) // SECONDS,
        quarter__lt=last,
    ).values_list("person_id", "quarter")
    held: dict[UUID, set[int]] = {}
    for person, quarter in rows:
        held.setdefault(person, set()).add(quarter)
    return held


def _minutes(ranges: Iterable[Iterable[str]]) -> Minutes:
    return tuple((minutes_of(start), minutes_of(end)) for start, end in ranges)


def _bad_time(message: str) -> Invalid:
    return Invalid("bad_time", message, field="scheduledAt")
