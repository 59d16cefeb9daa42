"""A thread as its page shows it: by days, and within them by who wrote without a pause."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone, translation

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.conversations.homework import homework_of, may_note
from oluko.conversations.masking import is_open, shown
from oluko.conversations.models import Message
from oluko.conversations.threads import OPEN_FOR, Line, is_open_to, may_write, read_thread, read_up_to, unread_in
from oluko.core import clock

_PAUSE = timedelta(minutes=10)
_LATEST = 3


@dataclass
class Turn:
    """Messages of one author, one soon after the other; `new` where the reader's unread ones begin."""

    author: Person
    mine: bool
    at: datetime
    new: bool = False
    lines: list[Line] = field(default_factory=list)


@dataclass
class Day:
    """A day on the reader's clock."""

    at: datetime
    turns: list[Turn] = field(default_factory=list)


def by_days(lines: list[Line], read_to: int) -> list[Day]:
    """Lines in the order of their writing, by days in the reader's zone and by turns."""
    days: list[Day] = []
    newest, marked = None, False
    for line in lines:
        at = line.message.created_at
        new = not marked and not line.mine and line.message.pk > read_to
        marked = marked or new
        if not days or timezone.localdate(days[-1].at) != timezone.localdate(at):
            days.append(Day(at))
        turns = days[-1].turns
        soon = newest is not None and at - newest < _PAUSE
        if not turns or new or not soon or turns[-1].author.pk != line.message.author_id:
            turns.append(Turn(line.message.author, line.mine, at, new))
        turns[-1].lines.append(line)
        newest = at
    return days


def describe(booking: Booking, reader: Person, before: int | None = None) -> dict[str, Any]:
    """Everything that the page of a thread shows; its two people and operators who said why may ask."""
    now = clock.now()
    lines, earlier = read_thread(booking, reader, before=before)
    other = booking.student if reader.pk == booking.tutor_id else booking.tutor
    outside = reader.pk not in (booking.student_id, booking.tutor_id)
    own = [line.message.pk for line in lines if line.mine]
    read_to = lines[-1].message.pk if outside and lines else read_up_to(reader.pk, booking)
    last = lines[-1].message.pk if lines else 0
    described = {
        "booking": booking,
        "other": other,
        "outside": outside,
        "is_tutor": reader.pk == booking.tutor_id,
        "is_student": reader.pk == booking.student_id,
        "goal": shown(booking, booking.student_id, reader.pk, booking.notes),
        "days": by_days(lines, read_to),
        "earlier": lines[0].message.pk if earlier else 0,
        "before": before,
        "last": last,
        "unread": before is None and any(not line.mine and line.message.pk > read_to for line in lines),
        "seen": bool(own) and not outside and own[-1] == last and read_up_to(other.pk, booking) >= last,
        "open": is_open(booking),
        "masked_own": any(line.mine and line.masked for line in lines),
        "masked_other": any(not line.mine and line.masked for line in lines),
        "may_write": may_write(booking, reader, now),
        "until": booking.ends_at + OPEN_FOR,
        "homework": homework_of(booking),
        "may_note": may_note(booking, reader, now),
        "ahead": booking.scheduled_at > now,
    }
    return described | {"version": version(booking, reader, described)}


def version(booking: Booking, reader: Person, described: dict[str, Any]) -> str:
    """Names what the reader sees; it changes when any of it does, a moved clock included.

    How far the reader has read is left out: the line above what is new stays while they read it.
    """
    facts = (
        booking.pk,
        reader.pk,
        booking.payment_status,
        [[(line.message.pk, line.text) for turn in day.turns for line in turn.lines] for day in described["days"]],
        described["seen"],
        described["may_write"],
        described["homework"].note,
        [(task.pk, task.text, task.done_at) for task in described["homework"].tasks],
        timezone.get_current_timezone_name(),
        translation.get_language(),
        round(clock.offset().total_seconds()),
    )
    return digest(facts)


def latest(booking: Booking, reader: Person) -> dict[str, Any]:
    """The last few messages and how many are unread, for the session's page."""
    may_read = is_open_to(booking, reader)
    lines = read_thread(booking, reader, limit=_LATEST)[0] if may_read else []
    outside = reader.pk not in (booking.student_id, booking.tutor_id)
    described = {
        "booking": booking,
        "outside": outside,
        "lines": lines,
        "unread": 0 if outside else unread_in(reader, [booking.pk]).get(booking.pk, 0),
        "may_write": may_write(booking, reader, clock.now()),
        "other": booking.student if reader.pk == booking.tutor_id else booking.tutor,
    }
    facts = ([(line.message.pk, line.text) for line in lines], described["unread"], described["may_write"])
    return described | {"version": digest((booking.pk, reader.pk, facts, timezone.get_current_timezone_name()))}


def on_the_wire(line: Line, files: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as JSON, for the chat of the room."""
    message: Message = line.message
    return {
        "id": message.pk,
        "author": message.author.name,
        "mine": line.mine,
        "text": line.text,
        "at": clock.iso(message.created_at),
        "files": files,
    }


def digest(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]
