"""The same time wanted by many, in threads and in processes: nobody is ever in two live bookings at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import close_old_connections

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import LIVE, Booking
from oluko.bookings.requests import approve_request
from oluko.calendars.availability import set_availability
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.core.errors import Conflict, DomainError, TooMany
from oluko.dashboards.invariants import violations
from oluko.meetings.moves import reschedule_session
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from tests.cast import make_offering, make_person
from tests.databases import Copy
from tests.racing import run_processes, run_threads
from tests.serving import Site
from tests.times import next_monday

CLIENTS = 16
QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
ANY_TIME = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed")}

type Run = Callable[..., tuple[list[str], list[BaseException]]]
in_threads_and_processes = pytest.mark.parametrize("run", [run_threads, run_processes], ids=["threads", "processes"])


@pytest.fixture
def students(database_copy: Copy) -> list[Person]:
    return [make_person(f"Student{number} Racing") for number in range(CLIENTS)]


def overlaps() -> list[tuple[Booking, Booking]]:
    """Pairs of live bookings that share a person and a moment, found the slow and obvious way."""
    bookings = list(Booking.objects.filter(status__in=LIVE))

    def until(booking: Booking, person: object) -> datetime:
        after = booking.buffer_minutes if person == booking.tutor_id else 0
        return booking.ends_at + timedelta(minutes=after)

    return [
        (one, other)
        for index, one in enumerate(bookings)
        for other in bookings[index + 1 :]
        for person in {one.tutor_id, one.student_id} & {other.tutor_id, other.student_id}
        if one.scheduled_at < until(other, person) and other.scheduled_at < until(one, person)
    ]


def take(student: Person, offering: Offering, at: datetime, mode: BookingMode = BookingMode.INSTANT) -> Booking:
    return book(student, offered_terms(offering.pk), mode=mode, scheduled_at=at)


def outcome(deed: Callable[[], object]) -> str:
    """`done`, or the code of the refusal. Whatever is no refusal is raised."""
    try:
        deed()
    except DomainError as refusal:
        return refusal.code
    return "done"


@in_threads_and_processes
def test_one_winner_a_time_and_no_overlap(
    run: Callable[..., tuple[list[Counter[str]], list[BaseException]]],
    students: list[Person],
    mei: Person,
    tunde: Person,
    offering: Offering,
    scale: int,
) -> None:
    """16 clients × 100 overlapping tries (a tenth: × 10) to book, move and cancel, at two tutors whose hours meet."""
    set_availability(tunde, weekly=ANY_TIME, slot_step_minutes=15)
    set_availability(mei, weekly=ANY_TIME, slot_step_minutes=15, timezone="Africa/Lagos", buffer_minutes=15)
    offers = [offering, make_offering(mei, title="Data review", duration=45)]

    def tries(number: int) -> Counter[str]:
        chance, student, seen = random.Random(number), students[number], Counter[str]()
        mine: list[Booking] = []
        for _ in range(10 * scale):
            at = next_monday() + QUARTER * chance.randrange(16)
            deed = chance.choice(["book", "book", "move", "cancel"]) if mine else "book"
            try:
                if deed == "book":
                    mine.append(take(student, chance.choice(offers), at, chance.choice(list(BookingMode))))
                elif deed == "move":
                    reschedule_session(student, chance.choice(mine).pk, at)
                else:
                    cancel_booking(student, mine.pop(chance.randrange(len(mine))).pk)
                seen[f"{deed} done"] += 1
            except (Conflict, TooMany) as refusal:
                seen[refusal.code] += 1
            # As after a request: PostgreSQL's pool has fewer connections than there are clients.
            close_old_connections()
        return seen

    results, errors = run(CLIENTS, tries)
    assert errors == []
    assert overlaps() == []
    assert violations() == []
    seen = sum(results, Counter[str]())
    # Moves that find room are rare: in a tenth there may be none.
    wanted = ["book done", "cancel done", "time_taken", *(["move done"] if scale > 1 else [])]
    assert all(seen[what] for what in wanted), seen


@in_threads_and_processes
def test_exactly_one_of_sixteen_wins_one_time(run: Run, students: list[Person], offering: Offering) -> None:
    """By turns: all want it at once, all ask for it, half of them each."""
    for hour, modes in enumerate((["INSTANT"], ["REQUEST"], ["INSTANT", "REQUEST"])):
        at, turns = next_monday(9 + hour), [BookingMode(mode) for mode in modes]

        def one_try(number: int, at: datetime = at, turns: list[BookingMode] = turns) -> str:
            return outcome(lambda: take(students[number], offering, at, turns[number % len(turns)]))

        results, errors = run(CLIENTS, one_try)
        assert errors == []
        assert Counter(results) == {"done": 1, "time_taken": CLIENTS - 1}


@in_threads_and_processes
def test_two_requests_for_one_time_are_never_both_approved(
    run: Run, students: list[Person], tunde: Person, offering: Offering
) -> None:
    """A request holds its time: the second is refused before anyone could approve it, a quarter hour apart too."""
    set_availability(tunde, slot_step_minutes=15)
    for hour, apart in ((8, 0), (10, 1), (13, 3)):
        times = [next_monday(hour), next_monday(hour) + QUARTER * apart]

        def ask_and_approve(number: int, times: list[datetime] = times) -> str:
            def both() -> None:
                booking = take(students[number], offering, times[number % 2], BookingMode.REQUEST)
                approve_request(tunde, booking.pk)

            return outcome(both)

        results, errors = run(CLIENTS, ask_and_approve)
        assert errors == []
        assert Counter(results) == {"done": 1, "time_taken": CLIENTS - 1}
        approved = Booking.objects.filter(scheduled_at__in=times, status="SCHEDULED")
        assert approved.count() == 1


@in_threads_and_processes
def test_a_request_that_lapsed_and_its_successor_are_never_both_approved(
    run: Run, students: list[Person], tunde: Person, offering: Offering
) -> None:
    """The old one is past its deadline and nobody has swept it; both are approved at the same moment."""
    for hour in (9, 12, 15):
        old = take(students[0], offering, next_monday(hour), BookingMode.REQUEST)
        Booking.objects.filter(pk=old.pk).update(approval_deadline=old.created_at)
        Claim.objects.filter(booking_id=old.pk).update(expires_at=old.created_at)

        def answer(number: int, old: Booking = old) -> str:
            if number % 2:
                return outcome(lambda: approve_request(tunde, old.pk))
            ours = students[number + 1]
            return outcome(
                lambda: approve_request(tunde, take(ours, offering, old.scheduled_at, BookingMode.REQUEST).pk)
            )

        results, errors = run(8, answer)
        assert errors == []
        assert Counter(results) == {"done": 1, "time_taken": 3, "not_waiting": 4}
        assert Booking.objects.get(pk=old.pk).status == "REJECTED"
    assert overlaps() == []
    assert violations() == []


@in_threads_and_processes
@pytest.mark.parametrize("cap", [1, 3])
def test_a_day_of_n_sessions_has_exactly_n_winners(
    run: Run, students: list[Person], tunde: Person, offering: Offering, cap: int
) -> None:
    """Half of them book a time of that day, the others move their session there; no two want the same time."""
    set_availability(tunde, weekly=ANY_TIME, slot_step_minutes=15)
    times = [next_monday(2) + 1.25 * HOUR * number for number in range(CLIENTS)]
    moved = {number: take(students[number], offering, times[number] + DAY) for number in range(0, CLIENTS, 2)}
    set_availability(tunde, daily_cap=cap)

    def one_try(number: int) -> str:
        if number in moved:
            return outcome(lambda: reschedule_session(students[number], moved[number].pk, times[number]))
        return outcome(lambda: take(students[number], offering, times[number]))

    results, errors = run(CLIENTS, one_try)
    assert errors == []
    assert Counter(results) == {"done": cap, "day_full": CLIENTS - cap}
    assert Booking.objects.filter(scheduled_at__in=times).count() == cap
    assert violations() == []


@in_threads_and_processes
def test_many_move_to_one_time_and_one_gets_there(
    run: Run, students: list[Person], tunde: Person, offering: Offering
) -> None:
    """The losers keep what they have."""
    set_availability(tunde, weekly=ANY_TIME)
    held = [take(student, offering, next_monday(1) + DAY + HOUR * number) for number, student in enumerate(students)]
    at = next_monday()

    results, errors = run(CLIENTS, lambda n: outcome(lambda: reschedule_session(students[n], held[n].pk, at)))
    assert errors == []
    assert Counter(results) == {"done": 1, "time_taken": CLIENTS - 1}
    ends = Booking.objects.in_bulk([row.pk for row in held])
    assert [ends[row.pk].scheduled_at for row in held] == [
        at if result == "done" else row.scheduled_at for row, result in zip(held, results, strict=True)
    ]
    assert violations() == []


@in_threads_and_processes
def test_two_who_swap_their_times_wait_for_no_one_for_ever(
    run: Run, students: list[Person], tunde: Person, offering: Offering
) -> None:
    """Each wants what the other holds: all are refused, and nobody loses a time."""
    set_availability(tunde, weekly=ANY_TIME)
    held = [take(student, offering, next_monday(1) + HOUR * number) for number, student in enumerate(students)]

    def swap(number: int) -> str:
        return outcome(lambda: reschedule_session(students[number], held[number].pk, held[number ^ 1].scheduled_at))

    results, errors = run(CLIENTS, swap)
    assert errors == []
    assert Counter(results) == {"time_taken": CLIENTS}
    assert violations() == []


def test_over_http_one_winner_a_time_and_no_server_error(
    served: Site, students: list[Person], tunde: Person, offering: Offering, scale: int
) -> None:
    """16 clients × 100 tries (a tenth: × 10) at a site of several processes, whose own workers run meanwhile."""
    set_availability(tunde, weekly=ANY_TIME, slot_step_minutes=15, buffer_minutes=15)
    tokens = [issue_token(student) for student in students]

    def tries(number: int) -> Counter[str]:
        chance, seen, mine = random.Random(number), Counter[str](), list[str]()
        with served.client(tokens[number]) as client:
            for _ in range(10 * scale):
                at = clock.iso(next_monday() + DAY * chance.randrange(3) + QUARTER * chance.randrange(48))
                deed = chance.choice(["book", "move", "cancel"]) if mine else "book"
                if deed == "book":
                    asked = {"offeringId": str(offering.pk), "bookingMode": chance.choice(BookingMode.values)}
                    answer = client.post("/action/beginMentorshipCheckout", json=asked | {"scheduledAt": at})
                    if answer.status_code == 200:
                        mine.append(answer.json()["session"]["id"])
                elif deed == "move":
                    asked = {"sessionId": chance.choice(mine), "scheduledAt": at}
                    answer = client.post("/action/rescheduleMentorshipSession", json=asked)
                else:
                    asked = {"sessionId": mine.pop(chance.randrange(len(mine)))}
                    answer = client.post("/action/cancelMentorshipSession", json=asked)
                seen[f"{deed} {answer.status_code}"] += 1
        return seen

    results, errors = run_threads(CLIENTS, tries, timeout=600)
    assert errors == []
    seen = sum(results, Counter[str]())
    assert {what.split()[1] for what in seen} <= {"200", "409", "429"}, seen
    assert all(seen[f"{deed} 200"] for deed in ("book", "move", "cancel")), seen
    assert overlaps() == []
    assert violations() == []


@in_threads_and_processes
def test_double_click_of_one_student_is_one_booking(
    run: Callable[..., tuple[list[object], list[BaseException]]], database_copy: Copy, ada: Person, offering: Offering
) -> None:
    results, errors = run(8, lambda _: take(ada, offering, next_monday()).pk)
    assert errors == []
    assert len(set(results)) == 1


@in_threads_and_processes
def test_student_with_many_tabs_holds_three_times_at_most(
    run: Run, database_copy: Copy, ada: Person, offering: Offering
) -> None:
    results, errors = run(8, lambda number: outcome(lambda: take(ada, offering, next_monday(8 + number))))
    assert errors == []
    assert Counter(results) == {"done": 3, "too_many_holds": 5}
