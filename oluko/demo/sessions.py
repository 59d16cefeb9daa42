"""What sessions of the demo left behind: who was there, what was written before and after, and a problem to decide."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from oluko.accounts.models import Person
from oluko.bookings.models import Booking, Status
from oluko.conversations.models import Message, Note, ReadMark, Task
from oluko.ledger.audit import record_change
from oluko.meetings.models import Attendance
from oluko.payments.models import Payment, Problem, ReviewItem

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
# Sessions of which the traces are kept.
_SEEN = 12
_GOAL = "My course project re-renders everything on each key. I want to find out why, and how to see it myself."
_BEFORE = (
    ("ada", "Hello! I have put the project online, the form with the slow list is on its first page."),
    ("tunde", "Thank you, I see it. Please install the React developer tools; we start with the profiler."),
    ("ada", "Done. Looking forward to it!"),
)
_NOTES = (
    "We lifted the state of the search field out of the list, and measured before and after: 180 ms, then 9 ms.\n\n"
    "Remember: first measure, then memo."
)
_TASKS = (
    ("Move the filter of the second list in the same way", True),
    ("Read about keys in lists, and explain in two sentences why the index is a bad one", False),
)
_WRONG = "We could hear each other for a quarter of an hour only, then the line was gone and nobody came back."


def leave_traces(people: dict[str, Person], complained: Booking) -> None:
    """Presence, a thread, notes, and a problem with `complained`. Call inside a transaction."""
    for booking in Booking.objects.filter(status__in=[Status.COMPLETED, Status.NO_SHOW]).order_by("-scheduled_at")[
        :_SEEN
    ]:
        _note_stays(booking, booking.pk == complained.pk)
    ada, tunde = people["ada"], people["tunde"]
    shared = Booking.objects.filter(student=ada, tutor=tunde)
    ahead = shared.filter(status=Status.SCHEDULED).earliest("scheduled_at")
    Booking.objects.filter(pk=ahead.pk).update(notes=_GOAL)
    _write_thread(ahead, people, ahead.created_at + _HOUR)
    held = shared.filter(status=Status.COMPLETED).latest("scheduled_at")
    Note.objects.create(booking=held, text=_NOTES, written_at=held.ends_at + _HOUR)
    for text, done in _TASKS:
        done_at = held.ends_at + 30 * _HOUR if done else None
        Task.objects.create(booking=held, text=text, created_at=held.ends_at + _HOUR, done_at=done_at)
    _complain(complained)


def _note_stays(booking: Booking, broken: bool) -> None:
    """Both were in the room; of a no-show only the tutor; where the line broke, the student for a while."""
    there = [(booking.tutor_id, booking.scheduled_at - 3 * _MINUTE, booking.ends_at)]
    if booking.status == Status.COMPLETED:
        left = booking.scheduled_at + 15 * _MINUTE if broken else booking.ends_at + _MINUTE
        there.append((booking.student_id, booking.scheduled_at - _MINUTE, left))
    Attendance.objects.bulk_create(
        Attendance(booking=booking, person_id=person, source="ROOM", arrived_at=arrived, seen_at=left, left_at=left)
        for person, arrived, left in there
    )


def _write_thread(booking: Booking, people: dict[str, Person], began: datetime) -> None:
    for number, (author, text) in enumerate(_BEFORE):
        key = uuid.uuid5(booking.pk, str(number))
        at = began + number * 20 * _MINUTE
        last = Message.objects.create(booking=booking, author=people[author], text=text, key=key, created_at=at)
    for person in (booking.student, booking.tutor):
        ReadMark.objects.create(person=person, booking=booking, last_message=last)


def _complain(booking: Booking) -> None:
    """The student reports a problem an hour after the session; the money waits for the operator."""
    at, payment = booking.ends_at + _HOUR, Payment.objects.get(booking=booking)
    Booking.objects.filter(pk=booking.pk).update(release_held=True)
    problem = Problem.objects.create(booking=booking, reporter=booking.student, words=_WRONG, reported_at=at)
    ReviewItem.objects.create(
        key=f"problem:{problem.pk}",
        kind=ReviewItem.Kind.PROBLEM,
        payment=payment,
        reference=payment.reference,
        detail={"problem": str(problem.pk), "reported_by": "student"},
    )
    record_change(
        "problem",
        str(problem.pk),
        "",
        Problem.Status.OPEN,
        actor_id=booking.student_id,
        why="Reported by the student",
        at=at,
    )
