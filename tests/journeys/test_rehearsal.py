"""A bad day from the operator's page: the webhook never comes, the student is told all the same."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.pages import assert_accessible, sign_in

TITLE = "Algebra, from the beginning, kindly"


def test_payment_without_its_webhook_is_found_by_asking(new_page: Callable[..., Page]) -> None:
    operator, student = new_page(), new_page()
    sign_in(operator, "admin@demo.test")
    operator.goto("/admin/rehearsal")
    story = operator.locator("li", has=operator.get_by_text("Student pays, the webhook never comes", exact=True)).last
    story.locator("summary").click()
    story.get_by_role("button").click()
    live = operator.locator("#live")
    expect(live).to_contain_text("Sends no webhooks")
    assert_accessible(operator)

    sign_in(student, "dami.fasholu@demo.test")
    steps.find_offering(student, TITLE)
    steps.book_now(student)
    steps.go_to_paystack(student)
    steps.at_paystack(student, "Pay", "Confirmed")

    # Without a reload: the page follows by itself.
    expect(live).to_contain_text(re.compile("no webhook had come; found by asking"), timeout=steps.PATIENCE)
    operator.get_by_role("button", name="All well").click()
    expect(live).to_contain_text("✓ All well")
    webhooks = operator.get_by_role("region", name="Webhooks")
    expect(webhooks.get_by_text("kept back").first).to_be_visible()
    webhooks.get_by_role("button", name=re.compile("^Again: deliver charge.success")).first.click()
    expect(operator.get_by_text(re.compile("we answered 200")).first).to_be_visible()
