"""The rehearsal page: every button, over HTTP against a served site, and who may press it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from oluko.accounts.models import Person
from oluko.operator.rehearsal_moves import MOVES
from oluko.operator.rehearsal_sandbox import Sandbox, sandbox
from oluko.operator.rehearsal_stories import MODES, STORIES
from sandbox import control
from tests.ports import free_port
from tests.sandbox.conversation import wait_until
from tests.serving import Site, own_site

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("rehearsal")

TAG = re.compile(r'data-etag="([^"]+)"')
SELECT = re.compile(r'<select id="reference".*?>(.*?)</select>', re.DOTALL)
OPTION = re.compile(r'<option value="([^"]+)"')
#: More than come while these tests run.
EVENTS = 100

site = own_site()


class Console:
    """The operator's browser at the page of a served site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.http = httpx.Client(base_url=site.url, timeout=30, trust_env=False)
        self.box = Sandbox(site.sandbox_url)
        self.http.get("/accounts/login/")
        self._post("/accounts/login/", login="admin@demo.test", password="demo")

    def page(self) -> str:
        answer = self.http.get("/admin/rehearsal")
        assert answer.status_code == 200
        return unescape(answer.text)

    def press(self, move: str, **sent: object) -> None:
        """Press a button that must do its work."""
        answer = self.try_to(move, **sent)
        assert (answer.status_code, answer.headers["location"]) == (302, "/admin/rehearsal"), answer.text[-2000:]

    def shown(self, move: str, **sent: object) -> str:
        """Press a button; the page that it leads to."""
        self.press(move, **sent)
        return self.page()

    def try_to(self, move: str, **sent: object) -> httpx.Response:
        return self._post(f"/admin/rehearsal/{move}", **sent)

    def is_quiet(self) -> bool:
        """Whether Paystack has told nothing new for a second."""
        before = self.box.events(1)
        time.sleep(1)
        return bool(before) and self.box.events(1)[0].id == before[0].id

    def _post(self, address: str, **sent: object) -> httpx.Response:
        data = {"csrfmiddlewaretoken": self.http.cookies["csrftoken"], **{k: str(v) for k, v in sent.items()}}
        return self.http.post(address, data=data)


@pytest.fixture(scope="module")
def _console(site: Site) -> Iterator[Console]:
    there = Console(site)
    # The page shows what is newest, and the demo pays some hundred sessions at its start.
    wait_until(there.is_quiet, seconds=180)
    yield there
    there.http.close()


@pytest.fixture
def console(_console: Console) -> Iterator[Console]:
    """The page of a site whose sandbox behaves, and whose clock is right, before and after."""
    yield _console
    _console.press("well")
    _console.press("clock-back")


@pytest.fixture
def charge(console: Console) -> str:
    """The reference of a charge whose webhook was acted upon: the demo pays some sessions at its start."""

    def charges() -> list[str]:
        open_to_dispute = SELECT.search(console.page())
        told = {one.reference for one in console.box.events(EVENTS) if one.name == "charge.success" and one.arrived}
        return [value for value in OPTION.findall(open_to_dispute[1] if open_to_dispute else "") if value in told]

    wait_until(charges, seconds=30)
    return charges()[0]


def mode_of(console: Console, provider: str = "paystack") -> tuple[str, int | None]:
    mode = console.box.modes()[provider]
    return mode.name, mode.times


def test_clock_moves_as_the_command_moves_it(console: Console) -> None:
    for step, words in (("73h", "3 d 1 h ahead"), ("15m", "3 d 1 h 15 min ahead"), ("2d", "5 d 1 h 15 min ahead")):
        assert words in console.shown("clock", step=step)
    ahead = datetime.fromisoformat(console.site.oluko("clock")) - datetime.now(UTC)
    assert timedelta(days=5, hours=1) < ahead < timedelta(days=5, hours=2)
    assert "real time" in console.shown("clock-back")
    assert console.try_to("clock", step="soon").status_code == 422
    assert "'soon' is not a step" in unescape(console.try_to("clock", step="soon").text)


def test_every_way_to_misbehave_is_on_the_page_and_can_be_switched_on(console: Console) -> None:
    page = console.page()
    for mode, words in MODES["paystack"].items():
        if mode != "normal":
            assert str(words.label) in page
            console.press("mode", provider="paystack", mode=mode)
            assert mode_of(console) == (mode, None)
    page = console.shown("mode", provider="paystack", mode="error", times=3)
    assert mode_of(console) == ("error", 3)
    assert "Answers 500 and 503" in page
    assert "3 more calls" in page
    console.press("well")
    assert mode_of(console) == ("normal", None)


def test_page_knows_every_mode_of_the_sandbox() -> None:
    assert {provider: set(modes) for provider, modes in MODES.items()} == {
        provider: set(modes) for provider, modes in control.MODES.items()
    }


@pytest.mark.parametrize("name", [name for name, story in STORIES.items() if "paystack" in story.wishes])
def test_story_sets_its_stage_and_says_what_to_do(console: Console, name: str) -> None:
    console.press("mode", provider="paystack", mode="no-balance")
    page = console.shown("story", story=name)
    wish = STORIES[name].wishes["paystack"]
    assert mode_of(console) == (wish["mode"], wish.get("times"))
    assert "Begin again" in page
    assert all(str(step) in page for step in STORIES[name].steps)
    assert "Begin again" not in console.shown("well")


def test_balance_is_topped_up(console: Console) -> None:
    before = console.box.balance()
    page = console.shown("balance", naira=1234)
    assert console.box.balance() == before + 123_400
    assert "₦1,234" in page
    assert console.try_to("balance", naira="-5").status_code == 422


def test_webhook_is_delivered_again_ten_times_and_changes_nothing(console: Console, charge: str) -> None:
    event = next(one for one in console.box.events(EVENTS) if one.reference == charge)
    assert "we answered 200" in console.shown("deliver", event=event.id)
    assert "10 × 200" in console.shown("deliver", event=event.id, copies=10)
    assert "✓ in balance" in console.page()
    told = next(one for one in console.box.events(EVENTS) if one.id == event.id)
    assert told.arrived == event.arrived + 11


def test_forged_webhook_is_refused(console: Console, charge: str) -> None:
    event = next(one for one in console.box.events(EVENTS) if one.reference == charge)
    assert "we answered 401" in console.shown("deliver", event=event.id, forged="on")
    assert console.try_to("deliver", event=99_999).status_code == 409


def test_bank_disputes_a_charge_and_the_page_shows_what_comes_of_it(console: Console, charge: str) -> None:
    assert f"A bank disputes payment {charge}." in console.shown("dispute", reference=charge)
    wait_until(lambda: "Webhook charge.dispute.create came; acted upon" in console.page(), seconds=30)
    page = console.page()
    assert "To decide: Disputed by a bank" in page
    assert console.try_to("dispute", reference="olk-never").status_code == 409


def test_live_part_is_sent_only_when_something_changed(console: Console) -> None:
    console.press("well")
    live = {"part": "state"}

    def unchanged() -> bool:
        tag = TAG.search(console.http.get("/admin/rehearsal").text)
        assert tag
        answer = console.http.get("/admin/rehearsal", params=live, headers={"If-None-Match": unescape(tag[1])})
        return answer.status_code == 304

    # A worker's job or the next minute may come in between; not every time.
    wait_until(unchanged, seconds=20)
    old = console.http.get("/admin/rehearsal", params=live).headers["ETag"]
    console.press("mode", provider="paystack", mode="error")
    fresh = console.http.get("/admin/rehearsal", params=live, headers={"If-None-Match": old})
    assert fresh.status_code == 200
    assert "Paystack: Answers 500 and 503." in fresh.text
    assert "<html" not in fresh.text


def test_what_was_pressed_is_in_the_audit_trail(console: Console) -> None:
    console.press("mode", provider="paystack", mode="failed-refunds", times=2)
    answer = console.http.get("/admin/ledger/auditentry/", params={"q": "rehearsal"})
    assert answer.status_code == 200
    assert "Paystack: Refunds fail, 2 times." in unescape(console.page())


def test_page_says_where_sessions_are_held_and_that_no_provider_can_fail(console: Console) -> None:
    page = console.page()
    assert "The meeting provider is down" not in page
    assert "Built-in room" in page
    assert console.try_to("story", story="meetings-down").status_code == 422


def test_nonsense_is_refused_in_words(console: Console) -> None:
    for move, sent in (
        ("mode", {"provider": "stripe", "mode": "error"}),
        ("mode", {"provider": "paystack", "mode": "nap"}),
        ("mode", {"provider": "paystack", "mode": "error", "times": "0"}),
        ("story", {"story": "once upon a time"}),
        ("deliver", {"event": "x"}),
        ("clock", {}),
    ):
        answer = console.try_to(move, **sent)
        assert answer.status_code == 422, (move, sent)
        assert 'role="alert"' in answer.text
    assert console.try_to("nothing").status_code == 404
    assert mode_of(console) == ("normal", None)


@pytest.mark.django_db
@pytest.mark.usefixtures("closed")
def test_page_says_that_the_sandbox_is_down_and_still_moves_the_clock(
    admin: Person, signed_in: Callable[..., Client], frozen: object
) -> None:
    browser = signed_in(admin)
    page = browser.get(reverse("rehearsal"))
    assert page.status_code == 200
    assert "The sandbox does not answer" in page.content.decode()
    refused = browser.post(reverse("rehearsal_press", args=["well"]))
    assert refused.status_code == 503
    assert "The sandbox does not answer" in refused.content.decode()
    assert browser.post(reverse("rehearsal_press", args=["clock"]), {"step": "1h"}).status_code == 302


@pytest.fixture
def closed(settings) -> Iterator[None]:
    """A sandbox that is not there."""
    settings.OLUKO_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"
    sandbox.cache_clear()
    yield
    sandbox.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("closed")
def test_zooms_ways_to_fail_are_there_where_the_sandbox_plays_zoom(
    admin: Person, signed_in: Callable[..., Client], settings
) -> None:
    browser = signed_in(admin)
    settings.OLUKO_ZOOM_STANDS_IN = True
    page = unescape(browser.get(reverse("rehearsal")).content.decode())
    assert all(str(mode.label) in page for name, mode in MODES["zoom"].items() if name != "normal")
    assert "The meeting provider is down" in page
    settings.OLUKO_ZOOM_STANDS_IN = False
    assert "it cannot be told to fail here" in browser.get(reverse("rehearsal")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["ada", "tunde", "mei"])
def test_for_anyone_but_an_operator_there_is_no_such_page(
    who: str, request, client: Client, signed_in: Callable[..., Client]
) -> None:
    addresses = [reverse("rehearsal"), *(reverse("rehearsal_press", args=[move]) for move in MOVES)]
    assert {client.post(address).status_code for address in addresses} == {302}
    browser = signed_in(request.getfixturevalue(who))
    assert {browser.get(address).status_code for address in addresses} == {404}
    assert {browser.post(address).status_code for address in addresses} == {404}


ABSENT = """
import django
django.setup()
from django.urls import NoReverseMatch, reverse
from oluko.operator.menu import navigation
try:
    reverse("rehearsal")
except NoReverseMatch:
    print("no address")
print([group.get("title") for group in navigation(None)])
"""


@pytest.mark.parametrize("key", ["", "sk_test_abcdef0123456789"])
def test_with_a_paystack_key_neither_page_nor_menu_entry_exists(key: str, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("OLUKO_")}
    env |= {"DJANGO_SETTINGS_MODULE": "oluko.settings", "OLUKO_DATA": str(tmp_path)}
    env |= {"OLUKO_PAYSTACK_SECRET_KEY": key} if key else {}
    said = subprocess.run([sys.executable, "-c", ABSENT], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert ("no address" in said.stdout) == bool(key)
    assert ("Rehearsal" in said.stdout) == (not key)
