"""Approve, reject, cancel, expire, pay, move and answer at the same moment: one of them happens, after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from oluko.accounts.models import Person
from oluko.accounts.people import issue_token
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due, lapse_one
from oluko.bookings.models import LIVE, Booking, Status
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.ledger.models import Transfer
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, Refund
from oluko.payments.release import release_due
from tests.cast import make_person
from tests.databases import Copy
from tests.paying import attempt, charge_for, pay
from tests.racing import Run, run_processes, run_rounds, run_threads
from tests.serving import Site
from tests.times import next_monday

HOUR = timedelta(hours=1)
PAID = 1  # Payment raises the version, as each new state and each move does.
ANY_TIME = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

type Deed = Callable[[], object]
type Take = Callable[[BookingMode, int], list[Booking]]
in_threads_and_processes = pytest.mark.parametrize("run", [run_threads, run_processes], ids=["threads", "processes"])


@pytest.fixture
def take(database_copy: Copy, tunde: Person, offering: Offering) -> Take:
    """`take(mode, count)` are so many bookings of different students, three hours apart from start to start."""
    set_availability(tunde, weekly=ANY_TIME, slot_step_minutes=15, horizon_days=365)

    def bookings(mode: BookingMode, count: int) -> list[Booking]:
        terms = offered_terms(offering.pk)
        return [
            book(make_person(f"Student{n} Racing"), terms, mode=mode, scheduled_at=next_monday() + 3 * HOUR * n)
            for n in range(count)
        ]

    return bookings


def came_of(deed: Deed) -> str:
    """`done`, or `conflict`, which is 409 on the wire. Anything else fails the test."""
    try:
        deed()
    except Conflict:
        return "conflict"
    return "done"


def race(run: Run, rounds: list[list[Deed]]) -> list[list[str]]:
    """For each round and each of its deeds what came of it, all deeds of a round being done at once."""
    return run_rounds(run, [[partial(came_of, deed) for deed in deeds] for deeds in rounds])


def pass_deadline(booking: Booking) -> None:
    """The time to answer, or to pay, is over at this moment, and the sweep finds it; Conflict if there was none."""
    Booking.objects.filter(pk=booking.pk, status="PENDING_MENTOR_REVIEW").update(approval_deadline=booking.created_at)
    Booking.objects.filter(pk=booking.pk, status="SCHEDULED").update(pay_by=booking.created_at)
    if not lapse_one(booking.pk):
        raise Conflict("moved_on", "Nothing had lapsed.")


def states(booking: Booking, subject: str = "booking") -> list[str]:
    """What the audit trail says the booking went through; each row goes on where the one before it ended."""
    entries = trail(subject, str(booking.pk))
    assert all(before.to_state == after.from_state for before, after in pairwise(entries))
    return [entry.to_state for entry in entries]


@in_threads_and_processes
def test_one_answer_to_a_request_and_409_to_the_losers(run: Run, take: Take, tunde: Person, scale: int) -> None:
    """500 races (a tenth: 50) of approve, reject, cancel and expire: one way out of waiting, one audit row for it."""
    asked = take(BookingMode.REQUEST, 50 * scale)
    rounds: list[list[Deed]] = [
        [
            partial(approve_request, tunde, booking.pk),
            partial(reject_request, tunde, booking.pk, reason="No"),
            partial(cancel_booking, booking.student, booking.pk),
            partial(pass_deadline, booking),
        ]
        for booking in asked
    ]
    for booking, outcomes in zip(asked, race(run, rounds), strict=True):
        booking.refresh_from_db()
        passed = states(booking)
        # An approved request may be cancelled, or lapse, a moment later; every other pair excludes each other.
        assert passed[0] == "PENDING_MENTOR_REVIEW"
        assert len(passed) == 2 or (len(passed) == 3 and passed[1:] == ["SCHEDULED", "CANCELLED"])
        # Whoever comes by, the sweep or a person, may be the one who finds that the deadline has passed.
        by_people = [entry for entry in trail("booking", str(booking.pk))[1:] if entry.actor_id]
        assert outcomes[:3].count("done") == len(by_people)
        assert (booking.status, booking.version) == (passed[-1], len(passed) - 1)
        assert Claim.objects.filter(booking_id=booking.pk).exists() == (booking.status in LIVE)
    assert violations() == []


def test_over_http_one_answer_to_a_request_and_409_to_the_losers(
    served: Site, take: Take, tunde: Person, scale: int
) -> None:
    """50 races (a tenth: 5) at a site of several processes."""
    asked = take(BookingMode.REQUEST, 5 * scale)
    with served.client(issue_token(tunde)) as tutor:
        for booking in asked:
            with served.client(issue_token(booking.student)) as student:
                deeds = [
                    (tutor, "approveMentorshipRequest", {}),
                    (tutor, "rejectMentorshipRequest", {"reason": "No"}),
                    (student, "cancelMentorshipSession", {}),
                ]

                def one(number: int, deeds=deeds, session=str(booking.pk)) -> int:
                    client, action, more = deeds[number]
                    return int(client.post(f"/action/{action}", json={"sessionId": session, **more}).status_code)

                results, errors = run_threads(3, one)
            assert errors == []
            assert Counter(results) == {200: len(states(booking)) - 1, 409: 4 - len(states(booking))}
    assert violations() == []


def test_deadline_and_answer_at_the_same_moment_leave_one_state(
    database_copy: Copy, ada: Person, tunde: Person, offering: Offering, scale: int
) -> None:
    terms = offered_terms(offering.pk)
    for _ in range(10 * scale):
        booking = book(ada, terms, mode=BookingMode.REQUEST, scheduled_at=next_monday())
        Booking.objects.filter(pk=booking.pk).update(approval_deadline=booking.created_at)
        [outcome] = race(run_threads, [[partial(approve_request, tunde, booking.pk), lapse_due, lapse_due]])
        assert outcome[0] == "conflict"
        assert states(booking) == ["PENDING_MENTOR_REVIEW", "REJECTED"]


@in_threads_and_processes
def test_payment_and_end_of_the_hold_at_the_same_moment_never_lose_the_money(run: Run, take: Take, scale: int) -> None:
    """200 cases (a tenth: 20): the session is paid, for its time was free or still its own."""
    held = take(BookingMode.INSTANT, 20 * scale)
    rounds: list[list[Deed]] = []
    for booking in held:
        payment = attempt(booking)
        deed = partial(apply_charge, payment.reference, charge_for(payment))
        rounds.append([deed, deed, partial(pass_deadline, booking)])
    race(run, rounds)
    for booking in held:
        booking.refresh_from_db()
        assert (booking.status, booking.payment_status) == ("SCHEDULED", "PAID")
        assert states(booking) in (["SCHEDULED"], ["SCHEDULED", "CANCELLED", "SCHEDULED"])
    assert violations() == []


@in_threads_and_processes
def test_pay_move_cancel_and_take_at_the_same_moment_never_lose_money_or_time(
    run: Run, take: Take, tunde: Person, bola: Person, offering: Offering, scale: int
) -> None:
    """500 races (a tenth: 50), half of them in processes: two messengers of one payment, a move, a cancellation, and
    a rival for the new time.
    """
    held, terms = take(BookingMode.INSTANT, 25 * scale), offered_terms(offering.pk)
    rounds: list[list[Deed]] = []
    for number, booking in enumerate(held):
        payment, rival = attempt(booking), make_person(f"Rival{number} Racing")
        paid = partial(apply_charge, payment.reference, charge_for(payment))
        later = booking.scheduled_at + HOUR
        rounds.append(
            [
                paid,
                paid,
                partial(reschedule_session, booking.student, booking.pk, later),
                partial(cancel_booking, booking.student, booking.pk) if number % 2 else paid,
                partial(book, rival, terms, mode=BookingMode.INSTANT, scheduled_at=later),
            ]
        )
    outcomes = race(run, rounds)
    for booking, (_, _, moved, _, taken) in zip(held, outcomes, strict=True):
        was = booking.scheduled_at
        booking.refresh_from_db()
        assert booking.scheduled_at == (was + HOUR if moved == "done" else was)
        assert taken == "done" or moved == "done"
        payment = booking.payments.get()
        assert payment.status == Payment.Status.PAID
        if booking.status == "CANCELLED":
            assert Refund.objects.get(payment=payment).amount == payment.amount
        else:
            assert (booking.status, booking.payment_status) == ("SCHEDULED", "PAID")
        # What calendars must learn: each new state, the move, and that it was paid, if it was before it was cancelled.
        fulfilled = Transfer.objects.filter(booking_id=booking.pk, kind="charge_tutor").count()
        assert booking.version == len(states(booking)) - 1 + (moved == "done") + fulfilled
    assert violations() == []


@in_threads_and_processes
def test_moves_proposals_and_cancellations_at_the_same_moment_come_one_after_the_other(
    run: Run, take: Take, tunde: Person, scale: int
) -> None:
    """500 races (a tenth: 50), half of them in processes: each row of the trails goes on where the last one ended."""
    sessions = [pay(booking) for booking in take(BookingMode.INSTANT, 25 * scale)]
    rounds: list[list[Deed]] = []
    for number, session in enumerate(sessions):
        start, student = session.scheduled_at, session.student
        reschedule_session(tunde, session.pk, start + HOUR)
        other: list[Deed] = [
            partial(cancel_booking, student, session.pk),
            partial(cancel_booking, tunde, session.pk),
            partial(reschedule_session, tunde, session.pk, start + 1.5 * HOUR),
        ]
        rounds.append(
            [
                partial(reschedule_session, student, session.pk, start + HOUR / 2),
                partial(reschedule_session, student, session.pk, start - HOUR / 2),
                partial(answer_proposal, student, session.pk, accept=True),
                partial(answer_proposal, student, session.pk, accept=False),
                other[number % 3],
            ]
        )
    outcomes = race(run, rounds)
    for session, (one, two, accepted, declined, _) in zip(sessions, outcomes, strict=True):
        expect_moves_in_order(session, [one, two, accepted].count("done"))
        assert [accepted, declined].count("done") <= 2
    assert violations() == []


def expect_moves_in_order(session: Booking, moves: int) -> None:
    session.refresh_from_db()
    times = states(session, "booking_time")
    assert len(times) == moves
    if times:
        assert datetime.fromisoformat(times[-1]) == session.scheduled_at
        assert trail("booking_time", str(session.pk))[0].from_state != times[-1] or moves > 1
    assert states(session)[-1] == session.status
    assert session.version == PAID + len(states(session)) - 1 + moves
    if session.status == "CANCELLED":
        assert session.proposed_at is None
        assert Refund.objects.get(payment__booking=session).amount == session.price


@in_threads_and_processes
def test_two_words_about_a_session_that_is_over_are_one(
    run: Run, take: Take, tunde: Person, frozen: Callable[[datetime], datetime], scale: int
) -> None:
    """500 races (a tenth: 50), half of them in processes: completed, missed, cancelled by the tutor, or by itself."""
    sessions = [pay(booking) for booking in take(BookingMode.INSTANT, 25 * scale)]
    frozen(sessions[-1].ends_at + 25 * HOUR)
    rounds: list[list[Deed]] = [
        [
            partial(mark_session, tunde, session.pk, Status.COMPLETED),
            partial(mark_session, tunde, session.pk, Status.NO_SHOW),
            partial(cancel_booking, tunde, session.pk),
            complete_unmarked if number % 10 == 9 else release_due,
        ]
        for number, session in enumerate(sessions)
    ]
    outcomes = race(run, rounds)
    for session, (completed, missed, cancelled, _) in zip(sessions, outcomes, strict=True):
        session.refresh_from_db()
        assert states(session) == ["SCHEDULED", session.status]
        by = {"COMPLETED": completed, "NO_SHOW": missed, "CANCELLED": cancelled}
        assert [status for status, outcome in by.items() if outcome == "done"] in ([session.status], [])
        assert Refund.objects.filter(payment__booking=session).exists() == (session.status == "CANCELLED")
    assert violations() == []


def test_lapsed_hold_is_taken_over_by_one_of_many(
    database_copy: Copy, ada: Person, bola: Person, zainab: Person, offering: Offering
) -> None:
    terms, at = offered_terms(offering.pk), next_monday()
    old = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=at)
    past = old.created_at - timedelta(minutes=1)
    Booking.objects.filter(pk=old.pk).update(pay_by=past)
    Claim.objects.filter(booking_id=old.pk).update(expires_at=past)
    people = [bola, zainab] * 4
    [outcome] = race(
        run_threads, [[partial(book, person, terms, mode=BookingMode.INSTANT, scheduled_at=at) for person in people]]
    )
    assert outcome.count("done") == 4  # The winner's four clicks are one booking.
    holders = set(
        Claim.objects.filter(person_id=offering.tutor_id, quarter__in=quarters(at, 60)).values_list(
            "booking_id", flat=True
        )
    )
    assert len(holders) == 1
    assert Booking.objects.get(pk=old.pk).status == "CANCELLED"
