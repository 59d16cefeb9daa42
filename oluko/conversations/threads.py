"""A booking's thread: who may read and write it, what they see, and how far they have read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, OuterRef, Prefetch, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_booking, get_shared
from oluko.bookings.models import Booking
from oluko.conversations.files import MOST_FILES, MOST_OF_BOOKING, Checked
from oluko.conversations.masking import is_open, mask, shown
from oluko.conversations.models import Attachment, Message, ReadMark
from oluko.conversations.telling import tell_of_message
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotFound
from oluko.ledger.audit import record_change
from oluko.ledger.models import AuditEntry

LONGEST = 4000
OPEN_FOR = timedelta(days=30)
OPERATOR_READS_FOR = timedelta(hours=1)
PAGE = 40


@dataclass(frozen=True)
class Line:
    """A message as one reader sees it; `masked` where an address or number in it is hidden from the other."""

    message: Message
    text: str
    mine: bool
    masked: bool
    files: Sequence[Attachment]


def may_write(booking: Booking, person: Person, now: datetime) -> bool:
    """Its two people may write from the first moment until 30 days after the planned end, whatever became of it."""
    return person.pk in (booking.student_id, booking.tutor_id) and now < booking.ends_at + OPEN_FOR


@repeat_on_deadlock
@transaction.atomic(durable=True)
def send_message(
    author: Person, booking_id: UUID, text: str, *, key: UUID, files: Sequence[Checked] = ()
) -> tuple[Message, bool]:
    """Write to the other; a repeat of `key` finds the first message (and False) and tells nobody again.

    Raises NotFound for others than the two, Conflict once the thread is closed, Invalid (`text`, `files`).
    """
    get_shared(author, booking_id)
    # One writer at a time: ids rise in the order of reading, and the sum of the files holds.
    booking = Booking.objects.select_for_update().get(pk=booking_id)
    again = Message.objects.filter(booking=booking, author=author, key=key).first()
    if again is not None:
        return again, False
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    _check(booking, author, text, files)
    now = clock.now()
    message = Message.objects.create(booking=booking, author=author, text=text, key=key, created_at=now)
    for position, file in enumerate(files):
        facts = {"name": file.name, "kind": file.kind, "width": file.width, "height": file.height}
        kept = {"size": len(file.content), "content": file.content, "preview": file.preview}
        Attachment.objects.create(message=message, position=position, **facts, **kept)
    mark_read_to(author, booking, message.pk)
    tell_of_message(message)
    return message, True


def _check(booking: Booking, author: Person, text: str, files: Sequence[Checked]) -> None:
    if not may_write(booking, author, clock.now()):
        raise Conflict(
            "conversation_closed", _("This conversation is closed: the session ended more than 30 days ago.")
        )
    if not text and not files:
        raise Invalid("empty", _("Write something first."), field="text")
    if len(text) > LONGEST:
        raise Invalid("too_long", _("At most 4,000 characters fit into a message."), field="text")
    if len(files) > MOST_FILES:
        raise Invalid("too_many_files", _("At most four files fit into a message."), field="files")
    if files and not is_open(booking):
        raise Invalid("files_once_paid", _("Files can be sent once the session is paid."), field="files")
    kept = Attachment.objects.filter(message__booking=booking).aggregate(sum=Coalesce(Sum("size"), 0))["sum"]
    if files and kept + sum(len(file.content) for file in files) > MOST_OF_BOOKING:
        raise Invalid("conversation_full", _("The files of this conversation have reached 50 MB."), field="files")


def mark_read_to(person: Person, booking: Booking, message_id: int) -> None:
    """Note that a person has read the thread up to a message; never less far than before. Call inside a transaction."""
    mark, created = ReadMark.objects.get_or_create(
        person=person, booking=booking, defaults={"last_message_id": message_id}
    )
    if not created and mark.last_message_id < message_id:
        ReadMark.objects.filter(pk=mark.pk, last_message_id__lt=message_id).update(last_message_id=message_id)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def mark_thread_read(person: Person, booking_id: UUID, message_id: int) -> None:
    """Note that one of the two has read up to a message of this thread (or the latest before it). Raises NotFound."""
    booking = get_shared(person, booking_id)
    rows = Message.objects.filter(booking=booking, pk__lte=message_id)
    last = rows.order_by("-pk").values_list("pk", flat=True).first()
    if last is not None:
        mark_read_to(person, booking, last)


def read_thread(
    booking: Booking, reader: Person, *, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> tuple[list[Line], bool]:
    """The latest messages, the latest before an id, or the first after one; oldest first.

    And whether there are more of them than `limit`.
    """
    rows = Message.objects.filter(booking=booking)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    rows = rows.order_by("-pk" if after is None else "pk")
    files = Prefetch("attachments", Attachment.objects.defer("content", "preview"))
    found = list(rows.select_related("author__tutor_profile").prefetch_related(files)[: limit + 1])
    page = sorted(found[:limit], key=lambda message: message.pk)
    return [_line(booking, reader, message) for message in page], len(found) > limit


def _line(booking: Booking, reader: Person, message: Message) -> Line:
    mine = message.author_id == reader.pk
    seen = shown(booking, message.author_id, reader.pk, message.text)
    hidden = not is_open(booking) and mask(message.text) != message.text
    return Line(message, seen, mine, hidden, list(message.attachments.all()))


def unread_in(person: Person, booking_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many messages of others a person has not read, by booking; those without any are left out. One query."""
    mark = ReadMark.objects.filter(person=person, booking_id=OuterRef("booking_id")).values("last_message_id")
    rows = Message.objects.filter(booking_id__in=booking_ids).exclude(author=person)
    unread = rows.annotate(read_to=Coalesce(Subquery(mark[:1]), 0)).filter(pk__gt=F("read_to"))
    return dict(unread.order_by().values_list("booking_id").annotate(count=Count("pk")))


def read_up_to(person_id: UUID, booking: Booking) -> int:
    """The id of the last message that a person has read; 0 for none."""
    marks = ReadMark.objects.filter(person_id=person_id, booking=booking)
    return marks.values_list("last_message_id", flat=True).first() or 0


def get_thread(person: Person, booking_id: UUID) -> Booking:
    """The booking of a thread that the person may read: its two, or an operator who has said why. Raises NotFound."""
    booking = get_booking(person, booking_id)
    if not is_open_to(booking, person):
        raise NotFound("no_such_session", _("There is no such session."))
    return booking


def is_open_to(booking: Booking, person: Person) -> bool:
    """Whether the person reads without more ado; operators do for an hour after they have said why."""
    if person.pk in (booking.student_id, booking.tutor_id):
        return True
    since = clock.now() - OPERATOR_READS_FOR
    facts = {"subject": "conversation", "subject_id": str(booking.pk), "actor_id": person.pk}
    return AuditEntry.objects.filter(**facts, at__gt=since).exists()


@repeat_on_deadlock
@transaction.atomic(durable=True)
def open_for_operator(operator: Person, booking_id: UUID, why: str) -> None:
    """Let an operator read for an hour; the audit trail keeps who and why. Raises NotFound, Invalid (`why`)."""
    booking = get_booking(operator, booking_id)
    if not operator.is_operator or operator.pk in (booking.student_id, booking.tutor_id):
        raise NotFound("no_such_session", _("There is no such session."))
    if not why.strip():
        raise Invalid("why_needed", _("Say why you need to read it."), field="why")
    record_change(
        "conversation", str(booking.pk), "private", "read", actor_id=operator.pk, why=why.strip(), at=clock.now()
    )


def get_attachment(person: Person, booking_id: UUID, attachment_id: UUID) -> Attachment:
    """A file of a thread that the person may read, with its bytes. Raises NotFound."""
    booking = get_thread(person, booking_id)
    found = Attachment.objects.filter(pk=attachment_id, message__booking=booking).first()
    if found is None:
        raise NotFound("no_such_file", _("There is no such file."))
    return found
