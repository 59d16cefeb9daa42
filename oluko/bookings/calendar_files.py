"""Sessions as iCalendar (RFC 5545): one in the file that goes with a mail, all of a person's in the feed.

An event's UID never changes and its SEQUENCE only rises, so that a calendar which has seen it changes it in place.
Nobody's e-mail address and no meeting's link is in any of them: files are passed on, and feeds are read by others.
"""

from __future__ import annotations

import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, LIVE, Booking, PaymentStatus, Status
from oluko.core import clock
from oluko.core.errors import NotFound

PAST_DAYS = 90
CANCELLED_DAYS = 30
READ_AGAIN = timedelta(minutes=30)
_SALT = "oluko.calendar.feed"
_DIGEST_BYTES = 20


def session_file(booking: Booking, person: Person) -> str:
    """The session as that one of the two has it in their calendar: to add it, change it, or take it out."""
    calendar = _calendar("CANCEL" if _status(booking) == "CANCELLED" else "PUBLISH")
    calendar.add_component(_event(booking, person, clock.now()))
    return str(calendar.to_ical(), "utf-8")


def feed(person: Person) -> bytes:
    """The person's sessions, as student and as tutor, for a calendar that asks again and again; one query.

    What is ahead, 90 days of what was, and for 30 days what was called off, so that calendars drop it.
    """
    calendar = _calendar()
    calendar.add("X-WR-CALNAME", vText(_("Oluko sessions")))
    calendar.add("X-WR-TIMEZONE", vText(person.time_zone))
    calendar.add("REFRESH-INTERVAL", READ_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(READ_AGAIN))
    for booking in _sessions(person):
        calendar.add_component(_event(booking, person, _last_change(booking)))
    return bytes(calendar.to_ical())


def feed_token(person: Person) -> str:
    """What the feed's address is secret by. It is nowhere stored: who steals the database can read no feed."""
    return urlsafe_b64encode(person.pk.bytes + _digest(person.pk, person.calendar_renewals)).decode()


def feed_address(person: Person) -> str:
    """The absolute address at which a program reads the person's feed."""
    return f"{settings.OLUKO_BASE_URL}{reverse('calendar_feed', args=[feed_token(person)])}"


def person_of_feed(token: str) -> Person:
    """The active person whose feed this is. Raises NotFound for anything else, renewed addresses included."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        raw = b""
    person = Person.objects.filter(pk=UUID(bytes=raw[:16]), is_active=True).first() if len(raw) >= 16 else None
    if person is None or not constant_time_compare(token, feed_token(person)):
        raise NotFound("no_such_calendar", _("There is no such calendar."))
    return person


def _digest(person_id: UUID, renewals: int) -> bytes:
    return salted_hmac(_SALT, f"{person_id}:{renewals}", algorithm="sha256").digest()[:_DIGEST_BYTES]


def _sessions(person: Person) -> Iterable[Booking]:
    now = clock.now()
    since = now - timedelta(days=CANCELLED_DAYS)
    shown = Q(status__in=LIVE) | Q(status__in=[Status.COMPLETED, Status.NO_SHOW])
    called_off = Q(status=Status.CANCELLED, cancelled_at__gte=since) | Q(status=Status.REJECTED, rejected_at__gte=since)
    return (
        Booking.objects.filter(Q(student=person) | Q(tutor=person), shown | called_off)
        .filter(ends_at__gte=now - timedelta(days=PAST_DAYS))
        .select_related("student", "tutor")
        .order_by("scheduled_at", "pk")
    )


def _calendar(method: str = "") -> Calendar:
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Oluko//Sessions//EN")
    calendar.add("CALSCALE", "GREGORIAN")
    if method:
        calendar.add("METHOD", method)
    return calendar


def _event(booking: Booking, person: Person, stamp: datetime) -> Event:
    other = booking.tutor if person.pk == booking.student_id else booking.student
    page = f"{settings.OLUKO_BASE_URL}{reverse('session', args=[booking.pk])}"
    event = Event()
    event.add("UID", f"{booking.pk}@{site_host()}")
    event.add("SEQUENCE", booking.version)
    event.add("DTSTAMP", stamp.astimezone(UTC).replace(microsecond=0))
    event.add("DTSTART", booking.scheduled_at.astimezone(UTC))
    event.add("DTEND", booking.ends_at.astimezone(UTC))
    event.add("SUMMARY", _plain(_("%(title)s with %(other)s") % {"title": booking.title, "other": other.name}))
    event.add("DESCRIPTION", f"{_said(booking)}\n{page}")
    event.add("URL", page)
    event.add("STATUS", _status(booking))
    event.add("TRANSP", "TRANSPARENT" if _status(booking) == "CANCELLED" else "OPAQUE")
    event.add("ORGANIZER", _organizer())
    return event


def _status(booking: Booking) -> str:
    if booking.status in (Status.CANCELLED, Status.REJECTED):
        return "CANCELLED"
    paid = booking.payment_status in (PaymentStatus.PAID, PaymentStatus.REFUNDED)
    return "CONFIRMED" if paid and booking.status != Status.PENDING_MENTOR_REVIEW else "TENTATIVE"


def _said(booking: Booking) -> str:
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        return _("Asked for, not approved yet.")
    if booking.awaits_payment:
        return _("Held, not paid yet.")
    if _status(booking) == "CANCELLED":
        return _("It will not take place.")
    if booking.status in FINAL:
        return _("What became of it stands on its page:")
    return _("Join, move or cancel it on its page:")


def _last_change(booking: Booking) -> datetime:
    """Stays the same while nothing happens, so that the feed does, and a program that knows it is told so."""
    known = (booking.created_at, booking.started_at, booking.ended_at, booking.cancelled_at, booking.rejected_at)
    return max(at for at in known if at is not None)


def _organizer() -> vCalAddress:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["CN"] = vText(name or "Oluko")
    return organizer


def site_host() -> str:
    """The host that our events' identifiers end in."""
    return urlsplit(settings.OLUKO_BASE_URL).hostname or "localhost"


def _plain(text: str) -> str:
    """One line without control characters: what people typed must not become lines of the file."""
    spaced = "".join(" " if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") else each for each in text)
    return " ".join(spaced.split())
