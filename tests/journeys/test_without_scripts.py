"""The main booking flow in a browser without JavaScript: everything but the video and the countdowns."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import sign_in

TITLE = "CV in forty-five minutes"
REQUESTED = "Design career talk, no slides"


def test_booking_and_paying_without_scripts(new_page: Callable[..., Page]) -> None:
    student = new_page(java_script_enabled=False)
    sign_in(student, "seun.alabi@demo.test")
    student.goto("/mentorship")
    student.get_by_role("searchbox").fill(TITLE)
    student.get_by_role("button", name="Search").click()
    student.locator("main").get_by_role("link", name=TITLE, exact=True).click()
    steps.book_now(student)
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Decline", "Nothing was charged")
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")
    steps.open_session(student)
    expect(student.get_by_text("Starts in")).to_be_visible()
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Paid")


def test_asking_and_answering_without_scripts(new_page: Callable[..., Page]) -> None:
    student, tutor = new_page(java_script_enabled=False), new_page(java_script_enabled=False)
    sign_in(student, "ebuka.nwafor@demo.test")
    steps.find_offering(student, REQUESTED)
    steps.ask_first(student, notes="How do I leave an agency?")
    sign_in(tutor, "ngozi.obiora@demo.test")
    tutor.goto("/tutor/mentorship?tab=approvals")
    request = tutor.locator("main li").filter(has_text="Ebuka Nwafor").filter(has_text=REQUESTED)
    request.get_by_role("button", name="Approve").click()
    tutor.goto("/tutor/mentorship?tab=approvals")
    expect(request).to_have_count(0)
    steps.see_row(student, "/student/mentorship?tab=pending", REQUESTED, "Pay")
    steps.row(student, REQUESTED).get_by_role("link", name=re.compile("^Pay")).click()
    expect(student.get_by_role("heading", name="Checkout")).to_be_visible()


def test_listing_and_completing_a_course_without_scripts(new_page: Callable[..., Page]) -> None:
    tutor, student = new_page(java_script_enabled=False), new_page(java_script_enabled=False)
    sign_in(tutor, "ibrahim.danladi@demo.test")
    steps.list_offering(tutor, "Pivot tables, slowly", course="Python for Everyday Data")
    sign_in(student, "zainab@demo.test")
    steps.complete_course(student, "python-for-everyday-data")
    student.get_by_role("link", name="Book Pivot tables, slowly").click()
    expect(student.get_by_role("heading", level=1, name="Pivot tables, slowly")).to_be_visible()
    student.go_back()
    student.get_by_role("button", name="Dismiss these suggestions").click()
    expect(student.get_by_role("link", name="Book Pivot tables, slowly")).to_have_count(0)
