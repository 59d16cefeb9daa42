"""A hold that ended, taken again: with one press while nobody else has the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.core import clock
from oluko.core.errors import Conflict
from oluko.dashboards.invariants import violations
from oluko.meetings.moves import reschedule_session
from oluko.offerings.models import Offering
from oluko.payments.again import take_again
from oluko.payments.checkout import Checkout
from oluko.payments.holds import Held, extend_hold
from oluko.payments.models import Payment, Refund
from oluko.payments.reconcile import check_payment
from tests.payments.test_holds import MINUTE, begun, hold_until, reload
from tests.sandbox_process import Sandbox

type CheckOut = Callable[..., Checkout]
type SignIn = Callable[..., Client]


@pytest.mark.django_db
def test_released_time_is_taken_again_with_one_press(
    ada: Person, check_out: CheckOut, signed_in: SignIn, frozen: Any
) -> None:
    booking = check_out(ada).booking
    Booking.objects.filter(pk=booking.pk).update(notes="My effects run twice")
    frozen.advance(15 * MINUTE)
    client, page = signed_in(ada), f"/mentorship/checkout/{booking.pk}"
    assert "Nobody else has taken it yet" in client.get(page).content.decode()
    location = client.post(f"{page}/again")["Location"]
    taken = Booking.objects.exclude(pk=booking.pk).get()
    assert location == f"/mentorship/checkout/{taken.pk}"
    assert (taken.scheduled_at, taken.notes) == (booking.scheduled_at, "My effects run twice")
    assert client.get(page)["Location"] == location
    assert client.post(f"{page}/again")["Location"] == location


@pytest.mark.django_db
def test_time_that_another_has_taken_is_not_offered_again(
    ada: Person, bola: Person, check_out: CheckOut, signed_in: SignIn, frozen: Any
) -> None:
    booking = check_out(ada).booking
    frozen.advance(15 * MINUTE)
    check_out(bola)
    client, page = signed_in(ada), f"/mentorship/checkout/{booking.pk}"
    shown = client.get(page).content.decode()
    assert "The time was released" in shown
    assert "Take it again" not in shown
    assert "?taken=" in client.post(f"{page}/again")["Location"]


@pytest.mark.django_db
def test_price_that_has_changed_meanwhile_is_said_before_it_is_taken_again(
    ada: Person, check_out: CheckOut, signed_in: SignIn, offering: Offering, frozen: Any
) -> None:
    booking = check_out(ada).booking
    frozen.advance(15 * MINUTE)
    Offering.objects.filter(pk=offering.pk).update(price=6_000_00)
    assert "It now costs ₦6,000" in signed_in(ada).get(f"/mentorship/checkout/{booking.pk}").content.decode()


@pytest.mark.django_db
def test_time_that_is_held_or_was_given_back_is_not_taken_again(ada: Person, check_out: CheckOut) -> None:
    with pytest.raises(Conflict):
        take_again(ada, check_out(ada).booking.pk)


@pytest.mark.django_db
def test_late_payment_takes_the_place_of_the_hold_that_the_same_student_has_taken_again(
    ada: Person, check_out: CheckOut, signed_in: SignIn, sandbox: Sandbox, frozen: Any
) -> None:
    checkout = check_out(ada)
    frozen.advance(16 * MINUTE)
    again = take_again(ada, checkout.booking.pk)
    begun(checkout, sandbox, "success")
    assert check_payment(checkout.reference or "")
    assert (reload(checkout.booking).status, reload(checkout.booking).payment_status) == ("SCHEDULED", "PAID")
    assert (reload(again).status, reload(again).payment_status) == ("CANCELLED", "FAILED")
    assert not Refund.objects.exists()
    assert violations() == []
    # The page of the hold that gave way leads to the session that was paid.
    page = signed_in(ada).get(f"/mentorship/checkout/{again.pk}")
    assert page["Location"] == f"/mentorship/session/{checkout.booking.pk}"


@pytest.mark.django_db
def test_both_payments_of_a_time_taken_again_make_one_session_and_one_refund(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any
) -> None:
    first = check_out(ada)
    frozen.advance(16 * MINUTE)
    take_again(ada, first.booking.pk)
    second = check_out(ada)
    for checkout in (second, first):
        begun(checkout, sandbox, "success")
        assert check_payment(checkout.reference or "")
    assert reload(second.booking).payment_status == "PAID"
    assert [(refund.cause, refund.amount) for refund in Refund.objects.all()] == [("TIME_LOST", 5_000_00)]
    assert violations() == []


@pytest.mark.django_db
def test_extended_hold_that_moves_ends_no_later_than_its_new_start(
    ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any, at: datetime
) -> None:
    set_availability(tunde, minimum_notice_hours=0)
    frozen(at - 30 * MINUTE)
    booking = begun(check_out(ada, at + timedelta(hours=3)), sandbox)
    assert extend_hold(booking.pk) == Held.LONGER
    assert hold_until(booking) == 25 * MINUTE
    frozen(at - 10 * MINUTE)
    moved = reschedule_session(ada, booking.pk, at)
    assert moved.pay_by is not None
    assert clock.now() < moved.pay_by <= at
    sandbox.check_out(Payment.objects.get().authorization_url, "success")
    assert extend_hold(booking.pk) == Held.PAID
    assert violations() == []
