"""Which times of a tutor can be booked.

The rules, so that two programs can agree on them:

- Hours are wall-clock time in the tutor's zone and keep their wall-clock time when clocks change. An exception
  replaces all hours of its local date.
- Starts are built on the wall clock: each range's start, then every step after it, before the range's end.
- A wall time that clocks jump over does not exist and is no start. A wall time that occurs twice means its first
  occurrence. A start must lie on a UTC quarter hour.
- A session runs inside one range by elapsed time. A range that ends at a time which clocks jump over ends with
  the jump; one that ends at a time which occurs twice ends with its first occurrence.
- A start lies at least the minimum notice after now, and at most the horizon (in days of 24 hours) after now.
- The tutor must be free for the session and for the break after it, which may reach beyond the hours; the student
  for the session alone. What the tutor's calendars elsewhere say is busy counts as taken, for all that is booked
  from then on, and undoes nothing that was booked before.
- With a daily cap, a local date of the tutor on which that many sessions begin has no more starts. Only live
  bookings count: one that lapsed, was cancelled or is over makes room again.

Everything inside is counted in quarter hours since 1970-01-01T00:00Z, as claims are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.availability import availability_of, minutes_of
from oluko.calendars.claims import MINUTES, TimeTaken, instant, quarters
from oluko.calendars.models import WEEKDAYS, Availability, Claim
from oluko.calendars.wall_time import first_occurrence, first_reaching, steady_offset
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid

type Minutes = tuple[tuple[int, int], ...]
type Spans = tuple[tuple[int, int], ...]

_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=MINUTES)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A local date lasts 25 hours at most, and a session with its break 4: what matters to a window lies this near to it.
_MARGIN = 2 * _DAY


@dataclass(frozen=True, slots=True)
class Hours:
    """When a tutor takes bookings: ranges are (start, end) in minutes since local midnight; Monday is week[0].

    `step_minutes` are whole quarters. `outside_busy` are pairs of quarters [first, end).
    """

    zone: ZoneInfo
    week: tuple[Minutes, ...]
    exceptions: Mapping[date, Minutes] = field(default_factory=dict)
    buffer_minutes: int = 0
    minimum_notice_hours: int = 0
    horizon_days: int = 60
    step_minutes: int = 30
    daily_cap: int | None = None
    outside_busy: Spans = ()

    def on(self, day: date) -> Minutes:
        """The ranges of one local date."""
        return self.exceptions.get(day, self.week[day.weekday()])

    def date_of(self, quarter: int) -> date:
        """The local date on which a quarter hour begins."""
        return instant(quarter).astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Held:
    """A person's quarters that live bookings hold, and those of them at which a session begins that they teach."""

    taken: Collection[int] = ()
    taught: Collection[int] = ()


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
        daily_cap=availability.daily_cap,
        outside_busy=tuple((first, end) for first, end in availability.outside_busy),
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
    taught: Collection[int] = (),
) -> list[datetime]:
    """The instants (UTC, rising) in [start, end) at which `duration` minutes can be booked.

    `taken` are the tutor's quarter hours that are gone, `busy` the student's; `taught` are the quarters at which
    sessions of the tutor begin, one for each, which the daily cap counts. Reads no database.
    """
    return list(_starts(hours, Held(taken, taught), busy, duration, start, end, now))


def free_starts(
    tutor: Person,
    duration: int,
    start: datetime,
    end: datetime,
    *,
    student: Person | None = None,
    ignoring: UUID | None = None,
    buffer_minutes: int | None = None,
) -> list[datetime]:
    """The instants in [start, end) that can be booked now with the tutor, by the student where one is given.

    Two queries. Claims whose deadline has passed do not block. For a booking that is to move: what it holds itself
    does not block either (`ignoring`), and it keeps its own break after the session (`buffer_minutes`).
    """
    now = clock.now()
    hours = _hours_of([tutor.pk])[tutor.pk]
    if buffer_minutes is not None:
        hours = replace(hours, buffer_minutes=buffer_minutes)
    people = [tutor.pk] if student is None else [tutor.pk, student.pk]
    first, last = max(start, now), min(end, now + timedelta(days=hours.horizon_days))
    held = _held(people, first, last, now, ignoring=ignoring) if first <= last else {}
    busy = held.get(student.pk, Held()).taken if student is not None else []
    return list(_starts(hours, held.get(tutor.pk, Held()), busy, duration, start, end, now))


def held_by(tutor: Person, start: datetime, end: datetime) -> Held:
    """What the tutor's live bookings hold in and around [start, end]. One query."""
    return _held([tutor.pk], start, end, clock.now()).get(tutor.pk, Held())


def check_bookable(
    tutor: Person, starts_at: datetime, duration: int, *, buffer_minutes: int | None = None
) -> Availability:
    """The tutor's availability if these minutes may be booked, as far as hours, rules and calendars elsewhere go.

    A booking that moves keeps its own `buffer_minutes`. Raises Invalid (`bad_time`, field scheduledAt), TimeTaken
    where the tutor is busy elsewhere. Whether the time is still free is for `claims.take_time` to say, whether the
    day is full for `check_daily_cap`.
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
    alone = replace(hours, daily_cap=None, outside_busy=())
    only = _starts(alone, Held(), (), duration, starts_at, starts_at + timedelta(microseconds=1), now)
    if next(only, None) is None:
        raise _bad_time(_("The tutor offers no session of this length at this time."))
    needed = quarters(starts_at, duration + (hours.buffer_minutes if buffer_minutes is None else buffer_minutes))
    if touches(hours.outside_busy, needed.start, needed.stop):
        raise TimeTaken
    return availability


def check_daily_cap(tutor: Person, starts_at: datetime, *, besides: UUID | None = None) -> None:
    """Raise Conflict (`day_full`) if the tutor teaches as many sessions as they want on the local date of `starts_at`.

    `besides` is a booking that does not count because it is to move. Call inside a transaction and after
    `claims.lock_people`: two bookings of one tutor then count one after the other.
    """
    hours = hours_from(availability_of(tutor))
    if hours.daily_cap is None:
        return
    held = _held([tutor.pk], starts_at, starts_at, clock.now(), ignoring=besides).get(tutor.pk, Held())
    if starts_at.astimezone(hours.zone).date() in _full_dates(hours, held.taught):
        raise Conflict("day_full", _("The tutor takes no more sessions on this day. Please choose another."))


def next_free(wanted: Mapping[UUID, int]) -> dict[UUID, datetime | None]:
    """For each tutor the next instant at which that many minutes can be booked. Two queries, however many tutors."""
    found = next_free_of(wanted.items())
    return {tutor: found[tutor, duration] for tutor, duration in wanted.items()}


def next_free_of(wanted: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], datetime | None]:
    """As `next_free`, for pairs of tutor and minutes, since one tutor may offer several lengths."""
    now = clock.now()
    hours = _hours_of({tutor for tutor, _duration in wanted})
    horizon = max((each.horizon_days for each in hours.values()), default=0)
    held = _held(hours, now, now + timedelta(days=horizon), now)
    end = datetime.max.replace(tzinfo=UTC) - _DAY * 2
    return {
        (tutor, duration): next(_starts(hours[tutor], held.get(tutor, Held()), (), duration, now, end, now), None)
        if tutor in hours
        else None
        for tutor, duration in wanted
    }


def quarter_from(at: datetime) -> int:
    """The first quarter that does not begin before this instant."""
    return -((_EPOCH - at) // _QUARTER)


def touches(spans: Spans, first: int, stop: int) -> bool:
    """Whether one of the spans has a part in [first, stop)."""
    return any(opens < stop and first < closes for opens, closes in spans)


def _starts(
    hours: Hours,
    held: Held,
    busy: Iterable[int],
    duration: int,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Iterator[datetime]:
    """The rules of this module, lazily and in order; `end` is exclusive, the horizon is not."""
    last = now + timedelta(days=hours.horizon_days)
    if end <= now or start > last or not (any(hours.week) or any(hours.exceptions.values())):
        return
    earliest = max(start, now + timedelta(hours=hours.minimum_notice_hours)).astimezone(UTC)
    latest = min(end, last + timedelta(microseconds=1)).astimezone(UTC)
    first, stop = quarter_from(earliest), quarter_from(latest)
    session, with_break = -(-duration // MINUTES), -(-(duration + hours.buffer_minutes) // MINUTES)
    gone = _marks(first, stop + with_break, held.taken, hours.outside_busy)
    elsewhere = _marks(first, stop + session, busy)
    full = _full_dates(hours, held.taught)
    # A day early and a day late: local dates are up to 14 hours off, and a range may end at the next midnight.
    day, final = (earliest - _DAY).date(), (latest + _DAY).date()
    while day <= final:
        for quarter in () if day in full else _on_day(hours, day, duration):
            place = quarter - first
            if (
                first <= quarter < stop
                and gone.find(1, place, place + with_break) < 0
                and elsewhere.find(1, place, place + session) < 0
            ):
                yield instant(quarter)
        day += _DAY


def _on_day(hours: Hours, day: date, duration: int) -> Iterator[int]:
    """Every start of one local date, whoever holds it, in quarters."""
    offset = steady_offset(day, hours.zone)
    if offset is None:
        yield from _on_day_of_change(hours, day, duration)
        return
    # Midnight as minutes since 1970: the rest of the date is plain addition.
    midnight, seconds = divmod((day - _EPOCH.date()) - offset, timedelta(minutes=1))
    for opens, closes in hours.on(day):
        first, off_the_quarter = divmod(midnight + opens, MINUTES)
        if not off_the_quarter and not seconds:
            last = (midnight + closes - duration) // MINUTES
            yield from range(first, last + 1, hours.step_minutes // MINUTES)


def _on_day_of_change(hours: Hours, day: date, duration: int) -> Iterator[int]:
    length = timedelta(minutes=duration)
    for opens, closes in hours.on(day):
        until = first_reaching(day, closes, hours.zone)
        for minute in range(opens, closes, hours.step_minutes):
            at = first_occurrence(day, minute, hours.zone)
            if at is not None and at + length <= until:
                quarter, rest = divmod(at - _EPOCH, _QUARTER)
                if not rest:
                    yield quarter


def _marks(first: int, stop: int, quarters: Iterable[int], spans: Spans = ()) -> bytearray:
    """A byte for each quarter in [first, stop): 1 where it is one of the quarters or lies in one of the spans.

    To seek a 1 in so many bytes is one quick call for each start.
    """
    size = max(stop - first, 0)
    marks = bytearray(size)
    for quarter in quarters:
        if first <= quarter < stop:
            marks[quarter - first] = 1
    for opens, closes in spans:
        low, high = max(opens - first, 0), min(closes - first, size)
        if low < high:
            marks[low:high] = b"\1" * (high - low)
    return marks


def _full_dates(hours: Hours, taught: Iterable[int]) -> set[date]:
    """The local dates on which as many sessions begin as the tutor wants."""
    if hours.daily_cap is None:
        return set()
    begun = Counter(map(hours.date_of, taught))
    return {day for day, sessions in begun.items() if sessions >= hours.daily_cap}


def _hours_of(tutors: Collection[UUID]) -> dict[UUID, Hours]:
    """The hours of several tutors in one query; who has saved none has the defaults in their zone."""
    people = Person.objects.filter(pk__in=tutors).select_related("availability").only("pk", "time_zone", "availability")
    return {
        person.pk: hours_from(getattr(person, "availability", None) or Availability(time_zone=person.time_zone))
        for person in people
    }


def _held(
    people: Collection[UUID], start: datetime, end: datetime, now: datetime, *, ignoring: UUID | None = None
) -> dict[UUID, Held]:
    """What live bookings but one hold in and around [start, end], by person; one query."""
    rows = Claim.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        person_id__in=people,
        quarter__gte=quarter_from(start - _MARGIN),
        quarter__lt=quarter_from(end + _MARGIN),
    )
    if ignoring is not None:
        rows = rows.exclude(booking_id=ignoring)
    # A person's claims of one booking lie side by side, so that their ends tell all; it is a fifth of the rows.
    bookings = rows.values("person_id", "booking_id").annotate(
        first=Min("quarter"), last=Max("quarter"), opening=Count("pk", filter=Q(opens=True))
    )
    taken: dict[UUID, list[int]] = defaultdict(list)
    taught: dict[UUID, list[int]] = defaultdict(list)
    for person, first, last, opening in bookings.values_list("person_id", "first", "last", "opening"):
        taken[person].extend(range(first, last + 1))
        if opening:
            taught[person].append(first)
    return {person: Held(quarters, taught[person]) for person, quarters in taken.items()}


def _minutes(ranges: Iterable[Iterable[str]]) -> Minutes:
    return tuple((minutes_of(start), minutes_of(end)) for start, end in ranges)


def _bad_time(message: str) -> Invalid:
    return Invalid("bad_time", message, field="scheduledAt")
