"""From an address to busy quarter hours: fetched here, taken apart by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime

from oluko.calendars.fetching import fetch
from oluko.core.outside import Outside, Unreadable

READER_SECONDS = 15.0
# The reader needs no secret of ours, and gets none.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "SYSTEMROOT")

type Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Window:
    """Which busy times are wanted: between two instants, the zone of times that have none, our own events' host."""

    start: datetime
    end: datetime
    zone: str
    host: str


@dataclass(frozen=True)
class Read:
    """Busy quarter hours [first, end), merged and in order; None where the calendar is still the same."""

    busy: Ranges | None
    etag: str


def read_calendar(address: str, window: Window, *, etag: str, outside: Outside) -> Read:
    """Fetch the calendar and take it apart; under 30 s in all. Raises Unreadable."""
    fetched = fetch(address, etag=etag, outside=outside)
    if fetched.body is None:
        return Read(None, fetched.etag)
    return Read(busy_times(fetched.body, window), fetched.etag)


def busy_times(body: bytes, window: Window) -> Ranges:
    """What the reader makes of a file. Raises Unreadable, also where it came to an end by its limits."""
    bounds = (str(int(window.start.timestamp())), str(int(window.end.timestamp())))
    command = [sys.executable, "-m", "oluko.calendars.ics_reader", *bounds, window.zone, window.host]
    try:
        done = subprocess.run(
            command,
            input=body,
            capture_output=True,
            timeout=READER_SECONDS,
            check=True,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise Unreadable("too_much") from None
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise Unreadable(answer["error"])
    return [(first, end) for first, end in answer["busy"]]
