"""At Paystack: the card is declined, the page is closed, two tabs both pay."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import sign_in
from tests.journeys.steps import look

TITLE = "Algebra, from the beginning, kindly"


def at_the_checkout(student: Page, person: str) -> None:
    sign_in(student, person)
    steps.find_offering(student, TITLE)
    steps.book_now(student)


def test_declined_card_is_paid_at_the_second_try(new_page: Callable[..., Page]) -> None:
    student = new_page()
    at_the_checkout(student, "temitope.oni@demo.test")
    steps.go_to_paystack(student)
    declined = student.url
    steps.at_paystack(student, "Decline", "Nothing was charged")
    expect(student.get_by_text("Your time is still held")).to_be_visible()
    steps.go_to_paystack(student)
    assert student.url != declined
    steps.at_paystack(student, "Pay", "Confirmed")
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Paid")


def test_closed_checkout_keeps_the_time_and_its_page(new_page: Callable[..., Page]) -> None:
    student = new_page()
    at_the_checkout(student, "kwabena.ofori@demo.test")
    steps.go_to_paystack(student)
    first = student.url
    steps.at_paystack(student, "Close", "Nothing was charged")
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Pay within")
    steps.row(student, TITLE).get_by_role("link", name=re.compile("^Pay")).click()
    steps.go_to_paystack(student)
    assert student.url == first
    steps.at_paystack(student, "Pay", "Confirmed")


def test_second_of_two_tabs_that_both_pay_is_refunded(new_page: Callable[..., Page]) -> None:
    one = new_page()
    at_the_checkout(one, "halima.sani@demo.test")
    steps.go_to_paystack(one)
    left_open = one.url
    steps.at_paystack(one, "Decline", "Nothing was charged")
    other = one.context.new_page()
    other.goto(left_open)
    expect(other.get_by_text("declined")).to_be_visible()

    steps.go_to_paystack(one)
    steps.at_paystack(one, "Pay", "Confirmed")
    steps.at_paystack(other, "Pay", "This session was paid already")
    other.get_by_role("link", name="Follow the money").click()
    expect(other.get_by_role("heading", name="The money of this session")).to_be_visible()
    look(other)
    steps.reload_until(other, other.get_by_role("listitem").filter(has_text="Back with you"))
    one.goto("/notifications")
    expect(one.locator("main")).to_contain_text(re.compile("back", re.IGNORECASE))
    steps.see_row(one, "/student/mentorship?tab=pending", TITLE, "Paid")
