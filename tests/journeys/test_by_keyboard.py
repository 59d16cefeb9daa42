"""The whole of a student's business by keyboard alone: after the first address nothing but keys is used."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.cast import PASSWORD
from tests.journeys import steps
from tests.journeys.keys import follow, tab_to
from tests.journeys.pages import assert_accessible

TITLE = "Deep React, one to one"
HAS_FOCUS = "document.activeElement"


def test_by_keyboard_alone_from_signing_in_to_a_refund(page: Page) -> None:
    sign_in(page, "chisom.ede@demo.test")
    find_offering(page)
    choose_day(page)
    choose_time(page)
    assert_accessible(page)
    # The first press has chosen, the second one books.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Checkout")).to_be_visible()

    pay(page)
    session = steps.session_id(page)
    booked = page.locator("#when").inner_text()

    move(page)
    expect(page).to_have_url(re.compile(f"/mentorship/session/{session}$"))
    expect(page.get_by_text("is told.")).to_be_visible()
    expect(page.locator("#when")).not_to_have_text(booked)

    cancel(page)
    expect(page).to_have_url(re.compile(f"/mentorship/session/{session}$"))
    expect(page.get_by_role("heading", name="Cancelled by the student")).to_be_visible()


def main(page: Page) -> Locator:
    return page.locator("main")


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    tab_to(page, page.locator("input[name=login]"))
    page.keyboard.type(email)
    tab_to(page, page.locator("input[name=password]"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("/accounts/login/"))


def find_offering(page: Page) -> None:
    """From where signing in leads to the offering, by the menu, the search and the card."""
    follow(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="Mentors"))
    expect(page).to_have_url(re.compile("/mentorship$"))
    tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type(TITLE)
    expect(page.locator("#cards h3 a")).to_have_count(1)
    follow(page, page.locator("#cards").get_by_role("link", name=TITLE, exact=True))
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()


def choose_day(page: Page) -> None:
    """To the month, which is one stop of the Tab key; by PageDown and arrows to a day of the next that has times."""
    stop = page.locator("#picker [data-date][tabindex='0']")
    tab_to(page, stop)
    first = stop.get_attribute("data-date")
    page.keyboard.press("PageDown")
    page.wait_for_function("first => document.activeElement?.dataset?.date > first", arg=first)
    expect(stop).to_have_count(1)
    while not page.evaluate(f"{HAS_FOCUS}.classList.contains('a')"):
        page.keyboard.press("ArrowRight")
    label = page.evaluate(f"{HAS_FOCUS}.getAttribute('aria-label')")
    assert re.fullmatch(r"\w+ \d+ \w+ \d{4}, \d+ times?", label)
    page.keyboard.press("Enter")
    expect(page.locator("#times-h")).to_be_focused()
    expect(page.locator("#picker-says")).to_have_text(label)


def choose_time(page: Page) -> None:
    """The second time of the day, by Space and an arrow; the page stays until it is pressed again."""
    address = page.url.split("?")[0]
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    expect(page.get_by_role("radio").first).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    expect(page.get_by_role("radio").nth(1)).to_be_focused()
    expect(page.locator("#picker .time small")).to_have_count(1)
    assert page.url.split("?")[0] == address


def pay(page: Page) -> None:
    """From the checkout by way of Paystack's page to the session."""
    follow(page, main(page).get_by_role("button", name=re.compile("^Pay ")))
    expect(page.get_by_text("Test checkout")).to_be_visible()
    follow(page, page.get_by_role("button", name="Pay", exact=True))
    expect(page.get_by_role("heading", name="Confirmed")).to_be_visible(timeout=steps.PATIENCE)
    follow(page, page.get_by_role("link", name="Open the session"))
    expect(page.get_by_text("Starts in")).to_be_visible()


def move(page: Page) -> None:
    """To another day; what it changes is said before the second press does it."""
    follow(page, page.locator("#details").get_by_role("link", name="Move"))
    expect(page.get_by_role("heading", level=1, name="Move this session")).to_be_visible()
    tab_to(page, page.locator("#picker [data-date][tabindex='0']"))
    page.keyboard.press("ArrowRight")
    while not page.evaluate(f"{HAS_FOCUS}.classList.contains('a')"):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#times-h")).to_be_focused()
    choose_time(page)
    chosen = page.get_by_role("radio").nth(1).get_attribute("value")
    expect(page.locator(f"#sum [data-for='{chosen}']")).to_be_visible()
    expect(page.locator("#sum")).to_contain_text("Nothing is charged again")
    expect(page.get_by_role("radio").nth(1)).to_be_focused()
    page.keyboard.press("Enter")


def cancel(page: Page) -> None:
    """The page that says what comes back, then the button that says it again."""
    follow(page, page.locator("#details").get_by_role("link", name="Cancel"))
    expect(page.get_by_role("heading", level=1, name="Cancel this session?")).to_be_visible()
    expect(main(page).locator("dl.facts")).to_contain_text("Goes back to you")
    tab_to(page, page.get_by_role("textbox", name=re.compile("^A word to")))
    page.keyboard.type("My week has changed.")
    follow(page, page.get_by_role("button", name=re.compile("^Cancel, .* back$")))
