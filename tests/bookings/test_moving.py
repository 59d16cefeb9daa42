"""Moving a session: the student within the policy, and what moves with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking, Status
from oluko.bookings.moves import may_move, may_propose, moves_of
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.calendars.availability import availability_of, set_availability
from oluko.calendars.claims import TimeTaken, quarters
from oluko.calendars.models import Claim
from oluko.core import clock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.core.times import when_for
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.ledger.models import Transfer
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking, preview_cancellation
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment
from tests.bookings.looking import held, reload, told, untouched
from tests.cast import make_offering
from tests.paying import attempt, charge_for, pay

pytestmark = pytest.mark.django_db

type Take = Callable[..., Booking]
HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


def test_a_paid_session_moves_with_its_claims_and_keeps_its_money(
    ada: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    set_availability(tunde, buffer_minutes=15)
    booking = pay(hold(ada))
    before = list(Transfer.objects.values()), list(Payment.objects.values())

    moved = reschedule_session(ada, booking.pk, at + DAY)

    assert (moved.scheduled_at, moved.ends_at, moved.version) == (at + DAY, at + DAY + HOUR, booking.version + 1)
    assert reload(booking).scheduled_at == at + DAY
    assert held(booking, tunde) == list(quarters(at + DAY, 75))
    assert held(booking, ada) == list(quarters(at + DAY, 60))
    assert Claim.objects.filter(booking_id=booking.pk, opens=True).get().quarter == quarters(at + DAY, 15).start
    assert not Claim.objects.filter(expires_at__isnull=False).exists()
    assert (list(Transfer.objects.values()), list(Payment.objects.values())) == before
    assert violations() == []


def test_the_old_time_is_free_for_others(ada: Person, bola: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    with pytest.raises(TimeTaken):
        hold(bola)
    reschedule_session(ada, booking.pk, at + DAY)
    assert hold(bola).scheduled_at == at


def test_a_session_may_overlap_where_it_was(ada: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    assert reschedule_session(ada, booking.pk, at + HALF).scheduled_at == at + HALF
    assert violations() == []


def test_both_are_told_of_each_move_in_their_own_zone(ada: Person, hold: Take, at: datetime) -> None:
    Person.objects.filter(pk=ada.pk).update(time_zone="America/New_York")
    booking = pay(hold(Person.objects.get(pk=ada.pk)))
    tutor = booking.tutor
    for step in (1, 2):
        reschedule_session(ada, booking.pk, at + step * DAY)
    first, second = told(ada, "moved")
    assert when_for(reload(booking).student, at + DAY) in first.title
    assert when_for(reload(booking).student, at) in first.body
    assert "(New York)" in first.title
    assert when_for(tutor, at + 2 * DAY) in told(tutor, "moved")[1].title
    assert when_for(reload(booking).student, at + DAY) in second.body
    assert "@" not in first.title + first.body


def test_the_trail_names_who_moved_it_from_where_to_where(ada: Person, tunde: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    reschedule_session(ada, booking.pk, at + DAY)
    reschedule_session(tunde, booking.pk, at + 2 * DAY)
    answer_proposal(ada, booking.pk, accept=True)

    rows = trail("booking_time", str(booking.pk))
    assert [(row.from_state, row.to_state, row.actor_id, row.why) for row in rows] == [
        (clock.iso(at), clock.iso(at + DAY), ada.pk, "moved by student"),
        (clock.iso(at + DAY), clock.iso(at + 2 * DAY), ada.pk, "proposal accepted"),
    ]
    assert [(move.before, move.after, move.by_proposal) for move in moves_of(booking)] == [
        (at, at + DAY, False),
        (at + DAY, at + 2 * DAY, True),
    ]
    assert reload(booking).version == booking.version + 2


@pytest.mark.parametrize(("policy", "hours"), [("FLEXIBLE", 2), ("MODERATE", 24), ("STRICT", 72)])
def test_a_paid_session_moves_as_long_as_all_would_come_back(
    ada: Person, offering: Offering, hold: Take, at: datetime, frozen: Any, policy: str, hours: int
) -> None:
    Offering.objects.filter(pk=offering.pk).update(cancellation_policy=policy)
    booking = pay(hold(ada))
    now = frozen(at - timedelta(hours=hours) + timedelta(seconds=1))
    assert not may_move(booking, now)
    with pytest.raises(Conflict) as refusal:
        reschedule_session(ada, booking.pk, at + 3 * DAY)
    assert refusal.value.code == "too_late_to_move"
    assert untouched(booking)

    now = frozen(at - timedelta(hours=hours, seconds=1))
    assert may_move(booking, now)
    assert preview_cancellation(ada, booking.pk).refund == booking.price
    assert reschedule_session(ada, booking.pk, at + 3 * DAY).scheduled_at == at + 3 * DAY


def test_an_unpaid_session_moves_whatever_its_policy_and_is_paid_before_it_begins(
    ada: Person, tunde: Person, ask: Take, at: datetime, frozen: Any
) -> None:
    booking = ask(ada)
    frozen(at - timedelta(hours=23))
    Booking.objects.filter(pk=booking.pk).update(approval_deadline=at)
    approved = approve_request(tunde, booking.pk)
    assert approved.pay_by == at

    earlier = reschedule_session(ada, booking.pk, at - HOUR)
    assert earlier.pay_by == at - HOUR
    assert set(Claim.objects.filter(booking_id=booking.pk).values_list("expires_at", flat=True)) == {at - HOUR}
    later = reschedule_session(ada, booking.pk, at + DAY)
    assert later.pay_by == at - HOUR
    assert violations() == []


def test_a_hold_keeps_its_quarter_of_an_hour(ada: Person, hold: Take, at: datetime, frozen: Any) -> None:
    booking = hold(ada)
    moved = reschedule_session(ada, booking.pk, at + DAY)
    assert moved.pay_by == booking.pay_by
    assert set(Claim.objects.values_list("expires_at", flat=True)) == {booking.pay_by}
    frozen(booking.pay_by)
    assert lapse_due() == 1
    assert not Claim.objects.exists()


@pytest.mark.parametrize(
    "step",
    [
        *(timedelta(days=-30), timedelta(minutes=7), timedelta(minutes=15), timedelta(hours=12), timedelta(days=5)),
        *(timedelta(days=70), timedelta(seconds=1)),
    ],
    ids=["past", "off the quarter", "off the step", "night", "weekend", "beyond the horizon", "a second off"],
)
def test_times_that_cannot_be_booked_are_no_times_to_move_to(
    ada: Person, hold: Take, at: datetime, step: timedelta
) -> None:
    booking = pay(hold(ada))
    with pytest.raises(Invalid) as refusal:
        reschedule_session(ada, booking.pk, at + step)
    assert (refusal.value.code, set(refusal.value.errors)) == ("bad_time", {"scheduledAt"})
    assert untouched(booking)


def test_the_tutors_notice_holds_for_moves_too(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    set_availability(tunde, minimum_notice_hours=48)
    booking = pay(hold(ada, at + DAY))
    frozen(at - DAY)
    with pytest.raises(Invalid):
        reschedule_session(ada, booking.pk, at)
    assert reschedule_session(ada, booking.pk, at + DAY + HOUR).version == booking.version + 1


def test_a_time_of_another_booking_is_taken(ada: Person, bola: Person, mei: Person, hold: Take, at: datetime) -> None:
    """The tutor's other session, and the student's own with another tutor."""
    booking = pay(hold(ada))
    hold(bola, at + DAY)
    with pytest.raises(TimeTaken):
        reschedule_session(ada, booking.pk, at + DAY + HALF)
    elsewhere = make_offering(mei, title="Data review")
    set_availability(mei, timezone="Africa/Lagos")
    book(ada, offered_terms(elsewhere.pk), mode=BookingMode.INSTANT, scheduled_at=at + 2 * DAY)
    with pytest.raises(TimeTaken):
        reschedule_session(ada, booking.pk, at + 2 * DAY)
    assert untouched(booking)
    assert len(held(booking, ada)) == 4
    assert violations() == []


def test_a_hold_that_lapsed_unswept_does_not_block(
    ada: Person, bola: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    other = hold(bola, at + DAY)
    frozen(clock.now() + timedelta(minutes=16))
    assert reschedule_session(ada, booking.pk, at + DAY).scheduled_at == at + DAY
    assert reload(other).status == Status.CANCELLED


def test_times_busy_elsewhere_and_full_days_are_refused(
    ada: Person, bola: Person, tunde: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    hold(bola, at + DAY)
    set_availability(tunde, daily_cap=1)
    with pytest.raises(Conflict) as refusal:
        reschedule_session(ada, booking.pk, at + DAY + 3 * HOUR)
    assert refusal.value.code == "day_full"
    # The session itself does not count on its own day.
    assert reschedule_session(ada, booking.pk, at + 3 * HOUR).version == booking.version + 1

    busy = quarters(at + 2 * DAY, 60)
    availability = availability_of(tunde)
    availability.outside_busy = [[busy.start, busy.stop]]
    availability.save()
    with pytest.raises(TimeTaken):
        reschedule_session(ada, booking.pk, at + 2 * DAY + HALF)


def test_asked_again_for_the_time_that_it_has_it_stays(ada: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    for _ in range(3):
        moved = reschedule_session(ada, booking.pk, at + DAY)
    assert moved.version == booking.version + 1
    assert (len(told(ada, "moved")), len(moves_of(booking))) == (1, 1)


def test_nobody_else_moves_it(
    ada: Person, zainab: Person, mei: Person, admin: Person, hold: Take, at: datetime
) -> None:
    booking = pay(hold(ada))
    for person in (zainab, mei, admin):
        with pytest.raises(NotFound):
            reschedule_session(person, booking.pk, at + DAY)
    assert untouched(booking)


@pytest.mark.parametrize("who", ["student", "tutor"])
@pytest.mark.parametrize(
    ("state", "code"),
    [
        *(("asked", "not_scheduled"), ("rejected", "moved_on"), ("cancelled", "moved_on"), ("lapsed", "moved_on")),
        *(("begun", "has_started"), ("running", "moved_on"), ("completed", "moved_on")),
    ],
)
def test_only_a_scheduled_session_before_its_start_moves(
    ada: Person, tunde: Person, hold: Take, ask: Take, at: datetime, frozen: Any, state: str, code: str, who: str
) -> None:
    booking = ask(ada) if state in ("asked", "rejected") else hold(ada)
    if state == "rejected":
        reject_request(tunde, booking.pk, reason="Away")
    elif state == "lapsed":
        frozen(clock.now() + timedelta(minutes=15))
    elif state != "asked":
        pay(booking)
    if state == "cancelled":
        cancel_booking(ada, booking.pk)
    if state in ("begun", "running", "completed"):
        frozen(at)
    if state in ("running", "completed"):
        mark_session(tunde, booking.pk, Status.IN_PROGRESS)
    if state == "completed":
        frozen(at + HOUR)
        mark_session(tunde, booking.pk, Status.COMPLETED)
    fresh = reload(booking)
    assert not may_move(fresh, clock.now())
    assert not may_propose(fresh, clock.now())
    with pytest.raises(Conflict) as refusal:
        reschedule_session(ada if who == "student" else tunde, booking.pk, at + DAY)
    assert refusal.value.code == code
    assert not moves_of(booking)
    assert violations() == []


def test_what_follows_from_the_start_follows_the_new_one(
    ada: Person, tunde: Person, hold: Take, at: datetime, frozen: Any
) -> None:
    booking = pay(hold(ada))
    reschedule_session(ada, booking.pk, at + 2 * DAY)
    # A day before the old start half would come back by the old time; by the new one all does.
    frozen(at - HOUR)
    assert preview_cancellation(ada, booking.pk).refund == booking.price
    frozen(at)
    with pytest.raises(Conflict):
        mark_session(tunde, booking.pk, Status.IN_PROGRESS)
    frozen(at + HOUR + DAY)
    assert complete_unmarked() == 0
    frozen(at + 2 * DAY - timedelta(minutes=15))
    assert mark_session(tunde, booking.pk, Status.IN_PROGRESS).status == Status.IN_PROGRESS
    frozen(at + 2 * DAY + HOUR + DAY)
    assert complete_unmarked() == 1
    assert reload(booking).release_at == at + 2 * DAY + HOUR + DAY


def test_a_late_payment_revives_the_booking_at_its_new_time(ada: Person, hold: Take, at: datetime, frozen: Any) -> None:
    booking = hold(ada)
    payment = attempt(booking)
    reschedule_session(ada, booking.pk, at + DAY)
    frozen(clock.now() + timedelta(minutes=15))
    lapse_due()
    assert apply_charge(payment.reference, charge_for(payment))
    revived = reload(booking)
    assert (revived.status, revived.payment_status, revived.scheduled_at) == ("SCHEDULED", "PAID", at + DAY)
    assert held(booking, ada) == list(quarters(at + DAY, 60))
    # Moved, lapsed, revived.
    assert revived.version == 3


def test_who_read_the_old_time_decides_nothing_by_it(ada: Person, tunde: Person, hold: Take, at: datetime) -> None:
    """As if the tutor pressed Start a moment before a move came through."""
    stale = pay(hold(ada))
    reschedule_session(ada, stale.pk, at + DAY)
    assert not stale.move_to(Status.IN_PROGRESS, actor_id=tunde.pk)
    assert reload(stale).status == Status.SCHEDULED


def test_every_transition_and_the_payment_raise_the_version_once(
    ada: Person, tunde: Person, ask: Take, at: datetime, frozen: Any
) -> None:
    booking = ask(ada)
    assert booking.version == 0
    assert approve_request(tunde, booking.pk).version == 1
    assert pay(booking).version == 2
    frozen(at)
    assert mark_session(tunde, booking.pk, Status.IN_PROGRESS).version == 3
    frozen(at + HOUR)
    assert mark_session(tunde, booking.pk, Status.COMPLETED).version == reload(booking).version == 4
