"""Amount, currency, domain or reference of a charge tampered with: nothing is fulfilled, and it is seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.ledger.models import Account, Transfer
from oluko.ledger.wallets import wallet_of
from oluko.meetings.models import Meeting
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.arrivals import store_event
from oluko.payments.checkout import begin_checkout
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, ReviewItem
from tests.draining import drain
from tests.paying import attempt, charge_for
from tests.sandbox_process import Sandbox
from tests.times import next_monday

pytestmark = pytest.mark.django_db

PRICE = 5_000_00
# What the charge says instead of the truth, the finding, and what is recorded as arrived but not applied.
TAMPERED: dict[str, tuple[dict[str, Any], str, int]] = {
    "a kobo less": ({"amount": PRICE - 1}, "AMOUNT", PRICE - 1),
    "a kobo more": ({"amount": PRICE + 1}, "AMOUNT", PRICE + 1),
    "naira for kobo": ({"amount": PRICE // 100}, "AMOUNT", PRICE // 100),
    "nothing": ({"amount": 0}, "AMOUNT", 0),
    "less than nothing": ({"amount": -PRICE}, "AMOUNT", 0),
    "another currency": ({"currency": "GHS"}, "CURRENCY", 0),
    "no currency": ({"currency": ""}, "CURRENCY", 0),
    "currency and amount": ({"currency": "USD", "amount": 1}, "CURRENCY", 0),
    "live money": ({"domain": "live"}, "DOMAIN", 0),
    "no domain": ({"domain": ""}, "DOMAIN", 0),
    "another's reference": ({"reference": "olk-somebody-else"}, "OTHER", 0),
    "no reference": ({"reference": ""}, "OTHER", 0),
}


def assert_nothing_fulfilled(tutor: Person, payment: Payment) -> None:
    payment.refresh_from_db()
    assert payment.status != Payment.Status.PAID
    assert Booking.objects.get(pk=payment.booking_id).payment_status == "PENDING"
    assert (wallet_of(tutor).pending, wallet_of(tutor).available) == (0, 0)
    assert not Meeting.objects.exists()
    assert not Notification.objects.filter(kind="paid").exists()
    call_command("check-ledger")


@pytest.mark.parametrize("variant", TAMPERED)
def test_tampered_charge_fulfils_nothing_and_is_in_review(
    ada: Person, tunde: Person, offering: Offering, variant: str
) -> None:
    facts, kind, unapplied = TAMPERED[variant]
    terms = offered_terms(offering.pk)
    payment = attempt(book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday()))
    wrong = charge_for(payment, **facts)
    assert [apply_charge(payment.reference, wrong) for _ in range(3)] == [True, False, False]
    item = ReviewItem.objects.get()
    assert (item.kind, item.payment_id, item.resolved_at) == (kind, payment.pk, None)
    assert sum(Account.objects.filter(kind="UNAPPLIED").values_list("balance", flat=True)) == unapplied
    assert_nothing_fulfilled(tunde, payment)
    # Good news about the same reference is the operator's to judge by now.
    assert not apply_charge(payment.reference, charge_for(payment))
    assert_nothing_fulfilled(tunde, payment)


@pytest.mark.parametrize("outcome", ["abandoned", "failed"])
def test_spoofed_webhook_pays_nothing_while_paystack_says_unpaid(
    ada: Person, tunde: Person, offering: Offering, sandbox: Sandbox, outcome: str
) -> None:
    """Even one that is signed: its body is news, and what Paystack answers is the truth."""
    begun = begin_checkout(ada, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=next_monday())
    sandbox.check_out(begun.authorization_url or "", outcome)
    data = {"reference": begun.reference, "status": "success", "amount": PRICE, "currency": "NGN", "domain": "test"}
    store_event("paystack", json.dumps({"event": "charge.success", "data": data}).encode())
    drain()
    assert_nothing_fulfilled(tunde, Payment.objects.get())
    assert not Transfer.objects.exists()


def test_metadata_that_names_another_booking_is_not_looked_at(
    ada: Person, bola: Person, tunde: Person, offering: Offering, sandbox: Sandbox
) -> None:
    """The booking is found by our own reference; whatever else the body says moves nothing."""
    mine, others = (
        begin_checkout(person, offering_id=offering.pk, booking_mode=BookingMode.INSTANT, scheduled_at=at)
        for person, at in ((ada, next_monday(9)), (bola, next_monday(12)))
    )
    sandbox.check_out(mine.authorization_url or "", "success")
    data = {"reference": mine.reference, "amount": 1, "metadata": {"booking": str(others.booking.pk)}}
    store_event("paystack", json.dumps({"event": "charge.success", "data": data}).encode())
    drain()
    assert Booking.objects.get(pk=mine.booking.pk).payment_status == "PAID"
    assert Booking.objects.get(pk=others.booking.pk).payment_status == "PENDING"
    assert wallet_of(tunde).pending == 3_500_00
