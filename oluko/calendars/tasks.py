"""Jobs of this room: read the calendars that tutors keep elsewhere."""

from __future__ import annotations

from django.db import transaction
from django.tasks import task

from oluko.calendars.busy_elsewhere import read_outside, take_due, the_outside
from oluko.jobs.recurring import recurring


# Behind mail and meetings: a calendar a minute later harms nobody.
@task(queue_name="outside", priority=-10)
def read_calendar_of(calendar_id: str) -> None:
    """Read one calendar; run again, it reads it again."""
    read_outside(int(calendar_id), the_outside())


@recurring("calendars", every=60)
def read_due_calendars() -> None:
    """Enqueue the reading of every calendar whose turn it is."""
    with transaction.atomic(durable=True):
        for calendar_id in take_due():
            read_calendar_of.enqueue(str(calendar_id))
