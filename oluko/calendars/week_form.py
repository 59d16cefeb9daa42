"""Working hours as a plain form: what stands in it, how its buttons change it, and what comes back from it.

Every button works without a script by sending the form; the page's script does the same to the fields at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.zones import find_zone
from oluko.calendars.availability import BUFFERS, MOST_EXCEPTIONS, STEPS, minutes_of, read_ranges
from oluko.calendars.models import WEEKDAYS, Availability
from oluko.core.errors import Invalid

DAY_NAMES = dict(
    zip(
        WEEKDAYS,
        (
            gettext_lazy("Monday"),
            gettext_lazy("Tuesday"),
            gettext_lazy("Wednesday"),
            gettext_lazy("Thursday"),
            gettext_lazy("Friday"),
            gettext_lazy("Saturday"),
            gettext_lazy("Sunday"),
        ),
        strict=True,
    )
)
NUMBERS = {
    "buffer_minutes": "bufferMinutes",
    "minimum_notice_hours": "minimumNoticeHours",
    "horizon_days": "horizonDays",
    "slot_step_minutes": "slotStepMinutes",
    "daily_cap": "dailyCap",
}
# Where each field of one value is on the page, and what it is called in the list of what is wrong.
PLACES = {
    "timezone": ("id_zone", gettext_lazy("Time zone")),
    "slotStepMinutes": ("step", gettext_lazy("Start times")),
    "bufferMinutes": ("buffer", gettext_lazy("Break after a session")),
    "minimumNoticeHours": ("notice", gettext_lazy("Minimum notice")),
    "horizonDays": ("horizon", gettext_lazy("Bookable ahead")),
    "dailyCap": ("cap", gettext_lazy("Sessions a day")),
    "exceptions": ("off-from", gettext_lazy("Other days")),
}
DURATIONS = (30, 45, 60, 90, 120, 180)
# More rows than anybody needs are not read, so that no form keeps a worker busy.
MOST_ROWS = MOST_EXCEPTIONS + 34
_DAY = timedelta(days=1)
_MIDNIGHT = 24 * 60


@dataclass
class Range:
    """One range as typed; `focus` is where the reader goes on."""

    start: str = ""
    end: str = ""
    wrong: bool = False
    focus: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.start or self.end)


@dataclass
class Row:
    """One weekday or one date: its ranges as typed, and what is wrong with it. `key` begins its fields' names."""

    key: str
    ranges: list[Range]
    name: Any = ""
    date: str = ""
    error: str = ""
    wrong_date: bool = False
    focus: bool = False

    @property
    def weekday(self) -> str:
        """The weekday of the row's date, such as Tue; empty where the date is none."""
        day = _read_date(self.date)
        return format_date(day, "D") if day else ""

    @property
    def place(self) -> str:
        """The id of the field at which the reader puts right what is wrong."""
        wrong = next((number for number, each in enumerate(self.ranges) if each.wrong), None)
        return f"{self.key}-date" if wrong is None else f"{self.key}-{wrong}-start"


@dataclass
class WeekForm:
    """Everything that the page shows, from what is stored or from what was typed.

    `problems` are (id of the field, its name, what is wrong); `focus` is the wire name of a field to go to.
    """

    days: list[Row]
    exceptions: list[Row]
    zone: str
    numbers: dict[str, str]
    duration: int = 60
    unsaved: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    focus: str = ""
    buffers: tuple[str, ...] = tuple(map(str, BUFFERS))
    steps: tuple[str, ...] = tuple(map(str, STEPS))
    durations: tuple[int, ...] = DURATIONS

    @property
    def rows(self) -> list[Row]:
        return [*self.days, *self.exceptions]


def form_of(availability: Availability) -> WeekForm:
    """The stored hours; a range that ends at midnight shows 00:00, as a field for times can hold no 24:00."""
    exceptions = sorted(availability.exceptions.items())
    numbers = {wire: getattr(availability, name) for name, wire in NUMBERS.items()}
    return WeekForm(
        days=[Row(day, _shown(availability.weekly.get(day, [])), DAY_NAMES[day]) for day in WEEKDAYS],
        exceptions=[Row(f"x{number}", _shown(ranges), date=day) for number, (day, ranges) in enumerate(exceptions)],
        zone=availability.time_zone,
        numbers={wire: "" if value is None else str(value) for wire, value in numbers.items()},
    )


def typed_form(data: QueryDict) -> WeekForm:
    """What was typed. Dates that stand ready to be added count as added, so that nothing typed is lost."""
    keys = [f"x{number}" for number in range(MOST_ROWS) if f"x{number}-date" in data]
    exceptions = [Row(key, _typed(data, key), date=data.get(f"{key}-date", "").strip()) for key in keys]
    told = [row for row in exceptions if row.date or any(not each.is_empty for each in row.ranges)]
    duration = data.get("duration", "")
    form = WeekForm(
        days=[Row(day, _typed(data, day), DAY_NAMES[day]) for day in WEEKDAYS],
        exceptions=told,
        zone=data.get("zone", ""),
        numbers={wire: data.get(wire, "").strip() for wire in NUMBERS.values()},
        duration=int(duration) if duration in map(str, DURATIONS) else 60,
        unsaved=True,
    )
    _add_dates(form, data.get("off-from", "").strip(), data.get("off-to", "").strip())
    return form


def press(form: WeekForm, button: str, data: QueryDict) -> None:
    """What a button of the form does to it: `add:mon`, `drop:mon:0`, `copy:mon`, `forget:x2`; others do nothing."""
    act, _colon, rest = button.partition(":")
    key, _colon, number = rest.partition(":")
    row = next((row for row in form.rows if row.key == key), None)
    if row is None:
        return
    if act == "add":
        row.ranges.append(_next_range(row.ranges))
    elif act == "drop" and number.isdecimal():
        del row.ranges[int(number) : int(number) + 1]
        row.focus = True
    elif act == "copy":
        wanted = data.getlist(f"{key}-to")
        for day in form.days:
            if day is not row and (day.key in wanted or "all" in wanted):
                day.ranges = [Range(each.start, each.end) for each in row.ranges]
        row.focus = True
    elif act == "forget" and row in form.exceptions:
        form.exceptions.remove(row)
        form.focus = "exceptions"


def changes_from(form: WeekForm) -> dict[str, object]:
    """The arguments of `set_availability`; what is no number goes on as it is, to be refused there."""
    return {
        "timezone": find_zone(form.zone.strip()),
        "weekly": {row.key: _in_order(row.ranges) for row in form.days},
        "exceptions": [{"date": row.date, "ranges": _in_order(row.ranges)} for row in form.exceptions],
        **{name: _number(form.numbers[wire]) for name, wire in NUMBERS.items()},
        "daily_cap": _number(form.numbers["dailyCap"]) if form.numbers["dailyCap"] else None,
    }


def show_errors(form: WeekForm, errors: dict[str, str]) -> None:
    """Put each error at its field, list them all, and lead the reader to the first."""
    places = {f"weekly.{row.key}": row for row in form.days}
    places |= {f"exceptions.{number}": row for number, row in enumerate(form.exceptions)}
    form.errors = {wire: text for wire, text in errors.items() if wire not in places}
    for wire, row in places.items():
        if wire in errors:
            row.error = errors[wire]
            _mark(row)
            name = row.name or row.date or _("Other days")
            form.problems.append((row.place, name, row.error))
    for wire, (place, label) in PLACES.items():
        if wire in form.errors:
            form.problems.append((place, str(label), form.errors[wire]))
    _lead_to_first(form)


def _mark(row: Row) -> None:
    """Mark the ranges that cannot be read alone; where each can, they do not go together, or the date is wrong."""
    told = [each for each in row.ranges if not each.is_empty]
    for each in told:
        each.wrong = not _reads([each])
    if any(each.wrong for each in told):
        return
    if _reads(told):
        row.wrong_date = True
    else:
        for each in told:
            each.wrong = True


def _lead_to_first(form: WeekForm) -> None:
    if form.focus or any(row.focus or any(each.focus for each in row.ranges) for row in form.rows):
        return
    first = next((row for row in form.rows if row.error), None)
    if first is None:
        form.focus = next((wire for wire in PLACES if wire in form.errors), "")
        return
    for each in first.ranges:
        if each.wrong:
            each.focus = True
            return
    first.focus = True


def _reads(ranges: list[Range]) -> bool:
    try:
        read_ranges(_in_order(ranges))
    except Invalid:
        return False
    return True


def _add_dates(form: WeekForm, first: str, last: str) -> None:
    """A row for each date from the first to the last that has none; what is no date becomes a row to put right."""
    if not first and not last:
        return
    start, end = _read_date(first or last), _read_date(last or first)
    number = max((int(row.key[1:]) for row in form.exceptions), default=-1) + 1
    if start is None or end is None:
        form.exceptions.append(Row(f"x{number}", [], date=first if start is None else last))
        return
    start, end = min(start, end), max(start, end)
    listed = {row.date for row in form.exceptions}
    # One more than may be is enough to be refused.
    days = [start + _DAY * count for count in range(min((end - start).days, MOST_EXCEPTIONS) + 1)]
    new = [day.isoformat() for day in days if day.isoformat() not in listed]
    form.exceptions += [Row(f"x{number + count}", [], date=day) for count, day in enumerate(new)]
    form.focus = "exceptions"


def _typed(data: QueryDict, key: str) -> list[Range]:
    """The ranges of one row; browsers may add seconds."""
    pairs = zip(data.getlist(f"{key}-start"), data.getlist(f"{key}-end"), strict=False)
    return [Range(start.strip()[:5], end.strip()[:5]) for start, end in pairs]


def _in_order(ranges: list[Range]) -> list[list[str]]:
    """Sorted, so that an added range may stand below the others; an end at 00:00 is the coming midnight."""
    told = [each for each in ranges if not each.is_empty]
    return sorted([each.start, "24:00" if each.end == "00:00" else each.end] for each in told)


def _shown(pairs: list[list[str]]) -> list[Range]:
    return [Range(start, "00:00" if minutes_of(end) == _MIDNIGHT else end) for start, end in pairs]


def _next_range(ranges: list[Range]) -> Range:
    """What a new range begins with: a working day, or an hour's rest after the last range and then until five."""
    ends = [pair[1] for each in ranges if _reads([each]) for pair in _in_order([each])]
    if not ends:
        return Range("09:00", "17:00", focus=True)
    start = max(map(minutes_of, ends)) + 60
    end = max(17 * 60, start + 60)
    if end >= _MIDNIGHT:
        return Range(focus=True)
    return Range(_clock(start), _clock(end), focus=True)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text
