import re

from playwright.sync_api import Page, expect

from tests.journeys.pages import assert_accessible, sign_in


def test_sign_in_page_is_accessible(page: Page) -> None:
    page.goto("/accounts/login/")
    expect(page.locator("input[name=password]")).to_be_visible()
    assert_accessible(page)


def test_signed_in_person_reaches_what_is_private(page: Page) -> None:
    page.goto("/notifications")
    expect(page).to_have_url(re.compile(r"/accounts/login/"))
    sign_in(page, "ada@demo.test")
    answer = page.goto("/notifications")
    assert answer is not None
    assert answer.ok
    expect(page).to_have_url("/notifications")
