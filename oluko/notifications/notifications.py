"""Telling people what happened, once: a row for the bell and the list, and a job for the mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.notifications.models import Notification
from oluko.notifications.tasks import send_mail_for

_TITLE = 200
_HIGHEST_ID = 2**63 - 1  # beyond it a number is no id, and SQLite would not take it


def notify(
    person: Person,
    kind: str,
    *,
    event: str,
    title: str,
    body: str = "",
    url: str = "",
    booking_id: UUID | None = None,
    calendar_file: str = "",
) -> None:
    """Tell one person of one event. Call inside a transaction.

    `event` names what happened (such as `booking:ID:paid`); told twice, the second time adds nothing and
    sends nothing. `url` is a path of this site. The caller composes title and text, for this person: in
    their zone, and without anybody else's e-mail address. `calendar_file` is iCalendar text that the mail brings along.
    """
    notification, created = Notification.objects.get_or_create(
        key=f"{event}:{person.pk}",
        defaults={
            "person": person,
            "kind": kind,
            "title": " ".join(title.split())[:_TITLE],
            "body": body,
            "url": url,
            "booking_id": booking_id,
            "calendar_file": calendar_file,
            "created_at": clock.now(),
        },
    )
    if created:
        send_mail_for.enqueue(str(notification.pk))


def mark_read(person: Person, ids: Iterable[int] | None = None) -> int:
    """Mark these of a person's notifications read (None: all); how many stay unread. Another's ids do nothing."""
    unread = Notification.objects.filter(person=person, read_at__isnull=True)
    if ids is not None:
        unread = unread.filter(pk__in=[each for each in ids if 0 < each <= _HIGHEST_ID])
    unread.update(read_at=clock.now())
    return unread_count(person)


def unread_count(person: Person) -> int:
    """How many notifications a person has not read."""
    return Notification.objects.filter(person=person, read_at__isnull=True).count()


def notifications_since(person: Person, since: datetime | None, limit: int = 50) -> list[Notification]:
    """A person's notifications made after `since` (an aware instant; None: all), newest first, at most `limit`."""
    rows = Notification.objects.filter(person=person)
    if since is not None:
        rows = rows.filter(created_at__gt=since)
    return list(rows.order_by("-id")[:limit])


def newest_id(person: Person) -> int:
    """The id of a person's latest notification, 0 where there is none; what the bell has seen up to."""
    return Notification.objects.filter(person=person).order_by("-id").values_list("pk", flat=True).first() or 0


def arrived_after(person: Person, notification_id: int, limit: int = 3) -> list[Notification]:
    """Unread notifications with a higher id than the reader's page knows, oldest first, the latest `limit`."""
    rows = Notification.objects.filter(person=person, pk__gt=notification_id, read_at__isnull=True)
    return list(reversed(rows.order_by("-id")[:limit]))
