"""Webhooks that are acted upon at once, and payments that are asked about at once."""

from __future__ import annotations

import json

import pytest

from oluko.bookings.models import Booking
from oluko.core.gateway import GatewayError, ProviderBusy
from oluko.payments import reconcile
from oluko.payments.arrivals import store_event
from oluko.payments.events import handle_events
from oluko.payments.models import Payment, ProviderEvent, ReviewItem
from oluko.payments.paystack import Charge
from oluko.payments.reconcile import check_payments
from tests.paying import charge_for
from tests.payments.conftest import Attempts
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db


class Answering:
    """A Paystack that has these payments, and refuses to talk about one of them."""

    def __init__(self, payments: list[Payment], refused: str = "") -> None:
        self.charges = {each.reference: charge_for(each) for each in payments}
        self.refused, self.asked = refused, list[str]()

    def __call__(self) -> Answering:
        return self

    def verify(self, reference: str) -> Charge:
        self.asked.append(reference)
        if reference == self.refused:
            raise GatewayError("refused", temporary=False)
        return self.charges[reference]


def paid(payment: Payment) -> str:
    return Booking.objects.get(pk=payment.booking_id).payment_status


def test_webhooks_that_are_acted_upon_together(attempts: Attempts, sandbox: Sandbox) -> None:
    payments = attempts(2)
    bodies = [
        *({"event": "charge.success", "data": {"reference": each.reference}} for each in payments),
        {"event": "charge.success", "data": {"reference": "olk-nobodys", "amount": 5}},
        {"event": "subscription.create", "data": {}},
    ]
    for body in bodies:
        store_event("paystack", json.dumps(body).encode())
    ids = list(ProviderEvent.objects.order_by("id").values_list("pk", flat=True))
    # Paystack knows neither: nothing is paid, and all has been acted upon.
    assert handle_events([(pk, "r") for pk in ids]) == [None] * 4
    assert ReviewItem.objects.get().kind == "UNKNOWN_REFERENCE"
    assert {paid(each) for each in payments} == {"PENDING"}
    assert not ProviderEvent.objects.filter(handled_at=None).exists()
    # Acted upon once; who asks again is told that all is well.
    assert handle_events([(pk, "r") for pk in ids]) == [None] * 4
    assert ReviewItem.objects.count() == 1


def test_paystack_that_does_not_answer_keeps_only_what_is_about_charges(attempts: Attempts, sandbox: Sandbox) -> None:
    payments = attempts(3)
    for each in payments:
        store_event("paystack", json.dumps({"event": "charge.success", "data": {"reference": each.reference}}).encode())
    store_event("paystack", b'{"event": "subscription.create", "data": {}}')
    ids = list(ProviderEvent.objects.order_by("id").values_list("pk", flat=True))
    sandbox.control(paystack={"mode": "error"})
    problems = handle_events([(pk, "r") for pk in ids])
    assert [isinstance(problem, GatewayError) for problem in problems] == [True, True, True, False]
    assert list(ProviderEvent.objects.filter(handled_at=None).values_list("pk", flat=True).order_by("id")) == ids[:3]


def test_one_that_paystack_refuses_to_talk_about_keeps_no_other(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = attempts(3)
    monkeypatch.setattr(reconcile, "paystack", Answering(payments, refused=payments[1].reference))
    outcomes = check_payments([(each.reference, "r") for each in payments])
    assert [type(outcome) for outcome in outcomes] == [bool, GatewayError, bool]
    assert [paid(each) for each in payments] == ["PAID", "PENDING", "PAID"]


def test_paystack_that_takes_long_is_asked_about_no_more_and_what_it_said_is_applied(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = attempts(3)
    slow = Answering(payments)
    monkeypatch.setattr(reconcile, "paystack", slow)
    monkeypatch.setattr(reconcile, "ENOUGH_SECONDS", -1.0)
    outcomes = check_payments([(each.reference, "r") for each in payments])
    assert [type(outcome) for outcome in outcomes] == [bool, ProviderBusy, ProviderBusy]
    assert slow.asked == [payments[0].reference]
    assert [paid(each) for each in payments] == ["PAID", "PENDING", "PENDING"]


def test_other_news_waits_when_paystack_took_long(
    attempts: Attempts, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_event("paystack", b'{"event": "refund.processed", "data": {"transaction_reference": "olk-x"}}')
    event = ProviderEvent.objects.get()
    monkeypatch.setattr("oluko.payments.events.ENOUGH_SECONDS", -1.0)
    (problem,) = handle_events([(event.pk, "r")])
    assert isinstance(problem, ProviderBusy)
    assert ProviderEvent.objects.filter(handled_at=None).exists()
