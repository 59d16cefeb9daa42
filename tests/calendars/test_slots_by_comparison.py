"""Slots against a slow, obviously right version, around the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from oluko.calendars.slots import Hours, bookable_starts
from tests.calendars.slow_slots import slow_starts

# Each zone with a day on which, or near which, its clocks change; Cairo's and Beirut's jump over midnight, and
# the Azores' are put back over it.
PLACES = [
    ("Africa/Lagos", "2026-05-05"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Pacific/Chatham", "2026-09-27"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-29"),
    ("Asia/Beirut", "2026-03-29"),
    ("Atlantic/Azores", "2026-10-25"),
    ("Asia/Kathmandu", "2026-05-05"),
]
DAYS = 4
quarter_of_day = st.integers(0, 96).map(lambda number: number * 15)
quarters_of_window = st.sets(st.integers(-8, DAYS * 96), max_size=8)


@st.composite
def some_ranges(draw):
    edges = sorted(draw(st.lists(quarter_of_day, max_size=6, unique=True)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def some_spans(draw):
    edges = sorted(draw(st.lists(st.integers(-8, DAYS * 96), max_size=6, unique=True)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@settings(max_examples=150, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    week=st.tuples(*[some_ranges()] * 7),
    exceptions=st.dictionaries(st.integers(-1, 1), some_ranges(), max_size=2),
    duration=st.sampled_from([30, 45, 60, 90, 120, 180]),
    buffer=st.sampled_from([0, 15, 30, 45, 60]),
    step=st.sampled_from([15, 30, 60]),
    notice=st.integers(0, 48),
    horizon=st.integers(1, DAYS),
    cap=st.none() | st.integers(1, 3),
    outside=some_spans(),
    held=quarters_of_window,
    taught=st.lists(st.integers(-96, DAYS * 96), max_size=8, unique=True),
    busy=quarters_of_window,
    first=st.integers(0, 100),
)
def test_quick_and_slow_agree(
    place, week, exceptions, duration, buffer, step, notice, horizon, cap, outside, held, taught, busy, first
):
    zone, day = place
    middle = datetime.fromisoformat(f"{day}T00:00Z")
    now = middle - timedelta(days=2)
    base = int(now.timestamp()) // 900
    hours = Hours(
        zone=ZoneInfo(zone),
        week=week,
        exceptions={date.fromisoformat(day) + timedelta(days=off): ranges for off, ranges in exceptions.items()},
        buffer_minutes=buffer,
        minimum_notice_hours=notice,
        horizon_days=horizon,
        step_minutes=step,
        daily_cap=cap,
        outside_busy=tuple((base + opens, base + closes) for opens, closes in outside),
    )
    question = {
        "taken": {base + each for each in held},
        "taught": [base + each for each in taught],
        "busy": {base + each for each in busy},
        "duration": duration,
        "start": now + timedelta(minutes=first * 7),
        "end": middle + timedelta(days=2),
        "now": now,
    }
    assert bookable_starts(hours, **question) == slow_starts(hours, **question)


def test_the_slow_version_finds_what_is_plain():
    """That the two agree says something only if the slow one is right: a day in Lagos, by hand."""
    hours = Hours(
        zone=ZoneInfo("Africa/Lagos"),
        week=(((540, 720),),) * 7,
        buffer_minutes=15,
        daily_cap=2,
        outside_busy=((1976200, 1976201),),  # 10:00Z to 10:15Z on 12 May 2026
    )
    assert datetime.fromtimestamp(1976200 * 900, UTC).isoformat() == "2026-05-12T10:00:00+00:00"
    day = {"start": datetime(2026, 5, 12, tzinfo=UTC), "end": datetime(2026, 5, 13, tzinfo=UTC)}
    now = datetime(2026, 5, 11, tzinfo=UTC)
    found = slow_starts(hours, taken={1976193}, busy={1976198}, taught=[1976192], duration=30, now=now, **day)
    # 08:00 holds 08:15 taken, 08:30 and 09:00 are free, 09:30 the student is busy and 10:00 the tutor elsewhere.
    assert [f"{each:%H:%M}" for each in found] == ["08:30", "09:00", "10:30"]
    assert slow_starts(hours, taken=(), taught=[1976192, 1976202], duration=30, now=now, **day) == []
