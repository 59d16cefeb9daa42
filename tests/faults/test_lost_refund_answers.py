"""Refunds whose answer is lost: found again at Paystack, or sent anew where it never had them; none twice or stuck."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.dashboards.invariants import violations
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import begin_checkout
from oluko.payments.models import Refund
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import follow_refunds, send_refund
from tests.cast import make_person
from tests.databases import Copy
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
A_DAY = 20


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """We give up on an answer after a second and ask again at once: only the waiting is shorter than in life."""
    monkeypatch.setattr("oluko.payments.paystack.JOB_SECONDS", 1.0)
    monkeypatch.setattr("oluko.core.gateway.OPEN_SECONDS", 0.0)
    monkeypatch.setattr("oluko.core.gateway.QUEUE_SECONDS", 5.0)


def test_half_refunds_whose_answers_are_lost_go_out_once_each(
    database_copy: Copy,
    tunde: Person,
    offering: Offering,
    sandbox: Sandbox,
    impatient: None,
    frozen: Any,
    scale: int,
) -> None:
    """300 lost answers (a tenth: 30), every second one of a refund that was made: 0 double, all resolved.

    Each gives back half of its payment, so that Paystack itself would let a second one go.
    """
    count = 30 * scale
    set_availability(tunde, weekly={"mon": [["00:00", "24:00"]]}, horizon_days=365, minimum_notice_hours=0)
    for number in range(count):
        cancelled_at_half(number, offering, sandbox, frozen)
    refunds = list(Refund.objects.order_by("created_at"))
    assert {refund.amount for refund in refunds} == {2_500_00}
    for number, refund in enumerate(refunds):
        # `timeout` does its work and never says so, `error` does nothing and says 503: to us they are the same.
        sandbox.control(paystack={"mode": "timeout" if number % 2 else "error", "times": 1})
        send_refund(refund.pk)
    assert Refund.objects.filter(status="SENDING", attempts=1).count() == count
    sandbox.control(paystack={"mode": "normal"})
    settle()
    known = {row["reference"]: row["refunds"] for row in sandbox.transactions()}
    for refund in Refund.objects.select_related("payment__booking"):
        assert [row["amount"] for row in known[refund.payment.reference]] == [2_500_00]
        assert refund.payment.booking.payment_status == "REFUNDED"
    assert violations() == []


def cancelled_at_half(number: int, offering: Offering, sandbox: Sandbox, frozen: Any) -> None:
    at = next_monday(1) + (number // A_DAY) * WEEK + (number % A_DAY) * HOUR
    frozen(at - 3 * HOUR)
    student = make_person(f"Student{number} Cancelling")
    paid = begin_checkout(student, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=at)
    sandbox.check_out(paid.authorization_url or "", "success")
    assert check_payment(paid.reference or "")
    assert cancel_booking(student, paid.booking.pk).refund == 2_500_00


def settle() -> None:
    """Four workers follow the refunds, as if each time two minutes had passed since they were sent."""
    for _ in range(100):
        open_ = Refund.objects.exclude(status="PROCESSED")
        if not open_.exists():
            return
        before = timezone.now() - timedelta(minutes=2)
        open_.filter(status="SENDING").update(sent_at=before)
        open_.update(created_at=before, asked_at=None)
        _results, errors = run_threads(4, lambda _: follow_refunds())
        assert errors == []
        time.sleep(0.1)
    raise AssertionError(list(Refund.objects.exclude(status="PROCESSED").values("status", "outcome", "attempts")))
