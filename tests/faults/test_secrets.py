"""Everybody walks through everything, mails go out and lines are logged: none of it holds a secret.

A secret is whatever opens something: keys, tokens, the host's link, session keys, password hashes. Beside them, nobody
reads another's e-mail address but operators on their own pages, and no bank account's number whole.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from oluko.accounts.people import issue_token
from oluko.core.logs import LineFormatter, RequestIdFilter
from oluko.meetings.models import Meeting, ProviderToken
from oluko.meetings.room_opening import ROOM
from oluko.notifications.models import PushSubscription
from tests.access.conftest import world
from tests.access.table import LINES, Line
from tests.access.test_roles import ask
from tests.access.world import WALKERS, World, undone
from tests.cast import PASSWORD
from tests.meetings.conftest import work_off
from tests.sandbox_process import ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID, ZOOM_CLIENT_SECRET, Sandbox

__all__ = ["world"]

# What the host's link has and a guest's has not.
HOST_LINK = ("zak=", "/zoom/s/", "start_url")
ACCOUNT_NUMBER = "0123456789"
WRONG_PASSWORD = "nobody's own password 7"
PLANTED = {
    "OLUKO_ZOOM_WEBHOOK_SECRET": "planted-webhook-secret",
    "OLUKO_ZOOM_SDK_KEY": "planted-sdk-key",
    "OLUKO_ZOOM_SDK_SECRET": "planted-sdk-secret",
    "OLUKO_TURN_SECRET": "planted-turn-secret",
}
OWN = ("SECRET_KEY", "OLUKO_PAYSTACK_SECRET_KEY", "OLUKO_VAPID_PRIVATE_KEY", *PLANTED)


@dataclass
class Log(logging.Handler):
    """The lines that the program would write, our own at their most talkative."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(LineFormatter())
        self.addFilter(RequestIdFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    __hash__ = logging.Handler.__hash__


@dataclass
class Scene:
    """The world with a meeting at Zoom and one in our room, its mails sent; who is signed in, and what is secret."""

    world: World
    log: Log
    clients: dict[str, Client]
    token: str
    secrets: dict[str, str]

    def found(self, text: str) -> list[str]:
        """The names of the secrets that stand in a text."""
        return [name for name, secret in self.secrets.items() if secret in text]

    def addresses(self, *, but: str = "") -> list[str]:
        return [person.email for name, person in self.world.people.items() if name != but]


@pytest.fixture
def log() -> Iterator[Log]:
    root, log = logging.getLogger(), Log()
    level, ours = root.level, logging.getLogger("oluko")
    root.addHandler(log)
    root.setLevel(logging.INFO)
    ours.setLevel(logging.DEBUG)
    yield log
    root.removeHandler(log)
    root.setLevel(level)
    ours.setLevel(logging.NOTSET)


@pytest.fixture
def planted(settings: Any, sandbox: Sandbox) -> None:
    """A program with everything set up: Zoom with its embedded client, a TURN server."""
    for name, secret in PLANTED.items():
        setattr(settings, name, secret)
    settings.OLUKO_TURN_URLS = ["turn:turn.example.com:3478"]
    settings.OLUKO_ZOOM_ACCOUNT_ID, settings.OLUKO_ZOOM_CLIENT_ID = ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID
    settings.OLUKO_ZOOM_CLIENT_SECRET = ZOOM_CLIENT_SECRET
    settings.OLUKO_ZOOM_URL = settings.OLUKO_ZOOM_OAUTH_URL = sandbox.url
    sandbox.control(zoom=None)


@pytest.fixture
def scene(planted: None, log: Log, world: World) -> Scene:
    work_off()
    assert Meeting.objects.filter(provider="zoom", state="OPEN").exists()
    Meeting.objects.filter(pk=world.bookings["begun"].pk).update(state="OPEN", provider=ROOM, join_url="")
    clients = {who: world.client(who) for who in WALKERS}
    token = issue_token(world.people["ada"], "phone")
    keep_device(world)
    secrets = {name: str(getattr(settings, name)) for name in OWN}
    secrets |= {"Zoom's secret": ZOOM_CLIENT_SECRET, "Zoom's token": ProviderToken.objects.get().token}
    secrets |= {"an API token": token, "an account number": ACCOUNT_NUMBER, "a device": "/push/planted-device"}
    secrets |= {f"the host's link {part}": part for part in HOST_LINK}
    secrets |= {f"{who}'s hash": person.password.split("$", 1)[1] for who, person in world.people.items()}
    secrets |= {
        f"{who}'s session": client.cookies["sessionid"].value for who, client in clients.items() if who != "visitor"
    }
    secrets |= {f"digest of {row.name}": row.digest for row in world.people["ada"].api_tokens.all()}
    assert all(len(secret) >= 4 for secret in secrets.values())
    clients["ada"].get("/api/nothing")
    assert [line for line in log.lines if "Not Found: /api/nothing" in line]
    return Scene(world, log, clients, token, secrets)


def keep_device(world: World) -> None:
    """A browser of Ada's; its address is all that one needs to send to it."""
    PushSubscription.objects.create(
        person=world.people["ada"], endpoint="https://push.example.com/push/planted-device", digest="d" * 64, device="X"
    )


def text_of(answer: Any) -> str:
    """The body and, but for cookies, the head."""
    content = b"".join(answer) if answer.streaming else answer.content
    return f"{dict(answer.headers)}\n{content.decode(errors='replace')}"


def assert_log_is_clean(scene: Scene, *more: str) -> None:
    words = [*scene.addresses(), PASSWORD, WRONG_PASSWORD, *more]
    wrong = [line for line in scene.log.lines if scene.found(line) or any(word in line for word in words)]
    assert wrong == []


def test_no_answer_and_no_line_of_the_log_holds_a_secret(scene: Scene) -> None:
    """Every page and answer that anybody gets; what is refused says nothing of the kind (tests/access)."""
    wrong: list[str] = []
    for who, client in scene.clients.items():
        for line in (line for line in LINES if is_answered(line, who)):
            with undone() if line.method == "POST" else nullcontext():
                text = text_of(ask(scene.world, client, line))
            told = scene.found(text) + [word for word in scene.addresses(but=who) if word in text]
            wrong += [f"{line}: {who} read {word}" for word in told]
    assert wrong == []
    assert_log_is_clean(scene)


def is_answered(line: Line, who: str) -> bool:
    """Pages of each, and what programs of the two of a booking are answered."""
    is_program = line.method == "POST" and line.speaks_json and who in ("ada", "tunde")
    return line.cells[who].startswith("200") and (line.method == "GET" or is_program)


def test_no_page_of_the_operators_holds_a_secret(scene: Scene) -> None:
    client, wrong, seen = scene.clients["admin"], [], 0
    pages = [reverse("admin:index"), *(f"/admin/{name}" for name in ("money", "mails", "reconciliation", "rehearsal"))]
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages.append(reverse(f"{place}_changelist"))
        pages += [reverse(f"{place}_change", args=[row.pk]) for row in model._default_manager.all()[:2]]
    for page in pages:
        answer = client.get(page)
        seen += answer.status_code == 200
        wrong += [f"{page}: {word}" for word in scene.found(text_of(answer))]
    assert wrong == []
    assert seen >= len(admin.site._registry)
    assert_log_is_clean(scene)


def test_no_mail_holds_a_secret_or_anothers_address(scene: Scene, mailoutbox: list[EmailMultiAlternatives]) -> None:
    work_off()
    assert len(mailoutbox) >= 10
    for mail in mailoutbox:
        text = whole(mail.message())
        (receiver,) = mail.to
        assert scene.found(text) == []
        assert [word for word in scene.addresses() if word in text and word != receiver] == []


def whole(mail: EmailMessage) -> str:
    """Head and every part, decoded."""
    parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    return str(mail.items()) + "".join(part.decode() for part in parts if isinstance(part, bytes))


def test_what_people_type_where_it_fails_is_in_no_log(scene: Scene, mailoutbox: list[EmailMultiAlternatives]) -> None:
    ada, visitor = scene.world.people["ada"], Client(raise_request_exception=False)
    visitor.post("/accounts/login/", {"username": ada.email, "password": WRONG_PASSWORD})
    visitor.post("/accounts/login/", {"username": ada.email, "password": PASSWORD + "x"})
    bearer = {"Authorization": f"Bearer {scene.token}"}
    for path in ("/api/mentorship/sessions", "/api/nothing", f"/api/{scene.token}"):
        assert scene.found(text_of(visitor.get(path, headers=bearer)).replace(f"/api/{scene.token}", "")) == []
    visitor.post(
        "/api/webhooks/paystack", b"{}", content_type="application/json", headers={"x-paystack-signature": "0"}
    )
    visitor.post("/api/webhooks/zoom", b"{}", content_type="application/json", headers={"x-zm-signature": "v0=0"})
    visitor.get(f"/calendar/{'k' * 43}.ics")
    assert_log_is_clean(scene, "k" * 43, ada.email)
