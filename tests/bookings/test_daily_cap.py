"""A tutor's cap of sessions a day: told before, kept when many book at once, and never in the way of money."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking, Status
from oluko.calendars.availability import set_availability
from oluko.calendars.models import Availability, Claim
from oluko.core.errors import Conflict
from oluko.offerings.models import BookingMode, Offering
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.paying import pay
from tests.racing import run_processes, run_threads
from tests.times import next_monday

HOUR = timedelta(hours=1)


@pytest.mark.django_db
def test_a_full_day_is_refused_and_the_next_is_not(hold, at, ada, bola, tunde) -> None:
    set_availability(tunde, daily_cap=1)
    hold(ada)
    with pytest.raises(Conflict) as refused:
        hold(bola, at + 2 * HOUR)
    assert (refused.value.status, refused.value.code) == (409, "day_full")
    assert hold(bola, at + timedelta(days=1)).status == Status.SCHEDULED
    # Two tabs of the same student still meet in the one booking that there is.
    assert hold(ada).scheduled_at == at


@pytest.mark.django_db
def test_a_request_counts_from_the_day_it_is_asked_and_every_offering_alike(hold, ask, at, ada, bola, tunde) -> None:
    set_availability(tunde, daily_cap=1)
    ask(ada)
    other = make_offering(tunde, title="Half an hour", duration=30)
    with pytest.raises(Conflict):
        book(bola, offered_terms(other.pk), mode=BookingMode.INSTANT, scheduled_at=at + 3 * HOUR)


@pytest.mark.django_db
def test_a_lapsed_hold_makes_room_at_once_and_paying_it_late_is_no_question_of_the_cap(
    hold, at, ada, bola, tunde, frozen
) -> None:
    set_availability(tunde, daily_cap=1)
    first = hold(ada)
    frozen.advance(timedelta(minutes=16))
    second = hold(bola, at + 2 * HOUR)
    lapse_due()
    assert pay(first).status == Status.SCHEDULED
    assert pay(second).status == Status.SCHEDULED
    assert Claim.objects.filter(person=tunde, opens=True).count() == 2


@pytest.mark.django_db
def test_a_lower_cap_and_other_hours_touch_nothing_that_is_booked(hold, at, ada, bola, tunde) -> None:
    booked = [pay(hold(ada)), hold(bola, at + 2 * HOUR)]
    rows = list(Booking.objects.order_by("pk").values())
    claims = list(Claim.objects.order_by("pk").values())
    set_availability(
        tunde, daily_cap=1, weekly={}, timezone="Asia/Shanghai", buffer_minutes=60, minimum_notice_hours=168
    )
    Availability.objects.update(outside_busy=[[claims[0]["quarter"], claims[0]["quarter"] + 96]])
    assert list(Booking.objects.order_by("pk").values()) == rows
    assert list(Claim.objects.order_by("pk").values()) == claims
    # And what was held can still be paid.
    assert pay(booked[1]).status == Status.SCHEDULED


@pytest.mark.parametrize("run", [run_threads, run_processes])
def test_sixteen_at_once_get_no_more_sessions_than_the_day_has_room_for(
    run, database_copy: Copy, tunde: Person, offering: Offering
) -> None:
    """Different times, so that no claim is in another's way: only the count refuses."""
    week = {"mon": [["00:00", "24:00"]]}
    set_availability(tunde, weekly=week, slot_step_minutes=60, daily_cap=3)
    students = [make_person(f"Student{number} Racing") for number in range(16)]

    def one_try(number: int) -> str:
        try:
            at = next_monday(3) + number * HOUR
            book(students[number], offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)
        except Conflict as refusal:
            return refusal.code
        return "won"

    results, errors = run(16, one_try)
    assert errors == []
    assert Counter(results) == {"won": 3, "day_full": 13}
    assert Claim.objects.filter(person=tunde, opens=True).count() == 3
