"""The marketplace, as the README shows it; `make screenshot` keeps the picture."""

from __future__ import annotations

import os
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.pages import assert_accessible
from tests.serving import ROOT


def test_marketplace_is_full_of_life(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=2)
    page.goto("/mentorship")
    expect(page.locator("#cards > li")).to_have_count(24)
    assert_accessible(page)
    if os.environ.get("OLUKO_SCREENSHOT"):
        page.screenshot(path=ROOT / "docs" / "screenshot.png")
