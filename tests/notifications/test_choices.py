"""Choosing what one is told: groups, quiet hours, and the link in a mail that stops its kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.notifications.kinds import Channel, Group
from oluko.notifications.models import Delivery, Notification, Preferences
from oluko.notifications.notifications import notify
from oluko.notifications.preferences import is_wanted, preferences_of, quiet_end
from oluko.notifications.unsubscribing import off_address

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MAIL, PUSH = Channel.MAIL, Channel.PUSH


def anew(person: Person) -> Preferences:
    return preferences_of(Person.objects.get(pk=person.pk))


def boxes(page: str) -> dict[str, bool]:
    """Each box of the page and whether it is ticked."""
    found = re.findall(r'<input type="checkbox" name="on" value="([A-Z:]+)"[^>]*?( checked)?>', page)
    return {value: bool(ticked) for value, ticked in found}


def test_at_first_everything_comes_and_nothing_is_quiet(signed_in: SignIn, ada: Person) -> None:
    page = signed_in(ada).get("/notifications/settings").text
    shown = boxes(page)
    assert set(shown.values()) == {True}
    assert len(shown) == 2 * len(Group) - 2
    assert "MAIL:MONEY" not in shown
    assert "cannot be switched off" in page
    assert not Preferences.objects.exists()


def test_what_is_chosen_is_kept_and_shown(signed_in: SignIn, ada: Person) -> None:
    browser = signed_in(ada)
    sent = {"on": ["MAIL:SESSIONS", "PUSH:REMINDERS"], "quiet_from": "22:00", "quiet_until": "07:00"}
    assert browser.post("/notifications/settings", sent).status_code == 302
    page = browser.get("/notifications/settings").text
    assert {value for value, on in boxes(page).items() if on} == {"MAIL:SESSIONS", "PUSH:REMINDERS"}
    assert 'value="22:00"' in page
    kept = anew(ada)
    assert is_wanted(kept, MAIL, Group.SESSIONS)
    assert not is_wanted(kept, MAIL, Group.REMINDERS)
    assert is_wanted(kept, PUSH, Group.REMINDERS)
    # Whatever a form says, these come.
    assert is_wanted(kept, MAIL, Group.MONEY)
    assert is_wanted(kept, MAIL, Group.IMPORTANT)


@pytest.mark.parametrize(("start", "end"), [("22:00", ""), ("", "07:00"), ("07:00", "07:00"), ("25:00", "07:00")])
def test_half_or_impossible_quiet_hours_are_refused(signed_in: SignIn, ada: Person, start: str, end: str) -> None:
    sent = {"on": ["MAIL:SESSIONS"], "quiet_from": start, "quiet_until": end}
    answer = signed_in(ada).post("/notifications/settings", sent)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert {value for value, on in boxes(answer.text).items() if on} == {"MAIL:SESSIONS"}
    assert not Preferences.objects.exists()


@pytest.mark.parametrize(
    ("zone", "now", "end"),
    [
        ("Africa/Lagos", "2026-05-04T20:59", None),
        ("Africa/Lagos", "2026-05-04T21:00", "2026-05-05T06:00"),
        ("Africa/Lagos", "2026-05-05T05:59", "2026-05-05T06:00"),
        ("Africa/Lagos", "2026-05-05T06:00", None),
        # In the night in which clocks go forward seven o'clock comes an hour earlier.
        ("Europe/London", "2026-03-28T23:00", "2026-03-29T06:00"),
        ("Asia/Shanghai", "2026-05-04T18:00", "2026-05-04T23:00"),
    ],
)
def test_quiet_hours_end_on_the_persons_clock(zone: str, now: str, end: str | None) -> None:
    hours = Preferences(quiet_from=time(22), quiet_until=time(7))
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert quiet_end(hours, zone, at) == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)


def test_quiet_hours_may_lie_within_a_day() -> None:
    noon = Preferences(quiet_from=time(12), quiet_until=time(14))
    assert quiet_end(noon, "UTC", datetime(2026, 5, 4, 13, tzinfo=UTC)) == datetime(2026, 5, 4, 14, tzinfo=UTC)
    assert quiet_end(noon, "UTC", datetime(2026, 5, 4, 14, tzinfo=UTC)) is None


def test_a_mail_program_stops_a_group_by_one_post(ada: Person, bola: Person) -> None:
    path = path_off(ada, Group.REMINDERS)
    program = Client(enforce_csrf_checks=True)
    for _again in range(2):
        answer = program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200
    assert not is_wanted(anew(ada), MAIL, Group.REMINDERS)
    assert is_wanted(anew(ada), PUSH, Group.REMINDERS)
    assert is_wanted(anew(ada), MAIL, Group.MESSAGES)
    assert is_wanted(anew(bola), MAIL, Group.REMINDERS)


def path_off(person: Person, group: Group) -> str:
    return "/notifications/off/" + off_address(person, group).rsplit("/", 1)[1]


def test_following_the_link_only_asks(client: Client, ada: Person) -> None:
    page = client.get(path_off(ada, Group.REMINDERS))
    assert "Stop these mails" in page.text
    assert "a…@demo.test" in page.text
    assert "ada@" not in page.text
    assert not Preferences.objects.exists()
    assert "no more mails" in client.post(path_off(ada, Group.REMINDERS)).text


def test_a_link_that_we_have_not_signed_stops_nothing(client: Client, ada: Person, bola: Person) -> None:
    good = path_off(ada, Group.REMINDERS)
    forged = [good[:-1] + ("A" if good[-1] != "A" else "B"), good.replace(ada.pk.hex, bola.pk.hex), good[:-10]]
    for path in [*forged, "/notifications/off/x", good.replace("REMINDERS", "SESSIONS")]:
        assert client.post(path).status_code == 404
    assert not Preferences.objects.exists()
    assert off_address(ada, Group.MONEY) == ""


def told(person: Person) -> Delivery:
    notify(person, "proposed", event="x", title="Told", url="/courses")
    return Delivery.objects.get()


def marked_path(delivery: Delivery) -> str:
    from oluko.notifications.marks import marked

    return marked(delivery, "/courses?page=2")


def test_a_followed_link_marks_what_was_opened_and_read(signed_in: SignIn, ada: Person) -> None:
    delivery = told(ada)
    path = marked_path(delivery)
    assert path.startswith("/courses?page=2&from=mail-")
    assert signed_in(ada).get(path).status_code == 200
    delivery.refresh_from_db()
    first = delivery.opened_at
    assert first is not None
    assert Notification.objects.get().read_at is not None
    signed_in(ada).get(path)
    delivery.refresh_from_db()
    assert delivery.opened_at == first


def test_nobody_else_opens_it_and_no_guess_does(signed_in: SignIn, client: Client, ada: Person, bola: Person) -> None:
    delivery = told(ada)
    path = marked_path(delivery)
    assert client.get(path).status_code == 200
    assert signed_in(bola).get(path).status_code == 200
    for guess in ("mail-1-x", f"mail-{delivery.pk}-{'0' * 16}", "mail", "²", f"mail-{'9' * 40}-x", "a-b-c"):
        assert signed_in(ada).get("/courses", {"from": guess}).status_code == 200
    delivery.refresh_from_db()
    assert delivery.opened_at is None
