"""Telling people what happened, once: a row for the bell and the list, its deliveries, and a job that sends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.logs import current_request_id
from oluko.core.statements import Row, insert, placeholders, read
from oluko.jobs.backend import Job, enqueue_all
from oluko.notifications.kinds import Channel
from oluko.notifications.models import Delivery, Notification, PushSubscription
from oluko.notifications.tasks import BATCH, deliver_these

_TITLE = 200
_HIGHEST_ID = 2**63 - 1  # beyond it a number is no id, and SQLite would not take it


@dataclass(frozen=True)
class Message:
    """What one person is told of one event; the fields are those of Notification.

    `event` names what happened (such as `booking:ID:paid`); told twice, the second time adds nothing and sends
    nothing. The caller composes the words for this person: in their zone, without anybody else's e-mail address.
    """

    person: Person
    kind: str
    event: str
    title: str
    body: str = ""
    url: str = ""
    booking_id: UUID | None = None
    version: int | None = None
    about_at: datetime | None = None
    useful_until: datetime | None = None
    subject: str = ""
    facts: Sequence[tuple[str, str]] = field(default=())
    links: Sequence[tuple[str, str]] = field(default=())
    # What it goes back to; stored with the jobs that send it.
    request_id: str = field(default_factory=current_request_id)

    @property
    def key(self) -> str:
        return f"{self.event}:{self.person.pk}"

    def notification(self) -> Notification:
        """The notification, unsaved."""
        return Notification(person=self.person, **self._columns())

    @cached_property
    def row(self) -> Row:
        """The notification for the database, made once."""
        return Row(Notification, person_id=self.person.pk, **self._columns())

    def prepared(self) -> Message:
        """Itself, with its row made: before a transaction, so that nobody waits for that in it."""
        _ = self.row
        return self

    def _columns(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "title": _line(self.title),
            "body": self.body,
            "url": self.url,
            "booking_id": self.booking_id,
            "version": self.version,
            "about_at": self.about_at,
            "useful_until": self.useful_until,
            "subject": _line(self.subject),
            "facts": [list(pair) for pair in self.facts],
            "links": [list(pair) for pair in self.links],
            "created_at": clock.now(),
        }


def notify(person: Person, kind: str, *, event: str, title: str, **more: Any) -> None:
    """Tell one person of one event, once. Call inside a transaction. `more` are further fields of Message."""
    notify_all([Message(person, kind, event, title, **more)])


def notify_all(messages: Sequence[Message]) -> int:
    """Tell each message once; how many were new. Call inside a transaction; the number of queries is constant."""
    told = {message.key: message for message in messages}
    if not told:
        return 0
    # Whoever tells the same at this moment waits here for the other; the row is then theirs, and not among ours.
    rows, now = [message.row for message in told.values()], clock.now()
    for row in rows:
        # Whoever asks what is new since an instant must not miss what was put together before it and told after it.
        row.put("created_at", now)
    made = insert(rows, unless_known="key", returning="id, key")
    if made:
        _queue({pk: told[key] for pk, key in sorted(made)})
    return len(made)


def _queue(made: Mapping[int, Message]) -> None:
    """A mail for each, by the notification's id, and a push where the person has a device; jobs that send them."""
    people = list({message.person.pk for message in made.values()})
    devices = read(PushSubscription, f"person_id IN ({placeholders(len(people))})", *people)
    with_device = {device.person_id for device in devices}
    now = timezone.now()
    ways = [(pk, Channel.MAIL) for pk in made]
    ways += [(pk, Channel.PUSH) for pk, message in made.items() if message.person.pk in with_device]
    queued = insert(
        [Row(Delivery, notification_id=pk, channel=channel, next_at=now, given_at=now) for pk, channel in ways],
        returning="id, notification_id",
    )
    by_request: dict[str, list[int]] = defaultdict(list)
    for delivery_id, pk in sorted(queued):
        by_request[made[pk].request_id].append(delivery_id)
    parts = [(request_id, list(some)) for request_id, ids in by_request.items() for some in batched(ids, BATCH)]
    enqueue_all([Job(deliver_these, (some,), request_id) for request_id, some in parts])


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


# Asked by every open page every few seconds: as expressions of the ORM it costs more to write than to answer.
_NEWEST_AND_UNREAD = """
    SELECT (SELECT id FROM notifications_notification WHERE person_id = %s ORDER BY id DESC LIMIT 1),
           (SELECT COUNT(*) FROM notifications_notification WHERE person_id = %s AND read_at IS NULL)
"""


def newest_and_unread(person_id: UUID) -> tuple[int, int]:
    """The id of a person's latest notification and how many are unread, in one query by two indexes."""
    whose = Notification._meta.get_field("person").get_db_prep_value(person_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_AND_UNREAD, [whose, whose])
        newest, unread = cursor.fetchone()
    return newest or 0, unread


def arrived_after(person: Person, notification_id: int, limit: int = 3) -> list[Notification]:
    """Unread notifications with a higher id than the reader's page knows, oldest first, the latest `limit`."""
    rows = Notification.objects.filter(person=person, pk__gt=notification_id, read_at__isnull=True)
    return list(reversed(rows.order_by("-id")[:limit]))


def _line(text: str) -> str:
    """One line of what a title may hold; what people typed must not become lines of a header."""
    return " ".join(str(text).split())[:_TITLE]
