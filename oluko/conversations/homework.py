"""After the session: what the tutor writes down for both, and tasks that the student ticks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_booked, get_tutored
from oluko.bookings.models import Booking, Status
from oluko.conversations.masking import is_open
from oluko.conversations.models import Note, Task
from oluko.conversations.telling import tell_of_notes
from oluko.conversations.threads import LONGEST, may_write
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict, Invalid, NotFound

MOST_TASKS = 20
LONGEST_TASK = 200
_TOOK_PLACE = (Status.SCHEDULED, Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW)


@dataclass(frozen=True)
class Homework:
    """The tutor's notes, if any, and the tasks in the order of their writing."""

    note: str
    tasks: list[Task]

    @property
    def done(self) -> int:
        return sum(task.done_at is not None for task in self.tasks)


def homework_of(booking: Booking) -> Homework:
    """What the tutor wrote down for a booking."""
    note = Note.objects.filter(booking=booking).values_list("text", flat=True).first()
    return Homework(note or "", list(Task.objects.filter(booking=booking)))


def may_note(booking: Booking, person: Person, now: datetime) -> bool:
    """The tutor may, from the start of a paid session for as long as the thread is open."""
    held = booking.status in _TOOK_PLACE and is_open(booking) and booking.scheduled_at <= now
    return person.pk == booking.tutor_id and held and may_write(booking, person, now)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def write_notes(tutor: Person, booking_id: UUID, note: str, tasks: Iterable[str] = ()) -> bool:
    """Set the notes and add tasks; the student is told if anything changed. Pressed twice, it is once.

    Raises NotFound, Conflict where it is not the time for it, Invalid (`note`, `tasks`).
    """
    get_tutored(tutor, booking_id)
    booking = Booking.objects.select_for_update().get(pk=booking_id)
    if not may_note(booking, tutor, clock.now()):
        raise Conflict(
            "not_now", _("Notes and tasks are written from the start of a paid session until 30 days after.")
        )
    note = note.replace("\r\n", "\n").replace("\x00", "").strip()
    wanted = [" ".join(line.replace("\x00", "").split()) for line in tasks]
    before = homework_of(booking)
    known = {task.text for task in before.tasks}
    fresh = [text for text in dict.fromkeys(wanted) if text and text not in known]
    _check(note, fresh, len(known))
    now = clock.now()
    if note:
        Note.objects.update_or_create(booking=booking, defaults={"text": note, "written_at": now})
    else:
        Note.objects.filter(booking=booking).delete()
    Task.objects.bulk_create([Task(booking=booking, text=text, created_at=now) for text in fresh])
    changed = bool(fresh) or (bool(note) and note != before.note)
    if changed:
        tell_of_notes(booking)
    return changed


def _check(note: str, fresh: list[str], known: int) -> None:
    if len(note) > LONGEST:
        raise Invalid("too_long", _("At most 4,000 characters fit into the notes."), field="note")
    if any(len(text) > LONGEST_TASK for text in fresh):
        raise Invalid("too_long", _("A task has at most 200 characters."), field="tasks")
    if known + len(fresh) > MOST_TASKS:
        raise Invalid("too_many_tasks", _("A session has at most 20 tasks."), field="tasks")


@repeat_on_deadlock
@transaction.atomic(durable=True)
def tick_task(student: Person, booking_id: UUID, task_id: int, *, done: bool) -> None:
    """The student says that a task is done, or is not after all. Raises NotFound."""
    booking = get_booked(student, booking_id)
    rows = Task.objects.filter(booking=booking, pk=task_id)
    if not rows.exists():
        raise _no_task()
    rows.filter(done_at__isnull=done).update(done_at=clock.now() if done else None)


@repeat_on_deadlock
@transaction.atomic(durable=True)
def remove_task(tutor: Person, booking_id: UUID, task_id: int) -> None:
    """The tutor takes a task back. Raises NotFound."""
    booking = get_tutored(tutor, booking_id)
    if not Task.objects.filter(booking=booking, pk=task_id).delete()[0]:
        raise _no_task()


def _no_task() -> NotFound:
    return NotFound("no_such_task", _("There is no such task."))
