"""The mail of a notification."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from oluko.accounts.models import Person
from oluko.notifications.mail import send_mail
from oluko.notifications.models import Notification
from oluko.notifications.notifications import notify
from oluko.notifications.tasks import send_mail_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(mei: Person) -> Notification:
    notify(
        mei,
        "requested",
        event="booking:7:requested",
        title="Tue 5 May 2026, 15:00 (Shanghai) · React help with Ada",
        body="“React <help>”, ₦5,000.",
        url="/mentorship/session/7",
    )
    return Notification.objects.get()


def test_a_job_sends_it_once_and_marks_the_row(told: Notification, mailoutbox: list[EmailMessage]) -> None:
    for _again in range(2):
        send_mail_for.func(str(told.pk))
    told.refresh_from_db()
    assert told.mailed_at is not None
    (message,) = mailoutbox
    assert message.to == ["mei@demo.test"]
    assert message.subject == told.title


def test_it_is_plain_text_and_html_with_absolute_links_and_the_persons_zone(
    told: Notification, mailoutbox: list[EmailMessage]
) -> None:
    send_mail(told.pk)
    (message,) = mailoutbox
    assert isinstance(message, EmailMultiAlternatives)
    link = f"{settings.OLUKO_BASE_URL}/mentorship/session/7"
    html = str(message.alternatives[0][0])
    assert link in message.body
    assert link in html
    assert "“React <help>”, ₦5,000." in message.body
    assert "React &lt;help&gt;" in html
    assert "(Shanghai)" in message.body.partition("This happened on")[2]
    assert f"{settings.OLUKO_BASE_URL}/notifications" in message.body


def test_a_title_cannot_smuggle_a_header(told: Notification, mailoutbox: list[EmailMessage]) -> None:
    Notification.objects.update(title="Paid\r\nBcc: everyone@demo.test")
    send_mail(told.pk)
    assert mailoutbox[0].subject == "Paid Bcc: everyone@demo.test"
    assert mailoutbox[0].bcc == []


def test_without_a_link_it_has_none(mei: Person, mailoutbox: list[EmailMessage]) -> None:
    notify(mei, "told", event="x", title="Hello there")
    send_mail(Notification.objects.get().pk)
    assert "Open it" not in mailoutbox[0].body


def test_nobody_is_mailed_who_is_inactive_or_whose_row_is_gone(
    told: Notification, mei: Person, mailoutbox: list[EmailMessage]
) -> None:
    Person.objects.filter(pk=mei.pk).update(is_active=False)
    send_mail(told.pk)
    Notification.objects.all().delete()
    send_mail(told.pk)
    assert mailoutbox == []


def test_a_mail_that_fails_is_not_marked_so_that_the_job_can_run_again(
    told: Notification, settings: object, mailoutbox: list[EmailMessage]
) -> None:
    settings.MAILERS = {  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9, "timeout": 1},
        }
    }
    with pytest.raises(OSError, match="refused"):
        send_mail(told.pk)
    told.refresh_from_db()
    assert told.mailed_at is None
