"""The marketplace and the picker of times in a browser: swapped in place, by keyboard, and without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.journeys.pages import assert_accessible, sign_in


def open_offering(page: Page, words: str = "Deep React") -> None:
    page.goto(f"/mentorship?q={words}")
    page.locator("#cards h3 a").first.click()
    expect(page.locator("#picker")).to_be_visible()


def test_filters_swap_the_results_in_place_and_keep_their_state_in_the_address(page):
    page.goto("/mentorship")
    page.evaluate("window.sameDocument = true")
    page.get_by_label("Topic or tutor").fill("react")
    expect(page).to_have_url(re.compile(r"/mentorship\?q=react$"))
    page.get_by_label("Duration").select_option("60")
    expect(page).to_have_url(re.compile(r"q=react&duration=60$"))
    found = page.locator("#results [role=status]")
    few = found.inner_text()
    page.locator(".found a", has_text="60 min").click()
    expect(page).to_have_url(re.compile(r"/mentorship\?q=react$"))
    expect(page.get_by_label("Duration")).to_have_value("")
    expect(found).not_to_have_text(few)
    page.get_by_label("Topic or tutor").fill("nothing has this title")
    expect(page.get_by_text("Nothing fits all of this")).to_be_visible()
    page.get_by_role("link", name="Without").click()
    expect(page.locator("#cards > .card").first).to_be_visible()
    assert_accessible(page)


def test_more_offerings_are_added_below(page):
    page.goto("/mentorship")
    before = page.locator("#cards > .card").count()
    page.get_by_role("link", name="More offerings").click()
    expect(page.locator("#cards > .card")).to_have_count(before * 2)
    assert len(set(page.locator("#cards h3 a").evaluate_all("all => all.map(a => a.href)"))) == before * 2


def test_the_month_goes_by_keyboard_and_a_day_moves_the_focus_to_its_times(page):
    open_offering(page)
    expect(page.locator("#picker [data-date][tabindex='0']")).to_have_count(1)
    page.locator("#picker [data-date][tabindex='0']").focus()
    first = page.evaluate("document.activeElement.dataset.date")
    page.keyboard.press("PageDown")
    expect(page.locator("#month-h")).not_to_have_text("")
    page.wait_for_function("first => document.activeElement?.dataset?.date > first", arg=first)
    there = page.evaluate("document.activeElement.dataset.date")
    assert there[:7] > first[:7]
    page.keyboard.press("End")
    end = page.evaluate("document.activeElement.dataset.date")
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.dataset.date") <= there <= end
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.locator("#picker a.a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#times-h")).to_be_focused()
    expect(page.locator("#picker-says")).to_have_text(re.compile(r"\d{4}, \d+ times?"))
    expect(page).to_have_url(re.compile(r"\?day=\d{4}-\d\d-\d\d$"))
    assert_accessible(page)


def test_the_first_press_selects_and_the_second_books(page):
    sign_in(page, "bola@demo.test")
    open_offering(page)
    page.locator("#notes").fill("Hooks, please")
    page.locator("#picker a.a:not(.s)").last.click()
    expect(page.locator("#times-h")).to_be_focused()
    expect(page.locator("#notes")).to_have_value("Hooks, please")
    time = page.locator("#picker .time").last
    time.click()
    expect(time).to_contain_text("Book")
    expect(page.locator("[data-chosen]")).to_have_text(re.compile(r"\d\d:\d\d"))
    expect(page).to_have_url(re.compile("/mentorship/offerings/"))
    time.click()
    expect(page).to_have_url(re.compile("/mentorship/checkout/"))


def test_a_phone_keeps_price_and_buttons_in_sight(new_page):
    page = new_page(viewport={"width": 375, "height": 700})
    open_offering(page)
    expect(page.get_by_role("button", name="Book now")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert_accessible(page)


def test_everything_works_without_javascript(new_page):
    page = new_page(java_script_enabled=False)
    page.goto("/mentorship")
    page.get_by_label("Topic or tutor").fill("react")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("q=react"))
    page.locator("#cards h3 a").first.click()
    page.locator("#picker a.a").last.click()
    page.locator("#picker .time").first.click()
    chosen = page.locator("[name=scheduled_at]:checked").get_attribute("value")
    page.get_by_role("button", name=re.compile("Book now|Ask for this time")).click()
    # Signed out: after signing in the chosen time is still chosen.
    page.locator("input[name=login]").fill("zainab@demo.test")
    page.locator("input[name=password]").fill("demo")
    page.locator("form:has(input[name=password]) button:not([type=button])").first.click()
    expect(page.locator("[name=scheduled_at]:checked")).to_have_value(chosen)


def test_a_tutor_lists_an_offering_in_the_dialog(page):
    sign_in(page, "tunde@demo.test")
    page.goto("/tutor/mentorship/schedule")
    page.get_by_role("link", name="Create offering").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill("An hour on state machines")
    dialog.get_by_label("Price").fill("0")
    dialog.get_by_role("button", name="Create offering").click()
    expect(dialog.get_by_label("Price")).to_be_focused()
    expect(dialog.get_by_label("Title")).to_have_value("An hour on state machines")
    assert_accessible(page)
    dialog.get_by_label("Price").fill("6,500")
    dialog.get_by_role("button", name="Create offering").click()
    expect(page.get_by_text("Offering created")).to_be_visible()
    page.get_by_role("link", name="Delete An hour on state machines").click()
    expect(page.get_by_text("No session of it is booked.")).to_be_visible()
    page.get_by_role("button", name="Delete offering").click()
    expect(page.get_by_text("Offering deleted")).to_be_visible()


def test_working_hours_are_saved_without_javascript(new_page):
    page = new_page(java_script_enabled=False)
    # Nobody else's test is about her week: what is saved here stays.
    sign_in(page, "zara.abdulkadir@demo.test")
    page.goto("/tutor/availability")
    page.get_by_role("button", name="Add hours on Sunday").click()
    sunday = page.get_by_role("group", name="Sunday")
    sunday.get_by_label("From").last.fill("21:15")
    sunday.get_by_label("To", exact=True).last.fill("22:00")
    page.get_by_role("button", name="Save working hours").click()
    expect(page.get_by_text("Working hours saved")).to_be_visible()
    ranges = page.get_by_role("group", name="Sunday").get_by_label("From")
    assert "21:15" in ranges.evaluate_all("all => all.map(one => one.value)")
