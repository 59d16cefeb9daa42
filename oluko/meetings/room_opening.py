"""The built-in room as a meeting: it needs nobody else, so it is open as soon as it is wanted."""

from __future__ import annotations

from uuid import UUID

from oluko.meetings.models import Meeting

#: What `Meeting.provider` says of the room on the join page.
ROOM = "room"


def open_in_room(booking_id: UUID) -> bool:
    """Let a wanted meeting take place on the join page; False for one that has another link already."""
    wanted = Meeting.objects.filter(pk=booking_id, state=Meeting.State.WANTED)
    return bool(wanted.update(state=Meeting.State.OPEN, provider=ROOM, error="", busy_until=None))
