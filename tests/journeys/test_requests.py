"""Asking first: a request is approved and paid, rejected with a reason, or lapses unanswered."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.journeys import steps
from tests.journeys.pages import sign_in
from tests.journeys.steps import look
from tests.serving import Site, own_site

# Answered on request only.
TITLE = "Mock take-home task, reviewed"
TUTOR = "mei@demo.test"

site = own_site()


def ask(student: Page, person: str, notes: str) -> None:
    sign_in(student, person)
    steps.find_offering(student, TITLE)
    expect(student.get_by_role("button", name="Book now")).to_have_count(0)
    steps.ask_first(student, notes=notes)
    expect(steps.row(student, TITLE)).to_contain_text("Awaiting approval")


def waiting(tutor: Page, name: str) -> Locator:
    """The row of the tutor's dashboard in which that student waits for an answer."""
    tutor.goto("/tutor/mentorship?tab=approvals")
    look(tutor)
    return tutor.locator("main li").filter(has_text=name).filter(has_text=TITLE)


def test_request_is_approved_and_paid(new_page: Callable[..., Page]) -> None:
    student, tutor = new_page(), new_page(timezone_id="Asia/Shanghai")
    ask(student, "halima.sani@demo.test", "I have an interview soon.")
    sign_in(tutor, TUTOR)
    request = waiting(tutor, "Halima Sani")
    expect(request).to_contain_text("I have an interview soon.")
    request.get_by_role("button", name="Approve").click()
    expect(waiting(tutor, "Halima Sani")).to_have_count(0)

    student.goto("/notifications")
    expect(student.locator("main")).to_contain_text(TITLE)
    look(student)
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Pay within")
    steps.row(student, TITLE).get_by_role("link", name=re.compile("^Pay")).click()
    expect(student.get_by_role("heading", name="Checkout")).to_be_visible()
    look(student)
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")
    steps.open_session(student)
    expect(student.get_by_text("Starts in")).to_be_visible()
    tutor.goto("/tutor/mentorship?tab=pending")
    expect(tutor.locator("main li").filter(has_text="Halima Sani").filter(has_text=TITLE)).to_contain_text("Paid")


def test_request_is_rejected_with_its_reason(new_page: Callable[..., Page]) -> None:
    student, tutor = new_page(), new_page(timezone_id="Asia/Shanghai")
    ask(student, "rukky.omena@demo.test", "Any time suits me.")
    sign_in(tutor, TUTOR)
    request = waiting(tutor, "Rukky Omena")
    request.get_by_role("link", name="Reject").click()
    dialog = tutor.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("I am travelling that week.")
    look(tutor)
    dialog.get_by_role("button", name="Reject").click()
    expect(waiting(tutor, "Rukky Omena")).to_have_count(0)
    steps.see_row(student, "/student/mentorship?tab=rejected", TITLE, "I am travelling that week.")
    steps.row(student, TITLE).get_by_role("link", name=TITLE, exact=True).click()
    expect(student.get_by_role("heading", name="This request was not accepted")).to_be_visible()
    expect(student.get_by_text("Nothing was charged.")).to_be_visible()
    look(student)


def test_request_that_nobody_answers_expires(new_page: Callable[..., Page], site: Site) -> None:
    student = new_page()
    ask(student, "maryam.lawal@demo.test", "Please look at my notebook.")
    site.advance("73h")
    student.goto("/student/mentorship?tab=rejected")
    # The deadline's job runs every few seconds, and the tab looks for news by itself.
    expect(steps.row(student, TITLE)).to_contain_text("Rejected", timeout=steps.PATIENCE)
    look(student)
    steps.row(student, TITLE).get_by_role("link", name=TITLE, exact=True).click()
    expect(student.get_by_role("heading", name="This request was not accepted")).to_be_visible()
    expect(student.get_by_text("Nothing was charged.")).to_be_visible()
    look(student)
