"""From a held time to a paid session, and every way in which that can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking, Status
from oluko.bookings.sessions import mark_session
from oluko.calendars.models import Claim
from oluko.core.errors import Conflict, Unavailable
from oluko.ledger.models import Account, Transfer
from oluko.ledger.wallets import wallet_of
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.arrivals import store_event
from oluko.payments.cancellations import cancel_booking
from oluko.payments.checkout import Checkout, proceed_with_payment
from oluko.payments.finalize import apply_charge
from oluko.payments.models import Payment, ProviderEvent, Refund, ReviewItem
from oluko.payments.reconcile import check_payment, check_pending
from oluko.payments.refunds import follow_refunds, settle
from tests.draining import drain
from tests.paying import attempt, charge_for
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db

type CheckOut = Callable[..., Checkout]


def balance(kind: str, person: Person | None = None) -> int:
    row = Account.objects.filter(kind=kind, person_id=person.pk if person else None).first()
    return row.balance if row else 0


def reload(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def webhook(reference: str, event: str = "charge.success", **more: object) -> bytes:
    return json.dumps({"event": event, "data": {"reference": reference, **more}}).encode()


def test_paid_booking_is_scheduled_with_the_split_in_both_pendings(
    ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox
) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert check_payment(checkout.reference or "")
    booking = reload(checkout.booking)
    assert (booking.status, booking.payment_status) == ("SCHEDULED", "PAID")
    assert booking.meeting_url.endswith(f"/mentorship/session/{booking.pk}")
    assert balance("TUTOR_PENDING", tunde) == 3_500_00
    assert balance("PLATFORM_PENDING") == 1_500_00
    assert balance("PAYSTACK_FEES") == 175_00
    assert balance("PAYSTACK_CLEARING") == 4_825_00
    assert not Claim.objects.filter(booking_id=booking.pk, expires_at__isnull=False).exists()
    assert {row.person_id for row in Notification.objects.filter(kind="paid")} == {ada.pk, tunde.pk}


def test_same_charge_again_changes_nothing(ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert [check_payment(checkout.reference or "") for _ in range(3)] == [True, False, False]
    assert balance("TUTOR_PENDING", tunde) == 3_500_00
    assert Transfer.objects.count() == 3


def test_repeated_webhook_is_stored_once_and_handled_once(ada: Person, check_out: CheckOut, sandbox: Sandbox) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    body = webhook(checkout.reference or "")
    assert [store_event("paystack", body) for _ in range(3)] == [True, False, False]
    drain()
    assert reload(checkout.booking).payment_status == "PAID"
    assert ProviderEvent.objects.get().handled_at is not None


def test_webhook_of_an_unpaid_reference_pays_nothing(ada: Person, check_out: CheckOut) -> None:
    checkout = check_out(ada)
    store_event("paystack", webhook(checkout.reference or "", status="success", amount=5_000_00))
    drain()
    assert reload(checkout.booking).payment_status == "PENDING"


def test_unknown_reference_goes_to_review_once(sandbox: Sandbox) -> None:
    store_event("paystack", webhook("olk-never-given", amount=5))
    store_event("paystack", webhook("olk-never-given", amount=6))
    drain()
    assert ReviewItem.objects.get().kind == "UNKNOWN_REFERENCE"


def test_signed_rubbish_is_kept_and_does_no_harm(sandbox: Sandbox) -> None:
    for body in (b"not json", b"[]", b'{"event": 5}', b'{"event": "charge.success", "data": []}'):
        store_event("paystack", body)
    drain()
    assert ProviderEvent.objects.filter(handled_at__isnull=False).count() == 4


def test_declined_card_then_second_attempt_pays(ada: Person, check_out: CheckOut, sandbox: Sandbox) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "failed")
    check_payment(checkout.reference or "")
    assert reload(checkout.booking).payment_status == "PENDING"
    again = proceed_with_payment(ada, checkout.booking.pk)
    assert again.reference != checkout.reference
    sandbox.check_out(again.authorization_url or "", "success")
    assert check_payment(again.reference or "")
    assert reload(checkout.booking).payment_status == "PAID"


def test_closed_checkout_keeps_the_reference(ada: Person, check_out: CheckOut, sandbox: Sandbox) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "abandoned")
    check_payment(checkout.reference or "")
    assert proceed_with_payment(ada, checkout.booking.pk).reference == checkout.reference


def test_asking_again_gives_the_same_session_and_reference(ada: Person, check_out: CheckOut) -> None:
    first, second = check_out(ada), check_out(ada)
    assert (first.booking.pk, first.reference) == (second.booking.pk, second.reference)


def test_second_attempt_paid_too_is_refunded_whole(
    ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox
) -> None:
    first = check_out(ada)
    sandbox.check_out(first.authorization_url or "", "failed")
    check_payment(first.reference or "")
    second = proceed_with_payment(ada, first.booking.pk)
    for begun in (second, first):
        sandbox.check_out(begun.authorization_url or "", "success")
        assert check_payment(begun.reference or "")
    assert balance("REFUNDS_DUE") == 5_000_00
    drain()
    settle_refunds()
    assert Refund.objects.get().status == "PROCESSED"
    assert balance("REFUNDS_DUE") == 0
    assert balance("TUTOR_PENDING", tunde) == 3_500_00
    assert (reload(first.booking).status, reload(first.booking).payment_status) == ("SCHEDULED", "PAID")


def test_late_payment_claims_the_free_time_again(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Callable[..., datetime]
) -> None:
    checkout = check_out(ada)
    frozen.advance(timedelta(minutes=16))  # type: ignore[attr-defined]
    assert lapse_due() == 1
    assert (reload(checkout.booking).status, reload(checkout.booking).payment_status) == ("CANCELLED", "FAILED")
    assert not Claim.objects.exists()
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert check_payment(checkout.reference or "")
    booking = reload(checkout.booking)
    assert (booking.status, booking.payment_status, booking.cancel_reason) == ("SCHEDULED", "PAID", "")
    assert Claim.objects.filter(booking_id=booking.pk).count() == 8


def test_late_payment_for_a_time_that_is_gone_goes_back(
    ada: Person, bola: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Callable[..., datetime]
) -> None:
    checkout = check_out(ada)
    frozen.advance(timedelta(minutes=16))  # type: ignore[attr-defined]
    # Nobody has swept: booking the same time ends the lapsed hold first.
    taken = check_out(bola)
    assert reload(checkout.booking).status == "CANCELLED"
    sandbox.check_out(checkout.authorization_url or "", "success")
    assert check_payment(checkout.reference or "")
    drain()
    settle_refunds()
    assert reload(checkout.booking).payment_status == "REFUNDED"
    assert reload(taken.booking).status == "SCHEDULED"
    assert Notification.objects.filter(kind="time_lost", person=ada).count() == 1
    assert balance("PAYSTACK_CLEARING") == -175_00  # Paystack keeps its fee; the platform bears it.


def test_wrong_amount_goes_to_review_and_fulfils_nothing(
    ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox
) -> None:
    checkout = check_out(ada)
    sandbox.control(paystack={"mode": "wrong-amount"})
    sandbox.check_out(checkout.authorization_url or "", "success")
    check_payment(checkout.reference or "")
    sandbox.control(paystack={"mode": "normal"})
    check_payment(checkout.reference or "")
    assert reload(checkout.booking).payment_status == "PENDING"
    assert ReviewItem.objects.get().kind == "AMOUNT"
    assert balance("UNAPPLIED") == 4_999_00
    assert wallet_of(tunde).pending == 0


def test_paystack_down_keeps_the_hold_and_the_next_click_pays(
    ada: Person, offering: Offering, at: datetime, check_out: CheckOut, sandbox: Sandbox
) -> None:
    sandbox.control(paystack={"mode": "error"})
    with pytest.raises(Unavailable):
        check_out(ada)
    booking = Booking.objects.get()
    assert (booking.status, Payment.objects.get().status) == ("SCHEDULED", "FAILED")
    sandbox.control(paystack={"mode": "normal"})
    checkout = check_out(ada)
    assert checkout.booking.pk == booking.pk
    assert checkout.authorization_url


def test_sweep_finds_the_payment_whose_webhook_never_came(ada: Person, check_out: CheckOut, sandbox: Sandbox) -> None:
    checkout = check_out(ada)
    sandbox.check_out(checkout.authorization_url or "", "success")
    Payment.objects.update(created_at=reload(checkout.booking).created_at - timedelta(minutes=2))
    assert check_pending() == 1
    assert reload(checkout.booking).payment_status == "PAID"


def test_paying_what_awaits_no_payment_is_a_conflict(
    ada: Person, offering: Offering, at: datetime, check_out: CheckOut, sandbox: Sandbox
) -> None:
    booking = book(ada, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=at)
    with pytest.raises(Conflict):
        proceed_with_payment(ada, booking.pk)


def settle_refunds() -> None:
    """Follow what is on its way until Paystack has refunded it, as the recurring job does every few seconds."""
    import time

    for _ in range(50):
        follow_refunds()
        if not Refund.objects.exclude(status="PROCESSED").exists():
            return
        time.sleep(0.1)
    raise AssertionError(list(Refund.objects.values("status", "outcome")))


def test_money_that_came_for_a_lost_time_never_settles_the_session_that_another_attempt_paid(
    ada: Person, bola: Person, tunde: Person, offering: Offering, at: datetime, frozen: Callable[[datetime], datetime]
) -> None:
    """The time was somebody else's for a while: the first attempt goes back, the second revives the booking."""
    terms = offered_terms(offering.pk)
    booking = book(ada, terms, mode=BookingMode.INSTANT, scheduled_at=at)
    first = attempt(booking, "olk-first")
    assert apply_charge(first.reference, charge_for(first, status="failed"))
    second = attempt(booking, "olk-second")
    frozen(booking.created_at + timedelta(minutes=16))
    others = book(bola, terms, mode=BookingMode.INSTANT, scheduled_at=at)
    assert apply_charge(first.reference, charge_for(first))
    cancel_booking(bola, others.pk)
    assert apply_charge(second.reference, charge_for(second))
    frozen(booking.ends_at + timedelta(minutes=1))
    mark_session(tunde, booking.pk, Status.COMPLETED)
    assert settle(Refund.objects.get(cause="TIME_LOST").pk, paystack_id="1", outcome="processed")
    assert (reload(booking).status, reload(booking).payment_status) == ("COMPLETED", "PAID")
