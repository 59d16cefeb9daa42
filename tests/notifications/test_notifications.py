"""Telling people, once each; the list, the bell and what is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.notifications.models import Notification
from oluko.notifications.notifications import (
    Message,
    mark_read,
    notifications_since,
    notify,
    notify_all,
    unread_count,
)
from tests.conftest import Frozen
from tests.databases import Copy
from tests.racing import run_threads

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def tell(person: Person, number: int = 1, **facts: str) -> Notification:
    notify(person, "paid", event=f"booking:{number}:paid", title=f"Paid {number}", url="/mentorship", **facts)
    return Notification.objects.latest("id")


def test_one_event_is_told_once_and_mailed_once(ada: Person, bola: Person) -> None:
    for _again in range(3):
        tell(ada)
    tell(bola)
    assert Notification.objects.filter(person=ada).count() == 1
    assert unread_count(bola) == 1
    assert DBTaskResult.objects.filter(task_path__endswith="deliver_these").count() == 2


def test_what_is_rolled_back_tells_nobody(ada: Person) -> None:
    with transaction.atomic():
        tell(ada)
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not DBTaskResult.objects.exists()


def test_two_that_tell_the_same_at_once_tell_it_once(database_copy: Copy, ada: Person) -> None:
    def do(_number: int) -> None:
        with transaction.atomic():
            tell(ada)

    _results, errors = run_threads(4, do)
    assert errors == []
    assert Notification.objects.count() == 1
    assert DBTaskResult.objects.filter(task_path__endswith="deliver_these").count() == 1


def test_a_title_is_one_line_of_at_most_200_characters(ada: Person) -> None:
    notify(ada, "paid", event="x", title="Two\nlines " + "long " * 100)
    title = Notification.objects.get().title
    assert title.startswith("Two lines long")
    assert len(title) == 200


def test_marking_read_touches_ones_own_only(ada: Person, bola: Person) -> None:
    mine, other, theirs = tell(ada, 1), tell(ada, 2), tell(bola, 3)
    assert mark_read(ada, [mine.pk, theirs.pk, 10**12, 10**30, -1]) == 1
    assert unread_count(bola) == 1
    first_read_at = Notification.objects.get(pk=mine.pk).read_at
    assert mark_read(ada) == 0
    assert Notification.objects.get(pk=mine.pk).read_at == first_read_at
    assert Notification.objects.get(pk=other.pk).read_at is not None


def test_since_gives_the_newer_ones_newest_first(ada: Person, frozen: Frozen) -> None:
    frozen(datetime(2026, 5, 5, 12, tzinfo=UTC))
    tell(ada, 1)
    between = clock.now() + timedelta(minutes=30)
    frozen.advance(timedelta(hours=1))
    second, third = tell(ada, 2), tell(ada, 3)
    assert notifications_since(ada, between) == [third, second]
    assert notifications_since(ada, None, limit=2) == [third, second]
    assert notifications_since(ada, clock.now() + timedelta(hours=1)) == []


def test_what_was_put_together_before_the_transaction_is_told_at_its_instant(ada: Person, frozen: Frozen) -> None:
    """Else whoever asked in between for what is new would never hear of it."""
    message = Message(ada, "paid", "booking:1:paid", "Paid").prepared()
    frozen.advance(timedelta(seconds=5))
    asked = clock.now()
    frozen.advance(timedelta(seconds=5))
    notify_all([message])
    assert [each.title for each in notifications_since(ada, asked)] == ["Paid"]


def test_the_list_shows_own_notifications_with_their_links(signed_in: SignIn, ada: Person, bola: Person) -> None:
    tell(ada, 1)
    tell(bola, 2)
    page = signed_in(ada).get("/notifications").text
    assert '<a href="/mentorship">Paid 1</a>' in page
    assert "Paid 2" not in page


def test_the_list_goes_on_page_by_page(signed_in: SignIn, ada: Person) -> None:
    for number in range(35):
        tell(ada, number)
    browser = signed_in(ada)
    first = browser.get("/notifications")
    assert "Paid 34<" in first.text
    assert "Paid 4<" not in first.text
    older = first.context["older"]
    second = browser.get(f"/notifications?before={older}").text
    assert "Paid 4<" in second
    assert "Paid 5<" not in second
    assert browser.get("/notifications?before=²; drop").status_code == 200


def test_one_or_all_are_marked_read_by_a_form(signed_in: SignIn, ada: Person) -> None:
    browser, first = signed_in(ada), tell(ada, 1)
    tell(ada, 2)
    assert browser.post("/notifications/read", {"id": first.pk}).headers["Location"] == "/notifications"
    assert unread_count(ada) == 1
    browser.post("/notifications/read", {"all": "1"})
    assert unread_count(ada) == 0
    assert "Mark all as read" not in browser.get("/notifications").text


def test_marking_nothing_is_refused(signed_in: SignIn, ada: Person) -> None:
    tell(ada)
    assert signed_in(ada).post("/notifications/read").status_code == 422
    assert signed_in(ada).post("/notifications/read", {"id": "9" * 40}).status_code == 302
    assert unread_count(ada) == 1


def test_a_stranger_reaches_nobodys_notifications(
    client: Client, signed_in: SignIn, ada: Person, zainab: Person
) -> None:
    told = tell(ada)
    assert client.get("/notifications").headers["Location"].startswith("/accounts/login/")
    assert client.post("/notifications/read", {"all": "1"}).headers["Location"].startswith("/accounts/login/")
    assert client.get("/notifications/bell").status_code == 401
    stranger = signed_in(zainab)
    stranger.post("/notifications/read", {"id": told.pk})
    assert "Paid 1" not in stranger.get("/notifications").text
    assert "Paid 1" not in stranger.get("/notifications/bell?after=0").text
    assert unread_count(ada) == 1


def test_nothing_to_tell_is_an_empty_state(signed_in: SignIn, ada: Person) -> None:
    assert "Nothing yet" in signed_in(ada).get("/notifications").text


def test_the_bell_answers_304_until_something_changes(signed_in: SignIn, ada: Person) -> None:
    browser, told = signed_in(ada), tell(ada, 1)
    first = browser.get(f"/notifications/bell?after={told.pk}")
    assert "1 unread" in first.text
    assert "no-cache" in first.headers["Cache-Control"]
    assert "private" in first.headers["Cache-Control"]
    tag = {"If-None-Match": first.headers["ETag"]}
    same = browser.get(f"/notifications/bell?after={told.pk}", headers=tag)
    assert (same.status_code, same.content) == (304, b"")
    tell(ada, 2)
    assert browser.get(f"/notifications/bell?after={told.pk}", headers=tag).status_code == 200
    mark_read(ada)
    assert browser.get(f"/notifications/bell?after={told.pk}", headers=tag).status_code == 200


def test_the_bells_tag_of_one_person_says_nothing_to_another(signed_in: SignIn, ada: Person, bola: Person) -> None:
    tag = signed_in(ada).get("/notifications/bell").headers["ETag"]
    assert signed_in(bola).get("/notifications/bell", headers={"If-None-Match": tag}).status_code == 200


def test_the_bell_brings_a_toast_for_what_is_new_and_remembers_it(signed_in: SignIn, ada: Person) -> None:
    browser, told = signed_in(ada), tell(ada, 1)
    assert "toast" not in browser.get(f"/notifications/bell?after={told.pk}").text
    new = tell(ada, 2)
    fragment = browser.get(f"/notifications/bell?after={told.pk}").text
    assert 'hx-swap-oob="beforeend:#toasts"' in fragment
    assert "Paid 2" in fragment
    assert "Paid 1" not in fragment
    assert f"/notifications/bell?after={new.pk}" in fragment
    assert "toast" not in browser.get(f"/notifications/bell?after={new.pk}").text


@pytest.mark.parametrize("after", ["", "-1", "x", "1e9", "²", "9" * 50, "%00"])
def test_a_bell_asked_oddly_still_rings(signed_in: SignIn, ada: Person, after: str) -> None:
    assert signed_in(ada).get(f"/notifications/bell?after={after}").status_code == 200


def test_every_page_carries_the_count(signed_in: SignIn, ada: Person) -> None:
    tell(ada, 1)
    tell(ada, 2)
    assert "Notifications, 2 unread" in signed_in(ada).get("/courses").text


def test_texts_are_shown_as_text(signed_in: SignIn, ada: Person) -> None:
    notify(ada, "paid", event="x", title="<b>bold</b>", body="<script>1</script>")
    browser = signed_in(ada)
    for path in ("/notifications", "/notifications/bell?after=0"):
        page = browser.get(path).text
        assert "<b>bold" not in page
        assert "<script>1" not in page
