"""The pages of paying, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.offerings.models import Offering
from oluko.payments.checkout import Checkout
from tests.draining import drain
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
type SignIn = Callable[..., Client]


def book_by_page(client: Client, offering: Offering, at: datetime, **more: str) -> Any:
    facts = {"scheduled_at": at.isoformat(), "booking_mode": "INSTANT", "notes": "My effects run twice"} | more
    return client.post(f"/mentorship/offerings/{offering.pk}/book", facts)


def test_booking_leads_to_the_checkout_and_on_to_paystack(
    ada: Person, offering: Offering, at: datetime, signed_in: SignIn, sandbox: Sandbox
) -> None:
    client = signed_in(ada)
    answer = book_by_page(client, offering, at)
    booking = Booking.objects.get()
    assert answer["Location"] == f"/mentorship/checkout/{booking.pk}"
    page = client.get(answer["Location"])
    assert "₦5,000" in page.content.decode()
    assert booking.notes == "My effects run twice"
    assert client.post(answer["Location"])["Location"].startswith(sandbox.url)


def test_visitor_signs_in_first_and_finds_the_time_and_the_words_again(
    offering: Offering, at: datetime, client: Client
) -> None:
    answer = book_by_page(client, offering, at)
    assert answer["Location"].startswith("/accounts/login/?next=%2Fmentorship%2Fofferings%2F")
    assert "My effects run twice" in client.get(f"/mentorship/offerings/{offering.pk}").content.decode()


def test_taken_time_leads_back_and_keeps_what_was_typed(
    ada: Person, bola: Person, offering: Offering, at: datetime, signed_in: SignIn
) -> None:
    book_by_page(signed_in(bola), offering, at)
    client = signed_in(ada)
    answer = book_by_page(client, offering, at)
    assert "taken=" in answer["Location"]
    assert "My effects run twice" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("bad", [{"scheduled_at": "soon"}, {"booking_mode": "LATER"}, {"scheduled_at": ""}])
def test_bad_choice_is_refused_with_a_word_and_books_nothing(
    ada: Person, offering: Offering, at: datetime, signed_in: SignIn, bad: dict[str, str]
) -> None:
    answer = book_by_page(signed_in(ada), offering, at, **bad)
    assert answer.status_code == 302
    assert not Booking.objects.exists()


def test_request_by_page_waits_for_the_tutor(ada: Person, offering: Offering, at: datetime, signed_in: SignIn) -> None:
    answer = book_by_page(signed_in(ada), offering, at, booking_mode="REQUEST")
    assert answer["Location"] == "/student/mentorship?tab=approvals"
    assert Booking.objects.get().status == "PENDING_MENTOR_REVIEW"


def test_paystack_down_is_said_on_the_checkout_and_the_time_is_kept(
    ada: Person, offering: Offering, at: datetime, signed_in: SignIn, sandbox: Sandbox
) -> None:
    client = signed_in(ada)
    address = book_by_page(client, offering, at)["Location"]
    sandbox.control(paystack={"mode": "error"})
    answer = client.post(address)
    assert answer.status_code == 503
    assert Booking.objects.get().status == "SCHEDULED"


@pytest.mark.parametrize(
    ("outcome", "before", "after"),
    [("success", "checking", "confirmed"), ("failed", "checking", "not_paid"), ("abandoned", "checking", "not_paid")],
)
def test_return_page_checks_and_then_says_how_it_stands(
    ada: Person,
    check_out: Callable[..., Checkout],
    signed_in: SignIn,
    sandbox: Sandbox,
    outcome: str,
    before: str,
    after: str,
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    sandbox.check_out(checkout.authorization_url or "", outcome)
    page = client.get("/mentorship/verify-payment", {"reference": checkout.reference}).content.decode()
    assert f'data-standing="{before}"' in page
    poll = page.split('id="standing"')[1].split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    drain()
    assert f'data-standing="{after}"' in client.get(poll).content.decode()


def test_strangers_payment_is_not_found(
    ada: Person, zainab: Person, check_out: Callable[..., Checkout], signed_in: SignIn
) -> None:
    checkout = check_out(ada)
    assert signed_in(zainab).get("/mentorship/verify-payment", {"reference": checkout.reference}).status_code == 404
    assert signed_in(zainab).get(f"/mentorship/checkout/{checkout.booking.pk}").status_code == 404
    assert signed_in(zainab).post(f"/mentorship/checkout/{checkout.booking.pk}").status_code == 404


def test_polling_asks_paystack_nothing(
    ada: Person, check_out: Callable[..., Checkout], signed_in: SignIn, sandbox: Sandbox
) -> None:
    checkout, client = check_out(ada), signed_in(ada)
    for _ in range(3):
        client.get("/mentorship/verify-payment", {"reference": checkout.reference, "part": "state"})
    assert drain() == 0
