"""Reads a calendar file and says when it is busy; a process of its own, because such a file can be a bomb.

`python -m oluko.calendars.ics_reader FROM UNTIL ZONE HOST < FILE` takes instants as seconds since 1970, the zone of
times that have none, and the host that our own events' identifiers end in. It writes one JSON object: `busy`, the
merged UTC quarter hours [first, end) between the two instants, or `error`. Time and memory are limited from within
before a byte is read; nothing of Django or of our settings is loaded.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

CPU_SECONDS = 10
MEMORY_BYTES = 512 * 1024 * 1024
MOST_BYTES = 4 * 1024 * 1024
MOST_OCCURRENCES = 20_000
MOST_EVENTS = 20_000
QUARTER = 15 * 60
_DAY = timedelta(days=1)
# What busy times depend on. Texts, guests and alarms are dropped before they are parsed.
_KEPT = frozenset(
    (
        "BEGIN", "END", "VERSION", "PRODID", "X-WR-TIMEZONE",
        "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE",
        "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS",
        "TZID", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO",
    )
)  # fmt: skip
_TOO_OFTEN = re.compile(r"FREQ=(?:SECONDLY|MINUTELY)", re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]")
_LINE = re.compile(r"\r?\n|\r")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_DATE = re.compile(r"(\d{8})(?:T\d{6}Z?)?\s*$", re.ASCII)

type Block = list[str]


class Refused(Exception):
    """The file cannot be used; the code says why."""


def main() -> None:
    since, until, zone, host = sys.argv[1:5]
    limit()
    try:
        start, end = (datetime.fromtimestamp(int(text), UTC) for text in (since, until))
        answer: dict[str, Any] = {"busy": busy_times(sys.stdin.buffer.read(MOST_BYTES), start, end, zone, host)}
    except Refused as problem:
        answer = {"error": str(problem)}
    except MemoryError:
        answer = {"error": "too_much"}
    except Exception:  # noqa: BLE001 - whatever a file of strangers makes a parser raise, it cannot be read
        answer = {"error": "not_a_calendar"}
    sys.stdout.write(json.dumps(answer, separators=(",", ":")))


def limit() -> None:
    """No more than so much time and memory, and no files written."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def busy_times(body: bytes, start: datetime, end: datetime, zone: str, host: str) -> list[tuple[int, int]]:
    """The merged quarter hours in which an event makes its owner busy. Raises Refused."""
    # Imported under the limits.
    from icalendar import Calendar
    from recurring_ical_events import of

    text = _lean(body, start, end)
    calendars = Calendar.from_ical(text, multiple=True)
    here = ZoneInfo(zone)
    spans: list[tuple[datetime, datetime]] = []
    for calendar in calendars:
        home = _zone_of(calendar, here)
        # A day more on both sides: all-day events and floating times are read on another clock than the query's.
        found = of(calendar, skip_bad_series=True).between(start - _DAY, end + _DAY)
        for event in islice(found, MOST_OCCURRENCES + 1 - len(spans)):
            spans.append(_span(event, home, here) if _is_busy(event, host) else (start, start))
        if len(spans) > MOST_OCCURRENCES:
            raise Refused("too_much")
    return merged(_quarters(spans, start, end))


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges [first, end) in order, those that touch or overlap as one."""
    whole: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if whole and first <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(whole[-1][1], end)
        else:
            whole.append((first, end))
    return whole


def _quarters(spans: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> Iterator[tuple[int, int]]:
    for opens, closes in spans:
        first = int(max(opens, start).timestamp()) // QUARTER
        last = -(-int(min(closes, end).timestamp()) // QUARTER)
        if opens < closes and first < last:
            yield first, last


def _span(event: Any, home: ZoneInfo, here: ZoneInfo) -> tuple[datetime, datetime]:
    return _instant(event.start, home, here), _instant(event.end, home, here)


def _instant(at: date | datetime, home: ZoneInfo, here: ZoneInfo) -> datetime:
    """All-day events are days of the calendar's zone; times without a zone are on the tutor's own clock."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), home).astimezone(UTC)
    return (at if at.tzinfo is not None else at.replace(tzinfo=here)).astimezone(UTC)


def _zone_of(calendar: Any, here: ZoneInfo) -> ZoneInfo:
    """The zone that the calendar says it is kept in; one that is unknown is dropped, or nothing would be read."""
    try:
        return ZoneInfo(str(calendar["X-WR-TIMEZONE"]))
    except (KeyError, ValueError, OSError):
        calendar.pop("X-WR-TIMEZONE", None)
        return here


def _is_busy(event: Any, host: str) -> bool:
    said = {name: str(event.get(name, "")).upper() for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")}
    if said["STATUS"] == "CANCELLED" or said["TRANSP"] == "TRANSPARENT":
        return False
    if said["X-MICROSOFT-CDO-BUSYSTATUS"] == "FREE":
        return False
    # Our own sessions come back where the feed is kept in the same calendar; claims hold their time already.
    return not str(event.get("UID", "")).lower().endswith(f"@{host.lower()}")


def _lean(body: bytes, start: datetime, end: datetime) -> str:
    """The file without what busy times do not depend on: most of it, in most calendars. Raises Refused."""
    text = _FOLD.sub(b"", body.removeprefix(b"\xef\xbb\xbf")).decode("utf-8", "replace")
    kept: Block = []
    events = 0
    for block in _blocks(_LINE.split(text)):
        if block[0] != "BEGIN:VEVENT":
            kept += block
        elif _may_matter(block, start, end):
            kept += block
            events += 1
    if events > MOST_EVENTS or any(line.upper().startswith("RRULE") and _TOO_OFTEN.search(line) for line in kept):
        raise Refused("too_much")
    return "\r\n".join(kept) + "\r\n"


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Events as blocks of their own, other lines one by one; without properties and components of no use."""
    event: Block | None = None
    inside: list[str] = []
    for line in lines:
        named = _NAME.match(line)
        name = named[0].upper() if named else ""
        part = line.partition(":")[2].strip().upper()
        if name == "BEGIN" and (inside or part not in ("VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT")):
            inside.append(part)
        elif name == "END" and inside:
            inside.pop()
        elif inside or name not in _KEPT:
            continue
        elif name in ("BEGIN", "END"):
            marker = f"{name}:{part}"
            if marker == "BEGIN:VEVENT":
                event = []
            if event is None:
                yield [marker]
            else:
                event.append(marker)
                if marker == "END:VEVENT":
                    yield event
                    event = None
        elif event is None:
            yield [line]
        else:
            event.append(line)


def _may_matter(event: Block, start: datetime, end: datetime) -> bool:
    """Whether an event can touch the time between; a single one that is long over need not be parsed."""
    days: list[str] = []
    for line in event:
        name = _NAME.match(line)
        if name and name[0].upper() in ("RRULE", "RDATE", "RECURRENCE-ID", "DURATION"):
            return True
        if name and name[0].upper() in ("DTSTART", "DTEND"):
            found = _DATE.search(line)
            if found is None:
                return True
            days.append(found[1])
    wide = timedelta(days=3)
    return not days or (max(days) >= f"{start - wide:%Y%m%d}" and min(days) <= f"{end + wide:%Y%m%d}")


if __name__ == "__main__":
    main()
