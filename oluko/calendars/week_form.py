"""Working hours as a plain form: what stands in it, and what comes back from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from oluko.accounts.zones import find_zone
from oluko.calendars.availability import BUFFERS, STEPS, minutes_of
from oluko.calendars.models import WEEKDAYS, Availability

DAY_NAMES = dict(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
NUMBERS = {
    "buffer_minutes": "bufferMinutes",
    "minimum_notice_hours": "minimumNoticeHours",
    "horizon_days": "horizonDays",
    "slot_step_minutes": "slotStepMinutes",
}
# More rows than anybody needs are not read, so that no form keeps a worker busy.
MOST_ROWS = 400
type Pairs = list[list[str]]


@dataclass
class Row:
    """One weekday or exception: its ranges as typed with an empty one to fill, and what is wrong with it."""

    key: str
    ranges: Pairs
    name: Any = ""
    date: str = ""
    error: str = ""


@dataclass
class WeekForm:
    """Everything that the page shows, from what is stored or from what was typed."""

    days: list[Row]
    exceptions: list[Row]
    zone: str
    numbers: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    buffers: tuple[str, ...] = tuple(map(str, BUFFERS))
    steps: tuple[str, ...] = tuple(map(str, STEPS))


def form_of(availability: Availability) -> WeekForm:
    """The stored hours; a range that ends at midnight shows 00:00, as a field for times can hold no 24:00."""
    exceptions = [
        Row(str(number), _shown(ranges), date=day)
        for number, (day, ranges) in enumerate(sorted(availability.exceptions.items()))
    ]
    return WeekForm(
        days=[Row(day, _shown(availability.weekly.get(day, [])), DAY_NAMES[day]) for day in WEEKDAYS],
        exceptions=[*exceptions, Row(str(len(exceptions)), [["", ""]])],
        zone=availability.time_zone,
        numbers={wire: str(getattr(availability, name)) for name, wire in NUMBERS.items()},
    )


def typed_form(data: QueryDict, errors: dict[str, str]) -> WeekForm:
    """What was typed, with what is wrong at its place."""
    days = [
        Row(day, _with_empty(_pairs(data, day)), DAY_NAMES[day], error=errors.get(f"weekly.{day}", ""))
        for day in WEEKDAYS
    ]
    exceptions, position = [], 0
    for key in _keys(data):
        date, pairs = data.get(f"{key}-date", "").strip(), _pairs(data, key)
        told = bool(date or pairs)
        error = errors.get(f"exceptions.{position}", "") if told else ""
        position += told
        exceptions.append(Row(key.removeprefix("x"), _with_empty(pairs), date=date, error=error))
    return WeekForm(
        days=days,
        exceptions=exceptions,
        zone=data.get("zone", ""),
        numbers={wire: data.get(wire, "") for wire in NUMBERS.values()},
        errors=errors,
    )


def changes_from(data: QueryDict) -> dict[str, object]:
    """The arguments of `set_availability`; what is no number goes on as it is, to be refused there."""
    exceptions = [
        {"date": data.get(f"{key}-date", "").strip(), "ranges": _in_order(_pairs(data, key))}
        for key in _keys(data)
        if data.get(f"{key}-date", "").strip() or _pairs(data, key)
    ]
    return {
        "timezone": find_zone(data.get("zone", "").strip()),
        "weekly": {day: _in_order(_pairs(data, day)) for day in WEEKDAYS},
        "exceptions": exceptions,
        **{name: _number(data.get(wire, "")) for name, wire in NUMBERS.items()},
    }


def _keys(data: QueryDict) -> list[str]:
    """The rows of exceptions that were sent: x0, x1, …"""
    return [f"x{number}" for number in range(MOST_ROWS) if f"x{number}-date" in data]


def _pairs(data: QueryDict, key: str) -> Pairs:
    """The ranges typed in one row, without those that are empty; browsers may add seconds."""
    starts, ends = data.getlist(f"{key}-start"), data.getlist(f"{key}-end")
    pairs = [[start.strip()[:5], end.strip()[:5]] for start, end in zip(starts, ends, strict=False)]
    return [pair for pair in pairs if any(pair)]


def _in_order(pairs: Pairs) -> Pairs:
    """Sorted, so that an added range may stand below the others; an end at 00:00 is the coming midnight."""
    return sorted([start, "24:00" if end == "00:00" else end] for start, end in pairs)


def _shown(ranges: Pairs) -> Pairs:
    return _with_empty([[start, "00:00" if minutes_of(end) == 24 * 60 else end] for start, end in ranges])


def _with_empty(pairs: Pairs) -> Pairs:
    return [*pairs, ["", ""]]


def _number(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text
