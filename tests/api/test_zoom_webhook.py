"""Zoom's webhook over HTTP: proof, challenge, five minutes; and what it says of people, done by the worker."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.meetings.models import Attendance, Meeting
from oluko.offerings.models import BookingMode, Offering
from oluko.payments.models import ProviderEvent
from tests.api.conftest import assert_problem
from tests.draining import drain
from tests.paying import pay
from tests.times import next_monday

pytestmark = pytest.mark.django_db
PATH, SECRET, NUMBER = "/api/webhooks/zoom", "zoom-webhook-secret", "85012345678"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _secret(settings) -> None:
    settings.OLUKO_ZOOM_WEBHOOK_SECRET = SECRET


@pytest.fixture
def held(offering: Offering, ada: Person, frozen) -> Booking:
    """Ada's session with Tunde, held at Zoom, just begun."""
    booking = pay(book(ada, offered_terms(offering.pk), mode=BookingMode.INSTANT, scheduled_at=next_monday()))
    Meeting.objects.filter(pk=booking.pk).update(state="OPEN", provider="zoom", provider_id=NUMBER)
    DBTaskResult.objects.all().delete()
    return booking


def seal(message: bytes) -> str:
    return hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


def deliver(said: object, *, at: int | None = None, signature: str | None = None) -> Any:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    stamp = str(int(time.time()) if at is None else at)
    signed = f"v0={seal(f'v0:{stamp}:'.encode() + body)}" if signature is None else signature
    headers = {"x-zm-request-timestamp": stamp, "x-zm-signature": signed}
    return Client(enforce_csrf_checks=True).generic(
        "POST", PATH, body, content_type="application/json", headers=headers
    )


def event(name: str, participant: dict[str, Any] | None = None, **about: Any) -> dict[str, Any]:
    told = {"id": NUMBER, "uuid": "x==", **about} | ({"participant": participant} if participant else {})
    return {"event": name, "event_ts": 1, "payload": {"account_id": "a", "object": told}}


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_challenge_is_answered() -> None:
    token = "qgg8vlvZRS6UYooatFL8Aw"
    answer = deliver({"event": "endpoint.url_validation", "payload": {"plainToken": token}})
    assert (answer.status_code, answer.json()) == (
        200,
        {"plainToken": token, "encryptedToken": seal(token.encode())},
    )
    assert not ProviderEvent.objects.exists()


def test_the_challenge_signs_no_request_for_anybody() -> None:
    forged = f"v0:{int(time.time())}:" + json.dumps(event("meeting.ended"))
    asked = json.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": forged}})
    answer = Client().generic("POST", PATH, asked.encode(), content_type="application/json")
    assert_problem(answer, 401, "bad_signature")


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_older_or_newer_than_five_minutes_is_refused(seconds: int) -> None:
    assert_problem(deliver(event("meeting.started"), at=int(time.time()) + seconds), 401, "bad_signature")
    assert not ProviderEvent.objects.exists()


@pytest.mark.parametrize("signature", ["", "x", "v0=" + "0" * 64, "v0=" + "é" * 64])
def test_what_zoom_did_not_sign_leaves_nothing(signature: str) -> None:
    assert_problem(deliver(event("meeting.started"), signature=signature), 401, "bad_signature")
    assert not ProviderEvent.objects.exists()


def test_without_a_secret_nothing_is_taken(settings) -> None:
    settings.OLUKO_ZOOM_WEBHOOK_SECRET = ""
    empty = hmac.new(b"", b"", hashlib.sha256).hexdigest()
    assert_problem(deliver(event("meeting.started"), signature=f"v0={empty}"), 401, "bad_signature")
    challenge = {"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}}
    assert_problem(deliver(challenge), 401, "bad_signature")


@pytest.mark.parametrize("said", [b"rubbish", b"[]", b"\xff", {"event": 5}, {"event": "meeting.ended", "payload": 7}])
def test_signed_rubbish_does_no_harm(said: object) -> None:
    assert deliver(said).status_code == 200
    drain()
    assert not DBTaskResult.objects.filter(status="FAILED").exists()


def test_who_comes_and_goes_is_told_once(held: Booking, ada: Person, tunde: Person) -> None:
    start = held.scheduled_at
    coming = [
        event("meeting.participant_joined", {"customer_key": ada.pk.hex, "join_time": iso(start)}),
        event("meeting.participant_joined", {"user_name": tunde.name.upper(), "join_time": iso(start + MINUTE)}),
        event("meeting.participant_joined", {"user_name": "Somebody", "join_time": iso(start)}),
        event("meeting.participant_left", {"customer_key": ada.pk.hex, "leave_time": iso(start + 30 * MINUTE)}),
        event("meeting.ended", end_time=iso(start + 58 * MINUTE)),
    ]
    for said in coming + coming:
        assert deliver(said).status_code == 200
    drain()
    stays = {row.person_id: row for row in Attendance.objects.all()}
    assert set(stays) == {ada.pk, tunde.pk}
    assert stays[ada.pk].left_at == start + 30 * MINUTE
    assert (stays[tunde.pk].arrived_at, stays[tunde.pk].left_at) == (start + MINUTE, start + 58 * MINUTE)
    assert Booking.objects.get(pk=held.pk).status == "IN_PROGRESS"
    assert ProviderEvent.objects.filter(handled_at__isnull=False).count() == len(coming)


def test_news_of_leaving_may_come_first(held: Booking, ada: Person) -> None:
    left = {"email": ada.email.upper(), "leave_time": iso(held.scheduled_at + 9 * MINUTE)}
    joined = {"email": ada.email, "join_time": iso(held.scheduled_at)}
    deliver(event("meeting.participant_left", left))
    drain()
    deliver(event("meeting.participant_joined", joined))
    drain()
    (stay,) = Attendance.objects.all()
    assert (stay.arrived_at, stay.left_at) == (held.scheduled_at, held.scheduled_at + 9 * MINUTE)


def test_meetings_that_are_not_ours_are_left_alone(held: Booking, ada: Person) -> None:
    said = event("meeting.participant_joined", {"customer_key": ada.pk.hex, "join_time": iso(held.scheduled_at)})
    said["payload"]["object"]["id"] = "1"
    assert deliver(said).status_code == 200
    drain()
    assert not Attendance.objects.exists()
