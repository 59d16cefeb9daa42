"""What a tutor may say about working hours, and what is refused."""

from __future__ import annotations

import pytest

from oluko.calendars.availability import availability_of, set_availability
from oluko.calendars.models import Availability
from oluko.core.errors import Invalid, NotAllowed


def test_defaults_are_weekdays_in_the_persons_zone_and_write_nothing(mei):
    found = availability_of(mei)
    assert (found.time_zone, found.weekly["mon"], found.weekly["sat"]) == ("Asia/Shanghai", [["09:00", "17:00"]], [])
    assert not Availability.objects.exists()


def test_what_is_given_changes_and_the_rest_stays(tunde):
    set_availability(tunde, buffer_minutes=30, timezone="Europe/London")
    set_availability(tunde, weekly={"sun": [["00:00", "06:15"], ["06:15", "24:00"]]}, minimum_notice_hours=0)
    found = availability_of(tunde)
    assert (found.time_zone, found.buffer_minutes, found.minimum_notice_hours) == ("Europe/London", 30, 0)
    assert found.weekly["sun"] == [["00:00", "06:15"], ["06:15", "24:00"]]
    assert found.weekly["mon"] == []


def test_a_daily_cap_is_set_and_lifted(tunde):
    assert availability_of(tunde).daily_cap is None
    assert set_availability(tunde, daily_cap=20).daily_cap == 20
    assert set_availability(tunde, buffer_minutes=15).daily_cap == 20
    assert set_availability(tunde, daily_cap=None).daily_cap is None


def test_exceptions_are_replaced_as_a_whole_and_old_ones_forgotten(tunde, frozen):
    from datetime import UTC, datetime

    frozen(datetime(2026, 5, 5, tzinfo=UTC))
    set_availability(tunde, exceptions=[{"date": "2026-05-06", "ranges": []}])
    listed = [{"date": "2026-12-24", "ranges": [["09:00", "12:00"]]}, {"date": "2020-01-01", "ranges": []}]
    set_availability(tunde, exceptions=listed)
    assert availability_of(tunde).exceptions == {"2026-12-24": [["09:00", "12:00"]]}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("timezone", {"timezone": "Lagos"}),
        ("timezone", {"timezone": None}),
        ("weekly", {"weekly": []}),
        ("weekly.monday", {"weekly": {"monday": []}}),
        ("weekly.mon", {"weekly": {"mon": "09:00-12:00"}}),
        ("weekly.mon", {"weekly": {"mon": [["09:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["9:00", "12:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["09:10", "12:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["24:00", "24:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["12:00", "12:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["12:00", "09:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["09:00", "12:00"], ["11:45", "13:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [["14:00", "15:00"], ["09:00", "10:00"]]}}),
        ("weekly.mon", {"weekly": {"mon": [[9, 12]]}}),
        ("weekly.mon", {"weekly": {"mon": [["\u0661\u0662:00", "13:00"]]}}),
        ("exceptions", {"exceptions": {}}),
        ("exceptions.0", {"exceptions": ["2026-05-05"]}),
        ("exceptions.0", {"exceptions": [{"date": "2026-02-30", "ranges": []}]}),
        ("exceptions.0", {"exceptions": [{"date": 5, "ranges": []}]}),
        ("exceptions.1", {"exceptions": [{"date": "2126-05-05", "ranges": []}, {"date": "2126-05-05", "ranges": []}]}),
        ("bufferMinutes", {"buffer_minutes": 10}),
        ("bufferMinutes", {"buffer_minutes": True}),
        ("minimumNoticeHours", {"minimum_notice_hours": 169}),
        ("minimumNoticeHours", {"minimum_notice_hours": -1}),
        ("horizonDays", {"horizon_days": 0}),
        ("horizonDays", {"horizon_days": 366}),
        ("slotStepMinutes", {"slot_step_minutes": 45}),
        ("slotStepMinutes", {"slot_step_minutes": "30"}),
        ("dailyCap", {"daily_cap": 0}),
        ("dailyCap", {"daily_cap": 21}),
        ("dailyCap", {"daily_cap": "4"}),
        ("dailyCap", {"daily_cap": True}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(tunde, field, changes):
    with pytest.raises(Invalid) as refused:
        set_availability(tunde, **changes)
    assert list(refused.value.errors) == [field]
    assert not Availability.objects.exists()


def test_all_that_is_wrong_is_said_at_once(tunde):
    with pytest.raises(Invalid) as refused:
        set_availability(tunde, horizon_days=0, buffer_minutes=7, weekly={"tue": [["x", "y"]], "wed": [[]]})
    assert set(refused.value.errors) == {"horizonDays", "bufferMinutes", "weekly.tue", "weekly.wed"}


def test_students_and_operators_have_no_hours(ada, admin):
    for person in (ada, admin):
        with pytest.raises(NotAllowed):
            set_availability(person, buffer_minutes=15)
