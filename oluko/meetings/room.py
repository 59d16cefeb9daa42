"""What the join page shows, from the booking's state and business time alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from django.urls import reverse

from oluko.accounts.models import Person
from oluko.bookings.models import FINAL, Booking, PaymentStatus, Status
from oluko.meetings import zoom_sdk
from oluko.meetings.links import frame_origins, origin, session_url
from oluko.meetings.models import Meeting
from oluko.meetings.room_opening import ROOM


class Phase(StrEnum):
    """The page's six faces."""

    APPROVAL = "approval"
    PAYMENT = "payment"
    BEFORE = "before"
    LOBBY = "lobby"
    LIVE = "live"
    AFTER = "after"


@dataclass(frozen=True)
class Link:
    """The meeting as the page offers it: nothing yet, a link, a link for a frame, or the page's own room."""

    state: str
    url: str = ""
    frame: str = ""
    in_room: bool = False
    at_zoom: bool = False
    error: str = ""

    @property
    def is_zoom(self) -> bool:
        """Whether the link opens Zoom itself, which no page may embed."""
        host = urlsplit(self.url).hostname or ""
        return host == "zoom.us" or host.endswith(".zoom.us")


def phase_of(booking: Booking, now: datetime) -> Phase:
    """Which face the page shows at `now`."""
    if booking.status in FINAL:
        return Phase.AFTER
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        return Phase.APPROVAL
    if booking.payment_status != PaymentStatus.PAID:
        return Phase.PAYMENT
    if now >= booking.ends_at:
        return Phase.AFTER
    if now >= booking.scheduled_at or booking.status == Status.IN_PROGRESS:
        return Phase.LIVE
    return Phase.LOBBY if now >= booking.opens_at else Phase.BEFORE


def link_of(booking: Booking) -> Link:
    """The meeting's link, if there is one and the booking still has use for it."""
    meeting = Meeting.objects.filter(pk=booking.pk).first()
    if meeting is None or meeting.state == Meeting.State.CLOSED:
        return Link(Meeting.State.WANTED if meeting is None else meeting.state)
    if meeting.state == Meeting.State.WANTED:
        return Link(meeting.state, error=meeting.error)
    if meeting.provider == ROOM and meeting.state == Meeting.State.OPEN:
        return Link(meeting.state, session_url(booking.pk), in_room=True)
    return Link(meeting.state, meeting.join_url, _frame(meeting), at_zoom=meeting.provider == "zoom")


def _frame(meeting: Meeting) -> str:
    """What a frame may show of an open meeting: our own page around Zoom's SDK, or the sandbox's stand-in."""
    if meeting.state != Meeting.State.OPEN:
        return ""
    if meeting.provider == "zoom" and zoom_sdk.is_embedded():
        return reverse("session_zoom", args=[meeting.pk])
    return meeting.join_url if origin(meeting.join_url) in frame_origins() else ""


def may_start(booking: Booking, person: Person, now: datetime) -> bool:
    """Whether the person can start the session just now."""
    return (
        person.pk == booking.tutor_id
        and booking.status == Status.SCHEDULED
        and phase_of(booking, now) in (Phase.LOBBY, Phase.LIVE)
    )


def may_mark(booking: Booking, person: Person, now: datetime) -> bool:
    """Whether the person can say how the session ended."""
    return person.pk == booking.tutor_id and booking.status not in FINAL and phase_of(booking, now) == Phase.AFTER


def may_cancel(booking: Booking, person: Person, now: datetime) -> bool:
    """Its tutor until it is marked; its student until a paid session begins."""
    if booking.status in FINAL:
        return False
    begun = booking.payment_status == PaymentStatus.PAID and now >= booking.scheduled_at
    return person.pk == booking.tutor_id or (person.pk == booking.student_id and not begun)


def unmarked_until(booking: Booking) -> datetime:
    """When a paid session that nobody marked completes by itself."""
    return booking.ends_at + timedelta(hours=24)
