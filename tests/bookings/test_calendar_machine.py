"""Any order of bookings, payments, answers, moves, cancellations, changed hours and passing time keeps every promise.

Hypothesis plays the people and the clock. Each step is allowed or refused as the rules say, which are written here
once more and plainly; after each step the books and the calendars are looked at from several sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import extend_hold, lapse_due
from oluko.bookings.models import FINAL, LIVE, Booking, PaymentStatus, Status
from oluko.bookings.requests import approve_request, reject_request
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.models import Availability, Claim
from oluko.calendars.slots import free_starts
from oluko.core.errors import DomainError
from oluko.dashboards.invariants import violations
from oluko.ledger.models import AuditEntry, Transfer
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.offerings.models import BookingMode, CancellationPolicy
from oluko.payments.cancellations import cancel_booking
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, Refund
from oluko.payments.refunds import settle
from oluko.payments.release import release_due
from tests.bookings.plain_rules import PlainRules, quarters, until
from tests.cast import make_offering, make_person
from tests.paying import attempt, charge_for

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = timedelta(minutes=15)
# Each a Thursday or Friday before clocks change in New York, in London, in London, in New York; never on a quarter.
STARTS = ("2027-03-12T07:50:10Z", "2027-03-25T21:20:10Z", "2027-10-29T09:05:10Z", "2027-11-05T13:35:10Z")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKS = (
    [["00:00", "24:00"]],
    [["09:00", "12:00"], ["13:00", "17:00"]],
    [["00:30", "06:15"], ["20:00", "24:00"]],
    [["01:15", "04:45"]],
    [],
)
STEPS = tuple(MINUTE * count for count in (1, 9, 16, 45, 170, 12 * 60, 25 * 60))


class World:
    """Who takes part, the same in every run: three who teach, of whom one also learns, and two who only learn."""

    def __init__(self, frozen: Callable[[datetime], datetime]) -> None:
        self.frozen = frozen
        self.operator = make_person("Admin Oluko", Person.Role.ADMIN)
        london = make_person("Emeka Teaching", Person.Role.MENTOR, zone="Europe/London")
        lagos = make_person("Tunde Bakare", Person.Role.TUTOR)
        new_york = make_person("Nora Teaching", Person.Role.TUTOR, zone="America/New_York")
        self.tutors = [london, lagos, new_york]
        self.students = [make_person("Ada Obi"), make_person("Bola Adeyemi"), lagos]
        self.offerings = [
            make_offering(london, duration=60, price=3_333_33, cancellation_policy=CancellationPolicy.FLEXIBLE),
            make_offering(lagos, duration=45, price=5_000_01, cancellation_policy=CancellationPolicy.MODERATE),
            make_offering(new_york, duration=90, price=9_999_99, cancellation_policy=CancellationPolicy.STRICT),
        ]


def facts(booking: Booking) -> tuple[object, ...]:
    """What never changes again once a booking is over, beside the money that comes and goes afterwards."""
    return (
        *(booking.status, booking.scheduled_at, booking.ends_at, booking.version, booking.proposed_at),
        *(booking.cancel_reason, booking.cancelled_at, booking.rejected_at, booking.started_at, booking.ended_at),
    )


def terms(booking: Booking) -> tuple[object, ...]:
    """What was bought, which no move changes."""
    return (
        *(booking.tutor_id, booking.student_id, booking.duration, booking.buffer_minutes, booking.price),
        *(booking.currency, booking.tutor_share_bps, booking.cancellation_policy, booking.booking_mode),
    )


class Calendars(PlainRules, RuleBasedStateMachine):
    a_booking = st.integers(0, 15)
    a_time = st.integers(0, 4 * 60)
    a_student = an_offering = st.integers(0, 2)
    mostly = st.sampled_from([True, True, True, False])

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.savepoint = transaction.savepoint_create()
        self.steps = 0
        self.seen: dict[UUID, Booking] = {}

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    # What people and time do.

    @initialize(
        start=st.sampled_from(STARTS),
        week=st.sampled_from(WEEKS[:3]),
        first=st.lists(st.tuples(a_student, an_offering, st.booleans(), a_time), min_size=2, max_size=4),
    )
    def begin(self, start: str, week: list[list[str]], first: list[tuple[int, int, bool, int]]) -> None:
        """Some sessions are booked already, paid or not."""
        self.now = datetime.fromisoformat(start)
        self.hold_clock()
        for tutor in self.world.tutors:
            set_availability(tutor, weekly=dict.fromkeys(DAYS, week), slot_step_minutes=15, buffer_minutes=15)
        for student, offering, paid, time in first:
            self.books(student, offering, BookingMode.INSTANT, time, offered=True)
            if paid:
                self.student_pays(0)

    @rule(step=st.sampled_from(STEPS))
    def time_passes(self, step: timedelta) -> None:
        # A little more than the step, so that no deadline is ever met to the second while a step runs.
        self.now += step + timedelta(seconds=1.3)
        self.hold_clock()

    @rule(which=a_booking, moment=st.integers(0, 4))
    def its_time_comes(self, which: int, moment: int) -> None:
        """Time goes on to just after a deadline of a booking, its opening, its start, its end or a day after that."""
        if row := self.one(which, self.is_ahead):
            moments = [row.deadline or row.opens_at, row.opens_at, row.scheduled_at, row.ends_at, row.ends_at + DAY]
            if moments[moment] > self.now:
                self.time_passes((moments[moment] - self.now) // MINUTE * MINUTE + MINUTE)

    @rule(student=a_student, offering=an_offering, mode=st.sampled_from(BookingMode), time=a_time, offered=mostly)
    def books(self, student: int, offering: int, mode: BookingMode, time: int, offered: bool) -> None:
        who, listed = self.world.students[student], self.world.offerings[offering]
        at = self.time_for(listed.tutor, listed.duration, time, offered=offered)
        again = self.same_again(who, listed, mode, at)
        allowed = again is not None or self.may_book(who, listed, mode, at)
        done = self.expect(allowed, lambda: book(who, offered_terms(listed.pk), mode=mode, scheduled_at=at))
        assert again is None or done == again

    @rule(which=a_booking, declined=st.booleans())
    def opens_checkout(self, which: int, declined: bool) -> None:
        """Starts an attempt to pay, which may be declined at once."""
        row = self.one(which, self.awaits_payment)
        if row and self.awaits_payment(row):
            payment = row.payments.filter(status=Payment.Status.PENDING).first()
            payment = payment or attempt(row, f"olk-{row.pk.hex[:20]}-{row.payments.count()}")
            if declined:
                assert apply_charge(payment.reference, charge_for(payment, status="failed"))

    @rule(which=a_booking)
    def student_pays(self, which: int) -> None:
        self.opens_checkout(which, declined=False)
        self.money_arrives(which, attempted=0)

    @rule(which=a_booking, attempted=st.integers(0, 2))
    def money_arrives(self, which: int, attempted: int) -> None:
        """For an attempt under way or given up, in time, too late, or a second time; told twice."""
        row = self.one(which, self.awaits_payment)
        attempts = list(row.payments.order_by("reference")) if row else []
        if attempts:
            payment = attempts[attempted % len(attempts)]
            news = payment.status != Payment.Status.PAID
            assert apply_charge(payment.reference, charge_for(payment)) == news
            assert not apply_charge(payment.reference, charge_for(payment))

    @rule(which=a_booking)
    def payment_is_under_way(self, which: int) -> None:
        """Paystack has said so, and the time is held longer: once, by ten minutes, never past the start."""
        if row := self.one(which, self.may_extend):
            assert extend_hold(row.pk) == self.may_extend(row)

    @rule(which=a_booking, yes=mostly)
    def tutor_answers(self, which: int, yes: bool) -> None:
        if row := self.one(which, self.waits):
            answer = partial(approve_request) if yes else partial(reject_request, reason="Not this week")
            self.expect(self.waits(row), lambda: answer(row.tutor, row.pk))

    @rule(which=a_booking, time=a_time, offered=mostly)
    def student_moves(self, which: int, time: int, offered: bool) -> None:
        if row := self.one(which, self.is_free_to_move):
            at = self.time_for(row.tutor, row.duration, time, offered=offered)
            self.expect(self.may_move(row, at), lambda: reschedule_session(row.student, row.pk, at))

    @rule(which=a_booking, time=a_time)
    def tutor_proposes(self, which: int, time: int) -> None:
        if row := self.one(which, self.is_ahead):
            at = self.quarter(time)
            self.expect(self.may_propose(row, at), lambda: reschedule_session(row.tutor, row.pk, at))

    @rule(which=a_booking, yes=mostly)
    def student_answers(self, which: int, yes: bool) -> None:
        if row := self.one(which, self.has_proposal):
            allowed = self.may_accept(row) if yes else self.has_proposal(row)
            self.expect(allowed, lambda: answer_proposal(row.student, row.pk, accept=yes))
            if self.has_proposal(row) and not allowed:
                row.refresh_from_db()
                assert self.has_proposal(row)

    @rule(which=a_booking, who=st.sampled_from(["student", "tutor", "operator"]))
    def is_cancelled(self, which: int, who: str) -> None:
        if row := self.one(which, self.is_live):
            person = {"student": row.student, "tutor": row.tutor}.get(who, self.world.operator)
            self.expect(self.may_cancel(row, person), lambda: cancel_booking(person, row.pk))

    @rule(which=a_booking, status=st.sampled_from([Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW]))
    def tutor_marks(self, which: int, status: Status) -> None:
        if row := self.one(which, lambda row: self.may_mark(row, status)):
            self.expect(self.may_mark(row, status), lambda: mark_session(row.tutor, row.pk, status))

    @rule(
        tutor=st.integers(0, 2),
        week=st.sampled_from(WEEKS),
        buffer=st.sampled_from([0, 15, 45]),
        step=st.sampled_from([15, 30, 60]),
        notice=st.sampled_from([0, 2, 24]),
        cap=st.sampled_from([None, None, 1, 2]),
        busy=st.none() | a_time,
    )
    def tutor_changes_hours(
        self, tutor: int, week: list[list[str]], buffer: int, step: int, notice: int, cap: int | None, busy: int | None
    ) -> None:
        """The Sunday of the change of clocks is always open around it; three hours may be busy elsewhere."""
        who = self.world.tutors[tutor]
        weekly = dict.fromkeys(DAYS, week) | {"sun": [["00:00", "05:30"], ["12:00", "24:00"]]}
        set_availability(
            who, weekly=weekly, buffer_minutes=buffer, slot_step_minutes=step, minimum_notice_hours=notice,
            daily_cap=cap, horizon_days=9,
        )  # fmt: skip
        first = int(self.quarter(busy or 0).timestamp()) // 900
        outside = [] if busy is None else [[first, first + 12]]
        Availability.objects.filter(person=who).update(outside_busy=outside)

    @rule()
    def sweeps_run(self) -> None:
        lapse_due()
        complete_unmarked()
        release_due()
        assert not any(self.has_lapsed(row) for row in Booking.objects.all())

    @rule(which=st.integers(0, 5))
    def refund_gets_through(self, which: int) -> None:
        waiting = list(Refund.objects.exclude(status=Refund.Status.PROCESSED).order_by("created_at"))
        if waiting:
            refund = waiting[which % len(waiting)]
            assert settle(refund.pk, paystack_id="1", outcome="processed")

    def expect[T](self, allowed: bool, deed: Callable[[], T]) -> T | None:
        """What the deed gives, if it is allowed; None if it is refused, as it should be."""
        try:
            done = deed()
        except DomainError as refusal:
            if allowed:
                raise AssertionError(f"refused, though the rules allow it: {refusal.code}") from refusal
            return None
        assert allowed, "done, but the rules forbid it"
        return done

    # What must hold after every step.

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.nobody_is_in_two_places()
        self.claims_are_what_live_bookings_take()
        self.paid_is_what_is_kept_and_what_goes_back()
        self.refunded_means_that_its_own_money_went_back()
        self.history_only_goes_on()
        assert violations() == []
        self.hold_clock()
        self.free_times_are_those_of_the_slow_version()
        self.hold_clock()

    def nobody_is_in_two_places(self) -> None:
        live = [row for row in Booking.objects.filter(status__in=LIVE) if self.is_live(row)]
        for one, other in combinations(live, 2):
            for person in {one.tutor_id, one.student_id} & {other.tutor_id, other.student_id}:
                assert until(one, person) <= other.scheduled_at or until(other, person) <= one.scheduled_at

    def claims_are_what_live_bookings_take(self) -> None:
        wanted = set()
        for row in Booking.objects.filter(status__in=LIVE):
            first = int(row.scheduled_at.timestamp()) // 900
            for quarter in quarters(row.scheduled_at, row.duration + row.buffer_minutes):
                wanted.add((row.tutor_id, quarter, row.pk, row.deadline, quarter == first))
            for quarter in quarters(row.scheduled_at, row.duration):
                wanted.add((row.student_id, quarter, row.pk, row.deadline, False))
        assert set(Claim.objects.values_list("person_id", "quarter", "booking_id", "expires_at", "opens")) == wanted

    def paid_is_what_is_kept_and_what_goes_back(self) -> None:
        moved: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for booking, kind, amount in Transfer.objects.values_list("booking_id", "kind", "amount"):
            moved[booking][kind] += amount
        arrived = Payment.objects.filter(status=Payment.Status.PAID)
        paid = dict(arrived.values_list("booking_id").annotate(Sum("amount")))
        back = dict(Refund.objects.values_list("payment__booking_id").annotate(Sum("amount")))
        for row in Booking.objects.all():
            of = moved[row.pk]
            kept = of["charge_tutor"] + of["charge_platform"] - of["refund_tutor"] - of["refund_platform"]
            assert paid.get(row.pk, 0) == kept + back.get(row.pk, 0)
            assert of["release_tutor"] + of["release_platform"] == (kept if row.released_at else 0)
            assert not (row.awaits_payment and row.pk in paid)

    def refunded_means_that_its_own_money_went_back(self) -> None:
        done = Refund.objects.filter(status=Refund.Status.PROCESSED)
        for row in Booking.objects.filter(payment_status=PaymentStatus.REFUNDED):
            own = Transfer.objects.filter(booking_id=row.pk, kind="charge_tutor").exists()
            cause = Refund.Cause.CANCELLED if own else Refund.Cause.TIME_LOST
            assert done.filter(payment__booking=row, cause=cause).exists()

    def history_only_goes_on(self) -> None:
        last = dict(AuditEntry.objects.filter(subject="booking").order_by("id").values_list("subject_id", "to_state"))
        for row in Booking.objects.all():
            assert last[str(row.pk)] == row.status
            was = self.seen.get(row.pk)
            if was is not None:
                assert terms(row) == terms(was)
                paid = (was.payment_status, row.payment_status) == (PaymentStatus.PENDING, PaymentStatus.PAID)
                changed = paid or (row.status, row.scheduled_at) != (was.status, was.scheduled_at)
                assert row.version > was.version if changed else row.version == was.version
                revived = was.payment_status == PaymentStatus.FAILED and row.payment_status == PaymentStatus.PAID
                assert was.status not in FINAL or facts(row) == facts(was) or revived
            self.seen[row.pk] = row

    def free_times_are_those_of_the_slow_version(self) -> None:
        """One tutor and a part of the week after each step, by turns; with a student and without."""
        self.steps += 1
        tutor, student = self.world.tutors[self.steps % 3], self.world.students[self.steps // 3 % 3]
        asking = student if self.steps % 2 and student != tutor else None
        start = self.now + DAY * (self.steps % 5) - HOUR
        found = free_starts(tutor, 60, start, start + DAY, student=asking)
        assert found == self.slow_free(tutor, 60, start, start + DAY, student=asking)

    # Small words.

    def hold_clock(self) -> None:
        self.world.frozen(self.now)

    def one(self, which: int, fits: Callable[[Booking], bool]) -> Booking | None:
        """One of the bookings, the newest first: mostly one that fits, where there is any; None if there is none."""
        rows = list(Booking.objects.select_related("tutor", "student").order_by("-created_at"))
        fitting = [row for row in rows if fits(row)] if which < 12 else []
        return (fitting or rows)[which % len(fitting or rows)] if rows else None

    def quarter(self, number: int) -> datetime:
        whole = int(self.now.timestamp()) // 900 * 900
        return datetime.fromtimestamp(whole, UTC) + QUARTER * number

    def time_for(self, tutor: Person, duration: int, number: int, *, offered: bool) -> datetime:
        """One of the times that the calendar shows, or any quarter hour of the next days."""
        times = free_starts(tutor, duration, self.now, self.now + 8 * DAY) if offered else []
        return times[number * 3 % len(times)] if times else self.quarter(number)


@pytest.fixture
def world(db: None, frozen: Callable[[datetime], datetime]) -> World:
    return World(frozen)


@pytest.mark.parametrize("examples", [15, pytest.param(400, id="full", marks=pytest.mark.faults)])
def test_any_order_of_steps_keeps_every_promise(world: World, examples: int) -> None:
    run_state_machine_as_test(
        lambda: Calendars(world),
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
