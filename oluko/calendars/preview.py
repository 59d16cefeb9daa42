"""What students would see of a tutor's hours, before these are saved: by the rules of `slots`, written nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.conflicts import Conflict, conflicts_of
from oluko.calendars.models import Availability
from oluko.calendars.slots import Held, Hours, bookable_starts, held_by, hours_from
from oluko.calendars.wall_time import first_reaching, steady_offset
from oluko.core import clock

DAYS = 14
_DAY = timedelta(days=1)
_LONGEST_HORIZON = 365


@dataclass(frozen=True, slots=True)
class Day:
    """One local date: the starts that students are offered on the tutor's clock, or why there is none.

    `spans` are the parts of the day that sessions may fill, as (first minute, minutes) since midnight, for drawing.
    """

    date: date
    times: int
    first: str
    last: str
    why: str
    spans: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A coming change of the tutor's clocks, what it does in words, and that date's times."""

    text: str
    day: Day


@dataclass(frozen=True, slots=True)
class Preview:
    """The next days, the clock changes that can be booked into, and the booked sessions that the hours leave out."""

    zone: str
    duration: int
    days: list[Day]
    changes: list[ClockChange]
    conflicts: list[Conflict]

    @property
    def times(self) -> int:
        return sum(day.times for day in self.days)


def preview(tutor: Person, availability: Availability, duration: int) -> Preview:
    """What `availability`, saved or not, offers to students who look for `duration` minutes. Three queries."""
    now = clock.now()
    hours = hours_from(availability)
    today = now.astimezone(hours.zone).date()
    days = [today + _DAY * count for count in range(min(DAYS, hours.horizon_days + 1))]
    changes = list(_clock_changes(hours.zone, today, hours.horizon_days))
    last = max([days[-1], *(day for day, _text in changes)])
    held = held_by(tutor, now, first_reaching(last + _DAY, 0, hours.zone))
    return Preview(
        zone=availability.time_zone,
        duration=duration,
        days=[_day(hours, held, duration, day, now) for day in days],
        changes=[ClockChange(text, _day(hours, held, duration, day, now)) for day, text in changes],
        conflicts=conflicts_of(tutor, availability),
    )


def _day(hours: Hours, held: Held, duration: int, day: date, now: datetime) -> Day:
    starts = _starts_on(hours, held, duration, day, now)
    local = [start.astimezone(hours.zone) for start in starts]
    return Day(
        date=day,
        times=len(local),
        first=f"{local[0]:%H:%M}" if local else "",
        last=f"{local[-1]:%H:%M}" if local else "",
        why="" if local else _why_none(hours, duration, day, now),
        spans=_spans(local, duration),
    )


def _starts_on(hours: Hours, held: Held, duration: int, day: date, now: datetime) -> list[datetime]:
    start, end = first_reaching(day, 0, hours.zone), first_reaching(day + _DAY, 0, hours.zone)
    return bookable_starts(
        hours, taken=held.taken, taught=held.taught, duration=duration, start=start, end=end, now=now
    )


def _why_none(hours: Hours, duration: int, day: date, now: datetime) -> str:
    """Why a date has no time: ask the same rules again, each time without one that might be the reason."""
    if not hours.on(day):
        return _("off")
    nobody = Held()
    if _starts_on(replace(hours, outside_busy=(), daily_cap=None), nobody, duration, day, now):
        return _("booked up")
    at_once = replace(hours, outside_busy=(), daily_cap=None, minimum_notice_hours=0, horizon_days=_LONGEST_HORIZON + 1)
    midnight = first_reaching(day, 0, hours.zone) - timedelta(seconds=1)
    if not _starts_on(at_once, nobody, duration, day, midnight):
        return _("too short for this")
    noticed = (now + timedelta(hours=hours.minimum_notice_hours)).astimezone(hours.zone).date()
    return _("too soon to book") if day <= noticed else _("too far ahead")


def _spans(starts: Sequence[datetime], duration: int) -> list[tuple[int, int]]:
    """The minutes of the day that a session at one of these starts would fill, joined where they meet."""
    spans: list[tuple[int, int]] = []
    for start in starts:
        first = start.hour * 60 + start.minute
        until = min(first + duration, 24 * 60)
        if spans and first <= sum(spans[-1]):
            first, _length = spans.pop()
        spans.append((first, until - first))
    return spans


def _clock_changes(zone: ZoneInfo, today: date, days: int) -> Iterator[tuple[date, str]]:
    """The dates, from today on, on which the zone's clocks change, with what that does to the day's hours."""
    for count in range(days + 1):
        day = today + _DAY * count
        if steady_offset(day, zone) is None:
            yield day, _in_words(day, zone)


def _in_words(day: date, zone: ZoneInfo) -> str:
    before, after = _around_change(day, zone)
    forward = after > before
    words = {
        "day": format_date(day, "j F"),
        "from": f"{min(before, after):%H:%M}",
        "to": f"{max(before, after):%H:%M}",
    }
    if forward:
        return _("Clocks go forward on %(day)s: %(from)s–%(to)s does not exist.") % words
    return _("Clocks go back on %(day)s: %(from)s–%(to)s comes twice, and students book the first.") % words


def _around_change(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What clocks show where the change comes on this date: what they would have shown, and what they then do show."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    low, high = start, start + _DAY * 2
    old = low.astimezone(zone).utcoffset() or timedelta()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return (high + old).replace(tzinfo=None), high.astimezone(zone).replace(tzinfo=None)
