"""E-mail addresses and phone numbers that people type: the other reads them once the session is paid.

A student who has paid nothing is protected by nothing once the talk has left the site, and so is a tutor. Who wants to
get round this will; what is found is what people type without a second thought. Times, dates, prices, ISBNs and
links are no phone numbers.
"""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

from django.utils.translation import gettext as _

from oluko.bookings.models import Booking, PaymentStatus

_AT = r"(?:\s?@\s?|\s*[\[({]\s*at\s*[\])}]\s*)"
_DOT = r"(?:\s?\.\s?|\s*[\[({]\s*dot\s*[\])}]\s*|\s+dot\s+)"
_EMAIL = (
    rf"(?:mailto:)?[\w.+%'-]{{1,64}}(?:{_AT}[\w-]{{1,63}}(?:(?:\.|{_DOT})[\w-]{{2,63}}){{1,4}}"
    # The word "at" alone makes an address only where a "dot" follows, and the other way round.
    rf"|\s+at\s+[\w-]{{1,63}}(?:\s+dot\s+[\w-]{{2,63}}){{1,4}})"
)
# Links that are somebody's number or name with a messenger.
_MESSENGER = (
    r"(?:(?:https?://)?(?:www\.)?(?:wa\.me|api\.whatsapp\.com|chat\.whatsapp\.com|t\.me|telegram\.me|signal\.me|m\.me)"
    r"/[^\s<>]+|(?:tel|sms|whatsapp|skype|tg|callto):[^\s<>]+)"
)
_LINK = r"https?://[^\s<>]+|www\.[^\s<>]+"
_ISBN = (
    r"ISBN(?:-1[03])?:?\s*[\dX -]{10,17}|97[89][ -]?\d{1,5}[ -]?\d{1,7}[ -]?\d{1,7}[ -]?[\dX]\b"
    r"|\b\d{1,5}-\d{1,7}-\d{1,7}-[\dX]\b"
)
_DATE = (
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)?\b"
    r"|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b|\b\d{1,2}:\d\d(?::\d\d)?\b"
)
_PRICE = r"[₦$€£¥]\s?\d[\d,. ]*\d|\b(?:NGN|USD|EUR|GBP)\s?\d[\d,. ]*\d|\b\d{1,3}(?:,\d{3})+(?:\.\d+)?\b"
_GAP = r"[\s.\-–()/\u200b-\u200d\u2060]{0,3}"
_PHONE = (
    rf"(?<![\w.])(?:"
    rf"\+{_GAP}(?:\d{_GAP}){{7,14}}\d"  # with the sign of a country
    rf"|00{_GAP}[1-9]{_GAP}(?:\d{_GAP}){{7,12}}\d"  # with the prefix of one
    rf"|234{_GAP}(?:\(?0\)?{_GAP})?[789]{_GAP}(?:\d{_GAP}){{8}}\d"  # Nigeria, without either
    rf"|\(?0(?!\.\d){_GAP}(?:\d{_GAP}){{8,9}}\d"  # ten or eleven digits with a nought before them, as in most countries
    rf"|1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"  # China
    rf"|(?:1[ .-])?(?:\(\d{{3}}\)\s?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}"  # North America
    rf")(?![\w])"
)
# In this order at each place: what is found first is not looked at again.
_FOUND = re.compile(
    rf"(?P<hidden>{_MESSENGER}|{_EMAIL})|(?P<kept>{_LINK}|{_ISBN}|{_DATE}|{_PRICE})|(?P<phone>{_PHONE})", re.IGNORECASE
)


def mask(text: str) -> str:
    """The text with addresses and numbers replaced by words that say so."""
    pieces, last = [], 0
    for found in _FOUND.finditer(_plain(text)):
        if found.lastgroup == "kept":
            continue
        pieces += [text[last : found.start()], _("[hidden until paid]")]
        last = found.end()
    return "".join(pieces) + text[last:]


def is_open(booking: Booking) -> bool:
    """Whether what the two write is shown as written: once the session is paid, and whatever comes after."""
    return booking.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED)


def shown(booking: Booking, author_id: UUID, reader_id: UUID, text: str) -> str:
    """What a reader of the booking sees of what `author_id` wrote; one's own words stay as they are."""
    return text if author_id == reader_id or is_open(booking) else mask(text)


def _plain(text: str) -> str:
    """The same length, with every digit and sign as ASCII has it."""
    return "".join(_plainly(letter) for letter in text)


def _plainly(letter: str) -> str:
    if letter.isascii():
        return letter
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    return {"＠": "@", "﹫": "@", "．": ".", "。": ".", "＋": "+"}.get(letter, letter)
