"""The built-in room's HTTP: who may go in and when, what is handed on, what is refused, and what is forgotten."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.meetings.checks import room_reaches_people
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.models import Meeting, Seat, Signal
from oluko.meetings.tasks import forget_old_seats
from oluko.payments.cancellations import cancel_booking
from tests.meetings.conftest import Take
from tests.paying import pay

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
OFFER = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE: dict[str, Any] = {
    "type": "candidate",
    "candidate": {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0},
}
STEPS = ("enter", "poll", "send", "leave")
type Ask = Callable[..., Any]


@pytest.fixture
def booking(hold: Take, ada: Person, settings, frozen) -> Booking:
    """Ada's paid hour with Tunde, in the room, and the lobby is open."""
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    booking = pay(hold(ada))
    frozen(booking.scheduled_at - 10 * MINUTE)
    return booking


@pytest.fixture
def ask(booking: Booking, signed_in: Callable[..., Client]) -> Ask:
    """`ask(person, step, **body)` is what the room answers."""
    clients: dict[Any, Client] = {}

    def post(person: Person, step: str, **body: Any) -> Any:
        client = clients.get(person.pk) or clients.setdefault(person.pk, signed_in(person))
        address = f"/mentorship/session/{booking.pk}/room/{step}"
        if step == "leave":
            return client.post(address, body)
        return client.post(address, json.dumps(body), content_type="application/json")

    return post


@pytest.fixture
def enter(ask: Ask) -> Callable[[Person], dict[str, Any]]:
    def go_in(person: Person) -> dict[str, Any]:
        answer = ask(person, "enter")
        assert answer.status_code == 200, answer.content
        entered: dict[str, Any] = answer.json()
        return entered

    return go_in


# Which meeting it is


def test_without_zoom_a_paid_session_is_in_the_room_at_once(booking: Booking, settings, api) -> None:
    meeting = Meeting.objects.get(pk=booking.pk)
    page = f"{settings.OLUKO_BASE_URL}/mentorship/session/{booking.pk}"
    assert (meeting.state, meeting.provider, booking.meeting_url) == ("OPEN", "room", page)
    assert api(booking.student).get(f"/api/mentorship/session/{booking.pk}").json()["meetingUrl"] == page


def test_the_page_shows_the_room_to_the_two_alone(
    booking: Booking, ada: Person, tunde: Person, admin: Person, signed_in: Callable[..., Client], frozen
) -> None:
    path = f"/mentorship/session/{booking.pk}"
    for person, there in ((ada, True), (tunde, True), (admin, False)):
        answer = signed_in(person).get(path)
        assert ("data-room" in answer.content.decode()) is there
        assert re.match(
            r"camera=\(self.*\), microphone=\(self.*\), display-capture=\(self", answer["Permissions-Policy"]
        )
        assert "unsafe" not in answer["Content-Security-Policy"]
    assert "camera=()" in signed_in(ada).get("/student/mentorship")["Permissions-Policy"]
    frozen(booking.scheduled_at - 16 * MINUTE)
    assert "data-room" not in signed_in(ada).get(path).content.decode()


def test_a_running_room_stays_until_its_grace_is_over_and_is_never_sent_again(
    booking: Booking, ada: Person, tunde: Person, signed_in: Callable[..., Client], frozen
) -> None:
    client, path = signed_in(ada), f"/mentorship/session/{booking.pk}/state"
    assert "data-room" in client.get(path, {"stage": ""}).content.decode()
    set_meeting_url(tunde, booking.pk, "https://meet.google.com/abc")
    frozen(booking.ends_at + 20 * MINUTE)
    signed_in(tunde).post(f"/mentorship/session/{booking.pk}/complete")
    assert 'id="stage"' not in client.get(path, {"stage": "room"}).content.decode()
    frozen(booking.ends_at + 31 * MINUTE)
    gone = client.get(path, {"stage": "room"}).content.decode()
    assert 'id="stage"' in gone
    assert "data-room" not in gone


def test_a_pasted_link_takes_the_rooms_place(
    booking: Booking, ada: Person, tunde: Person, signed_in: Callable[..., Client]
) -> None:
    set_meeting_url(tunde, booking.pk, "https://meet.google.com/abc")
    page = signed_in(ada).get(f"/mentorship/session/{booking.pk}").content.decode()
    assert "data-room" not in page
    assert "https://meet.google.com/abc" in page


# Who may go in, and when


@pytest.mark.parametrize("step", STEPS)
def test_strangers_and_operators_find_no_room(
    ask: Ask, enter, ada: Person, zainab: Person, mei: Person, admin: Person, step: str
) -> None:
    seat = enter(ada)["seat"]
    for person in (zainab, mei, admin):
        assert ask(person, step).status_code == 404
        assert ask(person, step, seat=seat, to=seat, signals=[OFFER], after=0).status_code == 404
    assert Seat.objects.count() == 1


@pytest.mark.parametrize("step", STEPS)
def test_visitors_and_requests_without_the_token_get_nothing(
    booking: Booking, ada: Person, client: Client, signed_in: Callable[..., Client], step: str
) -> None:
    path = f"/mentorship/session/{booking.pk}/room/{step}"
    assert client.post(path)["Location"].startswith("/accounts/login/")
    assert signed_in(ada, csrf=True).post(path).status_code == 403
    assert signed_in(ada).get(path).status_code == 405


@pytest.mark.parametrize(("minutes", "status"), [(-16, 409), (-14, 200), (89, 200), (91, 409)])
def test_the_room_has_its_hours(booking: Booking, ask: Ask, ada: Person, frozen, minutes: int, status: int) -> None:
    frozen(booking.scheduled_at + minutes * MINUTE)
    assert ask(ada, "enter").status_code == status
    assert ask(ada, "poll").status_code == status


def test_who_is_inside_is_told_when_the_room_closes(booking: Booking, ask: Ask, enter, ada: Person, frozen) -> None:
    seat = enter(ada)["seat"]
    frozen(booking.ends_at + 31 * MINUTE)
    assert ask(ada, "poll", seat=seat, after=0).json()["standing"] == "closed"


def test_an_unpaid_or_cancelled_session_has_no_room(
    booking: Booking, ask: Ask, enter, ada: Person, tunde: Person
) -> None:
    seat = enter(ada)["seat"]
    cancel_booking(tunde, booking.pk, reason="Ill")
    assert ask(ada, "poll", seat=seat, after=0).json()["standing"] == "closed"
    assert ask(ada, "enter").status_code == 409
    Booking.objects.filter(pk=booking.pk).update(status="SCHEDULED", payment_status="PENDING")
    assert ask(ada, "enter").status_code == 409


# Seats


def test_the_later_of_two_sees_the_earlier_and_only_one_is_polite(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    assert ask(tunde, "poll").json()["others"] == []
    first = enter(ada)
    assert ask(tunde, "poll").json()["others"] == [first["seat"]]
    second = enter(tunde)
    assert (first["others"], second["others"]) == ([], [first["seat"]])
    assert (first["polite"], second["polite"]) == (True, False)
    assert ask(ada, "poll", seat=first["seat"], after=0).json()["others"] == [second["seat"]]


def test_a_second_page_takes_the_seat_and_the_first_is_told(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    there = enter(tunde)["seat"]
    old = enter(ada)["seat"]
    new = enter(ada)["seat"]
    assert ask(ada, "poll", seat=old, after=0).json() == {"standing": "taken", "others": []}
    assert ask(ada, "poll", seat=new, after=0).json()["standing"] == "here"
    assert ask(tunde, "poll", seat=there, after=0).json()["others"] == [new]
    assert ask(ada, "send", seat=old, to=there, signals=[OFFER]).status_code == 409


def test_a_seat_that_is_left_is_free_and_one_that_is_forgotten_is_gone(
    enter, ask: Ask, ada: Person, tunde: Person
) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    assert ask(ada, "leave", seat=other).status_code == 200
    assert Seat.objects.count() == 2
    ask(ada, "leave", seat=seat)
    assert ask(tunde, "poll", seat=other, after=0).json()["others"] == []
    assert ask(ada, "poll", seat=seat, after=0).json()["standing"] == "gone"


def test_a_page_that_does_not_ask_any_more_is_not_there(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    Seat.objects.filter(pk=other).update(seen_at=timezone.now() - MINUTE)
    assert ask(ada, "poll", seat=seat, after=0).json()["others"] == []
    ask(tunde, "poll", seat=other, after=0)
    assert ask(ada, "poll", seat=seat, after=0).json()["others"] == [other]


# Signals


def test_signals_arrive_in_order_once_and_at_the_other_alone(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    assert ask(tunde, "send", seat=other, to=seat, signals=[OFFER, CANDIDATE]).status_code == 200
    assert ask(tunde, "send", seat=other, to=seat, signals=[CANDIDATE]).status_code == 200
    got = ask(ada, "poll", seat=seat, after=0).json()["signals"]
    assert [signal["type"] for signal in got] == ["offer", "candidate", "candidate"]
    assert {signal["from"] for signal in got} == {other}
    assert got[0]["sdp"] == OFFER["sdp"]
    assert ask(ada, "poll", seat=seat, after=got[-1]["id"]).json()["signals"] == []
    assert ask(tunde, "poll", seat=other, after=0).json()["signals"] == []


def test_a_poll_costs_two_queries_besides_signing_in(
    booking: Booking, enter, ask: Ask, ada: Person, tunde: Person
) -> None:
    seat = enter(ada)["seat"]
    enter(tunde)
    Seat.objects.update(seen_at=timezone.now())
    with CaptureQueriesContext(connection) as seen:
        ask(ada, "poll", seat=seat, after=0)
    ours = [query["sql"] for query in seen if "meetings_" in query["sql"]]
    assert len(ours) == 2
    assert len(seen) <= 4


@pytest.mark.parametrize(
    "signals",
    [
        [],
        "offer",
        [OFFER] * 33,
        ["offer"],
        [{"type": "answer"}],
        [{"type": "rollback", "sdp": ""}],
        [{"type": "offer", "sdp": "x" * 30_001}],
        [{"type": "offer", "sdp": 7}],
        [{"type": "offer", "sdp": "\x00"}],
        [{"type": "offer", "sdp": "\ud800"}],
        [{"type": "candidate", "candidate": "candidate:1"}],
        [{"type": "candidate", "candidate": {"candidate": "x" * 1_001}}],
        [{"type": "candidate", "candidate": {"candidate": "c", "sdpMLineIndex": 64}}],
        [{"type": "candidate", "candidate": {"candidate": "c", "sdpMLineIndex": True}}],
        [{"type": "candidate", "candidate": {"candidate": "c", "sdpMid": "m" * 257}}],
    ],
    ids=lambda signals: str(signals)[:60],
)
def test_what_is_no_signal_is_refused(enter, ask: Ask, ada: Person, tunde: Person, signals: Any) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    answer = ask(ada, "send", seat=seat, to=other, signals=signals)
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_signal"
    assert not Signal.objects.exists()


def test_a_form_is_no_signal(booking: Booking, ada: Person) -> None:
    """Looking for the CSRF token in a form reads it; what asks for its bytes afterwards must not fail over that."""
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "c" * 32}, raise_request_exception=False)
    client.force_login(ada)
    client.cookies["csrftoken"] = "c" * 32
    for step in ("poll", "send"):
        answer = client.post(f"/mentorship/session/{booking.pk}/room/{step}", {"seat": str(uuid.uuid4())})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_signal")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"7", b"[" * 5000, b'{"x": "' + b"x" * 70_000 + b'"}'])
def test_what_is_no_object_or_too_long_is_refused(
    booking: Booking, ada: Person, signed_in: Callable[..., Client], body: bytes
) -> None:
    path = f"/mentorship/session/{booking.pk}/room/send"
    assert signed_in(ada).post(path, body, content_type="application/json").status_code == 422


@pytest.mark.parametrize("after", [-1, 2**63, "0", None, True, 1.5])
def test_an_odd_number_of_the_last_signal_is_refused(enter, ask: Ask, ada: Person, after: Any) -> None:
    seat = enter(ada)["seat"]
    assert ask(ada, "poll", seat=seat, after=after).status_code == 422


def test_only_what_was_known_of_a_candidate_is_kept(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    odd = {"type": "candidate", "candidate": {**CANDIDATE["candidate"], "extra": "x"}, "extra": "y"}
    ask(ada, "send", seat=seat, to=other, signals=[odd])
    assert "extra" not in str(Signal.objects.get().body)


def test_nobody_sends_to_himself_or_into_another_room(
    enter, ask: Ask, ada: Person, tunde: Person, booking: Booking
) -> None:
    seat = enter(ada)["seat"]
    for to in (seat, str(uuid.uuid4())):
        assert ask(ada, "send", seat=seat, to=to, signals=[OFFER]).status_code == 409
    other = enter(tunde)["seat"]
    assert ask(ada, "send", seat=other, to=seat, signals=[OFFER]).status_code == 409


def test_too_much_that_waits_is_refused(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    answers = [ask(ada, "send", seat=seat, to=other, signals=[CANDIDATE] * 32).status_code for _ in range(17)]
    assert answers == [200] * 15 + [429] * 2
    assert Signal.objects.count() == 480


def test_entering_and_sending_again_and_again_is_slowed_down(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    assert [ask(ada, "enter").status_code for _ in range(31)] == [200] * 30 + [429]
    assert Seat.objects.count() == 1
    assert enter(tunde)["others"] != []


def test_old_seats_and_signals_are_thrown_away(enter, ask: Ask, ada: Person, tunde: Person) -> None:
    seat, other = enter(ada)["seat"], enter(tunde)["seat"]
    ask(ada, "send", seat=seat, to=other, signals=[OFFER])
    forget_old_seats()
    assert (Seat.objects.count(), Signal.objects.count()) == (2, 1)
    Seat.objects.filter(pk=seat).update(seen_at=timezone.now() - 11 * MINUTE)
    Signal.objects.update(created_at=timezone.now() - 11 * MINUTE)
    forget_old_seats()
    assert (list(Seat.objects.values_list("pk", flat=True)), Signal.objects.count()) == ([uuid.UUID(other)], 0)


# STUN and TURN


def test_without_servers_the_page_is_told_of_none(enter, ada: Person) -> None:
    entered = enter(ada)
    assert (entered["iceServers"], entered["relayOnly"]) == ([], False)


def test_turn_credentials_are_the_persons_for_six_hours_and_the_secret_stays_here(
    enter, ask: Ask, ada: Person, settings
) -> None:
    settings.OLUKO_STUN_URLS = ["stun:turn.example.org:3478"]
    settings.OLUKO_TURN_URLS = ["turn:turn.example.org:3478", "turns:turn.example.org:5349?transport=tcp"]
    settings.OLUKO_TURN_SECRET = "correct horse"
    stun, turn = enter(ada)["iceServers"]
    assert stun == {"urls": ["stun:turn.example.org:3478"]}
    assert turn["urls"] == settings.OLUKO_TURN_URLS
    expiry, _colon, person = turn["username"].partition(":")
    assert person == str(ada.pk)
    assert 5.9 * 3600 < int(expiry) - time.time() <= 6 * 3600
    digest = hmac.new(b"correct horse", turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()


def test_a_live_site_without_zoom_or_turn_is_told_so(settings) -> None:
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    assert room_reaches_people() == []
    settings.OLUKO_LIVE = True
    assert [warning.id for warning in room_reaches_people()] == ["meetings.W001"]
    settings.OLUKO_TURN_URLS = ["turn:turn.example.org:3478"]
    assert room_reaches_people() == []
