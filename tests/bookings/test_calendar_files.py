"""Sessions as calendar files: what goes with a mail, and the feed that calendars subscribe to."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from icalendar import Calendar, Event

from oluko.accounts.models import Person
from oluko.bookings.calendar_files import feed, feed_address, feed_token, session_file
from oluko.bookings.models import Booking
from oluko.bookings.sessions import complete_unmarked
from oluko.core.logs import LineFormatter
from oluko.meetings.moves import reschedule_session
from oluko.notifications.delivering import deliver
from oluko.notifications.kinds import calendar_file_of
from oluko.notifications.models import Delivery, Notification
from oluko.offerings.models import Offering
from oluko.payments.cancellations import cancel_booking
from tests.conftest import Frozen
from tests.paying import pay

pytestmark = pytest.mark.django_db

type Take = Callable[..., Booking]
type SignedIn = Callable[..., Client]

# What people may type, and what it must not become: further lines, properties, components.
PAYLOADS = (
    "React\r\nATTENDEE:mailto:mallory@evil.test",
    "React\nEND:VEVENT\nBEGIN:VALARM\nACTION:AUDIO",
    "React\rX-EVIL:1",
    "a;b,c:d\\e\"f'g^h",
    "\\n\\;\\,",
    "Ẹ̀kọ́ 数学 👩🏾‍🏫 " * 12,
    "x" * 120,
    "\u2028ATTENDEE:mailto:mallory@evil.test\u2029\x85\x0b\x0c\x1c",
    '"><script>alert(1)</script>',
    "BEGIN:VCALENDAR",
)


def path(person: Person) -> str:
    return f"/calendar/{feed_token(person)}.ics"


def events(text: str | bytes) -> list[Event]:
    return list(Calendar.from_ical(text).walk("VEVENT"))


def fetch(person: Person, **headers: Any) -> Any:
    return Client().get(path(person), headers=headers)


def test_both_find_a_session_in_their_feed_each_with_the_other(ada: Person, tunde: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    for person, other in ((ada, tunde), (tunde, ada)):
        (event,) = events(fetch(person).content)
        assert event["SUMMARY"] == f"React code review with {other.name}"
        assert (event.start, event.end) == (booking.scheduled_at, booking.ends_at)
        assert event["STATUS"] == "CONFIRMED"
        assert f"/mentorship/session/{booking.pk}" in str(event["DESCRIPTION"])
        assert event["URL"].endswith(f"/mentorship/session/{booking.pk}")
        assert event["UID"] == f"{booking.pk}@127.0.0.1"
        assert not event.walk("VALARM")


def test_the_feed_is_what_calendars_ask_for(ada: Person, hold: Take) -> None:
    hold(ada)
    answer = fetch(ada)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "private" in answer["Cache-Control"]
    assert not answer.cookies
    text = answer.content.decode()
    assert "X-WR-CALNAME:Oluko sessions\r\n" in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT30M\r\n" in text
    assert "X-PUBLISHED-TTL:PT30M\r\n" in text
    assert "METHOD" not in text
    # Instants in UTC, which needs no zone to be described; lines of at most 75 octets.
    assert "DTSTART:" in text
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))


def test_a_calendar_that_knows_the_feed_is_told_that_nothing_is_new(ada: Person, hold: Take) -> None:
    booking = hold(ada)
    first = fetch(ada)
    assert fetch(ada, if_none_match=first["ETag"]).status_code == 304
    pay(booking)
    again = fetch(ada, if_none_match=first["ETag"])
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]


def test_reading_a_feed_takes_two_queries_however_many_sessions(
    ada: Person, hold: Take, at: datetime, django_assert_num_queries: Any
) -> None:
    for hours in range(3):
        hold(ada, at + timedelta(hours=hours))
    with django_assert_num_queries(2):
        assert len(events(fetch(ada).content)) == 3


def test_what_is_unpaid_is_tentative(ada: Person, hold: Take) -> None:
    hold(ada)
    (held,) = events(feed(ada))
    assert held["STATUS"] == "TENTATIVE"
    assert held["DESCRIPTION"].startswith("Held, not paid yet.")


def test_a_request_is_tentative_until_it_is_paid(ada: Person, ask: Take) -> None:
    ask(ada)
    (event,) = events(feed(ada))
    assert event["STATUS"] == "TENTATIVE"
    assert event["DESCRIPTION"].startswith("Asked for")


def test_a_cancelled_session_stays_for_30_days_so_that_calendars_drop_it(
    ada: Person, hold: Take, frozen: Frozen
) -> None:
    booking = pay(hold(ada))
    cancel_booking(ada, booking.pk, reason="Ill")
    (event,) = events(feed(ada))
    assert (event["STATUS"], event["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    frozen.advance(timedelta(days=31))
    assert events(feed(ada)) == []


def test_what_was_is_shown_for_90_days(ada: Person, hold: Take, frozen: Frozen, at: datetime) -> None:
    pay(hold(ada))
    frozen(at + timedelta(days=89))
    assert len(events(feed(ada))) == 1
    frozen(at + timedelta(days=91))
    assert events(feed(ada)) == []


def test_a_feed_shows_nobody_elses_sessions_and_no_secrets(
    ada: Person, tunde: Person, zainab: Person, hold: Take
) -> None:
    booking = pay(hold(ada))
    Booking.objects.update(meeting_url="https://meet.example.com/secret-room", notes="Between us")
    assert events(feed(zainab)) == []
    for text in (feed(ada).decode(), feed(tunde).decode(), session_file(booking, ada)):
        for secret in ("secret-room", "Between us", "@demo.test"):
            assert secret not in text.replace("\r\n ", "")


def test_renewing_ends_the_old_address_at_once(ada: Person, signed_in: SignedIn) -> None:
    old = path(ada)
    assert Client().get(old).status_code == 200
    assert signed_in(ada).post("/calendar/renew").status_code == 302
    ada.refresh_from_db()
    assert Client().get(old).status_code == 404
    assert fetch(ada).status_code == 200


def test_nothing_but_the_token_itself_opens_a_feed(ada: Person, bola: Person) -> None:
    good = feed_token(ada)
    raw = base64.urlsafe_b64decode(good)
    others = base64.urlsafe_b64decode(feed_token(bola))
    flipped = [raw[:byte] + bytes([raw[byte] ^ 1]) + raw[byte + 1 :] for byte in range(len(raw))]
    forged = [
        base64.urlsafe_b64encode(each).decode() for each in [*flipped, raw[:16], raw[:20], raw[:16] + others[16:]]
    ]
    for token in [*forged, "", "x", "ü", good[:-1], good + "A", good + "=", f".{good}", good.swapcase(), str(ada.pk)]:
        assert Client().get(f"/calendar/{token}.ics").status_code == 404, token


def test_an_inactive_person_has_no_feed(ada: Person) -> None:
    Person.objects.update(is_active=False)
    assert fetch(ada).status_code == 404


def test_the_database_alone_gives_no_token(ada: Person, settings: Any) -> None:
    before = feed_token(ada)
    settings.SECRET_KEY = "another secret of at least thirty-two characters"
    assert feed_token(ada) != before


def test_no_token_reaches_the_log(ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        Person.objects.update(is_active=False)
        fetch(ada)
    lines = [LineFormatter().format(record) for record in caplog.records if record.name == "django.request"]
    assert lines
    assert not any(feed_token(ada) in line for line in lines)


def test_the_file_names_the_change_and_its_place_in_the_order(ada: Person, hold: Take) -> None:
    booking = pay(hold(ada))
    Booking.objects.update(version=7)
    booking.refresh_from_db()
    text = session_file(booking, ada)
    calendar = Calendar.from_ical(text)
    (event,) = events(text)
    assert calendar["METHOD"] == "PUBLISH"
    assert event["SEQUENCE"] == 7
    assert str(event["ORGANIZER"]) == "mailto:noreply@127.0.0.1"
    cancel_booking(ada, booking.pk, reason="Ill")
    booking.refresh_from_db()
    assert Calendar.from_ical(session_file(booking, ada))["METHOD"] == "CANCEL"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_people_type_stays_text(ada: Person, tunde: Person, hold: Take, payload: str) -> None:
    booking = pay(hold(ada))
    usual = session_file(booking, ada)
    Booking.objects.update(title=payload[:120])
    Person.objects.filter(pk=tunde.pk).update(name=payload[:120])
    booking = Booking.objects.select_related("tutor", "student").get()
    for text in (session_file(booking, ada), feed(ada).decode()):
        (event,) = events(text)
        assert set(event) == set(events(usual)[0])
        assert not event.subcomponents
        shown = " ".join(str(event["SUMMARY"]).split())
        assert shown.startswith(" ".join(payload[:20].replace("\x1c", " ").replace("\x85", " ").split())[:5])
        assert all(len(line) <= 75 for line in text.encode().split(b"\r\n"))
        assert "\n" not in text.replace("\r\n", "")
        assert "\r" not in text.replace("\r\n", "")
        # Read and written again it is the same.
        assert events(Calendar.from_ical(text).to_ical())[0]["SUMMARY"] == event["SUMMARY"]


def test_the_mail_brings_the_file_along(ada: Person, hold: Take, mailoutbox: list[EmailMessage]) -> None:
    booking = pay(hold(ada))
    deliver(Delivery.objects.get(notification__kind="paid", notification__person=ada).pk)
    (mail,) = mailoutbox
    assert mail.subject[:3] in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    (part,) = [each for each in mail.message().walk() if each.get_content_type() == "text/calendar"]
    assert part.get_filename() == "session.ics"
    assert part.get_param("method") == "PUBLISH"
    assert part.get_content_charset() == "utf-8"
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.count(b"\r\n") == body.count(b"\n")
    (event,) = events(body)
    assert event["UID"] == f"{booking.pk}@127.0.0.1"


def test_a_cancellation_takes_the_session_out_of_the_calendar(
    ada: Person, tunde: Person, hold: Take, mailoutbox: list[EmailMessage]
) -> None:
    booking = pay(hold(ada))
    Notification.objects.all().delete()
    cancel_booking(ada, booking.pk, reason="Ill")
    files = [calendar_file_of(told) for told in Notification.objects.filter(kind="cancelled")]
    assert files
    assert all("METHOD:CANCEL" in text and "STATUS:CANCELLED" in text for text in files)


def test_news_of_what_is_over_bring_no_file(ada: Person, hold: Take, frozen: Frozen, at: datetime) -> None:
    booking = pay(hold(ada))
    frozen(at + timedelta(days=2))
    complete_unmarked()
    told = Notification.objects.filter(booking_id=booking.pk, kind="completed")
    assert told.exists()
    assert {calendar_file_of(each) for each in told} == {""}


def test_a_mail_that_is_late_brings_the_session_as_it_stands_then(ada: Person, hold: Take, at: datetime) -> None:
    booking = pay(hold(ada))
    told = Notification.objects.get(kind="paid", person=ada)
    reschedule_session(ada, booking.pk, at + timedelta(days=1))
    (event,) = events(calendar_file_of(told))
    assert event["DTSTART"].dt == at + timedelta(days=1)
    assert event["SEQUENCE"] == Booking.objects.get().version


def test_the_page_shows_the_address_to_its_owner_and_how_to_use_it(ada: Person, signed_in: SignedIn) -> None:
    page = signed_in(ada).get("/calendar")
    text = page.content.decode()
    assert feed_address(ada) in text
    assert "no-store" in page["Cache-Control"]
    for way in ("Google Calendar", "Apple Calendar", "Outlook", "webcal://"):
        assert way in text
    assert "keep elsewhere" not in text


def test_an_offerings_words_reach_the_file_whole(ada: Person, offering: Offering, hold: Take) -> None:
    Offering.objects.update(title="Grammar; style, and “tone”")
    (event,) = events(session_file(hold(ada), ada))
    assert event["SUMMARY"] == "Grammar; style, and “tone” with Tunde Bakare"
