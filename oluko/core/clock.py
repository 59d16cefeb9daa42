"""Business time.

Deadlines, windows, slots and releases ask `now()`. In sandbox mode it can be moved forward, so that
anyone can watch a deadline pass; the offset lives in one small file that every process looks at, so
that all follow at once. Tokens, leases, webhook windows and time-outs use `django.utils.timezone.now`.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings

from oluko.core.errors import Invalid

_STEP = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3650)
# Which file was read last, and what it said; replaced as a whole, so that threads never see halves of two.
_read: tuple[tuple[object, ...], timedelta] = (), timedelta(0)


class ClockFixed(Invalid):
    """The clock can be moved in sandbox mode only."""


def now() -> datetime:
    """The instant (aware, UTC) that Oluko holds for now."""
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """How far business time runs ahead of real time; zero outside the sandbox mode."""
    global _read
    if not settings.OLUKO_SANDBOX:
        return timedelta(0)
    file = _file(settings.OLUKO_DATA)
    try:
        seen = file.stat()
        # A new number is a new file. To look whether it is one takes a tenth of the time of reading it.
        which = (file, seen.st_dev, seen.st_ino, seen.st_mtime_ns)
        if _read[0] != which:
            _read = which, timedelta(seconds=float(file.read_text()))
    except FileNotFoundError:
        return timedelta(0)
    return _read[1]


def advance(step: timedelta) -> datetime:
    """Move business time forward by `step`, return the new now. Raises ClockFixed outside the sandbox."""
    _write(offset() + step)
    return now()


def reset() -> datetime:
    """Put business time back to real time. Raises ClockFixed outside the sandbox."""
    _write(timedelta(0))
    return now()


def parse_step(text: str) -> timedelta:
    """`73h`, `90m`, `2d` or `1d12h` as a duration; raises Invalid for anything else."""
    compact = text.replace(" ", "").lower()
    parts = _STEP.findall(compact)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != compact:
        raise Invalid("bad_step", f"'{text}' is not a step such as 73h, 90m or 2d.")
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta(0))


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with `Z`, as on the wire."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _file(folder: Path) -> Path:
    return Path(folder) / "clock"


def _write(total: timedelta) -> None:
    if not settings.OLUKO_SANDBOX:
        raise ClockFixed("clock_fixed", "The clock can be moved in sandbox mode only.")
    if total > _LONGEST:
        raise Invalid("bad_step", "The clock can run at most ten years ahead.")
    # A rename is atomic, so that no process ever reads half a number.
    with tempfile.NamedTemporaryFile("w", dir=settings.OLUKO_DATA, delete=False) as file:
        file.write(str(total.total_seconds()))
    Path(file.name).replace(_file(settings.OLUKO_DATA))
