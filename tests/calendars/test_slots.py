"""Bookable times: the stated rules by table over strange clocks, and against a slow, obviously right version."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters, take_time
from oluko.calendars.models import Availability
from oluko.calendars.slots import Hours, bookable_starts, check_bookable, free_starts, next_free, next_free_of
from oluko.core.errors import Invalid

NINE_TO_FIVE = ((9 * 60, 17 * 60),)
ALL_DAY = ((0, 24 * 60),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def daily(zone: str, *ranges: tuple[int, int], **rules) -> Hours:
    return Hours(zone=ZoneInfo(zone), week=(ranges,) * 7, **({"horizon_days": 365} | rules))


def starts(hours: Hours, start: str, end: str, *, duration=60, taken=(), now, busy=()):
    found = bookable_starts(hours, taken=taken, busy=busy, duration=duration, start=at(start), end=at(end), now=at(now))
    return [f"{each:%d %H:%M}" for each in found]


# Zone, wall range in minutes, step, local date, what the starts are in UTC. Each date but the first has a change.
CHANGES = [
    ("Africa/Lagos", (540, 720), 60, "2026-05-05", ["08:00", "09:00", "10:00"]),
    ("Europe/London", (0, 240), 60, "2026-03-29", ["00:00", "01:00", "02:00"]),  # 01:00 does not exist
    (
        "Europe/London",
        (0, 180),
        30,
        "2026-10-25",
        ["23:00", "23:30", "00:00", "00:30", "02:00", "02:30"],
    ),  # 01:00 occurs twice
    ("America/New_York", (60, 240), 60, "2026-03-08", ["06:00", "07:00"]),
    ("America/New_York", (0, 180), 60, "2026-11-01", ["04:00", "05:00", "07:00"]),
    (
        "Australia/Lord_Howe",
        (60, 240),
        30,
        "2026-10-04",
        ["14:30", "15:00", "15:30", "16:00", "16:30"],
    ),  # 02:00 to 02:30
    (
        "Australia/Lord_Howe",
        (60, 180),
        30,
        "2026-04-05",
        ["14:00", "14:30", "15:30", "16:00"],
    ),  # back from 02:00 to 01:30
    ("Pacific/Chatham", (120, 300), 60, "2026-09-27", ["13:15", "14:15"]),  # 02:45 to 03:45
    ("Pacific/Chatham", (120, 300), 60, "2026-04-05", ["12:15", "13:15", "15:15"]),
    ("Pacific/Apia", (540, 660), 60, "2011-12-29", ["19:00", "20:00"]),
    ("Pacific/Apia", (540, 660), 60, "2011-12-30", []),  # a day that Samoa skipped
    ("Pacific/Apia", (540, 660), 60, "2011-12-31", ["19:00", "20:00"]),
    ("Africa/Casablanca", (60, 240), 60, "2026-02-15", ["00:00", "01:00", "03:00"]),  # clocks go back for Ramadan
    ("Africa/Casablanca", (60, 300), 60, "2026-03-22", ["01:00", "02:00", "03:00"]),
]


@pytest.mark.parametrize(("zone", "wall", "step", "day", "expected"), CHANGES)
def test_starts_on_days_when_clocks_change(zone, wall, step, day, expected):
    hours = Hours(
        zone=ZoneInfo(zone),
        week=((),) * 7,
        exceptions={date.fromisoformat(day): (wall,)},
        step_minutes=step,
        horizon_days=365,
    )
    midnight = at(f"{day}T00:00Z")
    found = bookable_starts(
        hours,
        taken=(),
        duration=60 if step == 60 else 30,
        start=midnight - timedelta(days=2),
        end=midnight + timedelta(days=2),
        now=midnight - timedelta(days=3),
    )
    assert [f"{each:%H:%M}" for each in found] == expected


@pytest.mark.parametrize(
    "zone",
    [
        "Africa/Lagos",
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Africa/Casablanca",
    ],
)
def test_nine_stays_nine_all_year(zone):
    found = bookable_starts(
        daily(zone, (540, 600)),
        taken=(),
        duration=60,
        start=at("2026-01-02T00:00Z"),
        end=at("2026-12-30T00:00Z"),
        now=at("2026-01-01T00:00Z"),
    )
    assert len(found) >= 361
    assert {f"{each.astimezone(ZoneInfo(zone)):%H:%M}" for each in found} == {"09:00"}


def test_a_range_that_ends_in_a_gap_ends_with_the_jump():
    hours = daily("Europe/London", (0, 90))  # until 01:30, which does not exist on 29 March
    window, now = ("2026-03-28T12:00Z", "2026-03-29T12:00Z"), "2026-03-01T00:00Z"
    assert starts(hours, *window, duration=60, now=now) == ["29 00:00"]
    assert starts(hours, *window, duration=90, now=now) == []


def test_a_start_off_the_utc_quarter_is_none():
    # Monrovia's clocks ran 44½ minutes late until 1972.
    hours = daily("Africa/Monrovia", *NINE_TO_FIVE)
    assert starts(hours, "1971-05-05T00:00Z", "1971-05-06T00:00Z", now="1971-05-01T00:00Z") == []


def test_a_range_may_end_at_midnight_but_no_session_runs_over_it():
    hours = daily("Africa/Lagos", *ALL_DAY, step_minutes=60)
    found = starts(hours, "2026-05-05T20:00Z", "2026-05-06T00:00Z", duration=90, now="2026-05-01T00:00Z")
    assert found == ["05 20:00", "05 21:00", "05 23:00"]


def test_a_session_ends_inside_its_range():
    hours = daily("Africa/Lagos", (540, 630), (630, 660))
    assert starts(hours, "2026-05-05T00:00Z", "2026-05-06T00:00Z", now="2026-05-01T00:00Z") == ["05 08:00", "05 08:30"]


def test_taken_quarters_and_the_break_after_a_session_block():
    held = set(quarters(at("2026-05-05T11:00Z"), 60))
    hours = daily("Africa/Lagos", *NINE_TO_FIVE, buffer_minutes=30)
    found = starts(hours, "2026-05-05T00:00Z", "2026-05-06T00:00Z", taken=held, now="2026-05-01T00:00Z")
    assert found == [
        f"05 {text}"
        for text in (
            "08:00",
            "08:30",
            "09:00",
            "09:30",
            "12:00",
            "12:30",
            "13:00",
            "13:30",
            "14:00",
            "14:30",
            "15:00",
        )
    ]


def test_the_student_is_needed_for_the_session_alone():
    held = set(quarters(at("2026-05-05T11:00Z"), 60))
    hours = daily("Africa/Lagos", (600, 780), buffer_minutes=60)
    found = starts(hours, "2026-05-05T00:00Z", "2026-05-06T00:00Z", busy=held, now="2026-05-01T00:00Z")
    assert found == ["05 09:00", "05 09:30", "05 10:00"]


def test_notice_and_horizon_bound_the_starts():
    hours = daily("Africa/Lagos", *NINE_TO_FIVE, minimum_notice_hours=25, horizon_days=2, step_minutes=60)
    found = starts(hours, "2026-05-01T00:00Z", "2026-06-01T00:00Z", now="2026-05-04T10:00Z")
    assert found == ["05 11:00", "05 12:00", "05 13:00", "05 14:00", "05 15:00", "06 08:00", "06 09:00", "06 10:00"]


def test_an_exception_replaces_its_day():
    off, other = date(2026, 5, 5), date(2026, 5, 6)
    hours = daily("Africa/Lagos", *NINE_TO_FIVE, exceptions={off: (), other: ((1200, 1260),)})
    assert starts(hours, "2026-05-05T00:00Z", "2026-05-07T00:00Z", now="2026-05-01T00:00Z") == ["06 19:00"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-06T00:00Z", "2026-05-05T00:00Z"),
        ("0001-01-02T00:00Z", "0001-01-03T00:00Z"),
        ("9999-12-30T00:00Z", "9999-12-31T00:00Z"),
    ],
)
def test_windows_that_hold_nothing_hold_nothing(start, end):
    assert starts(daily("Africa/Lagos", *NINE_TO_FIVE), start, end, now="2026-05-01T00:00Z") == []


MISSING = uuid.UUID(int=7)
MONDAY = at("2026-05-04T06:00Z")  # 07:00 in Lagos


def test_free_starts_leave_out_what_live_claims_hold(tunde, ada, bola, frozen, django_assert_num_queries):
    frozen(MONDAY)
    set_availability(tunde, weekly={"mon": [["09:00", "12:00"]]}, slot_step_minutes=60)
    with_bola = {tunde.pk: quarters(at("2026-05-04T08:00Z"), 60), bola.pk: quarters(at("2026-05-04T08:00Z"), 60)}
    take_time(ada.pk, with_bola, expires_at=None)
    take_time(bola.pk, {tunde.pk: quarters(at("2026-05-04T09:00Z"), 60)}, expires_at=MONDAY)
    take_time(tunde.pk, {ada.pk: quarters(at("2026-05-04T10:30Z"), 60)}, expires_at=MONDAY + timedelta(hours=1))
    window = (at("2026-05-04T00:00Z"), at("2026-05-05T00:00Z"))
    with django_assert_num_queries(2):
        anyone = free_starts(tunde, 60, *window)
    # The hold at 09:00Z has lapsed by the clock, so it blocks nobody though it is not swept yet.
    assert [each.hour for each in anyone] == [9, 10]
    assert [each.hour for each in free_starts(tunde, 60, *window, student=ada)] == [9]


def test_who_saved_no_hours_works_weekdays_in_their_zone(mei, frozen):
    frozen(MONDAY)
    found = free_starts(mei, 60, at("2026-05-05T00:00Z"), at("2026-05-06T00:00Z"))
    assert found[0] == at("2026-05-05T01:00Z")  # 09:00 in Shanghai
    assert not Availability.objects.exists()


def test_next_free_asks_twice_however_many_tutors(tunde, mei, ada, frozen, django_assert_num_queries):
    frozen(MONDAY)
    set_availability(tunde, weekly={}, exceptions=[])
    set_availability(mei, weekly={"tue": [["09:00", "10:00"]]}, exceptions=[{"date": "2026-05-12", "ranges": []}])
    take_time(ada.pk, {mei.pk: quarters(at("2026-05-05T01:00Z"), 60)}, expires_at=None)
    with django_assert_num_queries(2):
        found = next_free({tunde.pk: 60, mei.pk: 60, ada.pk: 30, MISSING: 30})
    assert found[tunde.pk] is None
    assert found[mei.pk] == at("2026-05-19T01:00Z")
    assert found[MISSING] is None
    assert next_free_of([(mei.pk, 30), (mei.pk, 90)])[mei.pk, 90] is None
    assert next_free({}) == {}


@pytest.mark.parametrize(
    "instant",
    [
        "2026-05-04T08:10:00+00:00",  # off the grid
        "2026-05-04T08:15:00+00:00",  # on the quarter, off the tutor's steps
        "2026-05-04T05:00:00+00:00",  # past
        "2026-05-04T08:00:00+00:00",  # inside the notice
        "2026-05-04T16:30:00+00:00",  # ends after hours
        "2026-05-09T09:00:00+00:00",  # a Saturday
        "2026-09-01T09:00:00+00:00",  # beyond the horizon
        "2026-05-05T08:00:30+00:00",
    ],
)
def test_times_outside_the_rules_are_refused(tunde, frozen, instant):
    frozen(MONDAY + timedelta(seconds=1))
    with pytest.raises(Invalid) as refused:
        check_bookable(tunde, at(instant), 60)
    assert refused.value.code == "bad_time"
    assert list(refused.value.errors) == ["scheduledAt"]


def test_a_time_by_the_rules_is_bookable_and_gives_the_break(tunde, frozen):
    frozen(MONDAY)
    set_availability(tunde, buffer_minutes=15)
    assert check_bookable(tunde, at("2026-05-05T08:30Z"), 60).buffer_minutes == 15


def test_a_time_without_a_zone_is_refused(tunde):
    with pytest.raises(Invalid):
        check_bookable(tunde, datetime(2026, 5, 5, 9, 0), 60)  # noqa: DTZ001
