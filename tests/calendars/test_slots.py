"""Bookable times without a database: each stated rule by an example."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from oluko.calendars.claims import quarters
from oluko.calendars.slots import Hours, bookable_starts

NINE_TO_FIVE = ((9 * 60, 17 * 60),)
ALL_DAY = ((0, 24 * 60),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def daily(zone: str, *ranges: tuple[int, int], **rules) -> Hours:
    return Hours(zone=ZoneInfo(zone), week=(ranges,) * 7, **({"horizon_days": 365} | rules))


def starts(hours: Hours, start: str, end: str, *, duration=60, taken=(), now, busy=(), taught=()):
    held = {"taken": taken, "busy": busy, "taught": taught}
    found = bookable_starts(hours, duration=duration, start=at(start), end=at(end), now=at(now), **held)
    return [f"{each:%d %H:%M}" for each in found]


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


def test_busy_elsewhere_blocks_as_a_booking_does_and_the_break_too():
    elsewhere = quarters(at("2026-05-05T11:00Z"), 60)
    hours = daily("Africa/Lagos", (600, 840), buffer_minutes=30, outside_busy=((elsewhere.start, elsewhere.stop),))
    window = {"start": "2026-05-05T00:00Z", "end": "2026-05-06T00:00Z", "now": "2026-05-01T00:00Z"}
    assert starts(hours, **window) == ["05 09:00", "05 09:30", "05 12:00"]
    assert starts(hours, **window) == starts(
        daily("Africa/Lagos", (600, 840), buffer_minutes=30), taken=elsewhere, **window
    )


def test_busy_elsewhere_for_weeks_leaves_nothing():
    first = quarters(at("2026-01-01T00:00Z"), 15).start
    hours = daily("Africa/Lagos", *NINE_TO_FIVE, outside_busy=((first, first + 96 * 365),))
    assert starts(hours, "2026-05-05T00:00Z", "2026-05-12T00:00Z", now="2026-05-01T00:00Z") == []


def test_a_day_with_enough_sessions_has_no_more_starts():
    begun = [quarters(at(f"2026-05-05T{hour}:00Z"), 15).start for hour in ("08", "15")]
    window = {"start": "2026-05-05T00:00Z", "end": "2026-05-07T00:00Z", "now": "2026-05-01T00:00Z"}
    hours = {"step_minutes": 60, "exceptions": {date(2026, 5, 6): ((540, 660),)}}
    capped = daily("Africa/Lagos", *NINE_TO_FIVE, daily_cap=2, **hours)
    assert starts(capped, taught=begun, **window) == ["06 08:00", "06 09:00"]
    assert len(starts(capped, taught=begun[:1], **window)) == 10
    assert len(starts(daily("Africa/Lagos", *NINE_TO_FIVE, **hours), taught=begun, **window)) == 10


def test_the_cap_counts_by_the_date_of_the_tutors_zone():
    # 10:30Z on 4 May is 00:30 on 5 May in Kiritimati, and 11:00Z is 01:00 there.
    late = quarters(at("2026-05-04T10:30Z"), 15).start
    hours = daily("Pacific/Kiritimati", (60, 120), daily_cap=1)
    window = {"start": "2026-05-03T00:00Z", "end": "2026-05-06T00:00Z", "now": "2026-05-01T00:00Z"}
    assert starts(hours, taught=[late], **window) == ["03 11:00", "05 11:00"]


def test_a_session_over_midnight_counts_on_the_day_it_begins():
    over = quarters(at("2026-05-05T22:30Z"), 15).start  # 23:30 in Lagos, and on into 6 May
    hours = daily("Africa/Lagos", (540, 600), daily_cap=1)
    window = {"start": "2026-05-05T00:00Z", "end": "2026-05-07T00:00Z", "now": "2026-05-01T00:00Z"}
    assert starts(hours, taught=[over], **window) == ["06 08:00"]


def test_a_range_that_ends_at_a_time_shown_twice_ends_with_the_first():
    hours = daily("Europe/London", (0, 90))  # until 01:30, first shown at 00:30Z
    found = starts(hours, "2026-10-24T12:00Z", "2026-10-25T12:00Z", duration=30, now="2026-10-01T00:00Z")
    assert found == ["24 23:00", "24 23:30", "25 00:00"]


def test_a_session_that_clocks_are_put_back_in_lasts_its_own_time():
    # 00:30 to 02:00 by the wall is two and a half hours that night.
    hours = daily("Europe/London", (30, 120))
    found = starts(hours, "2026-10-24T12:00Z", "2026-10-25T12:00Z", duration=120, now="2026-10-01T00:00Z")
    assert found == ["24 23:30", "25 00:00"]


def test_clocks_put_forward_at_midnight_take_the_first_hour():
    # Cairo, 24 April 2026: 00:00 becomes 01:00.
    hours = daily("Africa/Cairo", (0, 120), step_minutes=60)
    found = starts(hours, "2026-04-23T20:00Z", "2026-04-24T12:00Z", now="2026-04-01T00:00Z")
    assert found == ["23 22:00"]


def test_clocks_put_back_at_midnight_repeat_the_last_hour():
    # Cairo, 29 October 2026: instead of 24:00 it is 23:00 again, so that the last hour of the day lasts two.
    hours = daily("Africa/Cairo", (1320, 1440), step_minutes=60)
    found = starts(hours, "2026-10-29T12:00Z", "2026-10-30T12:00Z", duration=120, now="2026-10-01T00:00Z")
    assert found == ["29 19:00", "29 20:00"]


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
