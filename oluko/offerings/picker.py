"""The month and the times of the day from which somebody picks a session's start, in the reader's zone.

The page of an offering shows it, and the page on which a session is moved.
"""

from __future__ import annotations

from calendar import Calendar
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.calendars.availability import availability_of
from oluko.calendars.slots import free_starts
from oluko.core import clock
from oluko.core.times import gmt, iso

COOKIE = "clock"
NEAREST = 3
_NEAR = timedelta(days=21)
_DAY = timedelta(days=1)
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Sought:
    """What is sought: a tutor's free minutes, in which the student is free too where one is known.

    For a session that is to move, its own time counts as free (`ignoring`) and it keeps its own break afterwards; the
    start that it has now (`now_at`) is no choice. `outside`: whoever picks may also name a time that is not offered.
    """

    tutor: Person
    duration: int
    student: Person | None = None
    ignoring: UUID | None = None
    buffer_minutes: int | None = None
    now_at: datetime | None = None
    outside: bool = False

    def starts(self, start: datetime, end: datetime) -> list[datetime]:
        """The free starts in [start, end)."""
        found = free_starts(
            self.tutor,
            self.duration,
            start,
            end,
            student=self.student,
            ignoring=self.ignoring,
            buffer_minutes=self.buffer_minutes,
        )
        return [each for each in found if each != self.now_at]


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
class Lost:
    """A time that was wanted and cannot be had; `nearest` are the free ones closest to it, in order."""

    at: datetime
    words: str
    nearest: list[Time]


@dataclass(frozen=True, slots=True)
class Picker:
    """What the page shows; `earlier` and `later` are addresses of the months beside, empty where nothing can be.

    `offset` is the zone's distance from GMT on the chosen day, where it is another than now.
    """

    month: date
    weeks: list[list[Day | None]]
    earlier: str
    later: str
    day: date | None
    parts: list[tuple[str, list[Time]]]
    times: int
    days: int
    chosen: Time | None
    lost: Lost | None
    twelve: bool
    clocks: list[tuple[str, str, bool]]
    zone: str
    gmt: str
    now: str
    offset: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; whatever in it cannot be read is as if it were not there."""

    month: date | None = None
    day: date | None = None
    chosen: datetime | None = None
    taken: datetime | None = None
    why: str = ""
    twelve: bool = False

    @classmethod
    def read(cls, request: HttpRequest) -> Wanted:
        """From `month=2026-05`, `day=2026-05-05`, `chosen` and `taken` (instants) with `why`, `clock=12`.

        The clock that was chosen last is in a cookie.
        """
        query = request.GET
        return cls(
            month=_date(query.get("month", "") + "-01"),
            day=_date(query.get("day", "")),
            chosen=read_instant(query.get("chosen") or query.get("scheduled_at", "")),
            taken=read_instant(query.get("taken", "")),
            why=query.get("why", ""),
            twelve=(query.get("clock") or request.COOKIES.get(COOKIE)) == "12",
        )


def remember_clock(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep the choice of 12 or 24 hours in a cookie, where the address made one."""
    if request.GET.get("clock") in ("12", "24"):
        kept = request.GET["clock"]
        response.set_cookie(COOKIE, kept, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


def pick(sought: Sought, wanted: Wanted) -> Picker:
    """The month and the day's times as the reader's clock shows them; without a wish the first day that has times."""
    zone, now = timezone.get_current_timezone(), clock.now()
    first = now.astimezone(zone).date()
    last = (now + _DAY * availability_of(sought.tutor).horizon_days).astimezone(zone).date()
    day = wanted.day or _local_date(wanted.chosen or wanted.taken, zone)
    month = min(max(day or wanted.month or first, first), last).replace(day=1)
    starts = sought.starts(*_month_bounds(month, zone))
    if not starts and not (day or wanted.month) and (ahead := _first_day_after(sought, month, last, zone)):
        month = ahead.replace(day=1)
        starts = sought.starts(*_month_bounds(month, zone))
    by_day = Counter(start.astimezone(zone).date() for start in starts)
    if day is None or day.replace(day=1) != month:
        day = min(by_day, default=None)
    times = [_time(start, zone, wanted) for start in starts if start.astimezone(zone).date() == day]
    return Picker(
        month=month,
        weeks=_weeks(month, by_day, day, first, last),
        earlier=_address(month=f"{month - _DAY:%Y-%m}") if month > first else "",
        later=_address(month=f"{_next_month(month):%Y-%m}") if _next_month(month) <= last else "",
        day=day,
        parts=_parts(times, zone),
        times=len(times),
        days=len(by_day),
        chosen=next((time for time in times if time.chosen), None),
        lost=_lost(sought, wanted, starts, month, zone),
        twelve=wanted.twelve,
        clocks=_clocks(wanted.twelve, {"day": day.isoformat()} if day else {"month": f"{month:%Y-%m}"}),
        zone=str(zone),
        gmt=gmt(zone, now),
        now=_label(now, zone, wanted.twelve),
        offset=_other_offset(times, zone, now),
    )


def lost(sought: Sought, wanted: Wanted, at: datetime, words: str) -> Lost:
    """A time that cannot be had, why not in words, and the three free ones nearest to it."""
    zone = timezone.get_current_timezone()
    around = sought.starts(at - _NEAR, at + _NEAR)
    near = sorted(sorted((each for each in around if each != at), key=lambda each: abs(each - at))[:NEAREST])
    times = (_time(each, zone, wanted) for each in near)
    return Lost(at, words, [replace(time, label=_dated(time, zone)) for time in times])


def _lost(sought: Sought, wanted: Wanted, starts: list[datetime], month: date, zone: tzinfo) -> Lost | None:
    """What the address says was taken, else a chosen time of this month that is not free."""
    if wanted.taken:
        return lost(sought, wanted, wanted.taken, _why(wanted.why))
    chosen = wanted.chosen
    if chosen is None or chosen in starts or sought.outside or _month_of(chosen, zone) != month:
        return None
    return lost(sought, wanted, chosen, _("The time that you had chosen cannot be had."))


def _why(code: str) -> str:
    if code == "day_full":
        return _("The tutor takes no more sessions on that day.")
    return _("Somebody took that time a moment ago.")


def _first_day_after(sought: Sought, month: date, last: date, zone: tzinfo) -> date | None:
    """The first day with times in the months that follow, up to the tutor's last one."""
    ends = _month_bounds(last.replace(day=1), zone)[1]
    return _local_date(next(iter(sought.starts(_month_bounds(month, zone)[1], ends)), None), zone)


def _clocks(twelve: bool, here: dict[str, str]) -> list[tuple[str, str, bool]]:
    """Words, address and whether it is the one in use, of both ways to write the hours."""
    return [
        (_("12 h"), _address(**here, clock="12"), twelve),
        (_("24 h"), _address(**here, clock="24"), not twelve),
    ]


def _other_offset(times: list[Time], zone: tzinfo, now: datetime) -> str:
    offset = gmt(zone, times[0].at) if times else ""
    return offset if offset != gmt(zone, now) else ""


def _weeks(
    month: date, by_day: Mapping[date, int], chosen: date | None, first: date, last: date
) -> list[list[Day | None]]:
    def day_of(each: date) -> Day | None:
        if each.month != month.month:
            return None
        address = _address(day=each.isoformat()) if first <= each <= last else ""
        return Day(each, by_day.get(each, 0), address, each == first, each == chosen)

    return [[day_of(each) for each in week] for week in Calendar().monthdatescalendar(month.year, month.month)]


def _parts(times: list[Time], zone: tzinfo) -> list[tuple[str, list[Time]]]:
    """Times by part of the day on the reader's clock; a label that would stand twice says more."""
    labels = Counter(time.label for time in times)
    parts: dict[str, list[Time]] = {}
    for time in times:
        if labels[time.label] > 1:
            time = replace(time, label=f"{time.label} ({gmt(zone, time.at)})")
        parts.setdefault(_part(time.at.astimezone(zone).hour), []).append(time)
    return list(parts.items())


def _part(hour: int) -> str:
    if hour < 6:
        return _("Night")
    if hour < 12:
        return _("Morning")
    return _("Afternoon") if hour < 17 else _("Evening")


def _time(start: datetime, zone: tzinfo, wanted: Wanted) -> Time:
    return Time(start, iso(start), _label(start, zone, wanted.twelve), start == wanted.chosen)


def _label(at: datetime, zone: tzinfo, twelve: bool) -> str:
    return format_date(at.astimezone(zone), "g:i A" if twelve else "H:i")


def _dated(time: Time, zone: tzinfo) -> str:
    return f"{format_date(time.at.astimezone(zone), 'D j M')}, {time.label}"


def _month_of(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date().replace(day=1)


def _local_date(at: datetime | None, zone: tzinfo) -> date | None:
    return at.astimezone(zone).date() if at else None


def _month_bounds(month: date, zone: tzinfo) -> tuple[datetime, datetime]:
    midnights = (datetime(each.year, each.month, 1, tzinfo=zone) for each in (month, _next_month(month)))
    start, end = (midnight.astimezone(UTC) for midnight in midnights)
    return start, end


def _next_month(month: date) -> date:
    return (month.replace(day=1) + _DAY * 32).replace(day=1)


def _address(**query: str) -> str:
    return "?" + urlencode(query)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return found if found and 1970 < found.year < 9000 else None


def read_instant(text: str) -> datetime | None:
    """An instant as addresses and forms give it; None where it has no zone or is none."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    # Without a zone it is no instant, and near the edges of the calendar other zones have no date for it.
    return found.astimezone(UTC) if found and found.tzinfo and 1970 < found.year < 9000 else None
