"""Words that templates use for conversations, so that other rooms need not know this one."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.masking import shown
from oluko.conversations.showing import latest

register = template.Library()
_LINK = re.compile(r"\bhttps?://[^\s<>\"'`\x00-\x1f]+", re.IGNORECASE)
_TRAILING = ".,;:!?*_~)]}"


@register.inclusion_tag("conversations/parts/compact.html")
def conversation(booking: Booking, reader: Person) -> dict[str, Any]:
    """`{% conversation booking user %}`: the latest messages, how many are unread, and the way to all of them."""
    return latest(booking, reader)


@register.filter
def linked(text: str) -> SafeString:
    """Plain text as HTML: everything escaped, and what begins with http(s) a link that vouches for nothing."""
    pieces, last = [], 0
    for found in _LINK.finditer(text):
        address = _trimmed(found[0])
        pieces.append(escape(text[last : found.start()]))
        pieces.append(
            format_html('<a href="{}" target="_blank" rel="noopener noreferrer nofollow ugc">{}</a>', address, address)
        )
        last = found.start() + len(address)
    pieces.append(escape(text[last:]))
    return mark_safe("".join(pieces))  # noqa: S308 - every piece is escaped


@register.simple_tag
def goal_of(booking: Booking, reader: Person) -> str:
    """`{% goal_of booking user as goal %}`: what the student wants help with, as this reader may see it."""
    return shown(booking, booking.student_id, reader.pk, booking.notes)


def _trimmed(address: str) -> str:
    """Without what ends the sentence and not the address; a bracket that the address opened stays."""
    while address and address[-1] in _TRAILING:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
