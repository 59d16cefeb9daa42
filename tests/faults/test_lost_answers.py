"""Checkouts and payouts whose answer is lost: asked about, sent again where Paystack never had them; none twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.core.errors import Unavailable
from oluko.core.gateway import OutcomeUnknown
from oluko.dashboards.invariants import violations
from oluko.ledger.models import Transfer
from oluko.ledger.wallets import wallet_of
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.checkout import begin_checkout, proceed_with_payment
from oluko.payments.models import Payment
from oluko.payments.paystack import paystack
from oluko.payments.reconcile import check_payment, check_pending
from oluko.payouts.models import Payout
from oluko.payouts.payouts import request_payout
from oluko.payouts.sending import follow_payouts, send_payout
from tests.cast import make_person
from tests.databases import Copy
from tests.payouts.conftest import Give, give, rich
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

__all__ = ["give", "rich"]

AT_ONCE = 15
# Done and never said; not done and never said; refused with a 503 that might have come after the deed.
LOST = ("timeout", "timeout-before", "error")
EVERY_DAY = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """We give up on an answer after a second, and many wait at once: only the waiting is shorter than in life."""
    monkeypatch.setattr("oluko.payments.paystack.JOB_SECONDS", 1.0)
    monkeypatch.setattr("oluko.payments.paystack.REQUEST_SECONDS", 1.0)
    monkeypatch.setattr("oluko.core.gateway.OPEN_SECONDS", 0.0)
    monkeypatch.setattr("oluko.core.gateway.QUEUE_SECONDS", 10.0)
    monkeypatch.setattr("oluko.core.gateway.IN_FLIGHT", AT_ONCE)
    paystack.cache_clear()


def test_payouts_whose_answers_are_lost_arrive_once_each(
    database_copy: Copy, rich: Person, sandbox: Sandbox, impatient: None, give: Give, scale: int
) -> None:
    """300 lost answers (a tenth: 30), then a balance that is not enough, then verifying that hangs: 0 double."""
    count = 30 * scale
    give(rich, count * 100_00)
    sandbox.control(paystack={"topUp": count * 200_00})
    payouts = [request_payout(rich, 100_00) for _ in range(count)]
    for number, mode in enumerate(LOST):
        sandbox.control(paystack={"mode": mode})
        each_at_once([payout.pk for payout in payouts[number::3]], send_payout)
    assert Payout.objects.filter(status="SENDING", attempts=1).count() == count
    made = Counter(row["reference"] for row in sandbox.transfers())
    assert sum(made[payout.reference] for payout in payouts) == count // 3
    for mode, rounds in (("no-balance", 2), ("timeout-before", 1), ("timeout", 1), ("normal", 60)):
        # What hangs now is verifying; a few of those are enough.
        sandbox.control(paystack={"mode": mode} | ({"times": 8} if mode.startswith("timeout") else {}))
        follow_until_paid(rounds)
        assert {row.status for row in Payout.objects.all()} <= {"SENDING", "NO_BALANCE", "ON_THE_WAY", "PAID", "QUEUED"}
    assert Counter(Payout.objects.values_list("status", flat=True)) == {"PAID": count}
    mine = {payout.reference for payout in payouts}
    assert Counter(row["reference"] for row in sandbox.transfers() if row["reference"] in mine) == dict.fromkeys(
        mine, 1
    )
    wallet = wallet_of(rich)
    assert (wallet.available, wallet.on_the_way, wallet.paid) == (10_000_00, 0, count * 100_00)
    assert violations() == []


def follow_until_paid(rounds: int) -> None:
    """Four workers follow the payouts, as if each time two minutes had passed since they were sent."""
    for _ in range(rounds):
        if not Payout.objects.exclude(status="PAID").exists():
            return
        before = timezone.now() - timedelta(minutes=2)
        Payout.objects.update(next_try_at=before)
        Payout.objects.filter(status="SENDING").update(sent_at=before)
        _results, errors = run_threads(4, lambda _: follow_payouts())
        assert errors == []


def test_checkouts_whose_answers_are_lost_are_paid_once_each(
    database_copy: Copy, tunde: Person, offering: Offering, sandbox: Sandbox, impatient: None, scale: int
) -> None:
    """300 lost answers (a tenth: 30), to opening a page and to asking what became of it: one payment a session."""
    count = 15 * scale
    set_availability(tunde, weekly=EVERY_DAY, horizon_days=365, slot_step_minutes=60)
    students = [make_person(f"Student{number} Paying") for number in range(count)]
    for number, mode in enumerate(LOST):
        sandbox.control(paystack={"mode": mode})
        each_at_once(range(number, count, 3), lambda index: begin_in_vain(students[index], offering, index))
    assert Counter(Payment.objects.values_list("status", flat=True)) == {"FAILED": count}
    sandbox.control(paystack={"mode": "normal"})
    pages = [proceed_with_payment(student, student.booked_bookings.get().pk) for student in students]
    for page in pages:
        sandbox.check_out(page.authorization_url or "", "success")
    for number, mode in enumerate(LOST):
        sandbox.control(paystack={"mode": mode})
        each_at_once([page.reference for page in pages[number::3]], ask_in_vain)
    assert not Transfer.objects.exists()
    sandbox.control(paystack={"mode": "normal"})
    sweep_until_paid()
    paid = Payment.objects.filter(status="PAID")
    assert {payment.reference for payment in paid} == {page.reference for page in pages}
    assert {payment.booking.payment_status for payment in paid.select_related("booking")} == {"PAID"}
    assert Counter(Transfer.objects.values_list("kind", flat=True))["charge_tutor"] == count
    assert wallet_of(tunde).pending == count * 3_500_00
    known = {row["reference"]: row["status"] for row in sandbox.transactions()}
    lost = Payment.objects.filter(status="FAILED").values_list("reference", flat=True)
    assert {known.get(reference, "unknown") for reference in lost} == {"abandoned", "unknown"}
    assert violations() == []


def begin_in_vain(student: Person, offering: Offering, number: int) -> None:
    """The time is kept, and nothing is paid yet."""
    at = next_monday(0) + timedelta(days=number // 20, hours=number % 20)
    with pytest.raises(Unavailable):
        begin_checkout(student, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=at)
    assert student.booked_bookings.get().awaits_payment


def ask_in_vain(reference: str) -> None:
    with pytest.raises(OutcomeUnknown):
        check_payment(reference)


def sweep_until_paid() -> None:
    """Two workers sweep, as if each time a minute had passed."""
    for _ in range(60):
        waiting = Payment.objects.filter(status="PENDING")
        if not waiting.exists():
            return
        before = timezone.now() - timedelta(minutes=1)
        waiting.update(created_at=before, checked_at=before)
        _results, errors = run_threads(2, lambda _: check_pending())
        assert errors == []
        time.sleep(0.02)


def each_at_once[T](things: Sequence[T], do: Callable[[T], object]) -> None:
    """By as many threads as there are things, some at a time."""
    for first in range(0, len(things), AT_ONCE):
        some = things[first : first + AT_ONCE]
        _results, errors = run_threads(len(some), lambda number, some=some: do(some[number]))
        assert errors == [], errors[0]
