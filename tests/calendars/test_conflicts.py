"""Sessions that were booked before hours changed: they stay, and the tutor is told which they are."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters, release_time, take_time
from oluko.calendars.conflicts import Conflict, conflicts_of
from oluko.calendars.models import Availability, Claim

MONDAY = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)  # 07:00 in Lagos
NINE = datetime(2026, 5, 5, 8, 0, tzinfo=UTC)  # 09:00 on Tuesday
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def monday(frozen):
    frozen(MONDAY)


def session(tutor, student, start=NINE, *, buffer=0, expires_at=None) -> uuid.UUID:
    booking = uuid.uuid4()
    holds = {tutor.pk: quarters(start, 60 + buffer), student.pk: quarters(start, 60)}
    take_time(booking, holds, teacher=tutor.pk, expires_at=expires_at)
    return booking


def test_what_lies_in_the_hours_is_no_conflict(tunde, ada, django_assert_num_queries):
    session(tunde, ada)
    # Off the steps, over two ranges that touch, with a break that reaches beyond the hours, on a full day, tomorrow.
    session(tunde, ada, NINE + HOUR * 2 + timedelta(minutes=15), buffer=60)
    set_availability(
        tunde,
        weekly={"tue": [["09:00", "10:00"], ["10:00", "11:30"], ["11:30", "12:15"]]},
        slot_step_minutes=60,
        minimum_notice_hours=168,
        horizon_days=1,
        daily_cap=1,
    )
    with django_assert_num_queries(2):
        assert conflicts_of(tunde) == []


def test_sessions_outside_new_hours_are_listed_and_stay_as_they_are(tunde, ada, bola):
    outside, half, inside = (
        session(tunde, ada, NINE, buffer=30),
        session(tunde, bola, NINE + 2 * HOUR),
        session(tunde, ada, NINE + 4 * HOUR),
    )
    before = list(Claim.objects.order_by("pk").values())
    set_availability(tunde, weekly={"tue": [["11:30", "17:00"]]}, buffer_minutes=60)
    # Ended by the session, not by the break after it.
    assert conflicts_of(tunde) == [
        Conflict(outside, NINE, NINE + HOUR, "hours"),
        Conflict(half, NINE + 2 * HOUR, NINE + 3 * HOUR, "hours"),
    ]
    assert inside not in {each.booking_id for each in conflicts_of(tunde)}
    assert list(Claim.objects.order_by("pk").values()) == before


def test_a_day_off_and_another_zone_are_noticed(tunde, ada):
    booking = session(tunde, ada)
    set_availability(tunde, exceptions=[{"date": "2026-05-05", "ranges": []}])
    assert [each.booking_id for each in conflicts_of(tunde)] == [booking]
    set_availability(tunde, exceptions=[], timezone="America/New_York")
    assert [each.why for each in conflicts_of(tunde)] == ["hours"]
    set_availability(tunde, timezone="Europe/London", weekly={"tue": [["09:00", "10:00"]]})
    assert conflicts_of(tunde) == []


def test_busy_elsewhere_over_a_session_is_noticed_and_over_its_break_is_not(tunde, ada, bola):
    first, _second = session(tunde, ada, buffer=30), session(tunde, bola, NINE + 3 * HOUR, buffer=30)
    set_availability(tunde, buffer_minutes=30)
    spans = [quarters(NINE + HOUR - timedelta(minutes=15), 30), quarters(NINE + 4 * HOUR, 30)]
    Availability.objects.update(outside_busy=[[each.start, each.stop] for each in spans])
    assert [(each.booking_id, each.why) for each in conflicts_of(tunde)] == [(first, "outside_busy")]


def test_past_ended_lapsed_and_other_peoples_sessions_are_not_listed(tunde, mei, ada, bola):
    session(tunde, ada, MONDAY - HOUR)
    session(mei, tunde, NINE)
    session(tunde, bola, NINE + HOUR, expires_at=MONDAY)
    release_time(session(tunde, ada, NINE + 5 * HOUR))
    coming = session(tunde, bola, NINE + 8 * HOUR, expires_at=MONDAY + HOUR)
    set_availability(tunde, weekly={})
    assert [each.booking_id for each in conflicts_of(tunde)] == [coming]


def test_a_session_over_midnight_between_two_open_days_is_no_conflict(tunde, ada):
    late = session(tunde, ada, NINE.replace(hour=22, minute=30))  # 23:30 in Lagos
    set_availability(tunde, weekly={"tue": [["22:00", "24:00"]], "wed": [["00:00", "01:00"]]})
    assert conflicts_of(tunde) == []
    set_availability(tunde, weekly={"tue": [["22:00", "24:00"]], "wed": [["00:15", "01:00"]]})
    assert [each.booking_id for each in conflicts_of(tunde)] == [late]
