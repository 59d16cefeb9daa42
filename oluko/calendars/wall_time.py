"""From what a zone's clocks show to the instant at which they show it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def steady_offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """How far the zone is ahead of UTC through this whole local date; None where that changes on the way.

    No zone changes twice on one date and back again, so that the two midnights tell.
    """
    midnight = _midnight(day).replace(tzinfo=zone)
    offset = midnight.utcoffset()
    return offset if offset == (midnight + _DAY).utcoffset() else None


def first_occurrence(day: date, minute: int, zone: ZoneInfo) -> datetime | None:
    """The first instant (UTC) at which clocks show this minute of this date; None if they jump over it."""
    return _first(_midnight(day) + timedelta(minutes=minute), zone)


def first_reaching(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which clocks show this minute of this date or a later one."""
    wall = _midnight(day) + timedelta(minutes=minute)
    at = _first(wall, zone)
    if at is not None:
        return at
    # Clocks jump over it: seek the jump, which lies between the two readings of the wall time.
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after


def _first(wall: datetime, zone: ZoneInfo) -> datetime | None:
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall time
