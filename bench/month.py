"""One tutor's month of bookable times, computed without a database."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from oluko.calendars.claims import SECONDS
from oluko.calendars.slots import Hours, bookable_starts

CLAIMS, ROUNDS = 500, 300


def main() -> float:
    """The median, in milliseconds, of working out 31 days of 60 minute starts for a tutor with 500 claimed quarters."""

    now = datetime(2026, 3, 2, tzinfo=UTC)
    hours = Hours(ZoneInfo("Africa/Lagos"), week=(((9 * 60, 17 * 60),),) * 5 + ((),) * 2)
    # Three hours, a free hour, three hours and a free hour of each working day.
    first = int(now.timestamp()) // SECONDS
    working = [first + day * 96 + 32 + each for day in range(31) if day % 7 < 5 for each in range(32) if each % 16 < 12]
    taken = frozenset(working[:CLAIMS])
    waits = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = bookable_starts(hours, taken=taken, duration=60, start=now, end=now + timedelta(days=31), now=now)
        waits.append(time.perf_counter() - began)
    if len(taken) != CLAIMS or not found:
        raise RuntimeError("the month is not what it should be")
    return sorted(waits)[ROUNDS // 2] * 1000
