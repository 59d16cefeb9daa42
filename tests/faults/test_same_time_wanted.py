"""The same time wanted by many: nobody is ever in two live bookings at once."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import LIVE, Booking
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import TimeTaken
from oluko.calendars.models import Claim
from oluko.core.errors import TooMany
from oluko.offerings.models import BookingMode, Offering
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.racing import run_threads
from tests.times import next_monday

CLIENTS = 16
QUARTER = timedelta(minutes=15)


def overlaps(bookings: list[Booking]) -> list[tuple[Booking, Booking]]:
    """Pairs of live bookings that share a person and a moment, found the slow and obvious way."""
    return [
        (one, other)
        for index, one in enumerate(bookings)
        for other in bookings[index + 1 :]
        if {one.tutor_id, one.student_id} & {other.tutor_id, other.student_id}
        and one.scheduled_at < other.ends_at
        and other.scheduled_at < one.ends_at
    ]


def claims_of(booking: Booking) -> int:
    return (2 * booking.duration + booking.buffer_minutes) // 15


def test_one_winner_a_time_and_no_overlap(
    database_copy: Copy, tunde: Person, mei: Person, offering: Offering, scale: int
) -> None:
    """16 clients × 100 overlapping tries (a tenth: × 10) at two tutors whose hours meet."""
    week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed")}
    set_availability(tunde, weekly=week, slot_step_minutes=15)
    set_availability(mei, weekly=week, slot_step_minutes=15, timezone="Africa/Lagos")
    offers = [offering, make_offering(mei, title="Data review", duration=45)]
    students = [make_person(f"Student{number} Racing") for number in range(CLIENTS)]
    start = next_monday()

    def tries(number: int) -> Counter[str]:
        chance, seen = random.Random(number), Counter[str]()
        for _ in range(10 * scale):
            wanted = chance.choice(offers)
            at = start + QUARTER * chance.randrange(16)
            try:
                book(students[number], offered_terms(wanted.pk), mode=BookingMode.INSTANT, scheduled_at=at)
                seen["won"] += 1
            except (TimeTaken, TooMany) as refusal:
                seen[refusal.code] += 1
        return seen

    results, errors = run_threads(CLIENTS, tries)
    assert errors == []
    live = list(Booking.objects.filter(status__in=LIVE))
    assert overlaps(live) == []
    assert Claim.objects.count() == sum(map(claims_of, live))
    assert sum(results, Counter[str]())["time_taken"] > 0
    assert live


@pytest.mark.parametrize("rounds", [3])
def test_exactly_one_of_sixteen_wins_one_time(database_copy: Copy, offering: Offering, rounds: int) -> None:
    students = [make_person(f"Student{number} Racing") for number in range(CLIENTS)]
    for hour in range(rounds):
        at = next_monday(9 + hour)

        def one_try(number: int, at=at) -> str:
            try:
                book(students[number], offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)
            except TimeTaken:
                return "lost"
            return "won"

        results, errors = run_threads(CLIENTS, one_try)
        assert errors == []
        assert Counter(results)["won"] == 1


def test_double_click_of_one_student_is_one_booking(database_copy: Copy, ada: Person, offering: Offering) -> None:
    at = next_monday()
    results, errors = run_threads(
        8, lambda _: book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at).pk
    )
    assert errors == []
    assert len(set(results)) == 1


def test_student_with_many_tabs_holds_three_times_at_most(database_copy: Copy, ada: Person, offering: Offering) -> None:
    def one_try(number: int) -> str:
        try:
            book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=next_monday(8 + number))
        except TooMany:
            return "refused"
        return "held"

    results, errors = run_threads(8, one_try)
    assert errors == []
    assert Counter(results) == {"held": 3, "refused": 5}
