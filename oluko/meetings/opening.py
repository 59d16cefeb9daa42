"""Opening, moving and dropping a booking's meeting at its provider: the calls themselves, made by jobs.

A meeting is made at most once although its job may run twice, die half-way or never learn the outcome: a try is
counted before Zoom is asked, and whoever comes after a counted try looks for the booking's mark first. What start
Zoom was told is written down once Zoom has said yes to it, and forgotten before Zoom is told another; whatever
differs from the booking's is told again, by the job of the move or by the sweep.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from oluko.bookings.models import LIVE, Booking, PaymentStatus
from oluko.core import clock
from oluko.core.gateway import GatewayError, OutcomeUnknown
from oluko.core.steps import Step, reached
from oluko.jobs.retry import NotYet
from oluko.meetings.hosts import ME, NoHost, engage_again, engage_host, release_host, use_up
from oluko.meetings.links import session_path, session_url
from oluko.meetings.models import Meeting
from oluko.meetings.room_opening import ROOM, open_in_room
from oluko.meetings.zoom import MeetingMissing, Zoom, ZoomLimited, ZoomMeeting, zoom
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.notifications import notify

logger = logging.getLogger(__name__)
# Longer than the calls of one try may take together, in real time.
LEASE = timedelta(seconds=60)
# The lobby opens so long before the start (bookings' `opens_at`).
LOBBY = timedelta(minutes=15)
SWEEP_AGAIN = timedelta(minutes=2)
LOOK_AGAIN = timedelta(seconds=5)
LATE_AFTER_TRIES = 3
LATE = Telling(
    Group.SESSIONS,
    gettext_lazy("The meeting link for “%(title)s” is late"),
    gettext_lazy(
        "Our meeting provider is not answering. We keep trying; if it stays so, you meet on the session's page."
    ),
)
know({"meeting_late": LATE})
State = Meeting.State


class MeetingBusy(NotYet):
    """Another worker is at this meeting, or died over it: what it asked of the provider may still arrive."""


def open_at_provider(booking_id: UUID) -> None:
    """Give a paid booking its meeting, at the booking's time. May run any number of times, at once too.

    Where every host is busy or used up, or Zoom wants to be left alone, the sweep comes back in time.
    Raises GatewayError (kept on the row, the worker tries again) or MeetingBusy.
    """
    gateway = zoom()
    meeting = Meeting.objects.select_related("booking__tutor", "booking__student").get(pk=booking_id)
    if _takes_place_elsewhere(meeting):
        drop_at_provider(booking_id)
        return
    if meeting.booking.ends_at <= clock.now():
        return
    if gateway is None:
        # Zoom was in use when it was ordered, and is no more.
        open_in_room(booking_id)
        return
    try:
        if meeting.state == State.WANTED and not _open(gateway, meeting):
            # Cancelled, or a link was pasted, while Zoom was busy making it.
            drop_at_provider(booking_id)
            return
        _follow_start(gateway, booking_id)
    except NoHost as full:
        _wait(booking_id, full.again_at, full.why)
    except ZoomLimited as limited:
        _obey(meeting, limited)


def drop_at_provider(booking_id: UUID) -> None:
    """Delete what was made for a booking that needs no meeting any more. May run any number of times."""
    gateway = zoom()
    meeting = Meeting.objects.get(pk=booking_id)
    if gateway is None or not _takes_place_elsewhere(meeting) or not meeting.attempts:
        return
    known = {meeting.provider_id} if meeting.provider_id else set()
    for number in known or {found.id for found in gateway.find_meetings(booking_id, host=meeting.host or ME)}:
        gateway.delete_meeting(number)
    reached(Step.MEETING_DELETED)
    release_host(booking_id)
    Meeting.objects.filter(pk=booking_id).update(provider_id="", busy_until=None)


def stand_in(limit: int = 100) -> list[UUID]:
    """Let sessions whose lobby is open take place in the built-in room where the provider has not come up by then.

    For good: two people must not be sent to two places. Returns those bookings, whose half-made meetings are to be
    dropped. Call inside a transaction.
    """
    wanted = Meeting.objects.filter(
        Q(busy_until__isnull=True) | Q(busy_until__lt=timezone.now()),
        state=State.WANTED,
        attempts__gt=0,
        booking__scheduled_at__lte=clock.now() + LOBBY,
        booking__ends_at__gt=clock.now(),
    )
    return [pk for pk in wanted.values_list("pk", flat=True)[:limit] if open_in_room(pk)]


def meetings_to_try(limit: int = 100) -> list[UUID]:
    """Wanted meetings whose next try is due; each is handed out once for its period. Call inside a transaction."""
    now = timezone.now()
    due = Meeting.objects.filter(
        Q(busy_until__isnull=True) | Q(busy_until__lt=now),
        state=State.WANTED,
        next_try_at__lte=now,
        booking__ends_at__gt=clock.now(),
    ).order_by("next_try_at")
    rows = due.values_list("pk", "next_try_at")[:limit]
    taken = Meeting.objects.filter(state=State.WANTED)
    return [pk for pk, at in rows if taken.filter(pk=pk, next_try_at=at).update(next_try_at=now + SWEEP_AGAIN)]


def meetings_to_move(limit: int = 100) -> list[UUID]:
    """Open meetings whose provider was told another start, or none; handed out as by `meetings_to_try`."""
    now = timezone.now()
    due = Meeting.objects.filter(
        Q(starts_at__isnull=True) | ~Q(starts_at=F("booking__scheduled_at")),
        Q(busy_until__isnull=True) | Q(busy_until__lt=now),
        state=State.OPEN,
        next_try_at__lte=now,
        booking__status__in=LIVE,
        booking__ends_at__gt=clock.now(),
    ).exclude(provider=ROOM)
    rows = due.values_list("pk", "next_try_at")[:limit]
    taken = Meeting.objects.filter(state=State.OPEN)
    return [pk for pk, at in rows if taken.filter(pk=pk, next_try_at=at).update(next_try_at=now + SWEEP_AGAIN)]


def _takes_place_elsewhere(meeting: Meeting) -> bool:
    """Whether the session needs nothing of the provider: another link, the built-in room, or cancelled."""
    return meeting.state in (State.PASTED, State.CLOSED) or meeting.provider == ROOM


def _open(gateway: Zoom, meeting: Meeting) -> bool:
    """Make the meeting, or find the one that an earlier try has made; False if nobody wants it any more."""
    meeting = _begin_try(meeting)
    reached(Step.MEETING_COUNTED)
    try:
        made, told = _find_or_create(gateway, meeting)
    except ZoomLimited:
        raise
    except GatewayError as error:
        _note_failure(meeting, error)
        raise
    reached(Step.MEETING_MADE)
    return _keep(meeting, made, told)


def _follow_start(gateway: Zoom, booking_id: UUID) -> None:
    """Tell the provider of the start that the booking has by now, unless it knows.

    A start is a value that is set: telling it twice does no harm. Raises MeetingBusy, or GatewayError with the
    start kept as unknown.
    """
    meeting = _hold_to_tell(booking_id)
    if meeting is None:
        return
    ours = Meeting.objects.filter(pk=booking_id, state=State.OPEN, provider_id=meeting.provider_id)
    starts_at, duration = meeting.booking.scheduled_at, meeting.booking.duration
    if not engage_again(meeting.booking, meeting.host):
        gateway.delete_meeting(meeting.provider_id)
        _want_again(meeting)
        raise GatewayError("Its host is busy at the new time; it is made anew.", temporary=True)
    try:
        gateway.move_meeting(meeting.provider_id, starts_at=starts_at, duration=duration)
    except MeetingMissing as error:
        _want_again(meeting)
        raise GatewayError("Zoom has the meeting no more; it is made anew.", temporary=True) from error
    except ZoomLimited:
        raise
    except GatewayError as error:
        logger.warning("start of the meeting of %s: %s", booking_id, error)
        # A call that nobody answered may still arrive: nobody tells another start before the lease has ended.
        lease = {} if isinstance(error, OutcomeUnknown) else {"busy_until": None}
        ours.update(error=str(error)[:300], **lease)
        raise
    reached(Step.MEETING_MOVED)
    ours.update(starts_at=starts_at, error="", busy_until=None)


def _hold_to_tell(booking_id: UUID) -> Meeting | None:
    """An open meeting with its booking, held, and what its provider knows forgotten; None where nothing is to tell."""
    if _is_told(_with_booking(booking_id)):
        return None
    now = timezone.now()
    free = Meeting.objects.filter(Q(busy_until__isnull=True) | Q(busy_until__lt=now), pk=booking_id, state=State.OPEN)
    if not free.update(busy_until=now + LEASE, next_try_at=now + SWEEP_AGAIN):
        raise _busy(booking_id)
    # Read only now that no other worker is at it: a later start is never overwritten by an earlier one.
    meeting = _with_booking(booking_id)
    held = Meeting.objects.filter(pk=booking_id, state=State.OPEN)
    if _is_told(meeting):
        held.update(busy_until=None)
        return None
    return meeting if held.update(starts_at=None) else None


def _busy(booking_id: UUID) -> MeetingBusy:
    """Who lives is done within seconds, and who died leaves the meeting when the lease has ended."""
    until = Meeting.objects.filter(pk=booking_id).values_list("busy_until", flat=True).first()
    soon = timezone.now() + LOOK_AGAIN
    return MeetingBusy(f"somebody is at the meeting of {booking_id}", min(until or soon, soon))


def _with_booking(booking_id: UUID) -> Meeting:
    return Meeting.objects.select_related("booking").get(pk=booking_id)


def _is_told(meeting: Meeting) -> bool:
    return meeting.state != State.OPEN or meeting.starts_at == meeting.booking.scheduled_at


@transaction.atomic(durable=True)
def _want_again(meeting: Meeting) -> None:
    """Somebody deleted the meeting at the provider: as before it was made. The booking's row first, as everywhere."""
    live = Booking.objects.filter(pk=meeting.pk, status__in=LIVE, payment_status=PaymentStatus.PAID)
    gone = Meeting.objects.filter(pk=meeting.pk, state=State.OPEN, provider_id=meeting.provider_id)
    blank = {"provider_id": "", "join_url": "", "starts_at": None, "busy_until": None}
    if not (
        live.update(meeting_url=session_url(meeting.pk))
        and gone.update(state=State.WANTED, next_try_at=timezone.now(), **blank)
    ):
        transaction.set_rollback(True)


def _begin_try(meeting: Meeting) -> Meeting:
    """Count the try and hold the meeting, committed before anything is sent. Raises MeetingBusy."""
    now = timezone.now()
    free = Meeting.objects.filter(Q(busy_until__isnull=True) | Q(busy_until__lt=now), pk=meeting.pk, state=State.WANTED)
    if not free.update(attempts=F("attempts") + 1, busy_until=now + LEASE, next_try_at=now + SWEEP_AGAIN):
        raise _busy(meeting.pk)
    meeting.refresh_from_db(fields=["attempts", "busy_until", "host"])
    return meeting


def _find_or_create(gateway: Zoom, meeting: Meeting) -> tuple[ZoomMeeting, datetime | None]:
    """The meeting and the start that it was given; None for one that was found, which may be older than a move."""
    booking = meeting.booking
    if meeting.attempts > 1:
        found = gateway.find_meetings(booking.pk, host=meeting.host or ME)
        for twin in found[1:]:
            gateway.delete_meeting(twin.id)
        if found:
            return found[0], None
    host = engage_host(booking)
    # Written before Zoom is asked: who looks for the meeting after an unknown outcome must know where.
    Meeting.objects.filter(pk=meeting.pk).update(host=host)
    meeting.host = host
    made = gateway.create_meeting(
        booking.pk,
        topic=booking.title,
        starts_at=booking.scheduled_at,
        duration=booking.duration,
        agenda=settings.OLUKO_BASE_URL + session_path(booking.pk),
        host=host,
    )
    return made, booking.scheduled_at


@transaction.atomic(durable=True)
def _keep(meeting: Meeting, made: ZoomMeeting, told: datetime | None) -> bool:
    """Publish the link if the meeting is still wanted. The booking's row first, as everywhere."""
    live = Booking.objects.filter(pk=meeting.pk, status__in=LIVE, payment_status=PaymentStatus.PAID)
    wanted = Meeting.objects.filter(pk=meeting.pk, state=State.WANTED)
    kept = live.update(meeting_url=made.join_url) and wanted.update(
        state=State.OPEN,
        provider="zoom",
        provider_id=made.id,
        join_url=made.join_url,
        starts_at=told,
        error="",
        busy_until=None,
    )
    if not kept:
        transaction.set_rollback(True)
    reached(Step.MEETING_KEPT)
    return bool(kept)


def _obey(meeting: Meeting, limited: ZoomLimited) -> None:
    """Leave Zoom alone as long as it wants; a host whose day is used up leaves the meeting to another."""
    if not limited.daily:
        _wait(meeting.pk, limited.until, str(limited))
        return
    use_up(meeting.host)
    others = len(settings.OLUKO_ZOOM_HOSTS) > 1
    _wait(meeting.pk, timezone.now() if others else limited.until, str(limited))


def _wait(booking_id: UUID, until: datetime, why: str) -> None:
    """Nothing of the last try is at the provider; the sweep asks again from `until` on (real time)."""
    logger.info("meeting of %s waits until %s: %s", booking_id, until, why)
    Meeting.objects.filter(pk=booking_id).update(error=why[:300], busy_until=None, next_try_at=until)


@transaction.atomic(durable=True)
def _note_failure(meeting: Meeting, error: GatewayError) -> None:
    logger.warning("meeting of %s, try %s: %s", meeting.pk, meeting.attempts, error)
    Meeting.objects.filter(pk=meeting.pk).update(error=str(error)[:300], busy_until=None)
    if meeting.attempts != LATE_AFTER_TRIES:
        return
    booking = meeting.booking
    notify(
        booking.tutor,
        "meeting_late",
        event=f"booking:{booking.pk}:meeting_late",
        title=str(LATE.title) % {"title": booking.title},
        body=str(LATE.body),
        url=session_path(booking.pk),
        booking_id=booking.pk,
    )
