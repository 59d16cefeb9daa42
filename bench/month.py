"""One tutor's month of bookable times, computed without a database."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from oluko.calendars.claims import SECONDS
from oluko.calendars.slots import Hours, bookable_starts

BOOKINGS, ROUNDS = 500, 200
# A session of an hour and the break after it, in quarters.
CLAIMED = 5
ALL_DAY = ((0, 24 * 60),)


def main() -> float:
    """The median, in milliseconds of processor time, of working out a month of half hours, by the quarter all day.

    The tutor has 500 sessions in it, a cap of 20 a day, and a calendar elsewhere that is busy an hour each day; clocks
    change in it.
    """
    now = datetime(2026, 3, 2, tzinfo=UTC)
    first = int(now.timestamp()) // SECONDS
    # 595 of these fit into 31 days.
    begins = sorted(random.Random(1).sample(range(first, first + 31 * 96, CLAIMED), BOOKINGS))
    taken = [at + quarter for at in begins for quarter in range(CLAIMED)]
    hours = Hours(
        ZoneInfo("Europe/London"),
        week=(ALL_DAY,) * 7,
        step_minutes=15,
        daily_cap=20,
        outside_busy=tuple((first + day * 96, first + day * 96 + 4) for day in range(60)),
    )
    end = now + timedelta(days=31)
    waits = []
    for _ in range(ROUNDS):
        began = time.process_time()
        found = bookable_starts(hours, taken=taken, taught=begins, duration=30, start=now, end=end, now=now)
        waits.append(time.process_time() - began)
    if len(taken) != BOOKINGS * CLAIMED or not found:
        raise RuntimeError("the month is not what it should be")
    return sorted(waits)[ROUNDS // 2] * 1000
