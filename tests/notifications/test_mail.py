"""The mail of a notification."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives

from oluko.accounts.models import Person
from oluko.notifications.delivering import deliver
from oluko.notifications.models import Delivery, Notification
from oluko.notifications.notifications import notify
from oluko.notifications.tasks import deliver_these

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(mei: Person) -> Delivery:
    notify(
        mei,
        "proposal_declined",
        event="booking:7:declined",
        title="Tue 5 May 2026, 15:00 (Shanghai) · React help with Ada",
        body="“React <help>”, ₦5,000.",
        url="/mentorship/session/7",
        facts=[("When", "Tue 5 May 2026, 15:00 (Shanghai) · 08:00 (Lagos)")],
        links=[("Pay ₦5,000", "/mentorship/checkout/7"), ("Cancel it", "/mentorship/session/7/cancel")],
    )
    return Delivery.objects.select_related("notification").get()


def sent(mailoutbox: list[EmailMessage]) -> tuple[EmailMultiAlternatives, str]:
    (message,) = mailoutbox
    assert isinstance(message, EmailMultiAlternatives)
    return message, str(message.alternatives[0][0])


def test_a_job_sends_it_once_and_writes_it_down(told: Delivery, mailoutbox: list[EmailMessage]) -> None:
    for _again in range(2):
        deliver_these.func([told.pk])
    told.refresh_from_db()
    assert (told.state, told.attempts, told.error, told.next_at) == ("SENT", 1, "", None)
    assert told.sent_at is not None
    (message,) = mailoutbox
    assert message.to == ["mei@demo.test"]
    assert message.subject == told.notification.title


def test_it_is_plain_text_and_html_with_absolute_links_and_the_persons_zone(
    told: Delivery, mailoutbox: list[EmailMessage]
) -> None:
    deliver(told.pk)
    message, html = sent(mailoutbox)
    for text in (message.body, html):
        assert f"{settings.OLUKO_BASE_URL}/mentorship/checkout/7?from=mail-{told.pk}-" in text
        assert f"{settings.OLUKO_BASE_URL}/mentorship/session/7/cancel?from=mail-{told.pk}-" in text
        assert "08:00 (Lagos)" in text
        assert f"{settings.OLUKO_BASE_URL}/notifications/settings" in text
    assert "“React <help>”, ₦5,000." in message.body
    assert "React &lt;help&gt;" in html
    assert "(Shanghai)" in message.body.partition("This happened on")[2]


def test_a_subject_of_its_own_comes_first(mei: Person, mailoutbox: list[EmailMessage]) -> None:
    notify(mei, "paid", event="x", title="Long and full", subject="Tue 5 May, 15:00 (Shanghai) · React help with Ada")
    deliver(Delivery.objects.get().pk)
    assert mailoutbox[0].subject == "Tue 5 May, 15:00 (Shanghai) · React help with Ada"


def test_the_html_needs_nothing_from_elsewhere(told: Delivery, mailoutbox: list[EmailMessage]) -> None:
    deliver(told.pk)
    _message, html = sent(mailoutbox)
    assert "<img" not in html
    assert "<script" not in html
    assert set(re.findall(r'(?:href|src)="(\w+://[^/"]+)', html)) == {settings.OLUKO_BASE_URL}
    # What hides below the subject in a list of mails.
    assert html.index("max-height:0") < html.index("React &lt;help&gt;") < html.index("<h1")


def test_what_can_be_switched_off_says_how_and_the_rest_says_why_not(
    told: Delivery, mei: Person, mailoutbox: list[EmailMessage]
) -> None:
    deliver(told.pk)
    headers = mailoutbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(rf"<{settings.OLUKO_BASE_URL}/notifications/off/[\w.-]+>", headers["List-Unsubscribe"])
    notify(mei, "cancelled", event="y", title="Cancelled")
    deliver(Delivery.objects.latest("pk").pk)
    assert "List-Unsubscribe" not in mailoutbox[1].extra_headers
    assert "This kind always comes" in mailoutbox[1].body


def test_a_title_cannot_smuggle_a_header(told: Delivery, mailoutbox: list[EmailMessage]) -> None:
    Notification.objects.update(title="Paid\r\nBcc: everyone@demo.test")
    deliver(told.pk)
    assert mailoutbox[0].subject == "Paid Bcc: everyone@demo.test"
    assert mailoutbox[0].bcc == []


def test_without_a_link_it_has_none(mei: Person, mailoutbox: list[EmailMessage]) -> None:
    notify(mei, "told", event="x", title="Hello there")
    deliver(Delivery.objects.get().pk)
    assert "Open it" not in mailoutbox[0].body
