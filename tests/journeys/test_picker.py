"""Picking a time in a browser: in another zone, on another clock, on a slow network; moving a session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Route, expect

from tests.journeys.pages import assert_accessible, sign_in

TITLE = "Deep React, one to one"


def open_offering(page: Page, title: str = TITLE) -> None:
    page.goto(f"/mentorship?q={title}")
    page.locator("#cards h3 a").first.click()
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()


def later_month(page: Page) -> None:
    """The next month, where no seeded session and no other journey is near."""
    month = page.locator("#month-h").inner_text()
    page.get_by_role("link", name="Later month").click()
    expect(page.locator("#month-h")).not_to_have_text(month)


def test_another_zone_is_found_by_city_and_keeps_the_chosen_instant(page: Page) -> None:
    open_offering(page)
    later_month(page)
    page.locator("#picker .time").first.click()
    instant = page.locator("#picker [data-time]:checked").get_attribute("value") or ""
    page.locator("[data-zone-link]").click()
    search = page.get_by_role("combobox", name="Your city or time zone")
    expect(search).to_be_focused()
    page.keyboard.type("san fra")
    option = page.get_by_role("option", name=re.compile("San Francisco"))
    expect(option).to_be_visible()
    expect(search).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    assert_accessible(page)
    # The first Escape closes the list and leaves the dialog.
    page.keyboard.press("Escape")
    expect(search).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#zone-dialog")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(search).to_have_value("America/Los_Angeles")
    page.keyboard.press("Enter")
    expect(page.locator(".zone-line")).to_contain_text("Times in America/Los_Angeles (GMT-")
    there = datetime.fromisoformat(instant).astimezone(ZoneInfo("America/Los_Angeles"))
    expect(page.locator("#picker [data-time]:checked")).to_have_value(instant)
    expect(page.locator("#picker .time:has(:checked)")).to_contain_text(f"{there:%H:%M}")
    expect(page.locator("#picker [data-date].s")).to_have_attribute("data-date", f"{there:%Y-%m-%d}")


def test_twelve_hours_are_remembered_and_keep_the_chosen_time(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 375, "height": 740})
    open_offering(page)
    later_month(page)
    page.locator("#picker .time").nth(1).click()
    instant = page.locator("#picker [data-time]:checked").get_attribute("value") or ""
    page.get_by_role("link", name="12 h").click()
    expect(page.get_by_role("link", name="12 h")).to_have_attribute("aria-current", "true")
    expect(page.locator("#picker [data-time]:checked")).to_have_value(instant)
    expect(page.locator("[data-chosen]")).to_have_text(re.compile(r"\d:\d\d [AP]M"))
    page.reload()
    expect(page.locator("#picker .time").first).to_have_text(re.compile(r"\d:\d\d [AP]M"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert_accessible(page)


def test_a_slow_answer_shows_that_times_are_on_their_way(page: Page) -> None:
    open_offering(page)

    def slowly(route: Route) -> None:
        time.sleep(1.2)
        route.continue_()

    page.route(re.compile(r"/mentorship/offerings/.*\?day="), slowly)
    day = page.locator("#picker a.a:not(.s)").last
    label = day.get_attribute("aria-label") or ""
    day.click()
    expect(page.locator("#picker .waiting")).to_be_visible()
    expect(page.locator("#picker .slots")).to_be_hidden()
    expect(page.locator("#times-h")).to_be_focused()
    expect(page.locator("#picker .waiting")).to_be_hidden()
    expect(page.locator("#picker-says")).to_have_text(label)


def test_a_session_moves_after_the_page_has_said_what_changes(page: Page) -> None:
    sign_in(page, "temitope.oni@demo.test")
    page.goto("/student/mentorship?tab=pending")
    page.locator("main li").get_by_role("link", name=re.compile("^Move")).first.click()
    expect(page.get_by_role("heading", level=1, name="Move this session")).to_be_visible()
    assert_accessible(page)
    later_month(page)
    choice = page.locator("#picker .time").first
    choice.click()
    expect(page.locator("#sum")).to_contain_text("Nothing is charged again")
    expect(page.locator("#sum")).to_contain_text("If you cancel after the move")
    expect(page).to_have_url(re.compile(r"/move\?chosen="))
    expect(choice.locator("input")).to_be_focused()
    assert_accessible(page)
    # The second press of the same time does it.
    choice.click()
    expect(page.get_by_text("is told.")).to_be_visible()
    expect(page.locator("#details")).to_contain_text("by Temitope Oni")
    assert_accessible(page)


def test_a_tutor_proposes_and_a_student_accepts_without_scripts(new_page: Callable[..., Page]) -> None:
    tutor, student = new_page(java_script_enabled=False), new_page(java_script_enabled=False)
    sign_in(tutor, "tunde@demo.test")
    tutor.goto("/tutor/mentorship?tab=pending")
    propose = tutor.get_by_role("link", name=re.compile("^Propose a time"))
    row = tutor.locator("main li").filter(has_text="Bola Adeyemi").filter(has=propose).first
    row.get_by_role("link", name=re.compile("^Propose a time")).click()
    tutor.get_by_role("link", name="Later month").click()
    tutor.locator("#picker .time").last.click()
    tutor.get_by_role("button", name="See what it changes").first.click()
    expect(tutor.locator("#sum")).to_contain_text("It holds no time")
    tutor.get_by_role("button", name="Propose it to Bola Adeyemi").click()
    expect(tutor.get_by_text("Bola Adeyemi has not answered your proposal yet")).to_be_visible()
    sign_in(student, "bola@demo.test")
    student.goto("/student/mentorship?tab=pending")
    student.get_by_role("button", name="Accept").click()
    expect(student.get_by_text("Moved to")).to_be_visible()
    tutor.reload()
    expect(tutor.locator("#details")).to_contain_text("accepted by Bola Adeyemi")
