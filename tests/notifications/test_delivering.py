"""Deliveries over real SMTP: what is taken, put off, refused for good, stale, late, not wanted, and quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.notifications import delivering
from oluko.notifications.delivering import MOST_ATTEMPTS, deliver
from oluko.notifications.kinds import Channel, Group
from oluko.notifications.models import Delivery, Notification
from oluko.notifications.notifications import Message, notify, notify_all
from oluko.notifications.preferences import save_preferences
from oluko.notifications.tasks import deliver_waiting
from tests.conftest import Frozen
from tests.databases import Copy
from tests.draining import drain
from tests.notifications.receiver import Mails, mail_server
from tests.racing import run_threads

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def mails(settings: Any) -> Iterator[Mails]:
    with mail_server() as mails:
        options = {"host": "127.0.0.1", "port": mails.port, "timeout": 5}
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
        yield mails


def tell(person: Person, kind: str = "reminder_day", **more: Any) -> Delivery:
    number = Notification.objects.count()
    notify(person, kind, event=f"{kind}:{number}", title=f"Told {number}", url="/mentorship", **more)
    return Delivery.objects.latest("pk")


def after_pause(delivery: Delivery) -> Delivery:
    """As the sweep finds it once its pause is over."""
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now())
    deliver_waiting()
    drain("outside")
    delivery.refresh_from_db()
    return delivery


def test_it_arrives_whole(mails: Mails, ada: Person) -> None:
    told = tell(ada, body="Ẹ káàárọ̀, ₦5,000")
    drain("outside")
    (mail,) = mails.arrived
    assert (mail["To"], mail["Subject"]) == ("ada@demo.test", "Told 0")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html"]
    assert "Ẹ káàárọ̀, ₦5,000" in mail.get_body(("plain",)).get_content()
    told.refresh_from_db()
    assert told.state == "SENT"


def test_a_temporary_no_is_tried_again_later_and_later(mails: Mails, ada: Person) -> None:
    mails.answers["RCPT"] = ["451 come back later"] * 3
    told, pauses = tell(ada), []
    for attempt in range(1, 4):
        deliver(told.pk)
        told.refresh_from_db()
        assert (told.state, told.attempts) == ("QUEUED", attempt)
        assert "451" in told.error
        assert told.next_at is not None
        pauses.append(told.next_at - timezone.now())
        Delivery.objects.update(next_at=timezone.now())
    assert timedelta(seconds=12) < pauses[0] < pauses[1] < pauses[2] < timedelta(seconds=70)
    told = after_pause(told)
    assert (told.state, told.attempts, told.error) == ("SENT", 4, "")
    assert len(mails.arrived) == 1


def test_nothing_comes_again_before_its_pause_is_over(mails: Mails, ada: Person) -> None:
    mails.answers["."] = ["452 full"]
    tell(ada)
    drain("outside")
    deliver_waiting()
    assert drain("outside") == 0
    assert mails.arrived == []


@pytest.mark.parametrize(
    ("command", "answer"), [("RCPT", "550 no such person"), (".", "554 we do not like it")], ids=["person", "mail"]
)
def test_a_final_no_is_final(mails: Mails, ada: Person, command: str, answer: str) -> None:
    mails.answers[command] = [answer]
    told = tell(ada)
    deliver(told.pk)
    told.refresh_from_db()
    assert (told.state, told.why, told.attempts, told.next_at) == ("FAILED", "REFUSED", 1, None)
    assert answer[:3] in told.error


def test_a_server_that_is_away_is_given_up_only_after_a_day(ada: Person, settings: Any, caplog: Any) -> None:
    options = {"host": "127.0.0.1", "port": 9, "timeout": 1}
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
    told, waited = tell(ada), timedelta(0)
    for _attempt in range(MOST_ATTEMPTS):
        deliver(told.pk)
        told.refresh_from_db()
        waited += (told.next_at or timezone.now()) - timezone.now()
        Delivery.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
    assert (told.state, told.why, told.attempts) == ("FAILED", "GAVE_UP", MOST_ATTEMPTS)
    assert waited > timedelta(hours=22)
    assert "ConnectionRefusedError" in told.error
    assert "ada@demo.test" not in caplog.text


def test_one_that_fails_keeps_no_other_back(mails: Mails, ada: Person, bola: Person) -> None:
    mails.answers["RCPT"] = ["550 no"]
    notify_all([Message(person, "reminder_day", "both", "Told") for person in (ada, bola)])
    drain("outside")
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["FAILED", "SENT"]


def test_a_job_that_died_is_made_up_for(mails: Mails, ada: Person) -> None:
    told = tell(ada)
    DBTaskResult.objects.all().delete()
    deliver_waiting()
    assert drain("outside") == 0
    Delivery.objects.update(given_at=timezone.now() - delivering.LEASE)
    assert after_pause(told).state == "SENT"
    assert len(mails.arrived) == 1


def test_two_workers_at_one_delivery_send_it_once(database_copy: Copy, mails: Mails, ada: Person) -> None:
    told = tell(ada)
    _results, errors = run_threads(4, lambda _number: deliver(told.pk))
    assert errors == []
    assert len(mails.arrived) == 1


def test_nobody_is_mailed_who_is_inactive(mails: Mails, ada: Person) -> None:
    told = tell(ada)
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    deliver(told.pk)
    told.refresh_from_db()
    assert (told.state, told.why) == ("DROPPED", "INACTIVE")
    Notification.objects.all().delete()
    deliver(told.pk)
    assert mails.arrived == []


def test_what_is_of_no_use_any_more_is_not_sent(mails: Mails, ada: Person, frozen: Frozen) -> None:
    frozen(MONDAY)
    told = tell(ada, useful_until=MONDAY + timedelta(hours=1))
    frozen.advance(timedelta(hours=1))
    deliver(told.pk)
    told.refresh_from_db()
    assert (told.state, told.why) == ("DROPPED", "LATE")
    assert mails.arrived == []


def test_what_a_person_does_not_want_is_not_mailed_and_yet_on_their_page(mails: Mails, ada: Person) -> None:
    save_preferences(ada, off=[(Channel.MAIL, Group.REMINDERS)], quiet_from=None, quiet_until=None)
    told = tell(ada)
    deliver(told.pk)
    told.refresh_from_db()
    assert (told.state, told.why) == ("DROPPED", "NOT_WANTED")
    assert Notification.objects.filter(person=ada).exists()
    deliver(tell(ada, "paid").pk)
    assert len(mails.arrived) == 1


def quiet(person: Person, start: str, end: str) -> None:
    times = [time.fromisoformat(each) for each in (start, end)]
    save_preferences(person, off=[], quiet_from=times[0], quiet_until=times[1])


def test_reminders_wait_for_the_end_of_quiet_hours_in_the_persons_zone(
    mails: Mails, mei: Person, frozen: Frozen
) -> None:
    # 02:00 on Tuesday in Shanghai.
    frozen(datetime(2026, 5, 4, 18, tzinfo=UTC))
    quiet(mei, "22:00", "07:00")
    told = tell(mei)
    deliver(told.pk)
    told.refresh_from_db()
    assert (told.state, told.attempts) == ("QUEUED", 0)
    assert told.not_before == datetime(2026, 5, 4, 23, tzinfo=UTC)
    frozen.advance(timedelta(hours=4, minutes=59))
    assert after_pause(told).state == "QUEUED"
    frozen.advance(timedelta(minutes=1))
    assert after_pause(told).state == "SENT"


def test_quiet_hours_do_not_hold_back_what_would_come_too_late_then(mails: Mails, mei: Person, frozen: Frozen) -> None:
    frozen(datetime(2026, 5, 4, 18, tzinfo=UTC))
    quiet(mei, "22:00", "07:00")
    soon = tell(mei, useful_until=clock.now() + timedelta(hours=3))
    deliver(soon.pk)
    soon.refresh_from_db()
    assert soon.state == "SENT"


@pytest.mark.parametrize("kind", ["cancelled", "moved", "refunded", "bank_account", "paid"])
def test_mails_about_money_changes_and_security_come_at_any_hour(
    mails: Mails, mei: Person, frozen: Frozen, kind: str
) -> None:
    frozen(datetime(2026, 5, 4, 18, tzinfo=UTC))
    quiet(mei, "22:00", "07:00")
    told = tell(mei, kind)
    delivering.deliver(told.pk)
    told.refresh_from_db()
    assert told.attempts == 1


def test_telling_many_takes_as_many_queries_as_telling_one(ada: Person, bola: Person) -> None:
    people = [ada, bola] * 4
    counts = []
    for number in (1, 8):
        with CaptureQueriesContext(connection) as asked:
            notify_all([Message(people[i], "paid", f"e{number}-{i}", "Told") for i in range(number)])
        counts.append(len(asked))
    assert counts[0] == counts[1]
