"""Telling the other that something was written: once a burst, and never with an address or number in it."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.masking import mask
from oluko.conversations.models import Message
from oluko.core import clock
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.models import Notification
from oluko.notifications.notifications import mark_read, notify

# Who has an unread word of a conversation is not told of the next messages.
BURST = timedelta(minutes=10)

TEXTS = {
    "message": Telling(Group.MESSAGES, _("%(other)s wrote: %(title)s"), "%(excerpt)s"),
    "notes": Telling(
        Group.MESSAGES,
        _("Notes and tasks from %(other)s: %(title)s"),
        _("What you take with you from the session, and what comes next."),
    ),
}
know(TEXTS)


def tell_of_message(message: Message) -> None:
    """Tell the other person of a message. Call inside a transaction."""
    booking = message.booking
    other = booking.tutor if message.author_id == booking.student_id else booking.student
    excerpt = Truncator(" ".join(mask(message.text).split())).chars(140) or str(_("A file."))
    _tell(booking, other, "message", f"message:{message.pk}", author=message.author, excerpt=excerpt)


def tell_of_notes(booking: Booking) -> None:
    """Tell the student that the tutor has written notes or tasks. Call inside a transaction."""
    key = f"notes:{booking.pk}:{int(clock.now().timestamp())}"
    _tell(booking, booking.student, "notes", key, author=booking.tutor)


def forget(person: Person, booking: Booking) -> None:
    """Who reads the thread has read what told of it."""
    rows = Notification.objects.filter(person=person, kind="message", booking_id=booking.pk, read_at__isnull=True)
    ids = list(rows.values_list("pk", flat=True))
    if ids:
        mark_read(person, ids)


def _tell(booking: Booking, person: Person, kind: str, event: str, *, author: Person, excerpt: str = "") -> None:
    fresh = {"read_at__isnull": True, "created_at__gt": clock.now() - BURST}
    if Notification.objects.filter(person=person, kind=kind, booking_id=booking.pk, **fresh).exists():
        return
    words = TEXTS[kind]
    facts = {"other": author.name, "title": booking.title, "excerpt": excerpt}
    notify(
        person,
        kind,
        event=event,
        title=str(words.title) % facts,
        body=str(words.body) % facts,
        url=reverse("session_messages", args=[booking.pk]),
        booking_id=booking.pk,
    )
