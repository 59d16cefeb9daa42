"""A move against everything else that may happen to its booking, or to its time, at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import LIVE, Booking, PaymentStatus, Status
from oluko.bookings.moves import moves_of
from oluko.bookings.requests import approve_request
from oluko.bookings.sessions import mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.core.errors import DomainError
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from tests.cast import make_offering
from tests.paying import attempt, charge_for, pay
from tests.racing import run_threads

pytestmark = pytest.mark.usefixtures("database_copy")

ROUNDS = 5
HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
# "too_early": who starts it reads it when it has just moved to another week.
REFUSALS = {"time_taken", "moved_on", "has_started", "no_proposal", "too_early"}

type Take = Callable[..., Booking]


def race(*deeds: Callable[[], object]) -> list[str]:
    """Do all of it at once; `done` or the code of the refusal for each. Anything but a refusal fails the test."""

    def attempt_of(number: int) -> str:
        try:
            deeds[number]()
        except DomainError as refusal:
            return refusal.code
        return "done"

    outcomes, errors = run_threads(len(deeds), attempt_of)
    assert errors == []
    assert set(outcomes) <= REFUSALS | {"done"}
    return outcomes


def check(*bookings: Booking) -> list[Booking]:
    """What must hold after any race: claims are just those of live bookings, nobody is in two places, every move is
    in the trail and told once. The bookings as they are now."""
    assert violations() == []
    fresh = [Booking.objects.get(pk=booking.pk) for booking in bookings]
    for booking in fresh:
        held = set(
            Claim.objects.filter(booking_id=booking.pk, person=booking.student).values_list("quarter", flat=True)
        )
        live = booking.status in LIVE
        assert held == (set(quarters(booking.scheduled_at, booking.duration)) if live else set())
        assert booking.ends_at == booking.scheduled_at + timedelta(minutes=booking.duration)
        moves = moves_of(booking)
        assert all(one.after == other.before for one, other in pairwise(moves))
        assert not moves or moves[-1].after == booking.scheduled_at
        transitions = [entry for entry in trail("booking", str(booking.pk)) if entry.from_state]
        # A payment raises it too, unless it came with the transition that revived the booking.
        revived = any(entry.why == "PAID_AFTER_HOLD" for entry in transitions)
        paid = booking.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED) and not revived
        assert booking.version == len(moves) + len(transitions) + paid
        told = Notification.objects.filter(kind="moved", booking_id=booking.pk)
        assert told.count() == 2 * len(moves)
    return fresh


def unpaid(booking: Booking) -> Booking:
    """A hold that is still to be paid, with the attempt whose charge is about to come."""
    attempt(booking)
    return booking


def charge(booking: Booking) -> bool:
    payment = booking.payments.get()
    return apply_charge(payment.reference, charge_for(payment))


def test_one_session_moved_to_two_times_at_once_is_at_one_of_them(ada: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    for number in range(ROUNDS):
        day = at + DAY * (number % 2)
        outcomes = race(*(partial(reschedule_session, ada, booking.pk, day + step) for step in (HOUR, 3 * HOUR)))
        assert "done" in outcomes
        (fresh,) = check(booking)
        assert fresh.scheduled_at in (day + HOUR, day + 3 * HOUR)


def test_a_double_click_is_one_move(ada: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    for number in range(1, ROUNDS):
        wanted = at + (number % 4) * HOUR
        assert race(*[partial(reschedule_session, ada, booking.pk, wanted)] * 4) == ["done"] * 4
        (fresh,) = check(booking)
        assert fresh.version == booking.version + number


def test_a_move_and_a_cancellation_leave_a_cancelled_session(
    ada: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    for number in range(ROUNDS):
        booking = pay(hold(ada))
        by = (ada, tunde)[number % 2]
        outcomes = race(
            partial(reschedule_session, ada, booking.pk, at + DAY),
            partial(cancel_booking, by, booking.pk),
        )
        assert outcomes[1] == "done"
        (fresh,) = check(booking)
        assert (fresh.status, fresh.refunded) == ("CANCELLED", fresh.price)
        assert len(moves_of(fresh)) == outcomes[:1].count("done")


def test_a_move_and_the_payment_both_come_through(ada: Person, hold: Take, at: datetime) -> None:
    for number in range(ROUNDS):
        booking = unpaid(hold(ada, at + DAY * (number % 3)))
        wanted = booking.scheduled_at + 3 * HOUR
        outcomes = race(partial(reschedule_session, ada, booking.pk, wanted), partial(charge, booking))
        assert outcomes == ["done", "done"]
        (fresh,) = check(booking)
        assert (fresh.status, fresh.payment_status, fresh.scheduled_at) == ("SCHEDULED", "PAID", wanted)
        # A paid session's time never lapses.
        assert not Claim.objects.filter(booking_id=booking.pk, expires_at__isnull=False).exists()
        cancel_booking(ada, booking.pk)


def test_a_move_against_a_payment_that_revives_what_held_the_time(
    ada: Person, bola: Person, hold: Take, at: datetime, frozen: Callable[..., datetime]
) -> None:
    for number in range(ROUNDS):
        wanted = at + DAY * (number % 4)
        lapsed, booking = unpaid(hold(bola, wanted)), pay(hold(ada, wanted + 2 * HOUR))
        frozen(clock.now() + timedelta(minutes=16))
        outcomes = race(partial(reschedule_session, ada, booking.pk, wanted + HALF), partial(charge, lapsed))
        assert outcomes[1] == "done"
        moved, revived = check(booking, lapsed)
        if outcomes[0] == "done":
            # Its money goes back: the time is somebody else's.
            assert (moved.scheduled_at, revived.status) == (wanted + HALF, "CANCELLED")
        else:
            assert (revived.status, revived.payment_status) == ("SCHEDULED", "PAID")
        for booking_left in (moved, revived):
            if booking_left.status in LIVE:
                cancel_booking(booking_left.tutor, booking_left.pk)


def test_two_students_who_move_to_one_time(ada: Person, bola: Person, hold: Take, at: datetime) -> None:
    mine, hers = pay(hold(ada)), pay(hold(bola, at + 2 * HOUR))
    for number in range(ROUNDS):
        wanted = at + DAY + (number % 2) * 3 * HOUR
        outcomes = race(
            partial(reschedule_session, ada, mine.pk, wanted),
            partial(reschedule_session, bola, hers.pk, wanted + HALF),
        )
        assert Counter(outcomes) == {"done": 1, "time_taken": 1}
        check(mine, hers)
        reschedule_session(ada, mine.pk, at)
        reschedule_session(bola, hers.pk, at + 2 * HOUR)


def test_a_move_and_a_booking_that_want_one_time(
    ada: Person, bola: Person, offering: Offering, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    for number in range(ROUNDS):
        wanted = at + DAY + (number % 2) * 3 * HOUR
        outcomes = race(
            partial(reschedule_session, ada, booking.pk, wanted),
            partial(book, bola, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=wanted - HALF),
        )
        assert Counter(outcomes) == {"done": 1, "time_taken": 1}
        check(booking)
        for other in Booking.objects.filter(student=bola, status__in=LIVE):
            cancel_booking(bola, other.pk)
        reschedule_session(ada, booking.pk, at)


def test_one_students_moves_with_two_tutors_never_meet(ada: Person, mei: Person, hold: Take, at: datetime) -> None:
    """The student is what both want; the tutors are different people."""
    set_availability(mei, timezone="Africa/Lagos")
    there = make_offering(mei, title="Data review")
    one = pay(hold(ada))
    other = pay(book(ada, offered_terms(there.pk), mode=BookingMode.INSTANT, scheduled_at=at + 2 * HOUR))
    for number in range(ROUNDS):
        wanted = at + DAY + (number % 2) * 3 * HOUR
        outcomes = race(
            partial(reschedule_session, ada, one.pk, wanted),
            partial(reschedule_session, ada, other.pk, wanted),
        )
        assert Counter(outcomes) == {"done": 1, "time_taken": 1}
        check(one, other)
        reschedule_session(ada, one.pk, at)
        reschedule_session(ada, other.pk, at + 2 * HOUR)


def test_two_sessions_that_would_change_places_wait_for_nobody_for_ever(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    """Neither time is free before the other moves, so that nobody moves; the tutor's proposals cross the same way."""
    mine, hers = pay(hold(ada)), pay(hold(bola, at + HOUR))
    for _ in range(ROUNDS):
        outcomes = race(
            partial(reschedule_session, ada, mine.pk, at + HOUR), partial(reschedule_session, bola, hers.pk, at)
        )
        assert outcomes == ["time_taken", "time_taken"]
        assert [row.scheduled_at for row in check(mine, hers)] == [at, at + HOUR]


def test_an_accepted_proposal_and_the_students_own_move(ada: Person, tunde: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    for number in range(ROUNDS):
        start = Booking.objects.get(pk=booking.pk).scheduled_at
        proposed = start + timedelta(days=7)
        reschedule_session(tunde, booking.pk, proposed)
        elsewhere = at + DAY * (1 + number % 3) + HOUR
        outcomes = race(
            partial(answer_proposal, ada, booking.pk, accept=True),
            partial(reschedule_session, ada, booking.pk, elsewhere),
        )
        assert "done" in outcomes
        (fresh,) = check(booking)
        assert fresh.scheduled_at in (proposed, elsewhere)
        assert fresh.proposed_at is None
        if fresh.scheduled_at != at:
            reschedule_session(ada, booking.pk, at)


def test_a_proposal_that_is_accepted_declined_and_replaced_at_once(
    ada: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    for number in range(ROUNDS):
        proposed = at + DAY + number * HOUR
        reschedule_session(tunde, booking.pk, proposed)
        accepted, declined, replaced = race(
            partial(answer_proposal, ada, booking.pk, accept=True, proposed_at=proposed),
            partial(answer_proposal, ada, booking.pk, accept=False, proposed_at=proposed),
            partial(reschedule_session, tunde, booking.pk, proposed + 2 * DAY),
        )
        assert [accepted, declined].count("done") <= 1
        (fresh,) = check(booking)
        assert (fresh.scheduled_at == proposed) == (accepted == "done")
        assert fresh.proposed_at in ((proposed + 2 * DAY, None) if replaced == "done" else (None,))
        if fresh.scheduled_at != at:
            reschedule_session(ada, booking.pk, at)


def test_a_session_that_starts_while_it_moves_is_never_started_at_its_new_time(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Callable[..., datetime]
) -> None:
    for number in range(ROUNDS):
        start = at + DAY * (number % 4) + HOUR * (number // 4)
        frozen(at - DAY)
        booking = pay(hold(ada, start))
        reschedule_session(tunde, booking.pk, start + timedelta(days=7))
        frozen(start - timedelta(minutes=5))
        moved, started = race(
            partial(answer_proposal, ada, booking.pk, accept=True),
            partial(mark_session, tunde, booking.pk, Status.IN_PROGRESS),
        )
        (fresh,) = check(booking)
        assert (moved == "done") != (started == "done")
        assert (fresh.status == "IN_PROGRESS") == (fresh.scheduled_at == start)


def test_approving_moving_and_lapsing_at_once(
    ada: Person, tunde: Person, ask: Take, at: datetime, frozen: Callable[..., datetime]
) -> None:
    for number in range(ROUNDS):
        booking = ask(ada, at + DAY * (number % 4))
        approved = approve_request(tunde, booking.pk)
        assert approved.pay_by is not None
        frozen(approved.pay_by - timedelta(milliseconds=150))
        race(partial(reschedule_session, ada, booking.pk, booking.scheduled_at + HOUR), lapse_due, lapse_due)
        frozen(approved.pay_by + timedelta(seconds=1))
        lapse_due()
        (fresh,) = check(booking)
        assert fresh.status == "CANCELLED"
        frozen(approved.pay_by - timedelta(hours=24))
