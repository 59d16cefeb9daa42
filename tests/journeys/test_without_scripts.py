"""The main booking flow in a browser without JavaScript: everything but the video and the countdowns."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import sign_in

TITLE = "CV in forty-five minutes"
REQUESTED = "Design career talk, no slides"


def test_booking_paying_moving_and_cancelling_without_scripts(new_page: Callable[..., Page]) -> None:
    student = new_page(java_script_enabled=False)
    sign_in(student, "seun.alabi@demo.test")
    student.goto("/mentorship")
    student.get_by_role("searchbox").fill(TITLE)
    student.get_by_role("button", name="Search").click()
    student.locator("main").get_by_role("link", name=TITLE, exact=True).click()
    choose_zone(student, "edinb", "Europe/London")
    at = steps.book_now(student)
    expect(student.locator("main")).to_contain_text(f"{at.astimezone(ZoneInfo('Europe/London')):%H:%M} (London)")
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Decline", "Nothing was charged")
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")
    session = steps.open_session(student)
    expect(student.get_by_text("Starts in")).to_be_visible()
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Paid")
    student.goto(f"/mentorship/session/{session}")
    move(student, at)
    cancel(student)


def choose_zone(page: Page, words: str, zone: str) -> None:
    """By the form on a page of its own, which offers places where a name is not whole; and back."""
    address = page.url
    page.locator("[data-zone-link]").click()
    expect(page.get_by_role("heading", level=1, name="Your time zone")).to_be_visible()
    form = page.locator("main")
    form.get_by_label("Your city or time zone").fill(words)
    form.get_by_role("button", name="Show times in it").click()
    page.get_by_role("form", name="Did you mean").get_by_role("button").filter(has_text=zone).click()
    expect(page).to_have_url(address)
    expect(page.locator(".zone-line [data-zone]")).to_have_attribute("data-zone", zone)


def move(student: Page, at: datetime) -> None:
    """From the session's page to another time of the same day, and back; what changes is said before."""
    student.locator("#details").get_by_role("link", name="Move").click()
    expect(student.get_by_role("heading", level=1, name="Move this session")).to_be_visible()
    time = student.locator("#picker .time").last
    other = datetime.fromisoformat(time.locator("input").get_attribute("value") or "")
    assert other != at
    time.click()
    student.get_by_role("button", name="See what it changes").first.click()
    clock = f"{other.astimezone(ZoneInfo('Europe/London')):%H:%M} (London)"
    expect(student.locator("#sum .on")).to_contain_text(clock)
    expect(student.locator("#sum")).to_contain_text("Nothing is charged again")
    student.get_by_role("button", name="Move to this time").click()
    expect(student.get_by_text("is told.")).to_be_visible()
    expect(student.locator("#when")).to_contain_text(clock)


def cancel(student: Page) -> None:
    """From the session's page by way of the one that says what comes back."""
    student.locator("#details").get_by_role("link", name="Cancel").click()
    expect(student.locator("main dl.facts")).to_contain_text("Goes back to you")
    student.get_by_label(re.compile("^A word to")).fill("My week has changed.")
    student.get_by_role("button", name=re.compile("^Cancel, .* back$")).click()
    expect(student.get_by_text("go back to the student.")).to_be_visible()
    expect(student.get_by_role("heading", name="Cancelled by the student")).to_be_visible()


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
