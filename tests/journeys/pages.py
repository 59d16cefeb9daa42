"""What journeys do again and again."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.cast import PASSWORD

GRAVE = ("serious", "critical")


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Sign in through the form, as a person does; ends on the page that they are sent to."""
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("form:has(input[name=password]) button:not([type=button])").first.click()
    expect(page).not_to_have_url("/accounts/login/")


def assert_accessible(page: Page) -> None:
    """axe finds nothing serious or critical on the page as it now is."""
    found = Axe().run(page).response["violations"]
    grave = [
        f"{rule['id']}: {rule['help']} ({', '.join(str(node['target']) for node in rule['nodes'][:3])})"
        for rule in found
        if rule["impact"] in GRAVE
    ]
    assert not grave, f"{page.url}\n" + "\n".join(grave)
