"""The main job, whole: list, complete a course, book, pay, meet, complete, be paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import assert_accessible, sign_in
from tests.journeys.steps import look
from tests.serving import Site, own_site

TITLE = "Your first component, together"
PRICE = 8_000_00
SHARE = PRICE * 70 // 100

site = own_site()


@pytest.mark.both
def test_main_job_from_listing_to_money(new_page: Callable[..., Page], site: Site) -> None:
    tutor, student = new_page(), new_page()
    sign_in(tutor, "tunde@demo.test")
    sign_in(student, "zainab@demo.test")
    steps.list_offering(tutor, TITLE, course="React Foundations")

    steps.complete_course(student, "react-foundations")
    card = student.get_by_role("region", name="Master this course with mentorship")
    card.get_by_role("link", name=f"Book {TITLE}").click()
    at = steps.book_now(student, notes="My list renders twice.")
    before = steps.wallet(tutor)
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")
    session = f"/mentorship/session/{steps.open_session(student)}"

    see_session_ready(student, tutor, session)
    after = steps.wallet(tutor)
    assert after == before | {"Pending": before["Pending"] + SHARE}

    join(student, tutor, site, session, at)
    complete(student, tutor, site, session)

    site.advance("25h")
    expect_released(student, tutor, session)


def see_session_ready(student: Page, tutor: Page, session: str) -> None:
    """Both see it ahead, with its countdown and, as soon as the job has run, its link; the tutor is told."""
    expect(student.get_by_text("Starts in")).to_be_visible()
    expect(student.get_by_role("textbox", name="Meeting link")).to_be_visible(timeout=steps.PATIENCE)
    look(student)
    steps.see_row(student, "/student/mentorship?tab=pending", TITLE, "Paid")
    steps.see_row(tutor, "/tutor/mentorship?tab=pending", TITLE, "Paid")
    tutor.goto("/notifications")
    expect(tutor.locator("main")).to_contain_text(TITLE)
    look(tutor)
    tutor.goto(session)
    expect(tutor.get_by_text("Starts in")).to_be_visible()


def join(student: Page, tutor: Page, site: Site, session: str, at: datetime) -> None:
    """The lobby opens before, the meeting at its time, on the page of each."""
    steps.advance_to(site, at - timedelta(minutes=10))
    student.goto(session)
    expect(student.get_by_text("Lobby open")).to_be_visible()
    look(student)
    steps.advance_to(site, at + timedelta(minutes=1))
    for page in (tutor, student):
        page.goto(session)
        expect(page.get_by_text("Live · ends in")).to_be_visible()
        expect(page.get_by_role("button", name="Try camera and microphone")).to_be_visible()
        look(page)
    tutor.get_by_role("button", name="Start the session").click()
    steps.see_row(tutor, "/tutor/mentorship?tab=active", TITLE, "Live")


def complete(student: Page, tutor: Page, site: Site, session: str) -> None:
    """After its end the tutor says that it took place, and it is history for both."""
    site.advance("1h")
    tutor.goto(session)
    expect(tutor.get_by_text("How did it go?")).to_be_visible()
    look(tutor)
    tutor.get_by_role("button", name="Mark as completed").click()
    expect(tutor.get_by_role("heading", name="This session took place")).to_be_visible()
    look(tutor)
    steps.see_row(student, "/student/mentorship?tab=history", TITLE, "Completed")
    steps.see_row(tutor, "/tutor/mentorship?tab=completed", TITLE, "Completed")
    student.goto(session)
    expect(student.get_by_role("heading", name="This session took place")).to_be_visible()
    assert steps.movements(tutor, TITLE) == [("Paid, the tutor's part", SHARE)]


def expect_released(student: Page, tutor: Page, session: str) -> None:
    """A day after completion the tutor's part is available, and both can follow the money."""
    released = tutor.get_by_text("are available in the tutor's wallet")
    tutor.goto(session)
    expect(released).to_be_visible(timeout=steps.PATIENCE)
    lines = steps.movements(tutor, TITLE)
    assert lines == [("Released to the tutor", SHARE), ("Paid, the tutor's part", SHARE)]
    assert steps.wallet(tutor)["Available"] >= SHARE
    student.goto(f"{session}/money")
    expect(student.locator("main")).to_contain_text("₦5,600")
    look(student)
    tutor.goto("/tutor/analytics")
    expect(tutor.get_by_role("row").filter(has_text=TITLE)).to_contain_text("₦5,600")
    assert_accessible(tutor)
