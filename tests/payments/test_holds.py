"""Holding a time: for fifteen minutes, once longer while it is being paid, and offered again after its end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings import deadlines
from oluko.bookings.book import book, offered_terms
from oluko.bookings.deadlines import lapse_due
from oluko.bookings.models import Booking
from oluko.calendars.availability import set_availability
from oluko.calendars.models import Claim
from oluko.core.errors import TooMany
from oluko.dashboards.invariants import violations
from oluko.ledger.audit import trail
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.checkout import Checkout
from oluko.payments.holds import Held, extend_ending, extend_hold
from oluko.payments.reconcile import check_payment
from tests.databases import Copy
from tests.paying import attempt, charge_for
from tests.racing import run_threads
from tests.sandbox_process import Sandbox
from tests.times import next_monday

type CheckOut = Callable[..., Checkout]
type SignIn = Callable[..., Client]

MINUTE = timedelta(minutes=1)
NEARLY_OVER = timedelta(minutes=14, seconds=20)
UNDER_WAY = ("ongoing", "pending", "processing", "queued")


def reload(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def begun(checkout: Checkout, sandbox: Sandbox, outcome: str = "pending") -> Booking:
    """The booking of a checkout on whose page at Paystack somebody has done that."""
    sandbox.check_out(checkout.authorization_url or "", outcome)
    return checkout.booking


def hold_until(booking: Booking) -> timedelta:
    """How long after it was booked the time is held, by the booking; its claims must say the same."""
    booking = reload(booking)
    assert booking.pay_by is not None
    assert set(Claim.objects.filter(booking_id=booking.pk).values_list("expires_at", flat=True)) == {booking.pay_by}
    return booking.pay_by - booking.created_at


# Held longer


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", UNDER_WAY)
def test_hold_about_to_end_is_extended_once_while_paystack_says_it_is_being_paid(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any, outcome: str
) -> None:
    booking = begun(check_out(ada), sandbox, outcome)
    assert extend_ending() == 0
    assert hold_until(booking) == 15 * MINUTE
    frozen.advance(NEARLY_OVER)
    assert [extend_ending(), extend_ending()] == [1, 0]
    assert hold_until(booking) == 25 * MINUTE
    frozen.advance(10 * MINUTE)
    assert extend_ending() == 0
    assert [entry.why for entry in trail("hold", str(booking.pk))] == ["PAYMENT_UNDER_WAY"]
    frozen.advance(MINUTE)
    assert lapse_due() == 1
    assert not Claim.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["", "abandoned", "failed"])
def test_hold_of_a_payment_that_nobody_makes_ends_on_the_minute(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any, outcome: str
) -> None:
    checkout = check_out(ada)
    if outcome:
        begun(checkout, sandbox, outcome)
    frozen.advance(NEARLY_OVER)
    assert extend_ending() == 0
    assert extend_hold(checkout.booking.pk) == Held.NOT_BEGUN
    assert hold_until(checkout.booking) == 15 * MINUTE
    assert lapse_due() == 0
    frozen.advance(timedelta(seconds=40))
    assert lapse_due() == 1


@pytest.mark.django_db
def test_hold_is_never_extended_past_the_start(
    ada: Person, tunde: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any, at: datetime
) -> None:
    set_availability(tunde, minimum_notice_hours=0)
    frozen(at - 20 * MINUTE)
    booking = begun(check_out(ada), sandbox)
    frozen.advance(NEARLY_OVER)
    assert extend_ending() == 1
    assert reload(booking).pay_by == at
    near = begun(check_out(ada, at + timedelta(hours=1)), sandbox)
    frozen(at + timedelta(minutes=59, seconds=30))
    Booking.objects.filter(pk=near.pk).update(pay_by=at + timedelta(hours=1))
    assert extend_ending() == 0
    assert not reload(near).hold_extended


@pytest.mark.django_db
def test_hold_that_is_over_is_not_brought_back_by_extending_it(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any
) -> None:
    booking = begun(check_out(ada), sandbox)
    frozen.advance(15 * MINUTE)
    assert extend_hold(booking.pk) == Held.OVER
    assert not reload(booking).hold_extended


@pytest.mark.django_db
def test_asking_to_hold_longer_takes_up_the_payment_that_has_arrived(
    ada: Person, check_out: CheckOut, sandbox: Sandbox
) -> None:
    booking = begun(check_out(ada), sandbox, "success")
    assert extend_hold(booking.pk) == Held.PAID
    assert reload(booking).payment_status == "PAID"


@pytest.mark.django_db
def test_paystack_that_does_not_answer_neither_extends_nor_ends_a_hold(
    ada: Person, check_out: CheckOut, sandbox: Sandbox, frozen: Any
) -> None:
    booking = begun(check_out(ada), sandbox)
    frozen.advance(NEARLY_OVER)
    sandbox.control(paystack={"mode": "error"})
    assert extend_ending() == 0
    sandbox.control(paystack={"mode": "normal"})
    assert extend_ending() == 1
    assert hold_until(booking) == 25 * MINUTE


@pytest.mark.django_db
def test_declined_page_on_which_a_transfer_was_begun_after_all_still_holds_the_time(
    ada: Person, check_out: CheckOut, sandbox: Sandbox
) -> None:
    checkout = check_out(ada)
    begun(checkout, sandbox, "failed")
    check_payment(checkout.reference or "")
    begun(checkout, sandbox)
    assert extend_hold(checkout.booking.pk) == Held.LONGER


def test_many_who_extend_one_hold_extend_it_once(database_copy: Copy, ada: Person, offering: Offering) -> None:
    booking = book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=next_monday())
    results, errors = run_threads(8, lambda _: deadlines.extend_hold(booking.pk))
    assert errors == []
    assert Counter(results) == {True: 1, False: 7}
    assert hold_until(booking) == 25 * MINUTE
    assert violations() == []


def test_extending_while_it_is_paid_or_ends_leaves_claims_and_booking_agreed(
    database_copy: Copy, ada: Person, offering: Offering, frozen: Any
) -> None:
    """Whoever wins: a paid booking's claims never lapse, an ended one has none, a held one's end with it."""
    from oluko.payments.finalize import apply_charge

    for number in range(12):
        at = next_monday() + timedelta(minutes=60 * (number % 6), days=7 * (number // 6))
        booking = book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=at)
        payment = attempt(booking)
        frozen.advance(15 * MINUTE - timedelta(seconds=1))
        rivals: list[Callable[[], object]] = [
            lambda b=booking: deadlines.extend_hold(b.pk),
            lambda p=payment: apply_charge(p.reference, charge_for(p)),
            lambda: (frozen.advance(timedelta(seconds=2)), lapse_due()),
        ]
        _results, errors = run_threads(3, lambda index, todo=rivals: todo[index]())
        assert errors == []
        apply_charge(payment.reference, charge_for(payment))
        assert violations() == []
        assert reload(booking).payment_status == "PAID"


# One student, several tabs


@pytest.mark.django_db
def test_second_tab_goes_on_with_the_same_hold_and_the_same_page_at_paystack(
    ada: Person, offering: Offering, at: datetime, signed_in: SignIn, sandbox: Sandbox
) -> None:
    tabs = [signed_in(ada), signed_in(ada)]
    facts = {"scheduled_at": at.isoformat(), "booking_mode": "INSTANT"}
    first, second = [tab.post(f"/mentorship/offerings/{offering.pk}/book", facts)["Location"] for tab in tabs]
    assert first == second
    assert tabs[0].post(first)["Location"] == tabs[1].post(second)["Location"]
    assert Booking.objects.count() == 1


def test_eight_tabs_at_once_get_three_open_times(database_copy: Copy, ada: Person, offering: Offering) -> None:
    terms = offered_terms(offering.pk)

    def take(number: int) -> Booking:
        mode = BookingMode.INSTANT if number % 2 else BookingMode.REQUEST
        return book(ada, terms, mode=mode, scheduled_at=next_monday(8) + timedelta(hours=number))

    results, errors = run_threads(8, take)
    assert len(results) == 3
    assert {type(error) for error in errors} == {TooMany}
    assert violations() == []


# The page


def say(client: Client, address: str, **form: str) -> str:
    """What a form's answer tells the person, in one line."""
    answer = client.post(address, form)
    assert answer.status_code == 302
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def part(client: Client, page: str, tag: str = "") -> Any:
    return client.get(page, {"part": "state"}, headers={"If-None-Match": tag} if tag else {})


@pytest.mark.django_db
def test_still_paying_is_answered_with_what_paystack_says(
    ada: Person, check_out: CheckOut, signed_in: SignIn, sandbox: Sandbox
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    page = f"/mentorship/checkout/{checkout.booking.pk}"
    assert "I am still paying" in client.get(page).content.decode()
    assert "not seen a payment begin" in say(client, f"{page}/still-paying")
    begun(checkout, sandbox)
    assert "is held until" in say(client, f"{page}/still-paying")
    assert "cannot be held longer" in say(client, f"{page}/still-paying")
    shown = client.get(page).content.decode()
    assert "ten minutes longer, once" in shown
    assert "I am still paying" not in shown
    sandbox.control(paystack={"mode": "error"})
    assert "not answering" in say(client, f"{page}/still-paying")


@pytest.mark.django_db
def test_still_paying_from_the_return_page_leads_back_there(
    ada: Person, check_out: CheckOut, signed_in: SignIn, sandbox: Sandbox
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    begun(checkout, sandbox)
    check_payment(checkout.reference or "")
    back = client.get("/mentorship/verify-payment", {"reference": checkout.reference}).content.decode()
    assert "Paystack says that it is under way" in back
    assert f'name="reference" value="{checkout.reference}"' in back
    address = f"/mentorship/checkout/{checkout.booking.pk}/still-paying"
    answer = client.post(address, {"reference": checkout.reference})
    assert answer["Location"] == f"/mentorship/verify-payment?reference={checkout.reference}"
    assert client.post(address, {"reference": "https://evil.example"})["Location"].startswith("/mentorship/checkout/")


@pytest.mark.django_db
def test_page_that_follows_is_sent_again_only_when_the_hold_changes(
    ada: Person, check_out: CheckOut, signed_in: SignIn, sandbox: Sandbox, frozen: Any
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    page = f"/mentorship/checkout/{checkout.booking.pk}"
    tag = part(client, page)["ETag"]
    assert part(client, page, tag).status_code == 304
    begun(checkout, sandbox)
    extend_hold(checkout.booking.pk)
    longer = part(client, page, tag)
    assert longer.status_code == 200
    frozen.advance(25 * MINUTE)
    ended = part(client, page, longer["ETag"]).content.decode()
    assert "The time was released" in ended
    assert "Take it again" in ended


@pytest.mark.django_db
def test_without_scripts_the_page_reloads_itself_when_the_hold_ends(
    ada: Person, check_out: CheckOut, signed_in: SignIn
) -> None:
    page = signed_in(ada).get(f"/mentorship/checkout/{check_out(ada).booking.pk}").content.decode()
    found = re.search(r'<noscript><meta http-equiv="refresh" content="(\d+);url=', page)
    assert found is not None
    assert 880 <= int(found[1]) <= 901


@pytest.mark.django_db
def test_page_whose_session_was_paid_elsewhere_goes_on_to_it(
    ada: Person, check_out: CheckOut, signed_in: SignIn, sandbox: Sandbox
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    begun(checkout, sandbox, "success")
    check_payment(checkout.reference or "")
    answer = part(client, f"/mentorship/checkout/{checkout.booking.pk}")
    assert answer["HX-Redirect"] == f"/mentorship/session/{checkout.booking.pk}"
