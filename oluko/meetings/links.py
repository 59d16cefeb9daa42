"""Links to a meeting: the address of our own join page, which links are taken, and which may be embedded."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from oluko.core.errors import Invalid

LONGEST = 500
_UNSAFE = frozenset(" \\<>\"'`")
_LOCAL_NAMES = ("local", "localhost", "internal")


def session_path(booking_id: UUID) -> str:
    """The path of the join page."""
    return reverse("session", args=[booking_id])


def session_url(booking_id: UUID) -> str:
    """The whole address of the join page, which stands for the meeting until there is a link."""
    return settings.OLUKO_BASE_URL + session_path(booking_id)


def check_link(url: str) -> str:
    """A pasted meeting link, stripped. Raises Invalid unless it is https at a public host, 500 characters at most."""
    url = url.strip()
    if not url:
        raise _bad(_("Paste the meeting's link."))
    if len(url) > LONGEST:
        raise _bad(_("The link is too long: 500 characters at most."))
    if not url.isascii() or not url.isprintable() or not _UNSAFE.isdisjoint(url):
        raise _bad(_("That is not a link that a browser can open."))
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad(_("That is not a link that a browser can open.")) from None
    if parts.scheme != "https":
        raise _bad(_("The link must begin with https://"))
    if "@" in parts.netloc or not _is_public_name(host):
        raise _bad(_("The link must name a public meeting host, such as meet.google.com."))
    return url


def origin(url: str) -> str:
    """Scheme and host of an address, as a content policy names them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def frame_origins() -> list[str]:
    """Where an embedded meeting may come from: our own page with Zoom's SDK, or the sandbox, which stands in.

    Zoom lets nobody embed its pages themselves.
    """
    if settings.OLUKO_ZOOM_SDK_KEY:
        return [origin(settings.OLUKO_BASE_URL)]
    return [origin(settings.OLUKO_ZOOM_URL)] if settings.OLUKO_ZOOM_STANDS_IN else []


def _is_public_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        plain = all(label and label.replace("-", "").isalnum() for label in labels)
        return len(labels) > 1 and plain and not labels[-1].isdigit() and labels[-1] not in _LOCAL_NAMES
    return False


def _bad(message: str) -> Invalid:
    return Invalid("bad_meeting_url", message, field="meetingUrl")
