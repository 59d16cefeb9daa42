"""Two people write to each other: who may, what each sees, what is told, and how far they have read."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.book import book, offered_terms
from oluko.bookings.models import Booking
from oluko.bookings.requests import approve_request, reject_request
from oluko.conversations.models import Message, ReadMark
from oluko.conversations.threads import OPEN_FOR, send_message, unread_in
from oluko.ledger.audit import trail
from oluko.notifications.models import Notification
from oluko.offerings.models import BookingMode
from oluko.payments.cancellations import cancel_booking
from tests.conversations.conftest import Say, page_of, post
from tests.paying import pay
from tests.racing import run_threads

pytestmark = pytest.mark.django_db


def text_of(client: Client, booking: Booking, more: str = "") -> str:
    answer = client.get(page_of(booking, more))
    assert answer.status_code == 200
    return answer.content.decode()


def told(person: Person, kind: str = "message") -> list[Notification]:
    return list(Notification.objects.filter(person=person, kind=kind).order_by("pk"))


def test_both_write_and_both_read(paid: Booking, ada: Person, tunde: Person, signed_in) -> None:
    assert post(signed_in(ada), paid, "  Hello Tunde\r\nsecond line ").status_code == 302
    assert post(signed_in(tunde), paid, "Hello Ada").status_code == 302
    for person in (ada, tunde):
        page = text_of(signed_in(person), paid)
        assert page.index("My list renders twice.") < page.index("Hello Tunde\nsecond line") < page.index("Hello Ada")
    assert Message.objects.first().text == "Hello Tunde\nsecond line"


def test_with_scripts_the_form_comes_back_empty_and_says_that_it_was_sent(
    paid: Booking, ada: Person, signed_in
) -> None:
    facts = {"text": "Hello Tunde", "key": str(uuid.uuid4())}
    answer = signed_in(ada).post(page_of(paid), facts, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "sent")
    assert "Hello Tunde" not in answer.content.decode()
    assert Message.objects.get().text == "Hello Tunde"


def test_strangers_find_nothing(paid: Booking, ada: Person, zainab: Person, mei: Person, say: Say, signed_in) -> None:
    say(ada, paid, "Between us")
    for person in (zainab, mei):
        client = signed_in(person)
        assert client.get(page_of(paid)).status_code == 404
        assert client.get(page_of(paid, "/thread")).status_code == 404
        assert post(client, paid, "Hello").status_code == 404
        assert client.post(page_of(paid, "/read"), {"last": "1"}).status_code == 404
        assert client.post(page_of(paid, "/open"), {"why": "Curious"}).status_code == 404
    assert Message.objects.count() == 1


def test_operators_say_why_and_the_trail_keeps_it(
    paid: Booking, ada: Person, admin: Person, say: Say, signed_in, frozen
) -> None:
    say(ada, paid, "Between us")
    client = signed_in(admin)
    assert "Between us" not in text_of(client, paid)
    assert client.get(page_of(paid, "/thread")).status_code == 404
    assert "Between us" not in client.get(f"/mentorship/session/{paid.pk}").content.decode()
    unsaid = client.post(page_of(paid, "/open"), {"why": " "})
    assert unsaid.status_code == 422
    assert "Say why" in unsaid.content.decode()
    assert trail("conversation", str(paid.pk)) == []

    assert client.post(page_of(paid, "/open"), {"why": "A problem was reported"}).status_code == 302
    page = text_of(client, paid)
    assert "Between us" in page
    assert 'id="write"' not in page
    (entry,) = trail("conversation", str(paid.pk))
    assert (entry.actor_id, entry.why) == (admin.pk, "A problem was reported")
    assert post(client, paid, "Hello").status_code == 404
    assert client.post(page_of(paid, "/read"), {"last": "1"}).status_code == 404

    frozen.advance(timedelta(minutes=61))
    assert "Between us" not in text_of(client, paid)


def test_pressing_twice_is_one_message(paid: Booking, ada: Person, tunde: Person, signed_in) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        assert post(signed_in(ada), paid, "Once", key=key).status_code == 302
    assert Message.objects.count() == 1
    assert len(told(tunde)) == 1
    assert post(signed_in(tunde), paid, "Mine", key=key).status_code == 302
    assert Message.objects.count() == 2


def test_many_presses_at_once_are_one_message(database_copy, paid: Booking, ada: Person, tunde: Person) -> None:
    key = uuid.uuid4()
    _, errors = run_threads(8, lambda _: send_message(ada, paid.pk, "Once", key=key) and None)
    assert errors == []
    assert Message.objects.count() == 1
    assert len(told(tunde)) == 1


@pytest.mark.parametrize("key", ["", "x", "1"])
def test_a_form_without_its_key_is_refused(paid: Booking, ada: Person, signed_in, key: str) -> None:
    assert post(signed_in(ada), paid, "Hello", key=key).status_code == 422
    assert not Message.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "\r\n", "x" * 4001])
def test_no_words_and_too_many_are_refused(paid: Booking, ada: Person, signed_in, text: str) -> None:
    answer = post(signed_in(ada), paid, text)
    assert answer.status_code == 422
    assert 'id="id_text_error"' in answer.content.decode()
    assert not Message.objects.exists()


def test_the_thread_is_open_until_30_days_after_the_end_whatever_happened(
    asked: Booking, ada: Person, tunde: Person, signed_in, frozen
) -> None:
    reject_request(tunde, asked.pk, reason="Away")
    assert post(signed_in(ada), asked, "A pity").status_code == 302
    frozen(asked.ends_at + OPEN_FOR - timedelta(minutes=1))
    assert post(signed_in(tunde), asked, "Indeed").status_code == 302
    frozen(asked.ends_at + OPEN_FOR)
    closed = post(signed_in(ada), asked, "Still there?")
    assert closed.status_code == 409
    assert "closed" in closed.content.decode()
    assert 'id="write"' not in text_of(signed_in(ada), asked)
    assert Message.objects.count() == 2


def test_one_person_writes_so_much_a_minute(paid: Booking, ada: Person, tunde: Person, signed_in) -> None:
    client = signed_in(ada)
    assert {post(client, paid, f"{n}").status_code for n in range(20)} == {302}
    stopped = post(client, paid, "one more")
    assert stopped.status_code == 429
    page = stopped.content.decode()
    assert "Wait a minute" in page
    assert "one more" in page
    assert Message.objects.count() == 20
    assert post(signed_in(tunde), paid, "Mine").status_code == 302


# Addresses and numbers


def test_addresses_are_hidden_from_the_other_until_it_is_paid(
    asked: Booking, ada: Person, tunde: Person, admin: Person, say: Say, signed_in
) -> None:
    say(ada, asked, "Write to ada@demo.test or 0803 123 4567")
    theirs, own = text_of(signed_in(tunde), asked), text_of(signed_in(ada), asked)
    assert "Write to [hidden until paid] or [hidden until paid]" in theirs
    assert "can be read once the session is paid" in theirs
    assert "ada@demo.test or 0803 123 4567" in own
    assert "until then, words stand in their place" in own
    assert "ada@demo.test" not in signed_in(tunde).get(f"/mentorship/session/{asked.pk}").content.decode()
    wire = signed_in(tunde).get(page_of(asked, "/thread"), headers={"Accept": "application/json"}).content.decode()
    assert "ada@demo.test" not in wire


def test_once_paid_it_is_read_as_written(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    say(ada, paid, "My number is 0803 123 4567")
    for person in (ada, tunde):
        page = text_of(signed_in(person), paid)
        assert "0803 123 4567" in page
        assert "[hidden until paid]" not in page
        assert "once the session is paid" not in page


def test_the_goal_is_masked_as_messages_are(asked: Booking, tunde: Person, ada: Person, signed_in) -> None:
    Booking.objects.filter(pk=asked.pk).update(notes="Call me: 0803 123 4567")
    assert "0803 123" not in text_of(signed_in(tunde), asked)
    assert "0803 123" in text_of(signed_in(ada), asked)


def test_no_notification_carries_an_address(paid: Booking, ada: Person, tunde: Person, say: Say) -> None:
    say(ada, paid, "Write to ada@demo.test " + "and more " * 100)
    (told_,) = told(tunde)
    assert "ada@demo.test" not in told_.title + told_.body
    assert told_.body.startswith("Write to [hidden")
    assert len(told_.body) <= 140


# What is told


def test_one_notification_a_burst(paid: Booking, ada: Person, tunde: Person, say: Say, frozen) -> None:
    for _ in range(5):
        say(ada, paid, "Hello")
    assert len(told(tunde)) == 1
    assert told(ada) == []
    frozen.advance(timedelta(minutes=11))
    say(ada, paid, "Still me")
    assert len(told(tunde)) == 2


def test_who_has_read_is_told_again(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    first = say(ada, paid, "Hello")
    signed_in(tunde).post(page_of(paid, "/read"), {"last": str(first.pk)})
    assert told(tunde)[0].read_at
    say(ada, paid, "Hello again")
    assert len(told(tunde)) == 2


# What was read


def test_unread_marks(paid: Booking, asked_by_bola: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    first = say(ada, paid, "One")
    say(ada, paid, "Two")
    assert unread_in(tunde, [paid.pk, asked_by_bola.pk]) == {paid.pk: 2}
    assert unread_in(ada, [paid.pk]) == {}
    client = signed_in(tunde)
    assert 'id="new"' in text_of(client, paid)
    assert client.post(page_of(paid, "/read"), {"last": str(first.pk)}).status_code == 302
    assert unread_in(tunde, [paid.pk]) == {paid.pk: 1}
    assert "Read</p>" not in text_of(signed_in(ada), paid)
    client.post(page_of(paid, "/read"), {"last": str(first.pk + 1)})
    assert unread_in(tunde, [paid.pk]) == {}
    assert "Read</p>" in text_of(signed_in(ada), paid)
    # What was read stays so, and nobody has read what is not there.
    client.post(page_of(paid, "/read"), {"last": str(first.pk)})
    client.post(page_of(paid, "/read"), {"last": str(2**62)})
    assert ReadMark.objects.get(person=tunde).last_message_id == first.pk + 1


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 40, "\0", "1.5"])
def test_nonsense_marks_nothing(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in, last: str) -> None:
    say(ada, paid, "One")
    assert signed_in(tunde).post(page_of(paid, "/read"), {"last": last}).status_code == 302
    assert unread_in(tunde, [paid.pk]) == {paid.pk: 1}


@pytest.mark.parametrize("query", ["?before=x", "?before=-1", f"?before={2**70}", "?before=%00", "/thread?after=x"])
def test_nonsense_in_the_address_is_answered(paid: Booking, ada: Person, say: Say, signed_in, query: str) -> None:
    say(ada, paid, "One")
    assert signed_in(ada).get(page_of(paid, query)).status_code == 200


def test_unread_counts_cost_one_query(paid: Booking, ada: Person, tunde: Person, say: Say, django_assert_num_queries):
    say(ada, paid, "One")
    with django_assert_num_queries(1):
        unread_in(tunde, [paid.pk])


def test_dashboards_show_what_is_unread(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    say(ada, paid, "One")
    say(ada, paid, "Two")
    rows = signed_in(tunde).get("/tutor/mentorship", {"tab": "pending"}).content.decode()
    assert "2 unread messages" in rows
    assert "unread message" not in signed_in(ada).get("/student/mentorship", {"tab": "pending"}).content.decode()


def test_the_sessions_page_shows_the_latest(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    for n in range(5):
        say(ada, paid, f"Message {n}")
    page = signed_in(tunde).get(f"/mentorship/session/{paid.pk}").content.decode()
    assert all(f"Message {n}" in page for n in (2, 3, 4))
    assert "Message 1" not in page
    assert f"{page_of(paid)}#write" in page


# Polling


def test_the_thread_is_polled_with_a_tag(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    client = signed_in(tunde)
    for more in ("/thread", "/thread?part=latest"):
        first = client.get(page_of(paid, more))
        again = client.get(page_of(paid, more), headers={"If-None-Match": first["ETag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert "private" in first["Cache-Control"]
        say(ada, paid, "News")
        news = client.get(page_of(paid, more), headers={"If-None-Match": first["ETag"]})
        assert news.status_code == 200
        assert "News" in news.content.decode()


def test_the_page_begins_with_the_tag_of_what_it_shows(paid: Booking, ada: Person, signed_in) -> None:
    client = signed_in(ada)
    tag = client.get(page_of(paid, "/thread"))["ETag"]
    assert f'data-etag="{tag.replace(chr(34), "&quot;")}"' in text_of(client, paid)


def test_payment_is_a_change(asked: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    say(ada, asked, "0803 123 4567")
    client = signed_in(tunde)
    before = client.get(page_of(asked, "/thread"))["ETag"]
    pay(approve_request(tunde, asked.pk))
    after = client.get(page_of(asked, "/thread"), headers={"If-None-Match": before})
    assert "0803 123 4567" in after.content.decode()


def test_earlier_messages_are_a_page_back(paid: Booking, ada: Person, say: Say, signed_in) -> None:
    written = [say(ada, paid, f"Message number {n:02}.") for n in range(45)]
    client = signed_in(ada)
    page = text_of(client, paid)
    assert "number 05." in page
    assert "number 04." not in page
    back = text_of(client, paid, f"?before={written[5].pk}")
    assert "number 04." in back
    assert "number 05." not in back
    assert "data-poll data-etag" not in back.split('id="thread"')[1].split(">")[0]


def test_programs_of_the_page_speak_json(paid: Booking, ada: Person, tunde: Person, say: Say, signed_in) -> None:
    client, headers = signed_in(ada), {"Accept": "application/json"}
    key = str(uuid.uuid4())
    first = client.post(page_of(paid), {"text": "<b>One</b>", "key": key}, headers=headers)
    again = client.post(page_of(paid), {"text": "<b>One</b>", "key": key}, headers=headers)
    empty = client.post(page_of(paid), {"text": "", "key": str(uuid.uuid4())}, headers=headers)
    assert (first.status_code, again.status_code, empty.status_code) == (201, 200, 422)
    assert first.json()["message"]["text"] == "<b>One</b>"
    assert first.json() == again.json()
    assert empty.json() == {"error": "Write something first."}
    say(tunde, paid, "Two")
    sent = first.json()["message"]["id"]
    news = json.loads(client.get(page_of(paid, f"/thread?after={sent}"), headers=headers).content)
    assert [each["text"] for each in news["messages"]] == ["Two"]
    assert news["messages"][0]["mine"] is False
    assert news["last"] > sent
    everything = json.loads(client.get(page_of(paid, "/thread"), headers=headers).content)
    assert [each["text"] for each in everything["messages"]] == ["<b>One</b>", "Two"]


def test_days_and_times_are_the_readers(paid: Booking, ada: Person, mei: Person, say: Say, signed_in, frozen) -> None:
    frozen(datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    say(ada, paid, "Late")
    frozen(datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    say(ada, paid, "Past midnight in Lagos")
    page = text_of(signed_in(ada), paid)
    assert page.index("Tuesday 24 November 2026") < page.index("Late") < page.index("Wednesday 25 November 2026")
    assert ">23:30<" in page
    assert ">00:30<" in page


def test_cancelled_and_refunded_keeps_what_was_readable(
    paid: Booking, ada: Person, tunde: Person, say: Say, signed_in
) -> None:
    say(ada, paid, "0803 123 4567")
    cancel_booking(ada, paid.pk)
    assert "0803 123 4567" in text_of(signed_in(tunde), paid)


@pytest.fixture
def asked_by_bola(bola: Person, offering, at) -> Booking:
    when = at + timedelta(hours=3)
    return book(bola, offered_terms(offering.pk), mode=BookingMode.REQUEST, scheduled_at=when)
