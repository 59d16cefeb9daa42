"""A real Chromium before a really served site."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.journeys import steps
from tests.serving import Site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
]
PATIENCE = 15_000  # milliseconds; two cores are shared with a second test process


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium of the machine, else the one that Playwright installed."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


def is_failure(line: ConsoleMessage) -> bool:
    """Whether a line of the console tells of a fault of ours.

    Chromium calls every answer of 409 and 422 an error, which forms that explain a refusal give on purpose, and htmx
    the request that it gave up because the reader has moved on. A fresh context has no push service, and says so.
    """
    refused = "Failed to load resource" in line.text and any(code in line.text for code in ("409", "422"))
    given_up = line.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
    no_push = "does not support the Push API in incognito" in line.text
    return line.type == "error" and not (refused or given_up or no_push)


@pytest.fixture
def new_page(browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`new_page()` is one more person's browser; it takes Playwright's context options, as `java_script_enabled=False`.

    An error in the console, as of a script that fails or that the content policy refuses, fails the test. The clock
    is put back afterwards.
    """
    contexts: list[BrowserContext] = []
    failures: list[str] = []

    def open_page(**options: object) -> Page:
        wanted = {"locale": "en-GB", "timezone_id": "Africa/Lagos", "base_url": site.url} | options
        context = browser.new_context(**wanted)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if options.get("java_script_enabled") is False:
            steps.scriptless.add(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(f"{page.url}: {error}"))
        page.on("console", lambda line: failures.append(f"{page.url}: {line.text}") if is_failure(line) else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    if (site.data / "clock").exists():
        (site.data / "clock").unlink()
    assert not failures, failures


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
