"""A tutor's weekly hours, exceptions and rules of booking, as wall time in the tutor's own zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.accounts.zones import known_zones
from oluko.calendars.models import WEEKDAYS, Availability, OutsideCalendar
from oluko.core import clock
from oluko.core.errors import Invalid, NotAllowed

BUFFERS = (0, 15, 30, 45, 60)
STEPS = (15, 30, 60)
MOST_RANGES, MOST_EXCEPTIONS = 12, 366
HIGHEST_CAP = 20
_TIME = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)|24:00", re.ASCII)

type Ranges = list[list[str]]


def availability_of(person: Person) -> Availability:
    """The person's availability; where nothing was saved yet the defaults in the person's zone, unsaved."""
    return Availability.objects.filter(pk=person.pk).first() or Availability(person=person, time_zone=person.time_zone)


def with_changes(person: Person, **changes: object) -> Availability:
    """The person's availability as `set_availability` would leave it; writes nothing. Takes and raises the same."""
    availability = availability_of(person)
    for name, value in _check(changes).items():
        setattr(availability, name, value)
    return availability


@transaction.atomic(durable=True)
def set_availability(person: Person, **changes: object) -> Availability:
    """Change what is given, keep the rest; bookings that exist are untouched.

    Takes `timezone`, `weekly` (a day that is missing has no hours), `exceptions` ([{date, ranges}], replaces all),
    `buffer_minutes`, `minimum_notice_hours`, `horizon_days`, `slot_step_minutes`, `daily_cap` (None: as many sessions
    a day as there is time for). Raises NotAllowed for people who do not teach, Invalid with one message per field
    (wire names; `weekly.mon`, `exceptions.0` inside).
    """
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors have working hours."))
    checked = _check(changes)
    # The row is made first and then locked, so that two savers at once follow one another.
    Availability.objects.get_or_create(person=person, defaults={"time_zone": person.time_zone})
    availability = Availability.objects.select_for_update().get(person=person)
    before = availability.horizon_days, availability.time_zone
    for name, value in checked.items():
        setattr(availability, name, value)
    availability.save()
    if before != (availability.horizon_days, availability.time_zone):
        # What calendars elsewhere say is known for the old stretch of days only, and read on the old clock.
        OutsideCalendar.objects.filter(person=person).update(next_read_at=timezone.now())
    return availability


def minutes_of(text: str) -> int:
    """`09:15` as minutes since midnight; `24:00` is 1440."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def read_ranges(value: object) -> Ranges:
    """Ranges of one day: quarter hours, sorted, apart; they may touch. Raises Invalid with what is wrong."""
    if not isinstance(value, list | tuple):
        raise _bad(_('Give the hours as a list such as [["09:00", "12:00"]].'))
    if len(value) > MOST_RANGES:
        raise _bad(_("At most %(most)d ranges a day.") % {"most": MOST_RANGES})
    ranges = [_read_range(pair) for pair in value]
    for before, after in pairwise(ranges):
        if minutes_of(after[0]) < minutes_of(before[1]):
            raise _bad(_("The ranges of a day must be in order and must not overlap."))
    return ranges


def _read_range(pair: object) -> list[str]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise _bad(_("A range has a start and an end."))
    start, end = pair
    if not all(isinstance(text, str) and _TIME.fullmatch(text) for text in pair) or start == "24:00":
        raise _bad(_("Times are quarter hours such as 09:15; a range may end at 24:00."))
    if minutes_of(start) >= minutes_of(end):
        raise _bad(_("A range must end after it starts."))
    return [start, end]


def _check(changes: Mapping[str, object]) -> dict[str, Any]:
    """Every change as its model field wants it; raises one Invalid with all that is wrong."""
    checked: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in changes.items():
        wire, field, read = _FIELDS[name]
        try:
            checked[field] = read(value)
        except Invalid as problem:
            errors.update({f"{wire}.{part}": text for part, text in problem.errors.items()} or {wire: problem.message})
    if errors:
        raise Invalid("bad_availability", _("Some of these hours cannot be used."), errors=errors)
    return checked


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in known_zones():
        raise _bad(_("Choose a time zone such as Africa/Lagos."))
    return value


def _week(value: object) -> dict[str, Ranges]:
    if not isinstance(value, Mapping):
        raise _bad(_("Give the hours of each weekday."))
    week: dict[str, Ranges] = {day: [] for day in WEEKDAYS}
    errors: dict[str, str] = {}
    for day, ranges in value.items():
        if day not in week:
            errors[str(day)[:20]] = _("Weekdays are mon, tue, wed, thu, fri, sat and sun.")
            continue
        try:
            week[day] = read_ranges(ranges)
        except Invalid as problem:
            errors[day] = problem.message
    if errors:
        raise Invalid("bad_availability", _("Some hours cannot be used."), errors=errors)
    return week


def _exceptions(value: object) -> dict[str, Ranges]:
    if not isinstance(value, list | tuple):
        raise _bad(_("Give the exceptions as a list of dates with their hours."))
    if len(value) > MOST_EXCEPTIONS:
        raise _bad(_("At most %(most)d exceptions.") % {"most": MOST_EXCEPTIONS})
    days: dict[date, Ranges] = {}
    errors: dict[str, str] = {}
    for number, exception in enumerate(value):
        try:
            day, ranges = _exception(exception)
            if day in days:
                raise _bad(_("This date is listed twice."))
            days[day] = ranges
        except Invalid as problem:
            errors[str(number)] = problem.message
    if errors:
        raise Invalid("bad_availability", _("Some exceptions cannot be used."), errors=errors)
    # What is long past (in any zone) matters to nobody and would be read with every page.
    oldest = clock.now().date() - timedelta(days=2)
    return {day.isoformat(): ranges for day, ranges in sorted(days.items()) if day >= oldest}


def _exception(value: object) -> tuple[date, Ranges]:
    if not isinstance(value, Mapping):
        raise _bad(_("An exception has a date and its hours."))
    day = value.get("date")
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day) if len(day) == 10 else None
        except ValueError:
            day = None
    if type(day) is not date:
        raise _bad(_("Give the date as 2026-05-05."))
    return day, read_ranges(value.get("ranges", []))


def _one_of(allowed: Iterable[int]) -> Callable[[object], int]:
    choices = tuple(allowed)

    def read(value: object) -> int:
        if type(value) is not int or value not in choices:
            if len(choices) > 10:
                raise _bad(
                    _("Choose a whole number from %(low)d to %(high)d.") % {"low": choices[0], "high": choices[-1]}
                )
            raise _bad(_("Choose one of %(choices)s.") % {"choices": ", ".join(map(str, choices))})
        return value

    return read


def _cap(value: object) -> int | None:
    return None if value is None else _one_of(range(1, HIGHEST_CAP + 1))(value)


def _bad(message: str) -> Invalid:
    return Invalid("bad_availability", message)


# Argument of set_availability: its name on the wire, the model's field, how it is read.
_FIELDS: dict[str, tuple[str, str, Callable[[object], Any]]] = {
    "timezone": ("timezone", "time_zone", _zone),
    "weekly": ("weekly", "weekly", _week),
    "exceptions": ("exceptions", "exceptions", _exceptions),
    "buffer_minutes": ("bufferMinutes", "buffer_minutes", _one_of(BUFFERS)),
    "minimum_notice_hours": ("minimumNoticeHours", "minimum_notice_hours", _one_of(range(169))),
    "horizon_days": ("horizonDays", "horizon_days", _one_of(range(1, 366))),
    "slot_step_minutes": ("slotStepMinutes", "slot_step_minutes", _one_of(STEPS)),
    "daily_cap": ("dailyCap", "daily_cap", _cap),
}
