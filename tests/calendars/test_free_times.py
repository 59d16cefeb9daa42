"""Free times from what the database holds: claims, caps, calendars elsewhere, and a booking that is to move."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oluko.calendars.availability import set_availability
from oluko.calendars.claims import TimeTaken, quarters, take_time
from oluko.calendars.models import WEEKDAYS, Availability
from oluko.calendars.slots import check_bookable, check_daily_cap, free_starts, next_free, next_free_of
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid
from tests.calendars.slow_slots import slow_free


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


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


def teach(tutor, student, start, minutes=60, expires_at=None, booking=None):
    """Hold a session's time as a booking does, with no break."""
    booking = booking or uuid.uuid4()
    holds = {tutor.pk: quarters(at(start), minutes), student.pk: quarters(at(start), minutes)}
    take_time(booking, holds, teacher=tutor.pk, expires_at=expires_at)
    return booking


def set_elsewhere(tutor, start, minutes):
    busy = quarters(at(start), minutes)
    Availability.objects.filter(person=tutor).update(outside_busy=[[busy.start, busy.stop]])


def hours_of(found):
    return [each.hour for each in found]


TUESDAY = (at("2026-05-05T00:00Z"), at("2026-05-06T00:00Z"))


@pytest.fixture
def mornings(tunde, frozen):
    """Tunde works from nine to noon, which is 8 to 11 in UTC, by the hour."""
    frozen(MONDAY)
    set_availability(tunde, weekly={"mon": [["09:00", "12:00"]], "tue": [["09:00", "12:00"]]}, slot_step_minutes=60)
    return tunde


def test_busy_elsewhere_is_not_free_and_costs_no_query_more(mornings, django_assert_num_queries):
    set_elsewhere(mornings, "2026-05-05T09:30Z", 30)
    with django_assert_num_queries(2):
        assert hours_of(free_starts(mornings, 60, *TUESDAY)) == [8, 10]


def test_what_is_busy_elsewhere_cannot_be_booked(mornings):
    set_elsewhere(mornings, "2026-05-05T09:00Z", 60)
    with pytest.raises(TimeTaken):
        check_bookable(mornings, at("2026-05-05T09:00Z"), 60)
    check_bookable(mornings, at("2026-05-05T08:00Z"), 60)
    check_bookable(mornings, at("2026-05-05T10:00Z"), 60)
    set_availability(mornings, buffer_minutes=15)
    with pytest.raises(TimeTaken):
        check_bookable(mornings, at("2026-05-05T08:00Z"), 60)
    # A booking that moves keeps the break that it was sold with.
    check_bookable(mornings, at("2026-05-05T08:00Z"), 60, buffer_minutes=0)


def test_a_full_day_offers_nothing_and_refuses(mornings, ada, bola):
    set_availability(mornings, daily_cap=2)
    first = teach(mornings, ada, "2026-05-05T08:00Z")
    assert hours_of(free_starts(mornings, 60, *TUESDAY)) == [9, 10]
    teach(mornings, bola, "2026-05-05T20:00Z", minutes=30)
    assert free_starts(mornings, 60, *TUESDAY) == []
    assert next_free({mornings.pk: 60})[mornings.pk] == at("2026-05-04T09:00Z")
    with pytest.raises(Conflict) as refused:
        check_daily_cap(mornings, at("2026-05-05T10:00Z"))
    assert (refused.value.status, refused.value.code) == (409, "day_full")
    check_daily_cap(mornings, at("2026-05-05T10:00Z"), besides=first)
    check_daily_cap(mornings, at("2026-05-04T10:00Z"))


def test_sessions_that_one_learns_in_and_holds_that_lapsed_do_not_count(mornings, mei, ada):
    set_availability(mornings, daily_cap=1)
    teach(mei, mornings, "2026-05-05T08:00Z")
    teach(mornings, ada, "2026-05-05T09:00Z", expires_at=MONDAY)
    assert hours_of(free_starts(mornings, 60, *TUESDAY)) == [9, 10]
    check_daily_cap(mornings, at("2026-05-05T10:00Z"))


def test_what_began_earlier_today_counts(mornings, ada, frozen):
    set_availability(mornings, daily_cap=1, minimum_notice_hours=0)
    teach(mornings, ada, "2026-05-05T08:00Z", minutes=30)
    frozen(at("2026-05-05T09:30Z"))
    assert free_starts(mornings, 60, *TUESDAY) == []
    assert next_free({mornings.pk: 60})[mornings.pk] == at("2026-05-11T08:00Z")
    with pytest.raises(Conflict):
        check_daily_cap(mornings, at("2026-05-05T10:00Z"))


def test_without_a_cap_a_day_is_full_when_its_hours_are(mornings, ada):
    for hour in ("08", "09"):
        teach(mornings, ada, f"2026-05-05T{hour}:00Z")
    check_daily_cap(mornings, at("2026-05-05T10:00Z"))
    assert hours_of(free_starts(mornings, 60, *TUESDAY)) == [10]


def test_a_booking_that_moves_is_not_in_its_own_way(mornings, ada, django_assert_num_queries):
    set_availability(mornings, daily_cap=1)
    booking = teach(mornings, ada, "2026-05-05T09:00Z")
    assert free_starts(mornings, 60, *TUESDAY, student=ada) == []
    with django_assert_num_queries(2):
        assert hours_of(free_starts(mornings, 60, *TUESDAY, student=ada, ignoring=booking)) == [8, 9, 10]


def test_a_booking_that_moves_keeps_its_own_break(mornings, ada, bola):
    teach(mornings, bola, "2026-05-05T09:00Z")
    set_availability(mornings, buffer_minutes=30)
    assert hours_of(free_starts(mornings, 60, *TUESDAY, student=ada)) == [10]
    assert hours_of(free_starts(mornings, 60, *TUESDAY, student=ada, buffer_minutes=0)) == [8, 10]


def test_a_window_that_is_over_asks_for_no_claims(mornings, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert free_starts(mornings, 60, at("2026-05-01T00:00Z"), at("2026-05-02T00:00Z")) == []


def test_free_times_are_what_the_slow_version_finds(mornings, mei, ada, bola):
    set_availability(mornings, weekly={day: [["07:00", "22:00"]] for day in WEEKDAYS}, buffer_minutes=15, daily_cap=3)
    set_elsewhere(mornings, "2026-05-06T12:00Z", 180)
    for number, start in enumerate(("05T08:00", "05T12:00", "06T08:30", "07T09:00", "07T15:00", "07T17:00")):
        teach(mornings, (ada, bola)[number % 2], f"2026-05-{start}Z", expires_at=(None, MONDAY)[number == 2])
    teach(mei, ada, "2026-05-06T16:00Z")
    window = (at("2026-05-04T00:00Z"), at("2026-05-09T00:00Z"))
    for student in (None, ada, bola):
        found = free_starts(mornings, 60, *window, student=student)
        assert found == slow_free(mornings, 60, *window, clock.now(), student=student)
        assert found
