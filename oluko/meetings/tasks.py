"""Jobs of this room: open a meeting, drop one, and come back to those that are still wanted."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.tasks import task

from oluko.core.gateway import GatewayError
from oluko.jobs.recurring import recurring
from oluko.jobs.retry import GiveUp
from oluko.meetings import opening


@task(queue_name="outside")
def open_meeting(booking_id: str) -> None:
    """Make the meeting of a paid booking, once; run again, it does nothing or finds the one that was made."""
    try:
        opening.open_at_provider(UUID(booking_id))
    except GatewayError as error:
        if not error.temporary:
            # The provider refuses; repeating it at once won't help. The sweep asks again later.
            raise GiveUp(str(error)) from error
        raise


@task(queue_name="outside")
def drop_meeting(booking_id: str) -> None:
    """Delete the provider's meeting of a booking that was cancelled or has a pasted link."""
    opening.drop_at_provider(UUID(booking_id))


@recurring("meetings", every=60)
def ask_again() -> None:
    """Enqueue the opening of every meeting that is wanted and that nobody is working on."""
    with transaction.atomic(durable=True):
        for booking_id in opening.meetings_to_try():
            open_meeting.enqueue(str(booking_id))
