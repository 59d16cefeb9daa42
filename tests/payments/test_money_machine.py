"""Any order of payments, refunds, disputes, payouts, failures and repeats loses no kobo and makes none.

Hypothesis plays people, banks, the clock, and a Paystack that now and then says nothing. After each step the books
are held against a plain reckoning of who should have what, and, once all news has arrived, against Paystack's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
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
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import LIVE, Booking, Status
from oluko.bookings.sessions import complete_unmarked, mark_session
from oluko.calendars.availability import set_availability
from oluko.calendars.slots import free_starts
from oluko.core import clock
from oluko.core.errors import DomainError
from oluko.core.gateway import GatewayError
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Account, Transfer
from oluko.offerings.models import BookingMode, CancellationPolicy
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import begin_checkout, proceed_with_payment
from oluko.payments.disputes import check_dispute, check_disputes
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Dispute, Payment, Problem, Refund, ReviewItem
from oluko.payments.paystack import paystack
from oluko.payments.problems import answer_problem, decide_problem, report_problem
from oluko.payments.reconcile import check_payment, check_pending
from oluko.payments.refunds import follow_refunds, follow_refunds_of, follow_stuck, send_refund
from oluko.payments.release import release_due
from oluko.payments.reviews import Way, accept, refund_arrived, send_again, settle_by_hand, ways_out
from oluko.payouts.decisions import approve_payout, call_off, reject_payout
from oluko.payouts.models import BankAccount, Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import follow_payout_of, follow_payouts, send_payout
from tests.cast import make_offering, make_person
from tests.conftest import Frozen
from tests.payments.over import MONDAY
from tests.payments.plain_money import PlainMoney, comes_back
from tests.payments.plain_paystack import UNDER_WAY, PlainPaystack

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Kind = Account.Kind
MOODS = ("unsaid", "unheard", "error", "unreachable")
# How a payout ends at the bank, or where it stays for now.
ENDS = ("success", "success", "success", "failed", "reversed", "abandoned", "blocked", "rejected", *UNDER_WAY)


# Transfers that many runs together must have come to, or the runs prove less than they say.
RARE = {
    "payout_settled", "payout_reversed", "payout_returned", "refund_owed", "owed_recovered", "review_to_refund",
    "dispute_freed_tutor", "dispute_lost_tutor", "dispute_lost_owed", "dispute_lost_unapplied", "dispute_loss",
}  # fmt: skip


class World:
    """Who takes part, the same in every run: two who teach, one of whom also learns, and two who only learn."""

    def __init__(self, frozen: Frozen) -> None:
        self.frozen, self.now = frozen, frozen(MONDAY)
        self.bank, self.plain = PlainPaystack(), PlainMoney()
        # The kinds of transfers that any run has posted.
        self.seen: set[str] = set()
        self.operator = make_person("Admin Oluko", Person.Role.ADMIN)
        self.tutors = [make_person("Tunde Bakare", Person.Role.TUTOR), make_person("Mei Chen", Person.Role.MENTOR)]
        self.students = [make_person("Ada Obi"), make_person("Bola Adeyemi"), self.tutors[0]]
        policies, prices = (CancellationPolicy.MODERATE, CancellationPolicy.STRICT), (5_000_01, 333_33)
        self.offerings = [
            make_offering(tutor, price=price, cancellation_policy=policy)
            for tutor, price, policy in zip(self.tutors, prices, policies, strict=True)
        ]
        for number, tutor in enumerate(self.tutors):
            weekly = {day: [["00:00", "24:00"]] for day in DAYS}
            set_availability(tutor, weekly=weekly, minimum_notice_hours=0, horizon_days=60, slot_step_minutes=60)
            BankAccount.objects.create(
                person=tutor, bank_code="058", bank_name="GTBank", account_number=f"012345678{number}",
                account_name=tutor.name, currency="NGN", recipient_code=f"RCP_{number}", changed_at=MONDAY,
            )  # fmt: skip


class Money(RuleBasedStateMachine):
    """`plain` is what each should have by what was done; `bank` is Paystack."""

    which = st.integers(0, 11)
    part = st.sampled_from([1, 2, 3, 7, 10, 10])
    a_person = st.integers(0, 2)

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.bank, self.plain = world, deepcopy(world.bank), deepcopy(world.plain)
        self.savepoint = transaction.savepoint_create()
        # What was read of the books, and what banks have taken by what we know.
        self.balances: dict[tuple[str, UUID | None], int] = {}
        self.sums: Counter[tuple[str, str]] = Counter()
        self.took: Counter[str] = Counter()
        self.decided: set[str] = set()
        paystack()._line._client = httpx.Client(
            base_url="http://127.0.0.1:9", transport=httpx.MockTransport(self.bank.answer)
        )
        self.world.frozen(world.now)

    def teardown(self) -> None:
        try:
            self.when_all_news_has_arrived(done=True)
            self.world.seen |= {kind for _reference, kind in self.sums}
        finally:
            transaction.savepoint_rollback(self.savepoint)

    # Booking and paying.

    @initialize(payout=st.sampled_from(["arrived", "returned", "sent", ""]), disputed=st.integers(0, 5))
    def begin(self, payout: str, disputed: int) -> None:
        """What has gone before (see `live_a_week`), and mostly a payout, which is over or is not, and a dispute."""
        self.read_books()
        if payout:
            self.tutor_withdraws(0, 7)
            self.payout_is_sent(0)
        if payout in ("arrived", "returned"):
            self.transfer_goes_on_at_paystack(0, "success", told=True)
        if payout == "returned":
            self.bank_returns_it_after_success(0, told=True)
        if disputed < len(self.bank.charges):
            self.bank_disputes(disputed, 10, told=disputed % 2 == 0)

    @rule(student=a_person, offering=st.integers(0, 1), ahead=st.sampled_from([0, 1, 3, 30, 80]))
    def books(self, student: int, offering: int, ahead: int) -> None:
        who, listed = self.world.students[student], self.world.offerings[offering]
        if who == listed.tutor:
            return
        now = clock.now()
        times = free_starts(listed.tutor, 60, now + ahead * HOUR, now + ahead * HOUR + 2 * DAY, student=who)
        deed = lambda: begin_checkout(  # noqa: E731
            who, offering_id=listed.pk, booking_mode=BookingMode.INSTANT, scheduled_at=times[0]
        )
        self.attempted(deed)

    @rule(which=which)
    def tries_again(self, which: int) -> None:
        if row := self.a_booking(which, awaits_payment=True):
            self.attempted(lambda: proceed_with_payment(row.student, row.pk))

    @rule(which=which, off=st.sampled_from([0, 0, 0, 0, 0, -1, 1, -100_00, 5_000_00]))
    def pays(self, which: int, off: int) -> None:
        """On any page that was ever opened, in time or not, mostly what was asked for. Nobody tells us yet."""
        unpaid = [row for row in reversed(self.bank.charges.values()) if row.status in ("abandoned", "failed")]
        if unpaid:
            charge = unpaid[which % len(unpaid)]
            self.bank.pay(charge.reference, max(charge.amount + off, 1))

    @rule(which=which)
    def is_declined(self, which: int) -> None:
        unpaid = [row for row in reversed(self.bank.charges.values()) if row.status == "abandoned"]
        if unpaid:
            unpaid[which % len(unpaid)].status = "failed"

    @rule(which=which)
    def is_told(self, which: int) -> None:
        """By a webhook, the return page or the sweep: all of them ask Paystack."""
        references = list(reversed(self.bank.charges))
        if references:
            self.asks(lambda: check_payment(references[which % len(references)]))
            self.note_payments()

    # The session and what may go wrong with it.

    @rule(which=which, status=st.sampled_from([Status.COMPLETED, Status.NO_SHOW]))
    def session_ends(self, which: int, status: Status) -> None:
        if (row := self.a_booking(which, payment_status="PAID", status__in=LIVE)) and row.status in LIVE:
            if row.ends_at > clock.now():
                self.world.frozen(row.ends_at + MINUTE)
            self.attempted(lambda: mark_session(row.tutor, row.pk, status))

    @rule(which=which, who=st.sampled_from(["student", "student", "tutor", "operator"]))
    def is_cancelled(self, which: int, who: str) -> None:
        row = self.a_booking(which, payment_status="PAID", status__in=LIVE)
        if row is None:
            return
        person = {"student": row.student, "tutor": row.tutor}.get(who, self.world.operator)
        now, deal = clock.now(), self.plain.deals.get(row.pk)
        done = self.attempted(lambda: cancel_booking(person, row.pk))
        if done is not None and deal is not None:
            policy, by_student = row.cancellation_policy, who == "student"
            expected = comes_back(policy, deal.left, by_student=by_student, starts=row.scheduled_at, now=now)
            assert done.refund == expected
            self.plain.given_back(row.pk, expected)

    @rule(which=which, by_tutor=st.booleans(), answered=st.booleans())
    def problem_is_reported(self, which: int, by_tutor: bool, answered: bool) -> None:
        if row := self.a_booking(which, payment_status="PAID", ends_at__lte=clock.now(), released_at=None):
            one, other = (row.tutor, row.student) if by_tutor else (row.student, row.tutor)
            self.attempted(lambda: report_problem(one, row.pk, "It was not as agreed."))
            if answered:
                self.attempted(lambda: answer_problem(other, row.pk, "It was."))

    @rule(which=which, part=st.integers(0, 10))
    def problem_is_decided(self, which: int, part: int) -> None:
        problems = list(Problem.objects.filter(status="OPEN").order_by("reported_at"))
        if problems:
            problem = problems[which % len(problems)]
            amount = self.plain.deals[problem.booking_id].left * part // 10
            if self.attempted(
                lambda: decide_problem(self.world.operator, problem.pk, refund=amount, note="As it was.")
            ):
                self.plain.given_back(problem.booking_id, amount)

    @rule(which=which, part=part)
    def operator_gives_back(self, which: int, part: int) -> None:
        if row := self.a_booking(which, pk__in=self.plain.deals):
            amount = max(self.plain.deals[row.pk].left * part // 10, 1)
            if self.attempted(lambda: give_back_goodwill(self.world.operator, row.pk, amount, note="Goodwill.")):
                self.plain.given_back(row.pk, amount)

    # Refunds, and what waits for the operator.

    @rule(which=which, status=st.sampled_from(["processed", "processed", "failed", "needs-attention", "processing"]))
    def refund_goes_on_at_paystack(self, which: int, status: str) -> None:
        waiting = [row for row in self.bank.refunds if row.status not in ("processed", "failed")]
        if waiting:
            refund = waiting[which % len(waiting)]
            self.bank.end_refund(refund, status)
            if which % 2:
                follow_refunds_of(refund.reference)

    @rule(which=which)
    def refund_is_sent(self, which: int) -> None:
        """The job runs, perhaps again."""
        refunds = list(Refund.objects.order_by("-created_at"))
        if refunds:
            send_refund(refunds[which % len(refunds)].pk)

    @rule(which=which, again=st.booleans())
    def operator_decides(self, which: int, again: bool) -> None:
        items = [row for row in ReviewItem.objects.filter(resolved_at=None).order_by("pk") if ways_out(row)]
        if not items:
            return
        item, operator = items[which % len(items)], self.world.operator
        ways = ways_out(item)
        if Way.REFUND in ways:
            self.attempted(lambda: refund_arrived(operator, item.pk))
        elif Way.ACCEPT in ways:
            self.attempted(lambda: accept(operator, item.pk, note="Seen."))
        elif again:
            self.attempted(lambda: send_again(operator, item.pk))
        else:
            self.by_hand(item)

    def by_hand(self, item: ReviewItem) -> None:
        """The operator makes the refund at Paystack's own site, if Paystack lets it be made there."""
        refund = Refund.objects.select_related("payment").get(pk=item.detail["refund"])
        mine = [row for row in self.bank.refunds if str(refund.pk) in row.note and row.status != "failed"]
        for row in mine:
            self.bank.end_refund(row, "processed")
        if not mine:
            if self.bank.left(refund.payment.reference) < refund.amount:
                return
            note = f"by hand for {refund.pk}"
            body = {"transaction": refund.payment.reference, "amount": refund.amount, "merchant_note": note}
            self.bank._refund(body)
            self.bank.end_refund(self.bank.refunds[-1], "processed")
        settle_by_hand(self.world.operator, item.pk, note="Made at Paystack.")

    # Disputes.

    @rule(which=which, part=part, told=st.booleans())
    def bank_disputes(self, which: int, part: int, told: bool) -> None:
        # What went back already as well: banks do that, and then it is gone twice.
        paid = [row for row in reversed(self.bank.charges.values()) if row.status in ("success", "reversed")]
        if paid:
            charge = paid[which % len(paid)]
            running = sum(row.amount for row in self.bank.disputes if row.reference == charge.reference
                          and not row.resolution)  # fmt: skip
            amount = min(charge.paid * part // 10 or 1, charge.paid - charge.taken - running)
            if amount > 0:
                self.bank.open_dispute(charge.reference, amount)
                if told:
                    self.hears_of_dispute(len(self.bank.disputes) - 1)

    @rule(which=which)
    def hears_of_dispute(self, which: int) -> None:
        """News of an opening, a reminder or a decision, late or twice."""
        if self.bank.disputes:
            number = self.bank.disputes[which % len(self.bank.disputes)].number
            self.asks(lambda: check_dispute(str(number)))
            self.note_payments()

    @rule(which=which, resolution=st.sampled_from(["declined", "merchant-accepted", "auto-accepted"]))
    def bank_decides(self, which: int, resolution: str) -> None:
        open_ = [row for row in self.bank.disputes if not row.resolution]
        if open_:
            self.bank.end_dispute(open_[which % len(open_)], resolution)

    # Payouts.

    @rule(tutor=st.integers(0, 1), part=part)
    def tutor_withdraws(self, tutor: int, part: int) -> None:
        who = self.world.tutors[tutor]
        amount = self.balance(Kind.TUTOR_AVAILABLE, who.pk) * part // 10
        key = uuid4().hex
        payout = self.attempted(lambda: request_payout(who, amount, key=key))
        if payout is not None:
            assert request_payout(who, amount, key=key) == payout

    @rule(which=which)
    def payout_is_sent(self, which: int) -> None:
        """The job runs, perhaps again."""
        if payout := self.a_payout(which):
            send_payout(payout.pk)

    @rule(which=which, deed=st.sampled_from([approve_payout, approve_payout, reject_payout, call_off]))
    def payout_is_decided(self, which: int, deed: Callable[..., Payout]) -> None:
        if payout := self.a_payout(which):
            if deed is call_off:
                self.attempted(lambda: call_off(payout.tutor, payout.pk))
            else:
                self.attempted(lambda: deed(self.world.operator, payout.pk, note="Looked at."))

    @rule(which=which, status=st.sampled_from(ENDS), told=st.booleans())
    def transfer_goes_on_at_paystack(self, which: int, status: str, told: bool) -> None:
        waiting = [row for row in self.bank.transfers.values() if row.status in UNDER_WAY]
        if waiting:
            transfer = waiting[which % len(waiting)]
            self.bank.end_transfer(transfer, status)
            if told:
                self.asks(lambda: follow_payout_of(transfer.reference))

    @rule(which=which, told=st.booleans())
    def bank_returns_it_after_success(self, which: int, told: bool) -> None:
        arrived = [row for row in self.bank.transfers.values() if row.status == "success"]
        if arrived:
            transfer = arrived[which % len(arrived)]
            self.bank.end_transfer(transfer, "reversed")
            if told:
                self.asks(lambda: follow_payout_of(transfer.reference))

    @rule(amount=st.sampled_from([500_00, 20_000_00]))
    def paystack_is_topped_up(self, amount: int) -> None:
        self.bank.top_up += amount

    # Whole stories, because single steps seldom come to these ends.

    @rule(student=a_person, offering=st.integers(0, 1))
    def session_is_paid_held_and_released(self, student: int, offering: int) -> None:
        self.books(student, offering, 1)
        self.pays(0, 0)
        self.is_told(0)
        self.session_ends(0, Status.COMPLETED)
        self.time_passes(25 * HOUR)

    @rule(tutor=st.integers(0, 1), part=part, status=st.sampled_from(ENDS), bounces=st.booleans())
    def payout_comes_to_its_end(self, tutor: int, part: int, status: str, bounces: bool) -> None:
        self.tutor_withdraws(tutor, part)
        self.payout_is_decided(0, approve_payout)
        self.payout_is_sent(0)
        self.transfer_goes_on_at_paystack(-1, status, told=True)
        if bounces:
            self.bank_returns_it_after_success(-1, told=True)

    @rule(off=st.sampled_from([-100_00, 5_000_00]), decided=st.booleans(), disputed=st.booleans())
    def wrong_amount_arrives(self, off: int, decided: bool, disputed: bool) -> None:
        """And goes back by the operator, out of review, or the bank takes it, or both."""
        self.books(1, 0, 3)
        self.pays(0, off)
        self.is_told(0)
        for item in ReviewItem.objects.filter(kind=ReviewItem.Kind.AMOUNT, resolved_at=None) if decided else ():
            self.attempted(lambda item=item: refund_arrived(self.world.operator, item.pk))
        if disputed:
            self.refund_is_sent(0)
            self.bank_disputes(0, 10, told=True)
            self.bank_decides(-1, "auto-accepted")
            self.hears_of_dispute(-1)

    # Time, sweeps and trouble.

    @rule(step=st.sampled_from([16 * MINUTE, 3 * HOUR, 25 * HOUR, 49 * HOUR]))
    def time_passes(self, step: timedelta) -> None:
        self.world.frozen.advance(step)
        for sweep in (lapse_due, complete_unmarked, release_due):
            sweep()

    @rule(moods=st.lists(st.sampled_from(MOODS), min_size=1, max_size=3))
    def paystack_has_a_bad_moment(self, moods: list[str]) -> None:
        self.bank.moods = moods

    @rule()
    def sweeps_ask(self) -> None:
        """As if two minutes had passed since Paystack was asked last."""
        before = timezone.now() - 2 * MINUTE
        Refund.objects.update(created_at=before, asked_at=None)
        Refund.objects.filter(sent_at__isnull=False).update(sent_at=before)
        Payout.objects.update(next_try_at=before)
        Payout.objects.filter(sent_at__isnull=False).update(sent_at=before)
        Payment.objects.filter(status="PENDING").update(created_at=before, checked_at=None)
        for sweep in (check_pending, follow_refunds, follow_stuck, check_disputes, follow_payouts):
            sweep()
        self.note_payments()

    @rule(done=st.booleans())
    def when_all_news_has_arrived(self, done: bool) -> None:
        """Paystack answers, the sweeps have run, and nothing is in between: its books and ours are the same.

        Mostly banks have done their part by then as well.
        """
        self.bank.moods = []
        if done:
            self.sweeps_ask()
            for refund in self.bank.refunds:
                if refund.status in ("pending", "processing"):
                    self.bank.end_refund(refund, "processed")
            for transfer in self.bank.transfers.values():
                if transfer.status in UNDER_WAY:
                    self.bank.end_transfer(transfer, "success")
        for reference in self.bank.charges:
            check_payment(reference)
        for reference in self.bank.transfers:
            follow_payout_of(reference)
        for _ in range(3):
            self.sweeps_ask()
        self.every_promise_is_kept()
        assert not Refund.objects.filter(status__in=("QUEUED", "SENDING")).exists()
        assert not Payout.objects.filter(status__in=("QUEUED", "SENDING")).exists()
        self.each_refund_is_as_paystack_has_it()
        self.each_payout_is_as_paystack_has_it()
        assert self.balance(Kind.PAYSTACK_CLEARING) == self.booked_at_paystack()

    # What must hold after every step.

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.note_disputes()
        self.read_books()
        assert violations() == []
        for tutor in self.world.tutors:
            kinds = (Kind.TUTOR_PENDING, Kind.TUTOR_AVAILABLE, Kind.TUTOR_ON_THE_WAY, Kind.TUTOR_HELD)
            wallet = [self.balance(kind, tutor.pk) for kind in kinds]
            owes = self.balance(Kind.TUTOR_OWES, tutor.pk)
            paid = Payout.objects.filter(tutor=tutor, status="PAID").aggregate(paid=Sum("amount"))["paid"] or 0
            assert min(*wallet, owes) >= 0
            assert sum(wallet) + paid - owes == self.plain.of_tutor(tutor.pk)
        house = (Kind.PLATFORM_PENDING, Kind.PLATFORM_HELD, Kind.PLATFORM_REVENUE)
        losses = sum(self.lost_on(reference) for reference in self.bank.charges)
        assert sum(self.balance(kind) for kind in house) == self.plain.of_platform() - losses
        for payment in Payment.objects.prefetch_related("refunds"):
            self.follow_the_money(payment)

    def follow_the_money(self, payment: Payment) -> None:
        """What came is with tutor and platform, on its way back, back, in review, or taken by the bank."""
        reference = payment.reference
        came = self.moved(reference, "charge_tutor", "charge_platform", "charge_to_refund", "charge_unapplied")
        assert came == (self.bank.charges[reference].paid if came else 0)
        back = sum(row.amount for row in payment.refunds.all())
        by_bank = sum(row.amount for row in payment.refunds.all() if row.outcome == "Taken by the bank")
        unapplied = came and self.moved(reference, "charge_unapplied") - self.moved(
            reference, "review_to_refund", "dispute_lost_unapplied"
        )
        taken = self.taken(reference) if came else 0
        assert came + self.lost_on(reference) == self.plain.left_of(reference) + back - by_bank + unapplied + taken
        assert 0 <= self.lost_on(reference) <= taken

    def each_refund_is_as_paystack_has_it(self) -> None:
        for refund in Refund.objects.select_related("payment"):
            made = [row for row in self.bank.refunds if str(refund.pk) in row.note and row.status != "failed"]
            assert len(made) <= 1, "sent twice"
            if refund.status == "PROCESSED" and refund.outcome != "Taken by the bank":
                assert [(row.status, row.amount) for row in made] == [("processed", refund.amount)]
            else:
                assert refund.status in ("PROCESSED", "PROCESSING", "NEEDS_ATTENTION")
                assert [row for row in made if row.status == "processed"] == []

    def each_payout_is_as_paystack_has_it(self) -> None:
        for payout in Payout.objects.all():
            transfer = self.bank.transfers.get(payout.reference)
            status = transfer.status if transfer else ""
            if payout.status == "PAID":
                assert status == "success"
            elif payout.status == "ON_THE_WAY":
                assert status in UNDER_WAY
            else:
                assert status not in ("success", *UNDER_WAY), f"{payout.status}, and at Paystack {status}"

    def booked_at_paystack(self) -> int:
        """What Paystack holds of the money that we know of."""
        held = 0
        for reference, charge in self.bank.charges.items():
            if self.moved(reference, "charge_tutor", "charge_to_refund", "charge_unapplied"):
                held += charge.paid - charge.taken - charge.fee
        held -= sum(row.amount for row in self.bank.refunds if row.status == "processed")
        for transfer in self.bank.transfers.values():
            held -= transfer.fee + (transfer.amount if transfer.status == "success" else 0)
        return held

    # Taking notes, and small words.

    def note_payments(self) -> None:
        """A payment that has settled its session makes a deal of it; any other goes back whole, or into review."""
        for row in Booking.objects.filter(payment_status__in=("PAID", "REFUNDED")).exclude(pk__in=self.plain.deals):
            settling = row.payments.filter(status="PAID").exclude(refunds__cause__in=("TIME_LOST", "PAID_TWICE"))
            for payment in settling:
                assert self.bank.charges[payment.reference].paid == row.price
                self.plain.settled(
                    row.pk, tutor=row.tutor_id, reference=payment.reference, share=row.tutor_share_bps, price=row.price
                )

    def note_disputes(self) -> None:
        """Each decision is reckoned once, as soon as we know of it."""
        for row in Dispute.objects.filter(status="LOST").select_related("payment"):
            if row.paystack_id not in self.decided:
                self.decided.add(row.paystack_id)
                self.plain.taken(row.payment.reference, row.amount)
                self.took[row.payment.reference] += row.amount

    def read_books(self) -> None:
        balances = Account.objects.values_list("kind", "person_id", "balance")
        self.balances = {(kind, person): balance for kind, person, balance in balances}
        self.sums = Counter()
        for reference, kind, amount in Transfer.objects.values_list("payment_reference", "kind", "amount"):
            self.sums[reference, kind] += amount

    def taken(self, reference: str) -> int:
        """By a bank, as far as we know."""
        return self.took[reference]

    def lost_on(self, reference: str) -> int:
        return self.moved(reference, "dispute_loss")

    def moved(self, reference: str, *kinds: str) -> int:
        return sum(self.sums[reference, kind] for kind in kinds)

    def balance(self, kind: Account.Kind, person: UUID | None = None) -> int:
        return self.balances.get((kind, person), 0)

    def attempted[T](self, deed: Callable[[], T]) -> T | None:
        """What came of it, or None where the rules refuse it or Paystack does not answer."""
        try:
            return deed()
        except DomainError:
            return None

    def asks(self, deed: Callable[[], object]) -> None:
        """Ask Paystack; where it does not answer, the job would come again."""
        try:
            deed()
        except GatewayError:
            return

    def a_booking(self, which: int, **fits: object) -> Booking | None:
        """One that fits, the newest first, where there is one; mostly."""
        rows = Booking.objects.select_related("tutor", "student").order_by("-created_at", "pk")
        if "awaits_payment" in fits:
            fits = {"status": "SCHEDULED", "payment_status": "PENDING"}
        found = list(rows.filter(**fits)) or (list(rows) if which > 9 else [])
        return found[which % len(found)] if found else None

    def a_payout(self, which: int) -> Payout | None:
        rows = list(Payout.objects.select_related("tutor").order_by("-requested_at", "pk"))
        return rows[which % len(rows)] if rows else None


def live_a_week(world: World) -> None:
    """Where every example begins: sessions that are released, over, ahead, held and lapsed; some of them one's own."""
    money = Money(world)
    for student, offering in ((0, 0), (1, 1), (1, 0)):
        money.books(student, offering, 1)
        money.pays(0, 0)
        money.is_told(0)
        money.session_ends(0, Status.COMPLETED)
    money.time_passes(25 * HOUR)
    money.books(2, 1, 1)
    money.pays(0, 0)
    money.is_told(0)
    money.session_ends(0, Status.NO_SHOW)
    for ahead in (30, 80):
        money.books(0, 0, ahead)
        money.pays(0, 0)
        money.is_told(0)
    money.books(1, 0, 30)
    money.time_passes(16 * MINUTE)
    money.books(1, 0, 30)
    assert len(money.plain.deals) == 6
    transaction.savepoint_commit(money.savepoint)
    world.bank, world.plain, world.now = money.bank, money.plain, clock.now()


@pytest.fixture
def world(db: None, frozen: Frozen, settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.OLUKO_PAYOUT_REVIEW_ABOVE = 3_000_00
    settings.OLUKO_TUTOR_SHARE_BPS = 6_667
    # After five time-outs calls rest for half a minute; that would only hide what follows.
    monkeypatch.setattr("oluko.core.gateway.OPEN_SECONDS", 0.0)
    paystack.cache_clear()
    made = World(frozen)
    live_a_week(made)
    return made


def run_lives(life: Callable[[], Money], examples: int, steps: int = 30) -> None:
    """So many lives of so many steps at most, each from the same beginning."""
    try:
        run_state_machine_as_test(
            life,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        paystack.cache_clear()


@pytest.mark.parametrize("examples", [8, pytest.param(400, id="full", marks=pytest.mark.faults)])
def test_any_order_of_money_keeps_every_promise(world: World, examples: int) -> None:
    run_lives(lambda: Money(world), examples)
    if examples > 50:
        assert world.seen >= RARE
