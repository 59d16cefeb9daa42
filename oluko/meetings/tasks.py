"""Jobs of this room: open a meeting or move it, drop one, and come back to what is not as it should be."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.tasks import task

from oluko.core.gateway import GatewayError
from oluko.jobs.recurring import recurring
from oluko.jobs.retry import GiveUp
from oluko.meetings import hosts, opening, outcomes, room_seats


@task(queue_name="outside")
def open_meeting(booking_id: str) -> None:
    """Make the meeting of a paid booking, once, and let it follow its booking's time.

    Run again, it finds the one that was made, and tells the provider nothing that it knows.
    """
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
    """Enqueue every meeting that is wanted, or open at another time than its booking's, unless somebody is at it."""
    with transaction.atomic(durable=True):
        for booking_id in opening.stand_in():
            drop_meeting.enqueue(str(booking_id))
        for booking_id in opening.meetings_to_try() + opening.meetings_to_move():
            open_meeting.enqueue(str(booking_id))


@recurring("room-seats", every=600)
def forget_old_seats() -> None:
    """Throw away what pages that are long gone have left in the built-in room."""
    room_seats.forget_old_seats()


@recurring("outcomes", every=30)
def propose_outcomes() -> None:
    """Say of sessions that have just ended how they seem to have gone."""
    outcomes.propose_outcomes()


@recurring("past-hosts", every=6 * 3600)
def forget_past_hosts() -> None:
    """Throw away which host held what is over."""
    hosts.forget_past()
