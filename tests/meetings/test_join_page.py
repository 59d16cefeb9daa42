"""The join page over HTTP: each of its faces by time and state, for each reader."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.bookings.requests import approve_request, reject_request
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.models import Meeting
from oluko.meetings.opening import open_at_provider
from oluko.payments.cancellations import cancel_booking
from oluko.payments.release import release_due
from tests.meetings.conftest import Take
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db
type SignIn = Callable[..., Client]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def see(signed_in: SignIn) -> Callable[..., str]:
    """`see(person, booking)` is the text of the join page as that person gets it."""

    def read(person: Person, booking: Booking) -> str:
        answer = signed_in(person).get(f"/mentorship/session/{booking.pk}")
        assert answer.status_code == 200
        return answer.content.decode()

    return read


def path(booking: Booking, step: str = "") -> str:
    return f"/mentorship/session/{booking.pk}{step}"


def state(client: Client, booking: Booking, tag: str = "", stage: str = "") -> Any:
    headers = {"If-None-Match": tag} if tag else {}
    return client.get(path(booking, "/state"), {"stage": stage}, headers=headers)


# Who may see it


@pytest.mark.parametrize("step", ["", "/state", "/money", "/cancel"])
def test_strangers_find_no_such_session(
    paid: Booking, zainab: Person, mei: Person, signed_in: SignIn, step: str
) -> None:
    for stranger in (zainab, mei):
        assert signed_in(stranger).get(path(paid, step)).status_code == 404
    assert signed_in(zainab).get(f"/mentorship/session/{uuid.uuid4()}{step}").status_code == 404


@pytest.mark.parametrize("step", ["", "/state", "/money", "/cancel"])
def test_visitors_are_sent_to_sign_in(paid: Booking, client: Client, step: str) -> None:
    answer = client.get(path(paid, step))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_both_people_and_operators_see_it(
    paid: Booking, ada: Person, tunde: Person, admin: Person, see: Callable[..., str]
) -> None:
    for person in (ada, tunde, admin):
        page = see(person, paid)
        assert "Tunde Bakare" in page
        assert "Ada Obi" in page
        assert "@demo.test" not in page.replace(person.email, "")


def test_operators_do_not_cancel_as_if_they_took_part(paid: Booking, admin: Person, signed_in: SignIn) -> None:
    assert signed_in(admin).get(path(paid, "/cancel")).status_code == 404
    assert signed_in(admin).post(path(paid, "/cancel")).status_code == 404


@pytest.mark.parametrize("step", ["start", "complete", "no-show", "meeting-link", "approve", "reject"])
def test_only_its_tutor_may_do_the_tutors_part(
    paid: Booking, ada: Person, zainab: Person, admin: Person, signed_in: SignIn, step: str
) -> None:
    for person in (ada, zainab, admin):
        body = {"meeting_url": "https://meet.google.com/a", "reason": "no"}
        assert signed_in(person).post(path(paid, f"/{step}"), body).status_code == 404
    assert signed_in(ada).get(path(paid, f"/{step}")).status_code == 405


@pytest.mark.parametrize("step", ["start", "complete", "no-show", "meeting-link", "approve", "reject", "cancel"])
def test_every_post_needs_the_token(paid: Booking, tunde: Person, signed_in: SignIn, step: str) -> None:
    assert signed_in(tunde, csrf=True).post(path(paid, f"/{step}")).status_code == 403


# Its faces


def test_request_says_what_is_awaited_and_until_when(
    ask: Take, ada: Person, tunde: Person, see: Callable[..., str]
) -> None:
    booking = ask(ada)
    student, tutor = see(ada, booking), see(tunde, booking)
    assert "Awaiting approval" in student
    assert "Approve</button>" not in student
    assert "Approve</button>" in tutor
    assert "Reject the request" in tutor


def test_unpaid_shows_the_deadline_and_the_way_to_pay_to_its_student_alone(
    hold: Take, ada: Person, tunde: Person, see: Callable[..., str]
) -> None:
    booking = hold(ada)
    student, tutor = see(ada, booking), see(tunde, booking)
    assert f'href="/mentorship/checkout/{booking.pk}"' in student
    assert "Pay ₦5,000" in student
    assert "/mentorship/checkout/" not in tutor
    assert "Waiting for Ada Obi to pay" in tutor


def test_unpaid_past_its_deadline_offers_no_payment(hold: Take, ada: Person, see: Callable[..., str], frozen) -> None:
    booking = hold(ada)
    frozen.advance(timedelta(minutes=16))
    page = see(ada, booking)
    assert "The time to pay has passed" in page
    assert "/mentorship/checkout/" not in page


def test_before_shows_countdown_both_clocks_and_the_waiting_link(
    paid: Booking, ada: Person, mei: Person, see: Callable[..., str]
) -> None:
    Booking.objects.filter(pk=paid.pk).update(tutor=mei)
    page = see(ada, paid)
    assert "Starts in" in page
    assert "data-deadline=" in page
    assert "Lagos" in page
    assert "Shanghai" in page
    assert "The meeting link is being prepared" in page
    assert 'name="meeting_url"' not in page
    assert 'name="meeting_url"' in see(mei, paid)


def test_a_provider_that_does_not_answer_is_said(paid: Booking, ada: Person, see: Callable[..., str]) -> None:
    Meeting.objects.filter(pk=paid.pk).update(error="Zoom answered 503")
    page = see(ada, paid)
    assert "We keep trying" in page
    assert "503" not in page


def test_lobby_opens_fifteen_minutes_before_and_lets_the_tutor_start(
    paid: Booking, ada: Person, tunde: Person, see: Callable[..., str], signed_in: SignIn, frozen
) -> None:
    frozen(paid.scheduled_at - 16 * MINUTE)
    assert "Lobby open" not in see(tunde, paid)
    assert signed_in(tunde).post(path(paid, "/start")).status_code == 409
    frozen(paid.scheduled_at - 14 * MINUTE)
    assert "Lobby open" in see(ada, paid)
    assert "Start the session" not in see(ada, paid)
    assert "Start the session" in see(tunde, paid)

    assert signed_in(tunde).post(path(paid, "/start")).status_code == 302

    paid.refresh_from_db()
    assert paid.status == "IN_PROGRESS"
    assert paid.started_at is not None
    assert "Live" in see(ada, paid)


def test_live_embeds_the_sandboxs_meeting_and_names_its_origin_there_alone(
    paid: Booking, ada: Person, sandbox: Sandbox, signed_in: SignIn, frozen
) -> None:
    open_at_provider(paid.pk)
    frozen(paid.scheduled_at + MINUTE)
    answer = signed_in(ada).get(path(paid))
    page, meeting = answer.content.decode(), Meeting.objects.get(pk=paid.pk)
    assert f'<iframe class="stage" src="{meeting.join_url}"' in page
    assert "data-copy=" in page
    policy = answer["Content-Security-Policy"]
    assert f"frame-src {sandbox.url}" in policy
    assert "unsafe" not in policy
    elsewhere = signed_in(ada).get("/student/mentorship")
    assert "frame-src 'none'" in elsewhere["Content-Security-Policy"]


def test_live_at_zoom_itself_opens_in_zoom(paid: Booking, ada: Person, see: Callable[..., str], frozen) -> None:
    link = "https://us02web.zoom.us/j/8312345?pwd=x"
    Meeting.objects.filter(pk=paid.pk).update(state="OPEN", provider="zoom", provider_id="8312345", join_url=link)
    frozen(paid.scheduled_at + MINUTE)
    page = see(ada, paid)
    assert "Open in Zoom" in page
    assert "<iframe" not in page


def test_a_pasted_link_is_a_button_and_never_a_frame(
    paid: Booking, ada: Person, tunde: Person, see: Callable[..., str], frozen, settings
) -> None:
    set_meeting_url(tunde, paid.pk, "https://meet.google.com/abc")
    frozen(paid.scheduled_at + MINUTE)
    page = see(ada, paid)
    assert 'href="https://meet.google.com/abc"' in page
    assert "<iframe" not in page
    assert "Set by Tunde Bakare" in page


def test_afterwards_the_tutor_says_how_it_went(
    paid: Booking, ada: Person, tunde: Person, see: Callable[..., str], signed_in: SignIn, frozen
) -> None:
    assert signed_in(tunde).post(path(paid, "/complete")).status_code == 409
    frozen(paid.ends_at + MINUTE)
    tutor, student = see(tunde, paid), see(ada, paid)
    for words in ("Mark as completed", "Mark as no-show", "Mark as cancelled", "₦3,500"):
        assert words in tutor
    assert "Mark as" not in student
    assert "counts as completed from" in student

    assert signed_in(tunde).post(path(paid, "/complete")).status_code == 302
    assert signed_in(tunde).post(path(paid, "/no-show")).status_code == 409

    assert "This session took place" in see(ada, paid)
    assert "₦3,500 are pending" in see(tunde, paid)
    frozen.advance(timedelta(hours=25))
    release_due()
    assert "₦3,500 are available" in see(tunde, paid)
    assert "were passed on to Tunde Bakare" in see(ada, paid)


def test_no_show_is_said_to_both(
    paid: Booking, ada: Person, tunde: Person, see: Callable[..., str], signed_in: SignIn, frozen
) -> None:
    frozen(paid.ends_at + MINUTE)
    signed_in(tunde).post(path(paid, "/no-show"))
    assert "You were marked as absent" in see(ada, paid)
    assert "The student was not there" in see(tunde, paid)


def test_cancelled_says_where_the_money_stands(
    paid: Booking, ada: Person, tunde: Person, see: Callable[..., str]
) -> None:
    cancel_booking(tunde, paid.pk, reason="I am ill, sorry")
    page = see(ada, paid)
    assert "Cancelled by the tutor" in page
    assert "I am ill, sorry" in page
    assert "₦5,000 of ₦5,000 go back." in page
    assert "/cancel" not in page


def test_rejected_shows_the_reason_as_text(ask: Take, ada: Person, tunde: Person, see: Callable[..., str]) -> None:
    booking = ask(ada)
    reject_request(tunde, booking.pk, reason="<script>alert(1)</script>")
    page = see(ada, booking)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "Nothing was charged" in page


# Following the server


def test_state_answers_304_until_something_changes(
    paid: Booking, ada: Person, signed_in: SignIn, sandbox: Sandbox
) -> None:
    client = signed_in(ada)
    first = state(client, paid)
    assert first.status_code == 200
    assert "private" in first["Cache-Control"]
    assert state(client, paid, first["ETag"]).status_code == 304

    open_at_provider(paid.pk)

    second = state(client, paid, first["ETag"])
    assert second.status_code == 200
    assert "/zoom/j/" in second.content.decode()


def test_page_carries_the_tag_of_what_it_shows(paid: Booking, ada: Person, signed_in: SignIn) -> None:
    client = signed_in(ada)
    tag = state(client, paid)["ETag"]
    assert f'data-etag="{tag.replace('"', "&quot;")}"' in client.get(path(paid)).content.decode()


def test_state_follows_the_clock(paid: Booking, ada: Person, signed_in: SignIn, frozen) -> None:
    client = signed_in(ada)
    tag = state(client, paid)["ETag"]
    frozen(paid.scheduled_at - 10 * MINUTE)
    assert "Lobby open" in state(client, paid, tag).content.decode()


def test_a_running_meeting_is_not_sent_again(
    paid: Booking, ada: Person, tunde: Person, signed_in: SignIn, sandbox: Sandbox, frozen
) -> None:
    open_at_provider(paid.pk)
    frozen(paid.scheduled_at + MINUTE)
    client = signed_in(ada)
    arriving = state(client, paid).content.decode()
    assert "<iframe" in arriving
    stage = arriving.split('name="stage" value="')[1].split('"')[0]
    tag = state(client, paid, stage=stage)["ETag"]
    signed_in(tunde).post(path(paid, "/start"))

    later = state(client, paid, tag, stage)

    assert later.status_code == 200
    assert "<iframe" not in later.content.decode()


def test_another_readers_tag_is_worth_nothing(paid: Booking, ada: Person, tunde: Person, signed_in: SignIn) -> None:
    tag = state(signed_in(ada), paid)["ETag"]
    assert state(signed_in(tunde), paid, tag).status_code == 200


# What it does


def test_tutor_pastes_a_link(paid: Booking, tunde: Person, signed_in: SignIn, api) -> None:
    client = signed_in(tunde)
    answer = client.post(path(paid, "/meeting-link"), {"meeting_url": "https://meet.google.com/abc"})
    assert answer.status_code == 302
    paid.refresh_from_db()
    assert paid.meeting_url == "https://meet.google.com/abc"


def test_a_bad_link_comes_back_with_the_reason(paid: Booking, tunde: Person, signed_in: SignIn) -> None:
    answer = signed_in(tunde).post(path(paid, "/meeting-link"), {"meeting_url": 'http://x/"><b>bold'})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="meeting-url-error"' in page
    assert 'aria-invalid="true"' in page
    assert "<b>bold" not in page


def test_tutor_approves_on_the_page_and_on_the_dashboard(
    ask: Take, ada: Person, tunde: Person, signed_in: SignIn
) -> None:
    booking = ask(ada)
    answer = signed_in(tunde).post(path(booking, "/approve"), {"on": "dashboard", "notes": "Bring your code"})
    assert (answer.status_code, answer["Location"]) == (302, "/tutor/mentorship")
    booking.refresh_from_db()
    assert (booking.status, booking.approval_notes) == ("SCHEDULED", "Bring your code")
    assert signed_in(tunde).post(path(booking, "/approve")).status_code == 409


def test_rejecting_needs_a_reason(ask: Take, ada: Person, tunde: Person, signed_in: SignIn) -> None:
    booking = ask(ada)
    assert signed_in(tunde).post(path(booking, "/reject")).status_code == 422
    answer = signed_in(tunde).post(path(booking, "/reject"), {"reason": "Fully booked"})
    assert (answer.status_code, answer["Location"]) == (302, path(booking))
    booking.refresh_from_db()
    assert (booking.status, booking.approval_notes) == ("REJECTED", "Fully booked")


def test_cancelling_shows_first_what_comes_back(
    paid: Booking, ada: Person, tunde: Person, signed_in: SignIn, frozen
) -> None:
    frozen(paid.scheduled_at - timedelta(hours=10))
    student = signed_in(ada).get(path(paid, "/cancel")).content.decode()
    assert "Cancel, ₦2,500 back" in student
    assert "Nothing back" in student
    assert "Cancel, ₦5,000 back" in signed_in(tunde).get(path(paid, "/cancel")).content.decode()

    answer = signed_in(ada).post(path(paid, "/cancel"), {"reason": "Exam"})

    assert (answer.status_code, answer["Location"]) == (302, path(paid))
    paid.refresh_from_db()
    assert (paid.status, paid.refunded, paid.cancel_note) == ("CANCELLED", 2_500_00, "Exam")
    assert signed_in(ada).get(path(paid, "/cancel")).status_code == 409
    assert signed_in(ada).post(path(paid, "/cancel")).status_code == 409


def test_a_session_that_has_begun_is_not_cancelled_by_its_student(
    paid: Booking, ada: Person, see: Callable[..., str], signed_in: SignIn, frozen
) -> None:
    frozen(paid.scheduled_at + MINUTE)
    assert "/cancel" not in see(ada, paid)
    assert "cannot be cancelled any more" in signed_in(ada).get(path(paid, "/cancel")).content.decode()
    assert signed_in(ada).post(path(paid, "/cancel")).status_code == 409


def test_an_approved_request_shows_the_tutors_word_to_its_student(
    ask: Take, ada: Person, tunde: Person, see: Callable[..., str]
) -> None:
    booking = approve_request(tunde, ask(ada).pk, notes="Bring your repository")
    assert "Bring your repository" in see(ada, booking)
