"""The meeting at Zoom on a page of ours, its headers and its signature; and the tutor's way in as its host."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.meetings.models import Meeting
from oluko.meetings.opening import open_at_provider
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECRET = "the secret of the Meeting SDK, long enough"


@pytest.fixture
def held(paid: Booking, sandbox: Sandbox, settings, frozen) -> Booking:
    """Ada's hour with Tunde, whose meeting is there and whose lobby is open."""
    settings.OLUKO_ZOOM_SDK_KEY, settings.OLUKO_ZOOM_SDK_SECRET = "sdk-key", SECRET
    open_at_provider(paid.pk)
    frozen(paid.scheduled_at - 10 * MINUTE)
    return paid


def test_the_page_is_signed_for_this_meeting_and_this_person(held: Booking, signed_in, ada: Person) -> None:
    answer = signed_in(ada).get(f"/mentorship/session/{held.pk}/zoom")
    page = answer.content.decode()
    token = page.split('data-signature="')[1].split('"')[0]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    number = Meeting.objects.get(pk=held.pk).provider_id
    assert (claims["mn"], claims["role"], claims["appKey"]) == (number, 0, "sdk-key")
    assert claims["exp"] - claims["iat"] == 2 * 60 * 60
    assert f'data-key="{ada.pk.hex}"' in page
    assert SECRET not in page
    assert "start_url" not in page


def test_the_password_opens_the_meeting_that_was_made(held: Booking, signed_in, ada: Person, sandbox: Sandbox) -> None:
    number = Meeting.objects.get(pk=held.pk).provider_id
    (made,) = [row for row in sandbox.meetings() if str(row["id"]) == number]
    page = signed_in(ada).get(f"/mentorship/session/{held.pk}/zoom").content.decode()
    assert f'data-password="{made["password"]}"' in page


def test_its_headers_alone_allow_zoom(held: Booking, signed_in, ada: Person) -> None:
    client = signed_in(ada)
    policy = client.get(f"/mentorship/session/{held.pk}/zoom").headers["Content-Security-Policy"]
    assert "https://*.zoom.us" in policy
    assert "wasm-unsafe-eval" in policy
    assert "frame-ancestors 'self'" in policy
    for path in (f"/mentorship/session/{held.pk}", "/mentorship", "/student/mentorship"):
        assert "zoom.us" not in client.get(path).headers["Content-Security-Policy"]


def test_when_the_session_is_live_its_page_frames_ours(held: Booking, signed_in, ada: Person, frozen) -> None:
    frozen(held.scheduled_at + MINUTE)
    answer = signed_in(ada).get(f"/mentorship/session/{held.pk}")
    assert f'src="/mentorship/session/{held.pk}/zoom"' in answer.content.decode()
    assert "Open in Zoom" in answer.content.decode() or "Open the meeting" in answer.content.decode()
    assert "frame-src http://" in answer.headers["Content-Security-Policy"]


def test_only_its_two_people_and_only_in_its_time(
    held: Booking, signed_in, ada: Person, bola: Person, admin: Person, frozen
) -> None:
    path = f"/mentorship/session/{held.pk}/zoom"
    assert [signed_in(person).get(path).status_code for person in (bola, admin)] == [404, 404]
    frozen(held.scheduled_at - 20 * MINUTE)
    assert signed_in(ada).get(path).status_code == 409


def test_without_the_sdks_settings_there_is_no_such_page(held: Booking, signed_in, ada: Person, settings) -> None:
    settings.OLUKO_ZOOM_SDK_KEY = ""
    assert signed_in(ada).get(f"/mentorship/session/{held.pk}/zoom").status_code == 404


def test_the_tutor_gets_the_hosts_link_when_it_is_needed_and_it_is_kept_nowhere(
    held: Booking, signed_in, tunde: Person, ada: Person, sandbox: Sandbox
) -> None:
    path, number = f"/mentorship/session/{held.pk}/host", Meeting.objects.get(pk=held.pk).provider_id
    assert signed_in(ada).get(path).status_code == 404
    answer = signed_in(tunde).get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{sandbox.url}/zoom/s/{number}?zak=")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "zak" not in repr(Meeting.objects.filter(pk=held.pk).values().get())
    assert "zak" not in signed_in(tunde).get(f"/mentorship/session/{held.pk}").content.decode()


def test_a_silent_zoom_is_said_to_the_tutor(held: Booking, signed_in, tunde: Person, sandbox: Sandbox) -> None:
    sandbox.control(zoom={"mode": "error"})
    answer = signed_in(tunde).get(f"/mentorship/session/{held.pk}/host")
    assert answer.status_code == 503
    assert "Zoom is not answering" in answer.content.decode()
