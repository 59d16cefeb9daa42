"""The week editor in a browser: by keyboard alone, on a phone, without JavaScript, and honest about what is unsaved."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.keys import tab_to
from tests.journeys.pages import assert_accessible, sign_in

PAGE = "/tutor/availability"
WORKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
SMALLEST_TARGET = 44  # pixels
TOO_SMALL = """(form, least) => {
    const pressed = "button, summary, select, label:has(> input), input:not([type=checkbox], [type=hidden])";
    const side = (each) => Math.min(each.getBoundingClientRect().height, each.getBoundingClientRect().width);
    return [...form.querySelectorAll(pressed)]
        .filter((each) => each.checkVisibility() && !each.matches(".sr") && side(each) < least)
        .map((each) => each.outerHTML.slice(0, 120));
}"""


def open_hours(page: Page, email: str = "tunde@demo.test") -> None:
    sign_in(page, email)
    page.goto(PAGE)
    expect(page.get_by_role("heading", level=1, name="Working hours")).to_be_visible()


def day(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def hours(page: Page, name: str) -> list[str]:
    """The ranges of a day, as 09:00–12:00."""
    row = day(page, name)
    starts, ends = ([each.input_value() for each in row.get_by_label(end, exact=True).all()] for end in ("From", "To"))
    return [f"{start}–{end}" for start, end in zip(starts, ends, strict=True)]


def type_date(page: Page, field: Locator, wanted: date) -> None:
    """Type a date into its field; whether the month or the day comes first is for the browser to say."""
    for order in ("%m%d%Y", "%d%m%Y"):
        tab_to(page, field)
        page.keyboard.type(wanted.strftime(order))
        if field.input_value() == wanted.isoformat():
            return
        while not field.evaluate("field => field !== document.activeElement"):
            page.keyboard.press("Shift+Tab")
    pytest.fail("the date could not be typed")


def preview_of(page: Page, wanted: date) -> Locator:
    return page.locator("#preview .seen li").filter(has_text=f"{wanted:%a} {wanted.day} {wanted:%b}")


def coming(weekday: int) -> date:
    """The next date of a weekday (Monday is 0) that lies at least two days ahead in Lagos."""
    first = datetime.now(UTC).astimezone(ZoneInfo("Africa/Lagos")).date() + timedelta(days=2)
    return first + timedelta(days=(weekday - first.weekday()) % 7)


def test_a_tutor_sets_the_week_by_keyboard_alone(page: Page) -> None:
    open_hours(page)
    away, saturday = coming(2), coming(5)
    assert_accessible(page)
    start, end = (
        day(page, "Monday").get_by_label("From", exact=True).first,
        day(page, "Monday").get_by_label("To", exact=True).first,
    )
    tab_to(page, start)
    page.keyboard.type("1000AM")
    tab_to(page, end)
    page.keyboard.type("1200PM")
    expect(page.get_by_text("Unsaved changes", exact=True)).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Add hours on Monday"))
    page.keyboard.press("Enter")
    expect(day(page, "Monday").get_by_label("From", exact=True).nth(1)).to_be_focused()
    assert hours(page, "Monday") == ["10:00–12:00", "13:00–17:00"]

    tab_to(page, day(page, "Monday").locator("summary"))
    page.keyboard.press("Enter")
    expect(day(page, "Monday").get_by_role("button", name="Copy", exact=True)).to_be_visible()
    assert_accessible(page)
    for name in WORKDAYS[1:]:
        tab_to(page, day(page, "Monday").get_by_role("checkbox", name=name))
        page.keyboard.press("Space")
    tab_to(page, day(page, "Monday").get_by_role("button", name="Copy", exact=True))
    page.keyboard.press("Enter")
    expect(day(page, "Monday").locator("summary")).to_be_focused()
    expect(page.locator("#hours-says")).to_have_text("Monday copied to Tuesday, Wednesday, Thursday, Friday")
    for name in WORKDAYS:
        assert hours(page, name) == ["10:00–12:00", "13:00–17:00"]

    tab_to(page, day(page, "Saturday").get_by_role("button", name="Remove these hours"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add hours on Saturday")).to_be_focused()
    expect(preview_of(page, saturday)).to_contain_text("off")
    expect(preview_of(page, away)).to_contain_text("times")
    type_date(page, page.get_by_label("Date", exact=True).last, away)
    tab_to(page, page.get_by_role("button", name="Add days off"))
    page.keyboard.press("Enter")
    expect(preview_of(page, away)).to_contain_text("off")
    assert_accessible(page)

    tab_to(page, page.get_by_role("button", name="Save working hours"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Working hours saved")).to_be_visible()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    assert hours(page, "Friday") == ["10:00–12:00", "13:00–17:00"]
    assert hours(page, "Saturday") == []
    expect(page.locator("#dates input[type=date]")).to_have_value(away.isoformat())
    expect(preview_of(page, away)).to_contain_text("off")


def test_the_preview_follows_what_is_typed_and_the_length(page: Page) -> None:
    open_hours(page, "mei@demo.test")
    sum_of_times = page.locator("#preview .sum b")
    before = sum_of_times.inner_text()
    page.get_by_label("Session of").select_option("180")
    expect(sum_of_times).not_to_have_text(before)
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    page.get_by_label("Bookable ahead").fill("0")
    expect(page.locator("#preview").get_by_text("No preview yet")).to_be_visible()
    page.get_by_label("Bookable ahead").fill("2")
    expect(page.locator("#preview .seen li")).to_have_count(3)
    page.locator("#id_zone").fill("Abuj")
    page.get_by_role("option", name=re.compile("Abuja")).click()
    expect(page.locator("#preview .sum")).to_contain_text("Lagos (GMT+1)")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Discard").click()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    expect(page.locator("#id_zone")).to_have_value("Asia/Shanghai")


# Whether the page keeps the browser from leaving it at once. Chromium's own dialog is not waited for: in a browser that
# had been through twenty journeys it now and then did not come.
ASKS_FIRST = """() => {
  const leaving = new Event("beforeunload", { cancelable: true });
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""


def test_leaving_with_unsaved_changes_asks_first_and_undoing_them_does_not(page: Page) -> None:
    open_hours(page, "mei@demo.test")
    assert not page.evaluate(ASKS_FIRST)
    page.get_by_role("button", name="Add hours on Sunday").click()
    expect(page.get_by_text("Unsaved changes", exact=True)).to_be_visible()
    assert page.evaluate(ASKS_FIRST)
    day(page, "Sunday").get_by_role("button", name="Remove these hours").last.click()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    assert not page.evaluate(ASKS_FIRST)
    page.get_by_role("link", name="Your offerings").click()
    expect(page).to_have_url(re.compile("/tutor/mentorship/schedule$"))


def test_what_is_refused_has_the_focus_and_stays_unsaved(page: Page) -> None:
    open_hours(page, "mei@demo.test")
    page.get_by_label("Bookable ahead").fill("0")
    day(page, "Tuesday").get_by_label("To", exact=True).first.fill("06:00")
    page.get_by_role("button", name="Save working hours").click()
    expect(day(page, "Tuesday").get_by_label("From", exact=True).first).to_be_focused()
    expect(page.get_by_text("Nothing was saved.")).to_be_visible()
    expect(page.get_by_text("Unsaved changes", exact=True)).to_be_visible()
    expect(page.get_by_label("Bookable ahead")).to_have_value("0")
    assert_accessible(page)
    day(page, "Tuesday").get_by_label("To", exact=True).first.fill("23:00")
    expect(page.locator("#tue-error")).to_have_count(0)


def test_the_week_fits_a_phone_and_a_finger(new_page) -> None:
    page = new_page(viewport={"width": 375, "height": 700}, has_touch=True)
    open_hours(page, "mei@demo.test")
    page.get_by_role("button", name="Add hours on Sunday").click()
    page.get_by_label("Date", exact=True).last.fill(coming(0).isoformat())
    page.get_by_role("button", name="Add days off").click()
    page.locator("#dates").get_by_role("button", name="Add hours on this date").click()
    day(page, "Sunday").locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.locator("#hours").evaluate(TOO_SMALL, SMALLEST_TARGET) == []
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_works_without_javascript(new_page) -> None:
    page = new_page(java_script_enabled=False)
    open_hours(page, "ngozi.obiora@demo.test")
    day(page, "Monday").get_by_label("From", exact=True).first.fill("08:15")
    day(page, "Monday").get_by_label("To", exact=True).first.fill("09:15")
    day(page, "Monday").locator("summary").click()
    day(page, "Monday").get_by_role("checkbox", name="All other days").check()
    day(page, "Monday").get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Unsaved changes", exact=True)).to_be_visible()
    assert hours(page, "Sunday")[0] == "08:15–09:15"
    away = coming(2)
    page.get_by_label("Date", exact=True).last.fill(away.isoformat())
    page.get_by_role("button", name="Add days off").click()
    page.get_by_label("Session of").select_option("45")
    page.get_by_role("button", name="Preview").click()
    expect(preview_of(page, away)).to_contain_text("off")
    expect(preview_of(page, coming(3))).to_contain_text("08:15")
    page.get_by_role("button", name="Save working hours").click()
    expect(page.get_by_text("Working hours saved")).to_be_visible()
    assert hours(page, "Sunday")[0] == "08:15–09:15"
