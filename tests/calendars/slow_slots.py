"""The rules of slots once more: every quarter hour is asked about each rule in turn. Slow, and plain to see.

It shares no code with `oluko.calendars.slots` beside the shape of `Hours`, and reads a zone's clocks in one direction
only, from the instant to what they show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from oluko.accounts.models import Person
from oluko.calendars.models import WEEKDAYS, Availability, Claim
from oluko.calendars.slots import Hours

QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def slow_starts(
    hours: Hours,
    *,
    taken: Collection[int],
    duration: int,
    start: datetime,
    end: datetime,
    now: datetime,
    busy: Collection[int] = (),
    taught: Collection[int] = (),
) -> list[datetime]:
    """As `bookable_starts`."""
    elsewhere = {quarter for first, stop in hours.outside_busy for quarter in range(first, stop)}
    found = []
    for at in _quarter_hours(start, end):
        session = set(_covered(at, duration))
        with_break = set(_covered(at, duration + hours.buffer_minutes))
        if (
            at >= now + timedelta(hours=hours.minimum_notice_hours)
            and at <= now + timedelta(days=hours.horizon_days)
            and not with_break & set(taken)
            and not with_break & elsewhere
            and not session & set(busy)
            and not _is_full(hours, _shown(hours, at).date(), taught)
            and _is_in_hours(hours, at, duration)
            and not _shown_before(hours, at)
        ):
            found.append(at)
    return found


def slow_free(
    tutor: Person, duration: int, start: datetime, end: datetime, now: datetime, *, student: Person | None = None
) -> list[datetime]:
    """As `free_starts`, from what the database holds at business time `now`."""
    stored = Availability.objects.filter(person=tutor).first()
    hours = _hours(stored or Availability(time_zone=tutor.time_zone))
    live = [claim for claim in Claim.objects.all() if claim.expires_at is None or claim.expires_at > now]
    return slow_starts(
        hours,
        taken={claim.quarter for claim in live if claim.person_id == tutor.pk},
        busy={claim.quarter for claim in live if student is not None and claim.person_id == student.pk},
        taught=[claim.quarter for claim in live if claim.person_id == tutor.pk and claim.opens],
        duration=duration,
        start=start,
        end=end,
        now=now,
    )


def _quarter_hours(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while at < end:
        if at >= start:
            yield at
        at += QUARTER


def _covered(at: datetime, minutes: int) -> Iterator[int]:
    for step in range(0, minutes, 15):
        yield int((at + MINUTE * step).timestamp()) // 900


def _shown(hours: Hours, instant: datetime) -> datetime:
    """What clocks show."""
    return instant.astimezone(hours.zone).replace(tzinfo=None, fold=0)


def _shown_before(hours: Hours, at: datetime) -> bool:
    """Clocks showed this time already in the three hours before, so that this is its second occurrence.

    They go back by a number of quarter hours, wherever they do.
    """
    shown = _shown(hours, at)
    return any(_shown(hours, at - QUARTER * back) == shown for back in range(1, 13))


def _is_in_hours(hours: Hours, at: datetime, duration: int) -> bool:
    """A range's grid has the start, and in every minute of the session clocks have not reached the range's end."""
    shown = _shown(hours, at)
    of_day = shown.hour * 60 + shown.minute
    for opens, closes in hours.on(shown.date()):
        if opens <= of_day < closes and (of_day - opens) % hours.step_minutes == 0:
            target = datetime(shown.year, shown.month, shown.day) + MINUTE * closes  # noqa: DTZ001 - wall time
            return all(_shown(hours, at + MINUTE * step) < target for step in range(duration))
    return False


def _is_full(hours: Hours, day: date, taught: Collection[int]) -> bool:
    begun = [each for each in taught if _shown(hours, datetime.fromtimestamp(each * 900, UTC)).date() == day]
    return hours.daily_cap is not None and len(begun) >= hours.daily_cap


def _hours(stored: Availability) -> Hours:
    def ranges(texts: list[list[str]]) -> tuple[tuple[int, int], ...]:
        return tuple((_minute(opens), _minute(closes)) for opens, closes in texts)

    return Hours(
        zone=ZoneInfo(stored.time_zone),
        week=tuple(ranges(stored.weekly.get(day, [])) for day in WEEKDAYS),
        exceptions={date.fromisoformat(day): ranges(texts) for day, texts in stored.exceptions.items()},
        buffer_minutes=stored.buffer_minutes,
        minimum_notice_hours=stored.minimum_notice_hours,
        horizon_days=stored.horizon_days,
        step_minutes=stored.slot_step_minutes,
        daily_cap=stored.daily_cap,
        outside_busy=tuple((first, stop) for first, stop in stored.outside_busy),
    )


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
