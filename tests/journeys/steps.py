"""What people do on their way from an offering to a session, step by step, each by what is written on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID
from weakref import WeakSet

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.pages import assert_accessible
from tests.serving import Site

NAIRA = re.compile(r"-?₦[\d,]+(?:\.\d\d)?")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# Workers, webhook and poll all take part in what is waited for; two cores carry them and a second test process.
PATIENCE = 30_000  # milliseconds


@dataclass
class Looker:
    """Runs axe once on every distinct page and face of a journey: pages differ by address, heading and tags."""

    seen: set[str] = field(default_factory=set)

    def __call__(self, page: Page) -> None:
        if page.context in scriptless:
            return
        address = _UUID.sub("ID", page.url.split("?")[0])
        faces = [page.locator("h1").first.inner_text(), *page.locator("main h2").all_inner_texts()[:1]]
        face = " ".join([address, *faces, str(page.locator("dialog[open]").count())])
        if face not in self.seen:
            self.seen.add(face)
            assert_accessible(page)


look = Looker()
# Browsers without JavaScript, where axe cannot run either; their pages are looked at by the other journeys.
scriptless: WeakSet[BrowserContext] = WeakSet()


def list_offering(tutor: Page, title: str, *, course: str = "", price: str = "8,000", mode: str = "INSTANT") -> None:
    """List an hour through the schedule page's dialog; ends on the page with the toast."""
    tutor.goto("/tutor/mentorship/schedule")
    look(tutor)
    tutor.get_by_role("link", name="Create offering").first.click()
    dialog = tutor.get_by_role("dialog")
    dialog.get_by_label("Title").fill(title)
    if course:
        dialog.get_by_label("Course").select_option(label=course)
    dialog.get_by_label("Duration").select_option("60")
    dialog.get_by_label("Price").fill(price)
    dialog.get_by_label("Description").fill("We look at what you built and make one part of it good.")
    dialog.get_by_label("Booking").select_option(mode)
    look(tutor)
    dialog.get_by_role("button", name="Create offering").click()
    expect(tutor.locator("main").get_by_role("link", name=title, exact=True)).to_be_visible()


def complete_course(student: Page, slug: str) -> None:
    """Enrol and mark every lesson as done; ends on the page that closes the course."""
    student.goto(f"/courses/{slug}")
    student.get_by_role("button", name=re.compile("^Enrol")).click()
    expect(student.get_by_role("progressbar", name="Progress")).to_be_visible()
    look(student)
    done = student.get_by_role("button", name="Mark as done")
    for left in range(done.count(), 0, -1):
        expect(done).to_have_count(left)
        done.first.click()
    expect(student).to_have_url(re.compile(f"/courses/{slug}/complete$"))
    look(student)


def find_offering(student: Page, title: str) -> None:
    """From the marketplace to the offering's own page, by its title."""
    student.goto(f"/mentorship?q={title}")
    look(student)
    student.locator("main").get_by_role("link", name=title, exact=True).click()
    expect(student.get_by_role("heading", level=1, name=title)).to_be_visible()


def choose_time(student: Page, *, notes: str = "") -> datetime:
    """Choose the first free time of the last day in view that has one; the instant that it begins at.

    The last day, so that no seeded session and no other journey is near.
    """
    day = student.locator("#picker td a.a").last
    date = day.get_attribute("data-date") or ""
    day.click()
    expect(student.locator(f"#picker a[data-date='{date}'][aria-current=true]")).to_be_visible()
    time = student.get_by_role("radio").first
    instant = datetime.fromisoformat(time.get_attribute("value") or "")
    student.locator("#picker label.time").first.click()
    expect(student.get_by_role("radio").first).to_be_checked()
    if notes:
        student.get_by_label("What do you want help with?").fill(notes)
    look(student)
    return instant.astimezone(UTC)


def book_now(student: Page, *, notes: str = "") -> datetime:
    """From an offering's page to its checkout; the instant that the session begins at."""
    at = choose_time(student, notes=notes)
    student.get_by_role("button", name="Book now").click()
    expect(student.get_by_role("heading", name="Checkout")).to_be_visible()
    look(student)
    return at


def ask_first(student: Page, *, notes: str = "") -> datetime:
    """From an offering's page to the list of requests that wait; the instant asked for."""
    at = choose_time(student, notes=notes)
    student.get_by_role("button", name=re.compile("^Ask")).click()
    expect(student).to_have_url(re.compile(r"/student/mentorship\?tab=approvals"))
    look(student)
    return at


def go_to_paystack(student: Page) -> None:
    """From the checkout, or from a payment that failed, to Paystack's page."""
    student.locator("main").get_by_role("button", name=re.compile("^(Pay|Try again)")).click()
    expect(student.get_by_text("Test checkout")).to_be_visible()


def at_paystack(student: Page, button: str, heading: str) -> None:
    """Press Pay, Decline or Close; ends on the return page, once that says `heading`."""
    look(student)
    student.get_by_role("button", name=button, exact=True).click()
    expect(student).to_have_url(re.compile("/mentorship/verify-payment"))
    expect(student.get_by_role("heading", name=heading)).to_be_visible(timeout=PATIENCE)
    look(student)


def open_session(student: Page) -> UUID:
    """From the confirmed payment to the session's page; the booking's id."""
    student.get_by_role("link", name="Open the session").click()
    expect(student).to_have_url(re.compile("/mentorship/session/"))
    return session_id(student)


def session_id(page: Page) -> UUID:
    found = _UUID.search(page.url)
    assert found, page.url
    return UUID(found[0])


def row(page: Page, title: str) -> Locator:
    """The row of a dashboard that shows the session of this title."""
    return page.locator("main li").filter(has=page.get_by_role("link", name=title, exact=True))


def see_row(page: Page, address: str, title: str, words: str) -> Locator:
    """Open a dashboard's tab; its row of this title, which says `words`."""
    page.goto(address)
    found = row(page, title)
    expect(found).to_contain_text(words)
    look(page)
    return found


def reload_until(page: Page, sign: Locator) -> None:
    """Reload until the sign of a job's work is there, on a page that does not look for news by itself."""
    for _ in range(30):
        page.reload()
        if sign.count():
            return
        page.wait_for_timeout(1_000)
    expect(sign).not_to_have_count(0)


def wallet(tutor: Page) -> dict[str, int]:
    """What the wallet's four tiles say, in kobo."""
    tutor.goto("/tutor/wallet")
    look(tutor)
    tiles = tutor.locator("main .tile").all()
    return {tile.locator("span").first.inner_text(): kobo(tile.locator("b").inner_text()) for tile in tiles}


def movements(tutor: Page, title: str) -> list[tuple[str, int]]:
    """The wallet's lines about the session of this title, newest first, as (what, kobo)."""
    tutor.goto("/tutor/wallet")
    lines = tutor.get_by_role("listitem").filter(has=tutor.get_by_role("link", name=title, exact=True)).all()
    return [
        (line.locator("div.m").inner_text().split(" · ")[0], kobo(line.locator(".price, .num").inner_text()))
        for line in lines
    ]


def kobo(text: str) -> int:
    found = NAIRA.search(text.replace("−", "-"))
    assert found, text
    return round(float(found[0].replace("₦", "").replace(",", "")) * 100)


def advance_to(site: Site, instant: datetime) -> None:
    """Move business time on to `instant`, rounded up to a whole second."""
    clock = site.data / "clock"
    ahead = float(clock.read_text()) if clock.exists() else 0.0
    site.advance(f"{int(instant.timestamp() - datetime.now(UTC).timestamp() - ahead) + 1}s")


def set_clock(site: Site, instant: datetime) -> None:
    """Set business time to `instant`, whether that lies ahead or in the past; it runs on from there."""
    fresh = site.data / "clock.new"
    fresh.write_text(str((instant - datetime.now(UTC)).total_seconds()))
    # A rename is atomic, so that no process ever reads half a number.
    fresh.replace(site.data / "clock")
