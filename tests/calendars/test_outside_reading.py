"""What a calendar file says about being busy, and files that are made to do harm."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from oluko.calendars import ics_reader
from oluko.calendars.claims import instant
from oluko.calendars.fetching import MOST_BYTES
from oluko.calendars.reading import Window, busy_times
from oluko.core.outside import Unreadable

LAGOS = ZoneInfo("Africa/Lagos")
WINDOW = Window(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 7, tzinfo=UTC), "Africa/Lagos", "oluko.test")


def calendar(*events: str, head: str = "") -> bytes:
    """A file of events, each given as its lines."""
    inside = "".join(
        f"BEGIN:VEVENT\nUID:{number}@elsewhere\n{lines}\nEND:VEVENT\n" for number, lines in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{inside}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def spans(body: bytes, window: Window = WINDOW) -> list[str]:
    """The busy times on Lagos's clock, as `05-05 10:00–11:00`, or with the second day where it is another."""
    shown = []
    for first, end in ics_reader.busy_times(body, window.start, window.end, window.zone, window.host):
        opens, closes = instant(first).astimezone(LAGOS), instant(end).astimezone(LAGOS)
        until = f"{closes:%H:%M}" if closes.date() == opens.date() else f"{closes:%m-%d %H:%M}"
        shown.append(f"{opens:%m-%d %H:%M}–{until}")
    return shown


def refused(body: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        busy_times(body, WINDOW)
    return caught.value.code


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z", ["05-05 10:00–11:00"]),
        ("DTSTART:20260505T090700Z\nDTEND:20260505T091600Z", ["05-05 10:00–10:30"]),
        ("DTSTART:20260505T090000Z\nDURATION:PT20M", ["05-05 10:00–10:30"]),
        ("DTSTART:20260505T090000Z", []),
        ("DTSTART:20260505T100000\nDTEND:20260505T110000", ["05-05 10:00–11:00"]),
        ("DTSTART;TZID=Asia/Shanghai:20260505T100000\nDTEND;TZID=Asia/Shanghai:20260505T110000", ["05-05 03:00–04:00"]),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260505T100000\nDTEND;TZID=W. Europe Standard Time:20260505T110000",
            ["05-05 09:00–10:00"],
        ),
        ("DTSTART;VALUE=DATE:20260505", ["05-05 00:00–05-06 00:00"]),
        ("DTSTART;VALUE=DATE:20260505\nDTEND;VALUE=DATE:20260508", ["05-05 00:00–05-08 00:00"]),
        ("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z\nTRANSP:TRANSPARENT", []),
        ("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z\nSTATUS:CANCELLED", []),
        ("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z\nSTATUS:TENTATIVE", ["05-05 10:00–11:00"]),
        ("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        ("DTSTART:20260505T090000Z\nDTEND:20260505T080000Z", ["05-05 09:00–10:00"]),
        ("DTSTART:20260430T090000Z\nDTEND:20260501T010000Z", ["05-01 01:00–02:00"]),
        ("DTSTART:20260706T230000Z\nDTEND:20260709T080000Z", ["07-07 00:00–01:00"]),
        ("DTSTART:20200101T090000Z\nDTEND:20200101T100000Z", []),
        ("DTSTART:20260505T\n 090000Z\nDTEND:20260505T100000Z\nSUMMARY:Folded", ["05-05 10:00–11:00"]),
    ],
)
def test_when_an_event_makes_busy(lines: str, wanted: list[str]) -> None:
    assert spans(calendar(lines)) == wanted


def test_repeating_events_keep_their_wall_time_and_their_exceptions() -> None:
    weekly = (
        "DTSTART;TZID=Europe/London:20260302T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;UNTIL=20260525T235959Z\n"
        "EXDATE;TZID=Europe/London:20260511T100000"
    )
    moved = "DTSTART:20260519T140000Z\nDURATION:PT30M\nRECURRENCE-ID;TZID=Europe/London:20260518T100000"
    body = calendar(weekly, moved).replace(b"UID:1@", b"UID:0@")
    assert spans(body) == ["05-04 10:00–11:00", "05-19 15:00–15:30", "05-25 10:00–11:00"]


def test_events_that_touch_or_overlap_are_one_busy_time() -> None:
    hours = [(9, 10), (10, 11), (8, 9), (13, 14), (13, 15)]
    body = calendar(*(f"DTSTART:20260505T{a:02}0000Z\nDTEND:20260505T{b:02}0000Z" for a, b in hours))
    assert spans(body) == ["05-05 09:00–12:00", "05-05 14:00–16:00"]


def test_days_are_days_of_the_calendars_own_zone_where_it_names_one() -> None:
    body = calendar("DTSTART;VALUE=DATE:20260505", head="X-WR-TIMEZONE:Asia/Shanghai\n")
    assert spans(body) == ["05-04 17:00–05-05 17:00"]
    nonsense = calendar("DTSTART;VALUE=DATE:20260505", head="X-WR-TIMEZONE:../../etc/passwd\n")
    assert spans(nonsense) == ["05-05 00:00–05-06 00:00"]


def test_our_own_sessions_do_not_come_back_as_busy_times() -> None:
    ours = calendar("DTSTART:20260505T090000Z\nDTEND:20260505T100000Z").replace(b"0@elsewhere", b"a1b2@OLUKO.test")
    assert spans(ours) == []


def test_tasks_and_alarms_are_no_events() -> None:
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nDTSTART:20260509T090000Z\nEND:VALARM"
    body = calendar(f"DTSTART:20260505T090000Z\nDTEND:20260505T100000Z\n{alarm}")
    # VTODO is what RFC 5545 (3.6.2) calls a task: it has a due date, and keeps nobody busy.
    task = b"BEGIN:VTODO\r\nUID:t\r\nDTSTART:20260506T090000Z\r\nDUE:20260506T100000Z\r\nEND:VTODO\r\nEND:VCALENDAR"
    assert spans(body.replace(b"END:VCALENDAR", task)) == ["05-05 10:00–11:00"]


def test_one_broken_event_does_not_hide_the_others() -> None:
    body = calendar("DTSTART:whenever\nDTEND:20260505T100000Z", "DTSTART:20260506T090000Z\nDTEND:20260506T100000Z")
    assert spans(body) == ["05-06 10:00–11:00"]


@pytest.mark.parametrize("rule", ["RRULE:FREQ=SECONDLY", "rrule:freq=minutely;interval=1"])
def test_what_repeats_within_the_hour_is_refused_unread(rule: str) -> None:
    assert refused(calendar(f"DTSTART:20260101T000000Z\nDURATION:PT1M\n{rule}")) == "too_much"


def test_a_bomb_of_repetitions_ends_by_the_readers_own_limit() -> None:
    every = {"HOUR": 24, "MINUTE": 60, "SECOND": 60}
    rule = ";".join(f"BY{part}={','.join(map(str, range(most)))}" for part, most in every.items())
    began = time.monotonic()
    assert refused(calendar(f"DTSTART:19000101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY;{rule}")) == "too_much"
    assert time.monotonic() - began < 16


def test_an_event_an_hour_for_years_is_worked_out() -> None:
    body = calendar("DTSTART:20200101T000000Z\nDURATION:PT30M\nRRULE:FREQ=HOURLY")
    assert len(busy_times(body, WINDOW)) == 67 * 24


def test_too_many_events_are_refused() -> None:
    many = calendar(*["DTSTART:20260505T090000Z\nDURATION:PT5M"] * 21_000)
    assert len(many) < MOST_BYTES
    assert refused(many) == "too_much"


@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCALENDAR\r\n" * 20_000,
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 20_000,
        b"BEGIN:VCALENDAR\r\nX" * 1000 + b"\x00\xff" * 1000,
        calendar("DTSTART:20260505T090000Z\nSUMMARY:" + "a" * 1_900_000),
        calendar("DTSTART;X=" + '"' * 100_000 + ":20260505T090000Z"),
        calendar("DTSTART:20260505T090000Z\nRDATE:" + ",".join(["20260506T100700Z"] * 20_000)),
    ],
    ids=["nested", "nested events", "bytes", "long line", "quotes", "dates"],
)
def test_odd_files_do_no_harm(body: bytes) -> None:
    began = time.monotonic()
    try:
        found = busy_times(body, WINDOW)
    except Unreadable:
        found = []
    assert len(found) < 5
    assert time.monotonic() - began < 16


def test_the_reader_loads_nothing_of_ours() -> None:
    script = (
        "import sys, oluko.calendars.ics_reader;"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'httpx', 'psycopg')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reader_limits_itself() -> None:
    script = (
        "import resource, oluko.calendars.ics_reader as reader; reader.limit();"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[1], resource.getrlimit(resource.RLIMIT_FSIZE)[1]);"
        "bytearray(1024 ** 3)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["10", "0"]
    assert "MemoryError" in done.stderr
