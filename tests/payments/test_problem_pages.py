"""Problems and disputes on a session's pages, over HTTP and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.offerings.models import Offering
from oluko.payments.models import Problem
from oluko.payments.problems import decide_problem, problem_of
from tests.payments.over import bank_says, took_place

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


@pytest.fixture
def over(frozen, offering: Offering, ada: Person) -> Booking:
    return took_place(frozen, offering, ada)


def text(browser: Client, name: str, booking: Booking) -> str:
    page = browser.get(reverse(name, args=[booking.pk]))
    assert page.status_code == 200
    return page.content.decode()


def test_reported_answered_and_decided_on_the_pages(
    over: Booking, ada: Person, tunde: Person, admin: Person, signed_in: SignIn
) -> None:
    student, tutor = signed_in(ada), signed_in(tunde)
    address = reverse("session_problem", args=[over.pk])
    assert address in text(student, "session", over)
    assert "₦5,000 are kept until Oluko has decided" in text(student, "session_problem", over)
    assert student.post(address, {"words": "Nobody came & <b>I</b> waited"}).status_code == 302
    assert "You have reported a problem" in text(student, "session", over)
    assert "are kept until it is decided" in text(tutor, "session", over)
    read = text(tutor, "session_problem", over)
    assert "Nobody came &amp; &lt;b&gt;I&lt;/b&gt; waited" in read
    assert "How was it for you?" in read
    assert tutor.post(address, {"words": "I was there at 09:00."}).status_code == 302
    assert tutor.post(address, {"words": "And more"}).status_code == 409
    assert "I was there at 09:00." in text(student, "session_problem", over)
    assert "<textarea" not in text(student, "session_problem", over)
    operator = signed_in(admin)
    assert "I was there at 09:00." in text(operator, "session_problem", over)
    assert operator.post(address, {"words": "Me too"}).status_code == 404
    problem = problem_of(over)
    assert problem is not None
    decide_problem(admin, problem.pk, refund=2_000_00, note="Half an hour late")
    for browser in (student, tutor):
        page = text(browser, "session", over)
        assert "₦2,000 of ₦5,000 go back to the student" in page
        assert "Half an hour late" in page


def test_nothing_said_comes_back_with_the_reason_and_what_was_typed(
    over: Booking, ada: Person, signed_in: SignIn
) -> None:
    browser, address = signed_in(ada), reverse("session_problem", args=[over.pk])
    answer = browser.post(address, {"words": "   "})
    assert answer.status_code == 422
    assert "Say what happened" in answer.content.decode()
    answer = browser.post(address, {"words": "x" * 2001})
    assert (answer.status_code, "x" * 2001 in answer.content.decode()) == (422, True)
    assert not Problem.objects.exists()


def test_past_the_window_there_is_no_form(frozen, over: Booking, ada: Person, signed_in: SignIn) -> None:
    frozen.advance(timedelta(hours=24, minutes=1))
    browser = signed_in(ada)
    assert reverse("session_problem", args=[over.pk]) not in text(browser, "session", over)
    assert "not any more" in text(browser, "session_problem", over)
    assert browser.post(reverse("session_problem", args=[over.pk]), {"words": "Late"}).status_code == 409


def test_the_part_that_follows_the_page_is_sent_again_when_a_problem_is_reported(
    over: Booking, ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    browser, part = signed_in(tunde), reverse("session_state", args=[over.pk])
    tag = browser.get(part).headers["ETag"]
    assert browser.get(part, headers={"If-None-Match": tag}).status_code == 304
    signed_in(ada).post(reverse("session_problem", args=[over.pk]), {"words": "Nobody came"})
    fresh = browser.get(part, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    assert "Ada Obi has reported a problem" in fresh.content.decode()


def test_a_dispute_is_shown_to_tutor_and_operator_with_its_deadline(
    over: Booking, ada: Person, tunde: Person, admin: Person, signed_in: SignIn
) -> None:
    bank_says(over)()
    page = text(signed_in(tunde), "session", over)
    assert "The bank asks for ₦5,000 back" in page
    assert "₦3,500 of your money are frozen" in page
    assert "14 May 2031, 09:00 (Lagos" in page
    assert "₦1,500 of Oluko are frozen" in text(signed_in(admin), "session", over)
    assert "bank asks" not in text(signed_in(ada), "session", over)
    bank_says(over)(0, "declined")
    assert "bank asks" not in text(signed_in(tunde), "session", over)
