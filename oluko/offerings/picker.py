"""The month and the times of the day from which a student picks, in the reader's zone."""

from __future__ import annotations

from calendar import Calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.availability import availability_of
from oluko.calendars.slots import free_starts, next_free_of
from oluko.core import clock
from oluko.core.times import gmt, iso
from oluko.offerings.models import Offering

NEAREST = 3
_NEAR = timedelta(days=21)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the month: how many times it has, and where choosing it leads (nowhere for a day that is over)."""

    date: date
    times: int
    address: str
    today: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Time:
    """One start: its instant for the form, its label on the reader's clock."""

    at: datetime
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Picker:
    """What the page shows; `earlier` and `later` are addresses of the months beside, empty where nothing can be."""

    month: date
    weeks: list[list[Day | None]]
    earlier: str
    later: str
    day: date | None
    parts: list[tuple[str, list[Time]]]
    times: int
    any_times: bool
    twelve: bool
    other_clock: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; whatever in it cannot be read is as if it were not there."""

    month: date | None
    day: date | None
    chosen: datetime | None
    taken: datetime | None
    twelve: bool

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Wanted:
        """From `month=2026-05`, `day=2026-05-05`, `chosen` and `taken` (instants), `clock=12`."""
        return cls(
            month=_date(query.get("month", "") + "-01"),
            day=_date(query.get("day", "")),
            chosen=_instant(query.get("chosen", "")),
            taken=_instant(query.get("taken", "")),
            twelve=query.get("clock") == "12",
        )


def pick(offering: Offering, wanted: Wanted, student: Person | None) -> Picker:
    """The month and the day's times as the reader's clock shows them; without a wish the first day that has times."""
    zone, now = timezone.get_current_timezone(), clock.now()
    first = now.astimezone(zone).date()
    last = (now + _DAY * availability_of(offering.tutor).horizon_days).astimezone(zone).date()
    day = wanted.day or _local_date(wanted.chosen or wanted.taken, zone)
    month = day or wanted.month or _first_day(offering, zone) or first
    month = min(max(month, first), last).replace(day=1)
    starts = free_starts(offering.tutor, offering.duration, *_month_bounds(month, zone), student=student)
    by_day = Counter(start.astimezone(zone).date() for start in starts)
    if day is None or day.replace(day=1) != month:
        day = min(by_day, default=None)
    of_day = [start for start in starts if start.astimezone(zone).date() == day]
    here = {"day": day.isoformat()} if day else {"month": f"{month:%Y-%m}"}
    return Picker(
        month=month,
        weeks=_weeks(month, by_day, day, first, last, wanted.twelve),
        earlier=_address(wanted.twelve, month=f"{month - _DAY:%Y-%m}") if month > first else "",
        later=_address(wanted.twelve, month=f"{_next_month(month):%Y-%m}") if _next_month(month) <= last else "",
        day=day,
        parts=_parts([_time(start, zone, wanted) for start in of_day], zone),
        times=len(of_day),
        any_times=bool(starts),
        twelve=wanted.twelve,
        other_clock=_address(not wanted.twelve, **here),
    )


def nearest(offering: Offering, wanted: Wanted, student: Person | None) -> list[Time]:
    """The three free times nearest to the one that was lost, in order."""
    if wanted.taken is None:
        return []
    zone = timezone.get_current_timezone()
    around = (wanted.taken - _NEAR, wanted.taken + _NEAR)
    starts = free_starts(offering.tutor, offering.duration, *around, student=student)
    lost = wanted.taken
    return [_time(start, zone, wanted) for start in sorted(sorted(starts, key=lambda at: abs(at - lost))[:NEAREST])]


def _weeks(
    month: date, by_day: Mapping[date, int], chosen: date | None, first: date, last: date, twelve: bool
) -> list[list[Day | None]]:
    def day_of(each: date) -> Day | None:
        if each.month != month.month:
            return None
        address = _address(twelve, day=each.isoformat()) if first <= each <= last else ""
        return Day(each, by_day.get(each, 0), address, each == first, each == chosen)

    return [[day_of(each) for each in week] for week in Calendar().monthdatescalendar(month.year, month.month)]


def _parts(times: Sequence[Time], zone: tzinfo) -> list[tuple[str, list[Time]]]:
    """Times by part of the day on the reader's clock; a label that would stand twice says more."""
    labels = Counter(time.label for time in times)
    parts: dict[str, list[Time]] = {}
    for time in times:
        if labels[time.label] > 1:
            time = Time(time.at, time.value, f"{time.label} ({gmt(zone, time.at)})", time.chosen)
        parts.setdefault(_part(time.at.astimezone(zone).hour), []).append(time)
    return list(parts.items())


def _part(hour: int) -> str:
    if hour < 6:
        return _("Night")
    if hour < 12:
        return _("Morning")
    return _("Afternoon") if hour < 17 else _("Evening")


def _time(start: datetime, zone: tzinfo, wanted: Wanted) -> Time:
    label = format_date(start.astimezone(zone), "g:i A" if wanted.twelve else "H:i")
    return Time(start, iso(start), label, start == wanted.chosen)


def _first_day(offering: Offering, zone: tzinfo) -> date | None:
    pair = (offering.tutor_id, offering.duration)
    return _local_date(next_free_of([pair])[pair], zone)


def _local_date(at: datetime | None, zone: tzinfo) -> date | None:
    return at.astimezone(zone).date() if at else None


def _month_bounds(month: date, zone: tzinfo) -> tuple[datetime, datetime]:
    midnights = (datetime(each.year, each.month, 1, tzinfo=zone) for each in (month, _next_month(month)))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return start, end


def _next_month(month: date) -> date:
    return (month.replace(day=1) + _DAY * 32).replace(day=1)


def _address(twelve: bool, **query: str) -> str:
    return "?" + urlencode(query | ({"clock": "12"} if twelve else {}))


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and 1970 < found.year < 9000 else None


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    # Without a zone it is no instant, and near the edges of the calendar other zones have no date for it.
    return found.astimezone(UTC) if found and found.tzinfo and 1970 < found.year < 9000 else None
