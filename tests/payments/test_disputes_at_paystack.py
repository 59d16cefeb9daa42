"""Disputes and late refunds against Paystack as the sandbox plays it, over real HTTP: news are asked about."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.core import clock
from oluko.dashboards.invariants import violations
from oluko.payments.arrivals import store_event
from oluko.payments.checkout import Checkout
from oluko.payments.disputes import check_disputes
from oluko.payments.giving_back import give_back_goodwill
from oluko.payments.models import Dispute, Payment, Refund, ReviewItem
from oluko.payments.problems import decide_problem, report_problem
from oluko.payments.reconcile import check_payment
from oluko.payments.refunds import follow_refunds
from oluko.payments.release import release_due
from tests.draining import drain
from tests.payments.over import fresh, platform, wallet
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
CheckOut = Callable[..., Checkout]


@pytest.fixture
def payment(sandbox: Sandbox, check_out: CheckOut, ada: Person) -> Payment:
    """Paid at the sandbox, for the usual time."""
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url, "success")
    assert check_payment(checkout.reference)
    return Payment.objects.select_related("booking").get(reference=checkout.reference)


@pytest.fixture
def over(frozen, payment: Payment, tunde: Person) -> Booking:
    """Its session took place."""
    frozen(payment.booking.ends_at + timedelta(minutes=5))
    return mark_session(tunde, payment.booking.pk, Status.COMPLETED)


def direct(sandbox: Sandbox, reference: str, **more: Any) -> str:
    """Let the sandbox open, remind of or decide a dispute; its number."""
    sandbox.control(paystack={"dispute": {"reference": reference} | more})
    return str(sandbox.disputes()[-1]["id"])


def bring(event: str, data: dict[str, Any]) -> None:
    """A webhook, stored and handled as its job does it."""
    assert store_event("paystack", json.dumps({"event": f"charge.dispute.{event}", "data": data}).encode())
    drain()


def test_opened_reminded_of_and_won_after_a_webhook_each(
    sandbox: Sandbox, payment: Payment, over: Booking, tunde: Person
) -> None:
    number = direct(sandbox, payment.reference)
    # What the body claims counts for nothing: Paystack is asked.
    bring("create", {"id": int(number), "status": "resolved", "resolution": "merchant-accepted"})
    dispute = Dispute.objects.get()
    assert (dispute.paystack_id, dispute.status, dispute.amount) == (number, "AWAITING_US", 5_000_00)
    assert dispute.due_at is not None
    assert timezone.now() < dispute.due_at <= timezone.now() + timedelta(hours=24)
    assert wallet(tunde) == (0, 0, 3_500_00, 0)
    direct(sandbox, payment.reference, event="remind")
    bring("remind", {"id": int(number)})
    assert Dispute.objects.get().status == "AWAITING_US"
    direct(sandbox, payment.reference, event="resolve", resolution="declined")
    bring("resolve", {"id": int(number)})
    assert (Dispute.objects.get().status, wallet(tunde)) == ("WON", (3_500_00, 0, 0, 0))
    assert not ReviewItem.objects.filter(resolved_at=None).exists()
    assert violations() == []


def test_a_lost_one_is_learned_of_by_the_sweep_alone(
    sandbox: Sandbox, payment: Payment, over: Booking, tunde: Person, frozen
) -> None:
    direct(sandbox, payment.reference, amount=2_000_00)
    # The sandbox remembers disputes of other tests, too; of those ours knows no payment.
    assert check_disputes() >= 1
    assert check_disputes() == 0
    frozen.advance(timedelta(hours=25))
    assert release_due() == 0
    direct(sandbox, payment.reference, event="resolve", resolution="auto-accepted")
    assert check_disputes() == 1
    assert (Dispute.objects.get().status, Dispute.objects.get().answer) == ("LOST", "auto-accepted")
    assert fresh(over).refunded == 2_000_00
    assert release_due() == 1
    assert (wallet(tunde), platform()) == ((0, 2_100_00, 0, 0), (0, 900_00, 0))
    assert violations() == []


def test_the_merchants_own_answer_at_paystack_is_taken_over(
    sandbox: Sandbox, payment: Payment, over: Booking, tunde: Person
) -> None:
    number = direct(sandbox, payment.reference)
    check_disputes()
    answer = {"resolution": "merchant-accepted", "message": "So be it", "uploaded_filename": "x.pdf"}
    answered = httpx.put(
        f"{sandbox.url}/dispute/{number}/resolve",
        json=answer | {"refund_amount": 1_500_00},
        headers={"Authorization": f"Bearer {settings.OLUKO_PAYSTACK_SECRET_KEY}"},
        trust_env=False,
    )
    assert answered.status_code == 200, answered.text
    assert check_disputes() == 1
    # Less was accepted than had been asked for.
    assert (Dispute.objects.get().amount, fresh(over).refunded) == (1_500_00, 1_500_00)
    assert wallet(tunde) == (2_450_00, 0, 0, 0)
    assert violations() == []


def test_a_dispute_of_a_payment_that_we_do_not_know_goes_to_review(
    sandbox: Sandbox, check_out: CheckOut, ada: Person
) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url, "success")
    Payment.objects.filter(reference=checkout.reference).update(reference="olk-another")
    number = direct(sandbox, checkout.reference)
    assert check_disputes() >= 1
    assert ReviewItem.objects.get(reference=f"dispute {number}").kind == "UNKNOWN_REFERENCE"
    assert not Dispute.objects.exists()
    bring("create", {"id": "no number"})
    assert not Dispute.objects.exists()


def test_a_dispute_that_is_quicker_than_the_news_of_its_payment(
    sandbox: Sandbox, check_out: CheckOut, ada: Person, tunde: Person
) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url, "success")
    bring("create", {"id": int(direct(sandbox, checkout.reference))})
    assert Payment.objects.get().status == "PAID"
    assert wallet(tunde) == (0, 0, 3_500_00, 0)
    assert violations() == []


def test_silence_of_paystack_leaves_the_event_for_later(
    sandbox: Sandbox, payment: Payment, over: Booking, tunde: Person
) -> None:
    direct(sandbox, payment.reference)
    sandbox.control(paystack={"mode": "error"})
    assert check_disputes() == 0
    assert not Dispute.objects.exists()
    sandbox.control(paystack={"mode": "normal"})
    assert check_disputes() >= 1
    assert Dispute.objects.get().payment_id == payment.pk


def test_goodwill_and_a_decision_reach_the_student_through_paystack(
    sandbox: Sandbox, payment: Payment, over: Booking, ada: Person, tunde: Person, admin: Person, frozen
) -> None:
    problem = report_problem(ada, over.pk, "Half of it was silence")
    decide_problem(admin, problem.pk, refund=2_000_00, note="Half")
    assert release_due() == 1
    for amount in (500_00, 1_000_00):
        give_back_goodwill(admin, over.pk, amount, note="And this")
    drain()
    settle_all()
    assert sorted(Refund.objects.values_list("cause", "status", "amount")) == [
        ("GOODWILL", "PROCESSED", 500_00),
        ("GOODWILL", "PROCESSED", 1_000_00),
        ("PROBLEM", "PROCESSED", 2_000_00),
    ]
    assert fresh(over).payment_status == "PAID"
    give_back_goodwill(admin, over.pk, 1_500_00, note="The rest")
    drain()
    settle_all()
    assert fresh(over).payment_status == "REFUNDED"
    assert (wallet(tunde), platform()) == ((0, 0, 0, 0), (0, 0, 0))
    assert violations() == []


def settle_all(seconds: float = 20) -> None:
    """Follow refunds until Paystack has made them all."""
    until = datetime.now(clock.now().tzinfo) + timedelta(seconds=seconds)
    while Refund.objects.exclude(status="PROCESSED").exists():
        assert datetime.now(clock.now().tzinfo) < until, list(Refund.objects.values_list("status", "outcome"))
        Refund.objects.filter(status="PROCESSING").update(asked_at=None)
        follow_refunds()
