"""Money that an operator gives back: what it moves is shown before it moves, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.dashboards.invariants import violations
from oluko.offerings.models import Offering
from oluko.payments.models import Dispute, Problem, Refund, ReviewItem
from oluko.payments.problems import answer_problem, report_problem
from tests.payments.over import bank_says, released, took_place, wallet
from tests.payments.test_giving_back import spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(admin: Person, signed_in: Callable[..., Client]) -> Client:
    return signed_in(admin)


def facts(page: str) -> dict[str, str]:
    rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return {unescape(name): unescape(value) for name, value in rows}


def shown(page: str) -> str:
    found = re.search(r'name="shown"[^>]*value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def test_what_it_takes_from_whom_is_shown_and_then_done(
    frozen, offering: Offering, ada: Person, tunde: Person, browser: Client
) -> None:
    booking = released(frozen, offering, ada)
    spend(tunde, 1_500_00)
    address = reverse("operator_give_back", args=[booking.pk])
    assert address in browser.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    page = browser.get(address).content.decode()
    assert facts(page) == {
        "Left of what was paid": "₦5,000",
        "Tunde Bakare's wallet": "−₦3,500 (₦2,000 available, ₦1,500 owed)",
        "Platform": "−₦1,500",
        "Ada Obi": "+₦5,000",
    }
    answer = browser.post(address, {"amount": "1000", "note": "A bad line", "shown": shown(page)})
    # Another amount than was shown: its own facts first.
    assert (answer.status_code, Refund.objects.count()) == (422, 0)
    page = answer.content.decode()
    assert facts(page)["Tunde Bakare's wallet"] == "−₦700"
    # The wallet changes between looking and pressing.
    spend(tunde, 1_900_00)
    again = {"amount": "1000", "note": "A bad line", "shown": shown(page)}
    page = browser.post(address, again).content.decode()
    assert facts(page)["Tunde Bakare's wallet"] == "−₦700 (₦100 available, ₦600 owed)"
    assert browser.post(address, again | {"shown": shown(page)}).status_code == 302
    assert (Refund.objects.get().amount, wallet(tunde)) == (1_000_00, (0, 0, 0, 600_00))
    assert violations() == []


@pytest.mark.parametrize("given", [{"amount": "0"}, {"amount": "5000.01"}, {"amount": "much"}, {"note": " "}])
def test_no_amount_and_no_reason_move_nothing(
    frozen, offering: Offering, ada: Person, browser: Client, given: dict[str, str]
) -> None:
    address = reverse("operator_give_back", args=[released(frozen, offering, ada).pk])
    for _again in range(2):
        page = browser.get(address).content.decode()
        sent = {"amount": "5000", "note": "x", "shown": shown(page)} | given
        answer = browser.post(address, sent)
        assert answer.status_code == 422
        assert browser.post(address, sent | {"shown": shown(answer.content.decode())}).status_code == 422
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("choice", "status", "student", "tutor"),
    [
        ({"way": "release"}, "RELEASED", "+₦0", "+₦3,500"),
        ({"way": "split", "amount": "2,000"}, "SPLIT", "+₦2,000", "+₦2,100"),
        ({"way": "refund"}, "REFUNDED", "+₦5,000", "+₦0"),
    ],
)
def test_a_problem_is_decided_after_a_look_at_what_each_gets(
    frozen,
    offering: Offering,
    ada: Person,
    tunde: Person,
    browser: Client,
    choice: dict[str, str],
    status: str,
    student: str,
    tutor: str,
) -> None:
    booking = took_place(frozen, offering, ada)
    problem = report_problem(ada, booking.pk, "Nobody came")
    answer_problem(tunde, booking.pk, "I did")
    item = ReviewItem.objects.get()
    row = browser.get(reverse("admin:payments_reviewitem_change", args=[item.pk])).content.decode()
    assert reverse("admin:payments_problem_change", args=[problem.pk]) in row
    address = reverse("operator_decide_problem", args=[problem.pk])
    assert address in browser.get(reverse("admin:payments_problem_change", args=[problem.pk])).content.decode()
    page = browser.get(address).content.decode()
    assert facts(page)["Ada Obi (student)"] == "Nobody came"
    assert facts(page)["Tunde Bakare (tutor)"] == "I did"
    first = browser.post(address, choice | {"note": "Heard both"})
    assert first.status_code == 422
    told = facts(first.content.decode())
    assert (told["Ada Obi"], told["Tunde Bakare"]) == (student, tutor)
    sent = choice | {"note": "Heard both", "shown": shown(first.content.decode())}
    assert browser.post(address, sent).status_code == 302
    assert Problem.objects.get().status == status
    assert browser.post(address, sent).status_code == 409
    assert violations() == []


def test_a_share_must_leave_something_to_both(frozen, offering: Offering, ada: Person, browser: Client) -> None:
    problem = report_problem(ada, took_place(frozen, offering, ada).pk, "Nobody came")
    address = reverse("operator_decide_problem", args=[problem.pk])
    for amount in ("", "0", "5000", "6000", "x"):
        sent = {"way": "split", "amount": amount, "note": "x"}
        answer = browser.post(address, sent)
        assert answer.status_code == 422
        assert browser.post(address, sent | {"shown": shown(answer.content.decode())}).status_code == 422
    assert Problem.objects.get().status == "OPEN"


def test_a_dispute_says_until_when_and_where_it_is_answered(
    frozen, offering: Offering, ada: Person, browser: Client
) -> None:
    booking = released(frozen, offering, ada)
    bank_says(booking)()
    dispute = Dispute.objects.get()
    page = browser.get(reverse("admin:payments_dispute_change", args=[dispute.pk])).content.decode()
    assert "https://dashboard.paystack.com/#/disputes" in page
    assert "14 May 2031" in unescape(page)
    ask = reverse("operator_check_dispute", args=[dispute.pk])
    assert ask in page
    assert browser.get(ask).status_code == 200
    assert browser.post(ask).status_code == 302
    assert browser.get(reverse("operator_give_back", args=[booking.pk])).status_code == 200
    refused = browser.post(
        reverse("operator_give_back", args=[booking.pk]),
        {
            "amount": "5000",
            "note": "x",
            "shown": shown(browser.get(reverse("operator_give_back", args=[booking.pk])).content.decode()),
        },
    )
    assert refused.status_code == 409
    assert Booking.objects.get().refunded_late == 0
