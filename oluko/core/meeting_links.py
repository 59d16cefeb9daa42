"""Links to meetings elsewhere that tutors give, for others to follow: what is taken for one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from oluko.core.errors import Invalid

LONGEST = 500
_UNSAFE = frozenset(" \\<>\"'`")
_LOCAL_NAMES = ("local", "localhost", "internal")


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
