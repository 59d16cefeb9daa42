"""Every change of clocks from 2024 to 2030, in zones of each sort: what is bookable on those days and the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from oluko.calendars.slots import Hours, bookable_starts
from tests.calendars.slow_slots import slow_starts

DAY = timedelta(days=1)
YEARS = range(2024, 2031)


@dataclass(frozen=True)
class Change:
    """Hours (minutes of the day) over a change, and by hand: what clocks show at each start, and which instant it is.

    A start's instant is hours and minutes UTC, of the local date or of the day before.
    """

    zone: str
    hours: tuple[int, int]
    step: int
    dates: tuple[str, ...]
    starts: dict[str, str]


CHANGES = {
    # 01:00 to 02:00 does not exist.
    "London in spring": Change(
        zone="Europe/London",
        hours=(0, 240),
        step=60,
        dates=("2024-03-31", "2025-03-30", "2026-03-29", "2027-03-28", "2028-03-26", "2029-03-25", "2030-03-31"),
        starts={"00:00": "00:00", "02:00": "01:00", "03:00": "02:00"},
    ),
    # 01:00 to 02:00 occurs twice.
    "London in autumn": Change(
        zone="Europe/London",
        hours=(0, 180),
        step=30,
        dates=("2024-10-27", "2025-10-26", "2026-10-25", "2027-10-31", "2028-10-29", "2029-10-28", "2030-10-27"),
        starts={
            "00:00": "23:00",
            "00:30": "23:30",
            "01:00": "00:00",
            "01:30": "00:30",
            "02:00": "02:00",
            "02:30": "02:30",
        },
    ),
    # 02:00 to 03:00 does not exist.
    "New York in spring": Change(
        zone="America/New_York",
        hours=(60, 240),
        step=60,
        dates=("2024-03-10", "2025-03-09", "2026-03-08", "2027-03-14", "2028-03-12", "2029-03-11", "2030-03-10"),
        starts={"01:00": "06:00", "03:00": "07:00"},
    ),
    # 01:00 to 02:00 occurs twice.
    "New York in autumn": Change(
        zone="America/New_York",
        hours=(0, 180),
        step=60,
        dates=("2024-11-03", "2025-11-02", "2026-11-01", "2027-11-07", "2028-11-05", "2029-11-04", "2030-11-03"),
        starts={"00:00": "04:00", "01:00": "05:00", "02:00": "07:00"},
    ),
    # Half an hour: 02:00 to 02:30 does not exist.
    "Lord Howe in spring": Change(
        zone="Australia/Lord_Howe",
        hours=(60, 240),
        step=30,
        dates=("2024-10-06", "2025-10-05", "2026-10-04", "2027-10-03", "2028-10-01", "2029-10-07", "2030-10-06"),
        starts={"01:00": "14:30", "01:30": "15:00", "02:30": "15:30", "03:00": "16:00", "03:30": "16:30"},
    ),
    # 01:30 to 02:00 occurs twice.
    "Lord Howe in autumn": Change(
        zone="Australia/Lord_Howe",
        hours=(60, 180),
        step=30,
        dates=("2024-04-07", "2025-04-06", "2026-04-05", "2027-04-04", "2028-04-02", "2029-04-01", "2030-04-07"),
        starts={"01:00": "14:00", "01:30": "14:30", "02:00": "15:30", "02:30": "16:00"},
    ),
    # 12:45 ahead of UTC, then 13:45; 02:45 to 03:45 does not exist.
    "Chatham in spring": Change(
        zone="Pacific/Chatham",
        hours=(120, 300),
        step=60,
        dates=("2024-09-29", "2025-09-28", "2026-09-27", "2027-09-26", "2028-09-24", "2029-09-30", "2030-09-29"),
        starts={"02:00": "13:15", "04:00": "14:15"},
    ),
    # 02:45 to 03:45 occurs twice.
    "Chatham in autumn": Change(
        zone="Pacific/Chatham",
        hours=(120, 300),
        step=60,
        dates=("2024-04-07", "2025-04-06", "2026-04-05", "2027-04-04", "2028-04-02", "2029-04-01", "2030-04-07"),
        starts={"02:00": "12:15", "03:00": "13:15", "04:00": "15:15"},
    ),
    # Back for Ramadan: 02:00 to 03:00 occurs twice.
    "Casablanca into Ramadan": Change(
        zone="Africa/Casablanca",
        hours=(60, 240),
        step=60,
        dates=("2024-03-10", "2025-02-23", "2026-02-15"),
        starts={"01:00": "00:00", "02:00": "01:00", "03:00": "03:00"},
    ),
    # And forward again: 02:00 to 03:00 does not exist.
    "Casablanca out of Ramadan": Change(
        zone="Africa/Casablanca",
        hours=(60, 300),
        step=60,
        dates=("2024-04-14", "2025-04-06", "2026-03-22"),
        starts={"01:00": "01:00", "03:00": "02:00", "04:00": "03:00"},
    ),
    "Lagos never": Change(
        zone="Africa/Lagos",
        hours=(540, 720),
        step=60,
        dates=("2024-03-31", "2026-10-25", "2030-12-31"),
        starts={"09:00": "08:00", "10:00": "09:00", "11:00": "10:00"},
    ),
    # 13 hours ahead, and summer time no more since 2021; nine is the evening before in UTC.
    "Apia no longer": Change(
        zone="Pacific/Apia",
        hours=(540, 660),
        step=60,
        dates=("2024-04-07", "2024-09-29", "2030-09-29"),
        starts={"09:00": "20:00", "10:00": "21:00"},
    ),
    # Samoa went over the date line and skipped 30 December 2011.
    "Apia before the date line": Change(
        zone="Pacific/Apia",
        hours=(540, 660),
        step=60,
        dates=("2011-12-29", "2011-12-31"),
        starts={"09:00": "19:00", "10:00": "20:00"},
    ),
    "Apia's day that never was": Change("Pacific/Apia", (540, 660), 60, ("2011-12-30",), {}),
}
# How far each zone is ahead of UTC when clocks show nine, in minutes.
AHEAD = {
    "Africa/Lagos": {60},
    "Europe/London": {0, 60},
    "America/New_York": {-300, -240},
    "Australia/Lord_Howe": {630, 660},
    "Pacific/Chatham": {765, 825},
    "Pacific/Apia": {780},
    "Africa/Casablanca": {0, 60},
}


def starts_on(day: str, hours: Hours, duration: int) -> list[datetime]:
    """The starts in a window wide enough for the local date, asked three days before."""
    midnight = datetime.fromisoformat(f"{day}T00:00Z")
    window = {"start": midnight - 2 * DAY, "end": midnight + 2 * DAY, "now": midnight - 3 * DAY}
    return bookable_starts(hours, taken=(), duration=duration, **window)


def only_on(day: str, zone: str, *ranges: tuple[int, int], step: int) -> Hours:
    return Hours(ZoneInfo(zone), week=((),) * 7, exceptions={date.fromisoformat(day): ranges}, step_minutes=step)


@pytest.mark.parametrize(
    ("change", "day"),
    [pytest.param(each, day, id=f"{name} {day}") for name, each in CHANGES.items() for day in each.dates],
)
def test_starts_on_a_day_when_clocks_change(change: Change, day: str) -> None:
    found = starts_on(day, only_on(day, change.zone, change.hours, step=change.step), min(change.step, 60))
    zone = ZoneInfo(change.zone)
    assert [f"{at.astimezone(zone):%H:%M}" for at in found] == list(change.starts)
    assert [f"{at:%H:%M}" for at in found] == list(change.starts.values())
    assert all(at.astimezone(zone).date().isoformat() == day for at in found)


def changes_of(zone: str) -> dict[str, int]:
    """Every local date of these years on which the zone's clocks change, and by how many minutes; hour by hour."""
    found, at, here = {}, datetime(2024, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    while at.year < 2031:
        before, at = at.astimezone(here).replace(tzinfo=None), at + timedelta(hours=1)
        after = at.astimezone(here).replace(tzinfo=None)
        if after - before != timedelta(hours=1):
            found[after.date().isoformat()] = (after - before) // timedelta(minutes=1) - 60
    return found


@pytest.mark.parametrize("zone", AHEAD)
def test_no_change_of_these_years_is_missing(zone: str) -> None:
    """What stands above by hand is all that the zone does; Morocco's changes after 2026 are foretold, not yet law."""
    by_hand = {
        day
        for name, change in CHANGES.items()
        for day in change.dates
        if change.zone == zone and not name.startswith(("Lagos", "Apia"))
    }
    until = "2027" if zone == "Africa/Casablanca" else "2031"
    assert {day for day in changes_of(zone) if day < until} == by_hand


@pytest.mark.parametrize("zone", AHEAD)
def test_each_quarter_hour_that_clocks_show_is_offered_once(zone: str) -> None:
    """With clocks put forward by an hour four quarters of the day are gone; put back, none is offered twice."""
    for day, minutes in changes_of(zone).items():
        found = starts_on(day, only_on(day, zone, (0, 1440), step=15), 15)
        shown = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for at in found]
        assert len(found) == 96 - max(minutes, 0) // 15
        assert shown == sorted(set(shown))


@pytest.mark.parametrize("zone", [zone for zone in AHEAD if zone not in ("Africa/Lagos", "Pacific/Apia")])
def test_the_slow_version_agrees_around_every_change(zone: str) -> None:
    for day in changes_of(zone):
        midnight = datetime.fromisoformat(f"{day}T00:00Z")
        hours = Hours(ZoneInfo(zone), week=(((0, 75), (75, 210), (225, 1440)),) * 7, buffer_minutes=15, step_minutes=30)
        question = {
            "taken": {int(midnight.timestamp()) // 900 + 8},
            "duration": 60,
            "start": midnight - timedelta(hours=15),
            "end": midnight + timedelta(hours=9),
            "now": midnight - 2 * DAY,
        }
        assert bookable_starts(hours, **question) == slow_starts(hours, **question), day


@pytest.mark.parametrize(("zone", "ahead"), AHEAD.items())
def test_nine_stays_nine_for_seven_years(zone: str, ahead: set[int]) -> None:
    """One start each day, always at nine by the wall, and as far from UTC as the zone may be."""
    hours = Hours(ZoneInfo(zone), week=(((540, 600),),) * 7, horizon_days=400)
    found = []
    for year in YEARS:
        first = datetime(year, 1, 1, tzinfo=ZoneInfo(zone))
        window = {"start": first, "end": first.replace(year=year + 1), "now": first - DAY}
        found += bookable_starts(hours, taken=(), duration=60, **window)
    walls = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in found]
    assert walls == [datetime(2024, 1, 1, 9) + DAY * number for number in range(2557)]  # noqa: DTZ001 - wall time
    instants = [at.replace(tzinfo=None) for at in found]
    assert {(wall - at) // timedelta(minutes=1) for wall, at in zip(walls, instants, strict=True)} == ahead
