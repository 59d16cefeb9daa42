"""Two people, two browsers with cameras that Chromium makes up: they see, hear, show and write to each other."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys import steps
from tests.journeys.conftest import ARGUMENTS
from tests.journeys.pages import assert_accessible, sign_in
from tests.journeys.turn import SECRET, turn_server
from tests.serving import Site, own_site, served

# Addresses of this machine are told as they are: no names that only the browsers' own network would resolve.
MEDIA = ["--use-fake-device-for-media-stream", "--disable-features=WebRtcHideLocalIpsWithMdns"]
ALLOW = "--use-fake-ui-for-media-stream"
SOON, PROMISED = 15_000, 5_000  # milliseconds; the promise is measured where nothing else runs
FLOWS = "[data-other]"
FRAMES = f"() => document.querySelector('{FLOWS}').getVideoPlaybackQuality().totalVideoFrames"
PICTURE = f"(n) => {{ const v = document.querySelector('{FLOWS}'); return v.videoWidth > 0 && v.currentTime > 0 && v.getVideoPlaybackQuality().totalVideoFrames > n; }}"  # noqa: E501
WATCH = """
const Plain = RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Plain {
  constructor(...all) { super(...all); window.connections.push(this); }
};
"""
PAIRS = """async () => {
  const stats = [...(await window.connections.at(-1).getStats()).values()];
  const of = (id) => stats.find((entry) => entry.id === id)?.candidateType;
  return stats.filter((entry) => entry.type === "candidate-pair" && entry.nominated)
    .map((pair) => `${of(pair.localCandidateId)}-${of(pair.remoteCandidateId)}`);
}"""
HEARD = """async () => [...(await window.connections.at(-1).getStats()).values()]
  .filter((entry) => entry.type === "inbound-rtp" && entry.kind === "audio")
  .reduce((sum, entry) => sum + entry.packetsReceived, 0)"""
ARRANGE = """
import json
from datetime import timedelta
from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.core import clock
from oluko.offerings.models import BookingMode
from tests.cast import make_offering, make_person
from tests.paying import pay
from tests.times import next_monday
tutor = make_person("Tutor-{name}", Person.Role.TUTOR)
student = make_person("Student-{name}")
terms = offered_terms(make_offering(tutor).pk)
booking = pay(book(student, terms, mode=BookingMode.INSTANT, scheduled_at=next_monday()))
print(json.dumps([str(booking.pk), booking.scheduled_at.isoformat(), student.email, tutor.email]))
"""

site = own_site(seeded=False)


@dataclass
class Meeting:
    """A paid session whose lobby is open."""

    path: str
    at: datetime
    student: str
    tutor: str


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """One whose camera and microphone are made up, and that allows both."""
    chromium = browser.browser_type.launch(executable_path=_program(browser), args=[*ARGUMENTS, *MEDIA, ALLOW])
    yield chromium
    chromium.close()


def _program(browser: Browser) -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def arrange(site: Site, name: str) -> Meeting:
    """A session of two new people, in ten minutes' time."""
    (site.data / "clock").unlink(missing_ok=True)
    told = json.loads(site.oluko("shell", "-c", ARRANGE.replace("{name}", name)).splitlines()[-1])
    at = datetime.fromisoformat(told[1])
    steps.set_clock(site, at - timedelta(minutes=10))
    return Meeting(f"/mentorship/session/{told[0]}", at, told[2], told[3])


def arrive(page: Page, email: str, meeting: Meeting) -> None:
    """Sign in and open the session's page, on a browser that was allowed its devices before."""
    page.context.grant_permissions(["camera", "microphone"])
    page.add_init_script(WATCH)
    sign_in(page, email)
    page.goto(meeting.path)
    expect(page.get_by_role("button", name="Enter the room")).to_be_visible()
    expect(page.locator("[data-preview]")).to_be_visible()


def enter(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Enter")).click()


def expect_picture(page: Page, within: int = SOON, beyond: int = 5) -> None:
    """The other's picture is there, and moves."""
    page.wait_for_function(PICTURE, arg=beyond, timeout=within)


def expect_moving(page: Page, within: int = SOON) -> None:
    """More pictures come than have come."""
    expect_picture(page, within, page.evaluate(FRAMES) + 5)


def expect_state(page: Page, state: str, within: int = SOON) -> None:
    expect(page.locator(f"[data-room][data-state={state}]")).to_be_visible(timeout=within)


def connect(student: Page, tutor: Page, meeting: Meeting, within: int = SOON) -> float:
    """Both go in; how many seconds after the second's click both pictures moved."""
    arrive(student, meeting.student, meeting)
    enter(student)
    expect_state(student, "waiting")
    arrive(tutor, meeting.tutor, meeting)
    began = time.monotonic()
    enter(tutor)
    expect_picture(tutor, within)
    expect_picture(student, within)
    return time.monotonic() - began


def test_two_people_meet_show_write_and_leave(new_page: Callable[..., Page], site: Site) -> None:
    meeting = arrange(site, "Meets")
    student, tutor = new_page(), new_page(viewport={"width": 375, "height": 720})
    arrive(student, meeting.student, meeting)
    expect(student.get_by_text("Tutor-Meets is not in the room yet.")).to_be_visible()
    assert_accessible(student)
    enter(student)
    expect_state(student, "waiting")
    arrive(tutor, meeting.tutor, meeting)
    expect(tutor.get_by_text("Student-Meets is in the room.")).to_be_visible()
    enter(tutor)
    expect_picture(tutor)
    expect_picture(student)
    expect(student.locator("[data-status]")).to_have_text("Connected with Tutor-Meets")
    assert tutor.evaluate(HEARD) > 0
    assert_accessible(student)
    assert tutor.evaluate("document.documentElement.scrollWidth") <= 375

    share_and_mute(student, tutor)
    write(student, tutor)
    answer_on_the_page_of_messages(student, tutor, meeting)
    stay_while_the_page_follows(student, tutor, site, meeting)

    student.get_by_role("button", name="Leave").click()
    expect(student.get_by_text("You have left the room.")).to_be_visible()
    expect_state(tutor, "left")
    expect(tutor.locator("[data-status]")).to_have_text("Student-Meets has left.")
    enter(student)
    expect_picture(tutor)


def share_and_mute(student: Page, tutor: Page) -> None:
    """The screen takes the camera's place and gives it back; muting is seen on the other side."""
    tutor.get_by_role("button", name="Mute").click()
    expect(student.get_by_text("Tutor-Meets is muted")).to_be_visible()
    tutor.get_by_role("button", name="Camera off").click()
    expect(student.locator("[data-nobody]")).to_be_visible()
    student.get_by_role("button", name="Share").click()
    expect(tutor.locator(".room-call[data-screen=true]")).to_be_visible()
    expect_moving(tutor)
    student.get_by_role("button", name="Stop sharing").click()
    expect(tutor.locator(".room-call[data-screen=false][data-seen=true]")).to_be_visible()
    expect_moving(tutor)
    tutor.get_by_role("button", name="Unmute").click()
    tutor.get_by_role("button", name="Camera on").click()
    expect(student.get_by_text("Tutor-Meets is muted")).to_be_hidden()
    expect_moving(student)


def write(student: Page, tutor: Page) -> None:
    """Links are links, everything else is text."""
    student.get_by_role("button", name="Chat").click()
    student.get_by_role("textbox", name="Message").fill("See https://react.dev/learn. <img src=x> javascript:alert(1)")
    student.get_by_role("textbox", name="Message").press("Enter")
    expect(tutor.locator("[data-unread]")).to_have_text("1")
    tutor.get_by_role("button", name="Chat").click()
    line = tutor.get_by_role("log").get_by_role("listitem")
    expect(line).to_contain_text("<img src=x> javascript:alert(1)")
    link = line.get_by_role("link")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://react.dev/learn")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert_accessible(tutor)


def answer_on_the_page_of_messages(student: Page, tutor: Page, meeting: Meeting) -> None:
    """The chat is the booking's thread: what is written on either page is on both, and stays."""
    messages = tutor.context.new_page()
    messages.goto(f"{meeting.path}/messages")
    expect(messages.get_by_text("<img src=x> javascript:alert(1)")).to_be_visible()
    messages.get_by_label("Message", exact=True).fill("Read its third chapter first.")
    messages.get_by_role("button", name="Send").click()
    line = student.get_by_role("log").get_by_role("listitem").filter(has_text="Read its third chapter first.")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Tutor-Meets")
    expect(tutor.get_by_role("log").get_by_role("listitem")).to_have_count(2)
    messages.close()


def stay_while_the_page_follows(student: Page, tutor: Page, site: Site, meeting: Meeting) -> None:
    """The page goes on to its next face around the call, which it leaves alone."""
    student.evaluate("document.querySelector('[data-room]').dataset.same = 'yes'")
    steps.set_clock(site, meeting.at + timedelta(minutes=1))
    expect(student.get_by_text("Live · ends in")).to_be_visible(timeout=30_000)
    expect(student.locator("[data-room][data-same=yes][data-state=together]")).to_be_visible()
    expect_moving(student)


def two_pages(browser: Browser, site: Site) -> tuple[Page, Page]:
    """Two people's browsers at a site; the caller closes their contexts."""
    first, second = (browser.new_context(base_url=site.url, locale="en-GB").new_page() for _ in range(2))
    return first, second


def test_it_comes_back_after_either_reloads_and_after_a_lost_network(browser: Browser, site: Site) -> None:
    meeting = arrange(site, "Reloads")
    # Without a network the console is full of complaints, which are no fault of ours.
    student, tutor = two_pages(browser, site)
    connect(student, tutor, meeting)
    for page, other in ((student, tutor), (tutor, student)):
        page.reload()
        expect_state(page, "together")
        expect_picture(page)
        expect_state(other, "together")
        expect_moving(other)
    student.context.set_offline(True)
    expect(student.locator("[data-status]")).to_have_text("You are offline. Reconnecting…", timeout=SOON)
    student.context.set_offline(False)
    expect(student.locator("[data-status]")).to_have_text("Connected with Tutor-Reloads", timeout=SOON)
    expect_moving(student)
    expect_moving(tutor)
    for page in (student, tutor):
        page.context.close()


def test_a_browser_that_asks_on_every_visit_comes_back_after_a_reload_too(
    new_page: Callable[..., Page], site: Site
) -> None:
    """As Firefox does: devices that were allowed a moment ago are allowed, but no page is told so."""
    meeting = arrange(site, "Asks")
    student = new_page()
    student.add_init_script("navigator.permissions.query = async () => ({ state: 'prompt' });")
    sign_in(student, meeting.student)
    student.goto(meeting.path)
    student.get_by_role("button", name="Try camera and microphone").click()
    expect(student.locator("[data-preview]")).to_be_visible()
    enter(student)
    expect_state(student, "waiting")
    student.reload()
    expect_state(student, "waiting")
    expect(student.locator("[data-self]")).to_be_visible()


def test_a_second_page_takes_over_and_the_first_says_so(new_page: Callable[..., Page], site: Site) -> None:
    meeting = arrange(site, "Twice")
    student, tutor = new_page(), new_page()
    connect(student, tutor, meeting)
    second = student.context.new_page()
    second.goto(meeting.path)
    second.get_by_role("button", name="Enter the room").click()
    expect(student.locator("[data-rest]")).to_contain_text("You went in on another page. This one rests.")
    expect_picture(second)
    expect_state(tutor, "together")
    student.get_by_role("button", name="Use it here").click()
    expect_state(student, "together")
    expect(second.locator("[data-rest]")).to_be_visible()


def test_nothing_can_be_pressed_before_somebody_listens(new_page: Callable[..., Page], site: Site) -> None:
    """As on a slow line, where the page is there seconds before its scripts."""
    meeting, page, held = arrange(site, "Hurries"), new_page(), list[Route]()
    sign_in(page, meeting.student)
    script = re.compile(r"/room/room\.[^/]*js$")
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.goto(meeting.path)
    for name in ("Try camera and microphone", "Enter without them"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    held[0].continue_()
    expect(page.get_by_role("button", name=re.compile("^Enter"))).to_be_enabled()


def test_without_permission_one_is_told_why_and_goes_in_to_listen(browser: Browser, site: Site) -> None:
    meeting = arrange(site, "Refuses")
    strict = browser.browser_type.launch(executable_path=_program(browser), args=[*ARGUMENTS, *MEDIA])
    try:
        context = strict.new_context(base_url=site.url, locale="en-GB")
        # Whoever grants one permission refuses all others: a question that nobody answers would stay open.
        context.grant_permissions(["geolocation"])
        page = context.new_page()
        sign_in(page, meeting.student)
        page.goto(meeting.path)
        page.get_by_role("button", name="Try camera and microphone").click()
        expect(page.get_by_role("alert").filter(has_text="Your browser keeps camera and microphone")).to_be_visible()
        assert_accessible(page)
        page.get_by_role("button", name="Enter without them").click()
        expect_state(page, "waiting")
        page.get_by_role("button", name="Unmute").click()
        expect(page.locator("[data-news]")).to_contain_text("Your browser keeps the microphone")
    finally:
        strict.close()


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, object]]:
    """A site that sends everything through a TURN server on this machine."""
    folder: Path = tmp_path_factory.mktemp("turn")
    with turn_server(folder) as turn, served(seeded=False, **turn.settings) as site:
        yield site, turn


def test_with_a_turn_server_alone_they_meet_as_well(browser: Browser, relayed) -> None:
    site, _turn = relayed
    meeting = arrange(site, "Relays")
    pages = two_pages(browser, site)
    connect(pages[0], pages[1], meeting)
    assert pages[0].evaluate(PAIRS) == ["relay-relay"]
    assert SECRET not in pages[0].content()
    for page in pages:
        page.context.close()


@pytest.mark.faults
def test_a_line_that_breaks_is_found_again(browser: Browser, relayed) -> None:
    site, turn = relayed
    meeting = arrange(site, "Breaks")
    pages = two_pages(browser, site)
    connect(pages[0], pages[1], meeting)
    turn.stop()
    for page in pages:
        expect_state(page, "reconnecting", 60_000)
    turn.start()
    for page in pages:
        expect_state(page, "together", 60_000)
        expect_moving(page)
    for page in pages:
        page.context.close()


@pytest.mark.faults
def test_pictures_flow_within_five_seconds_of_the_seconds_entering(browser: Browser, site: Site) -> None:
    meeting = arrange(site, "Hurries")
    pages = two_pages(browser, site)
    seconds = connect(pages[0], pages[1], meeting)
    print(f"pictures both ways after {seconds:.2f} s")
    assert seconds * 1000 < PROMISED
    for page in pages:
        page.context.close()
