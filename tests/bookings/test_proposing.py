"""The tutor proposes another time, and the student accepts it or declines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.bookings.moves import live_proposal
from oluko.bookings.requests import approve_request
from oluko.bookings.sessions import mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import TimeTaken, quarters
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.core.times import when_for
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.payments.cancellations import cancel_booking
from tests.bookings.looking import held, reload, told, untouched
from tests.paying import pay

pytestmark = pytest.mark.django_db

type Take = Callable[..., Booking]
HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


def test_a_proposal_moves_nothing_and_is_told(ada: Person, tunde: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    night = at + timedelta(hours=13)

    proposed = reschedule_session(tunde, booking.pk, night)

    assert (proposed.proposed_at, proposed.scheduled_at, proposed.version) == (night, at, booking.version)
    assert live_proposal(reload(booking), clock.now()) == night
    assert held(booking, tunde) == list(quarters(at, 60))
    (note,) = told(ada, "proposed")
    assert when_for(ada, night) in note.title
    assert when_for(ada, at) in note.body
    assert not told(tunde, "proposed")


def test_a_new_proposal_takes_the_place_of_the_old_and_a_repeated_one_is_told_once(
    ada: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    for step in (DAY, DAY, 2 * DAY, DAY):
        reschedule_session(tunde, booking.pk, at + step)
    assert reload(booking).proposed_at == at + DAY
    assert len(told(ada, "proposed")) == 3


@pytest.mark.parametrize(
    ("step", "code"),
    [
        *((timedelta(days=-30), "bad_time"), (timedelta(minutes=7), "bad_time"), (timedelta(seconds=1), "bad_time")),
        *((timedelta(days=366), "bad_time"), (timedelta(0), "same_time")),
    ],
)
def test_times_that_cannot_be_proposed(
    ada: Person, tunde: Person, hold: Take, at: datetime, step: timedelta, code: str
) -> None:
    booking = pay(hold(ada))
    with pytest.raises(Invalid) as refusal:
        reschedule_session(tunde, booking.pk, at + step)
    assert (refusal.value.code, set(refusal.value.errors)) == (code, {"scheduledAt"})
    with pytest.raises(Invalid):
        reschedule_session(tunde, booking.pk, (at + DAY).replace(tzinfo=None))
    assert untouched(booking)


def test_a_proposal_names_a_time_that_is_free_for_both(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    set_availability(tunde, buffer_minutes=30)
    booking = pay(hold(ada))
    other = hold(bola, at + DAY)
    for step in (DAY, DAY + HOUR, DAY - HOUR):
        # During the other session, in the break after it, and with the own break running into it.
        with pytest.raises(TimeTaken):
            reschedule_session(tunde, booking.pk, at + step)
    assert untouched(booking)
    assert reschedule_session(tunde, booking.pk, at + DAY + 2 * HOUR).proposed_at
    frozen(other.pay_by)
    assert reschedule_session(tunde, booking.pk, at + DAY).proposed_at == at + DAY


def test_accepting_moves_without_the_limits_of_policy_hours_and_cap(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    pay(hold(bola, at + DAY))
    booking = pay(hold(ada))
    set_availability(tunde, daily_cap=1)
    night = at + DAY + timedelta(hours=11)
    reschedule_session(tunde, booking.pk, night)
    frozen(at - timedelta(minutes=5))

    moved = answer_proposal(ada, booking.pk, accept=True)

    assert (moved.scheduled_at, moved.proposed_at, moved.version) == (night, None, booking.version + 1)
    assert (len(told(ada, "moved")), len(told(tunde, "moved"))) == (1, 1)
    assert violations() == []


def test_a_proposal_that_somebody_took_meanwhile_is_kept(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    reschedule_session(tunde, booking.pk, at + DAY)
    other = hold(bola, at + DAY)
    with pytest.raises(TimeTaken):
        answer_proposal(ada, booking.pk, accept=True)
    assert (reload(booking).proposed_at, reload(booking).scheduled_at, len(held(booking, ada))) == (at + DAY, at, 4)
    cancel_booking(bola, other.pk)
    assert answer_proposal(ada, booking.pk, accept=True).scheduled_at == at + DAY


def test_a_declined_proposal_leaves_the_time_and_is_told(ada: Person, tunde: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    reschedule_session(tunde, booking.pk, at + DAY)

    declined = answer_proposal(ada, booking.pk, accept=False)

    assert (declined.scheduled_at, declined.proposed_at, declined.version) == (at, None, booking.version)
    (note,) = told(tunde, "proposal_declined")
    assert when_for(tunde, at) in note.body
    assert when_for(tunde, at + DAY) in note.body
    assert not told(ada, "proposal_declined")
    assert [row.to_state for row in trail("booking_proposal", str(booking.pk))] == [clock.iso(at + DAY), "declined"]
    for accept in (True, False):
        with pytest.raises(Conflict) as refusal:
            answer_proposal(ada, booking.pk, accept=accept)
        assert refusal.value.code == "no_proposal"


def test_only_its_student_answers(
    ada: Person, tunde: Person, zainab: Person, admin: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    reschedule_session(tunde, booking.pk, at + DAY)
    for person in (tunde, zainab, admin):
        for accept in (True, False):
            with pytest.raises(NotFound):
                answer_proposal(person, booking.pk, accept=accept)
    assert reload(booking).proposed_at == at + DAY


def test_a_proposal_that_the_student_has_not_seen_is_not_answered(
    ada: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    reschedule_session(tunde, booking.pk, at + DAY)
    reschedule_session(tunde, booking.pk, at + 2 * DAY)
    for accept in (True, False):
        with pytest.raises(Conflict) as refusal:
            answer_proposal(ada, booking.pk, accept=accept, proposed_at=at + DAY)
        assert refusal.value.code == "moved_on"
    assert answer_proposal(ada, booking.pk, accept=True, proposed_at=at + 2 * DAY).scheduled_at == at + 2 * DAY


@pytest.mark.parametrize("how", ["moved", "cancelled", "started", "its time passed", "the session's time came"])
def test_a_proposal_ends_by_itself(ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any, how: str) -> None:
    booking = pay(hold(ada))
    proposed = at - 2 * HOUR if how == "its time passed" else at + 2 * DAY
    reschedule_session(tunde, booking.pk, proposed)
    if how == "moved":
        reschedule_session(ada, booking.pk, at + DAY)
    elif how == "cancelled":
        cancel_booking(ada, booking.pk)
    elif how == "started":
        frozen(at - timedelta(minutes=10))
        mark_session(tunde, booking.pk, Status.IN_PROGRESS)
    else:
        frozen(min(at, proposed))
    fresh = reload(booking)
    assert live_proposal(fresh, clock.now()) is None
    if how in ("moved", "cancelled", "started"):
        assert fresh.proposed_at is None
    for accept in (True, False):
        with pytest.raises(Conflict) as refusal:
            answer_proposal(ada, booking.pk, accept=accept)
        assert refusal.value.code == "no_proposal"


def test_an_unpaid_proposal_that_is_accepted_is_paid_before_it_begins(
    ada: Person, tunde: Person, ask: Take, at: datetime
) -> None:
    booking = ask(ada)
    approved = approve_request(tunde, booking.pk)
    assert approved.pay_by is not None
    sooner = approved.pay_by - timedelta(hours=20)
    sooner = sooner.replace(minute=0, second=0, microsecond=0)
    reschedule_session(tunde, booking.pk, sooner)
    assert answer_proposal(ada, booking.pk, accept=True).pay_by == sooner
    assert set(Claim.objects.values_list("expires_at", flat=True)) == {sooner}
