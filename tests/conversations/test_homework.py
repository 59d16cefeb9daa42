"""Notes and tasks after the session."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.models import Note, Task
from oluko.conversations.threads import OPEN_FOR
from oluko.notifications.models import Notification
from tests.conversations.conftest import page_of

pytestmark = pytest.mark.django_db


def write(
    client, booking: Booking, note: str = "Read the error first.", tasks: str = "Draw it once\n\n Read on "
) -> int:
    return client.post(f"/mentorship/session/{booking.pk}/notes", {"note": note, "tasks": tasks}).status_code


def tick(client, task: Task, do: str = "done") -> int:
    return client.post(f"/mentorship/session/{task.booking_id}/tasks/{task.pk}", {"do": do}).status_code


def test_tutor_writes_and_student_reads_and_ticks(held: Booking, ada: Person, tunde: Person, signed_in) -> None:
    assert write(signed_in(tunde), held) == 302
    page = signed_in(ada).get(page_of(held)).content.decode()
    assert "Read the error first." in page
    first, second = Task.objects.all()
    assert (first.text, second.text) == ("Draw it once", "Read on")
    assert tick(signed_in(ada), first) == 302
    done = Task.objects.get(pk=first.pk).done_at
    assert done is not None
    tick(signed_in(ada), first)
    assert Task.objects.get(pk=first.pk).done_at == done
    assert "1/2" in signed_in(tunde).get(page_of(held)).content.decode()
    tick(signed_in(ada), first, "open")
    assert Task.objects.get(pk=first.pk).done_at is None


def test_pressing_twice_adds_nothing_and_tells_once(held: Booking, ada: Person, tunde: Person, signed_in) -> None:
    for _ in range(2):
        assert write(signed_in(tunde), held) == 302
    assert Task.objects.count() == 2
    assert Notification.objects.filter(person=ada, kind="notes").count() == 1


def test_notes_are_changed_and_taken_back(held: Booking, tunde: Person, signed_in) -> None:
    client = signed_in(tunde)
    write(client, held)
    write(client, held, "Another", "")
    assert Note.objects.get().text == "Another"
    write(client, held, " ", "")
    assert not Note.objects.exists()
    assert tick(client, Task.objects.first(), "remove") == 302
    assert [task.text for task in Task.objects.all()] == ["Read on"]


def test_only_the_tutor_writes_and_only_the_student_ticks(
    held: Booking, ada: Person, tunde: Person, zainab: Person, mei: Person, admin: Person, signed_in
) -> None:
    assert {write(signed_in(person), held) for person in (ada, zainab, mei, admin)} == {404}
    write(signed_in(tunde), held)
    task = Task.objects.first()
    assert {tick(signed_in(person), task) for person in (tunde, zainab, mei, admin)} == {404}
    assert {tick(signed_in(person), task, "remove") for person in (ada, zainab, mei, admin)} == {404}
    assert Task.objects.filter(done_at__isnull=True).count() == 2


def test_not_before_the_session_nor_long_after(paid: Booking, tunde: Person, signed_in, frozen) -> None:
    assert write(signed_in(tunde), paid) == 409
    frozen(paid.scheduled_at + timedelta(minutes=1))
    assert write(signed_in(tunde), paid) == 302
    frozen(paid.ends_at + OPEN_FOR)
    assert write(signed_in(tunde), paid, "More") == 409


def test_unpaid_requests_have_none(asked: Booking, tunde: Person, signed_in, frozen) -> None:
    frozen(asked.scheduled_at + timedelta(minutes=1))
    assert write(signed_in(tunde), asked) == 409


@pytest.mark.parametrize(
    ("note", "tasks"), [("x" * 4001, ""), ("", "x" * 201), ("", "\n".join(map(str, range(21)))), ("", "x\n" * 3000)]
)
def test_too_much_is_refused_with_words_and_kept_on_the_page(
    held: Booking, tunde: Person, signed_in, note: str, tasks: str
) -> None:
    answer = signed_in(tunde).post(f"/mentorship/session/{held.pk}/notes", {"note": note, "tasks": tasks})
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert not Task.objects.exists()
    assert not Note.objects.exists()


@pytest.mark.parametrize("do", ["", "x", "DONE", "\0"])
def test_nonsense_ticks_nothing(held: Booking, ada: Person, tunde: Person, signed_in, do: str) -> None:
    write(signed_in(tunde), held)
    assert tick(signed_in(ada), Task.objects.first(), do) == 404
    assert signed_in(ada).post(f"/mentorship/session/{held.pk}/tasks/{2**70}", {"do": "done"}).status_code == 404
    assert not Task.objects.filter(done_at__isnull=False).exists()
