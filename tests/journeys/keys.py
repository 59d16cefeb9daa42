"""Going about a page with nothing but the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page

MOST_TABS = 160


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until the wanted element has the focus, as who has no mouse must; the focus can always be seen."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("wanted => wanted === document.activeElement"):
            assert_in_sight(wanted)
            return
        page.keyboard.press(key)
    pytest.fail(f"{wanted} is not reached by {key}")


def follow(page: Page, wanted: Locator) -> None:
    """Tab to a link or a button and press Enter on it."""
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def assert_in_sight(focused: Locator) -> None:
    """Nothing that sticks to the screen lies over what has the focus.

    Looked at is the part on the screen: of a long field the browser shows the line with the cursor.
    """
    cover = """focused => {
        const box = focused.getBoundingClientRect();
        const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;
        const top = document.elementFromPoint(
            middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight)
        );
        const seen = focused === top || focused.contains(top) || top?.contains(focused);
        return seen ? "" : `at ${box.top} to ${box.bottom} of ${innerHeight} there is ${top?.outerHTML.slice(0, 200)}`;
    }"""
    covered = focused.evaluate(cover)
    assert not covered, covered
