from playwright.sync_api import Page, expect

from tests.journeys.pages import assert_accessible, sign_in


def test_sign_in_page_is_accessible(page: Page) -> None:
    page.goto("/accounts/login/")
    expect(page.locator("input[name=password]")).to_be_visible()
    assert_accessible(page)


def test_student_signs_in(page: Page) -> None:
    sign_in(page, "ada@demo.test")
    page.goto("/student/mentorship")
    expect(page).to_have_url("/student/mentorship")
