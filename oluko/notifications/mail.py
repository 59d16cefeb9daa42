"""A notification as an e-mail: plain text and HTML, in the person's own time zone."""

from __future__ import annotations

import re
from email.message import MIMEPart
from email.policy import SMTP
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from oluko.core.times import when_for
from oluko.notifications.kinds import calendar_file_of
from oluko.notifications.marks import marked
from oluko.notifications.models import Delivery
from oluko.notifications.unsubscribing import off_address


def send_mail(delivery: Delivery) -> None:
    """Send it now. Raises what the mail server's connection raises: OSError, SMTPException."""
    compose(delivery).send()


def compose(delivery: Delivery) -> EmailMultiAlternatives:
    """The message with both bodies and its calendar file; its links are absolute and tell who opened it."""
    notification = delivery.notification
    context = describe(delivery)
    headers = {"Auto-Submitted": "auto-generated"}
    if context["off"]:
        headers["List-Unsubscribe"] = f"<{context['off']}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("notifications/mail.txt", context),
        to=[notification.person.email],
        headers=headers,
    )
    message.attach_alternative(render_to_string("notifications/mail.html", context), "text/html")
    if calendar_file := calendar_file_of(notification):
        message.attach(_calendar_part(calendar_file))
    return message


def describe(delivery: Delivery) -> dict[str, Any]:
    """What both bodies show. Links lead to pages that ask before they do anything."""
    notification, base = delivery.notification, settings.OLUKO_BASE_URL

    def absolute(path: str) -> str:
        return f"{base}{marked(delivery, path)}"

    links = [(label, absolute(path)) for label, path in notification.links]
    if not links and notification.url:
        links = [("", absolute(notification.url))]
    return {
        "notification": notification,
        "person": notification.person,
        # Again one line: rows may come from elsewhere than `notify`, and this becomes a header.
        "subject": " ".join((notification.subject or notification.title).split()),
        "when": when_for(notification.person, notification.created_at),
        "facts": notification.facts,
        "first": links[0] if links else None,
        "others": links[1:],
        "all_link": absolute(reverse("notifications")),
        "settings_link": f"{base}{reverse('notification_settings')}",
        "group": notification.group.label,
        "off": off_address(notification.person, notification.group),
        "base_url": base,
    }


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
