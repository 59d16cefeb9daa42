"""A notification as an e-mail: plain text and simple HTML, in the person's own time zone."""

from __future__ import annotations

import re
from email.message import MIMEPart
from email.policy import SMTP

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from oluko.core.times import when_for
from oluko.notifications.models import Notification


def send_mail(notification_id: int) -> None:
    """Send the mail of one notification, unless it has gone out, its row is gone or its person is inactive.

    The mail goes first and the row is marked afterwards: a worker that dies in between sends the mail a
    second time after its restart, whereas marking first would lose it. Where nothing dies, the job runs once,
    so there is one mail.
    """
    notification = Notification.objects.select_related("person").filter(pk=notification_id).first()
    if notification is None or notification.mailed_at is not None or not notification.person.is_active:
        return
    compose(notification).send()
    Notification.objects.filter(pk=notification_id, mailed_at__isnull=True).update(mailed_at=timezone.now())


def compose(notification: Notification) -> EmailMultiAlternatives:
    """The message with both bodies and its calendar file; its links are absolute, its subject is the title."""
    context = {
        "notification": notification,
        "person": notification.person,
        "when": when_for(notification.person, notification.created_at),
        "link": f"{settings.OLUKO_BASE_URL}{notification.url}" if notification.url else "",
        "base_url": settings.OLUKO_BASE_URL,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(notification.title.split()),
        body=render_to_string("notifications/mail.txt", context),
        to=[notification.person.email],
    )
    message.attach_alternative(render_to_string("notifications/mail.html", context), "text/html")
    if notification.calendar_file:
        message.attach(_calendar_part(notification.calendar_file))
    return message


def _calendar_part(text: str) -> MIMEPart:
    """The file as mail programs want it: they look for its method beside the type too (RFC 6047, 2.4)."""
    method = re.search(r"^METHOD:([A-Z]+)\r?$", text, re.MULTILINE)
    part = MIMEPart(policy=SMTP)
    # As base64 nothing on the way changes the lines, which must end in CRLF.
    part.set_content(
        text,
        subtype="calendar",
        charset="utf-8",
        cte="base64",
        disposition="attachment",
        filename="session.ics",
        params={"method": method[1]} if method else None,
    )
    return part
