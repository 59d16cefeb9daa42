"""The meeting of a paid booking: wanted, given a link by hand, closed. Calls to the provider are in opening.py."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.bookings.access import get_tutored
from oluko.bookings.models import LIVE, Booking, PaymentStatus
from oluko.bookings.wording import tell
from oluko.core import clock
from oluko.core.database import repeat_on_deadlock
from oluko.core.errors import Conflict
from oluko.core.logs import current_request_id
from oluko.core.meeting_links import check_link
from oluko.core.statements import Row, change, insert, placeholders
from oluko.jobs.backend import Job, enqueue_all
from oluko.ledger.audit import record_change
from oluko.meetings.links import session_url
from oluko.meetings.models import Meeting
from oluko.meetings.room_opening import ROOM, open_in_room
from oluko.meetings.tasks import drop_meeting, open_meeting
from oluko.meetings.zoom import zoom
from oluko.offerings.models import Offering

State = Meeting.State


def want_meeting(booking: Booking) -> None:
    """Order the meeting of a booking that was just paid; as `want_meetings`."""
    want_meetings([(booking, current_request_id())])


def want_meetings(wanted: Sequence[tuple[Booking, str]]) -> None:
    """Order the meetings of bookings that were just paid, each with the request that it goes back to.

    Call inside a transaction. A standing link of the offering serves at once. Until there is a link, the join page's
    address stands for it; with the built-in room it is the link.
    """
    bookings, is_room = [booking for booking, _ in wanted], zoom() is None
    links = _standing_links(bookings)
    in_room = {each.pk for each in bookings if is_room and each.pk not in links}
    new = insert([_wanted(each, each.pk in in_room) for each in bookings], unless_known="booking_id", returning="1")
    _set_urls([each for each in bookings if each.pk not in links])
    for booking in bookings:
        if booking.pk in links:
            _use_standing_link(booking, links[booking.pk])
        elif booking.pk in in_room and len(new) < len(bookings):
            # One of them had a meeting before. For those that are open already this changes nothing.
            open_in_room(booking.pk)
    elsewhere = [(each.pk, request_id) for each, request_id in wanted if each.pk not in in_room | links.keys()]
    enqueue_all([Job(open_meeting, (str(pk),), request_id) for pk, request_id in elsewhere])


def _standing_links(bookings: Sequence[Booking]) -> dict[UUID, str]:
    offered = {each.offering_id for each in bookings if each.offering_id is not None}
    if not offered:
        return {}
    found = dict(Offering.objects.filter(pk__in=offered).exclude(meeting_link="").values_list("pk", "meeting_link"))
    return {each.pk: found[each.offering_id] for each in bookings if each.offering_id in found}


def _wanted(booking: Booking, in_room: bool) -> Row:
    opened = {"state": State.OPEN, "provider": ROOM} if in_room else {}
    return Row(Meeting, booking_id=booking.pk, **opened)


def _set_urls(bookings: Sequence[Booking]) -> None:
    """The join page's own address, for each."""
    if not bookings:
        return
    for booking in bookings:
        booking.meeting_url = session_url(booking.pk)
    number, ids = len(bookings), [each.pk for each in bookings]
    urls = "CASE id" + " WHEN %s THEN %s" * number + " END"
    values = [value for each in bookings for value in (each.pk, each.meeting_url)]
    change(f"UPDATE bookings_booking SET meeting_url = {urls} WHERE id IN ({placeholders(number)})", *values, *ids)  # noqa: S608


def _use_standing_link(booking: Booking, link: str) -> None:
    """The tutor holds sessions of this offering elsewhere. One that was given another link meanwhile keeps it."""
    wanted = Meeting.objects.filter(pk=booking.pk, state=State.WANTED)
    if wanted.update(state=State.PASTED, join_url=link, provider="", error=""):
        booking.meeting_url = link
        Booking.objects.filter(pk=booking.pk).update(meeting_url=link)


def move_meeting(booking: Booking) -> None:
    """The booking has another time: let the provider know. Call inside a transaction.

    A meeting that is still being made is compared with the booking once it is there; a pasted link and the built-in
    room serve any time.
    """
    if Meeting.objects.filter(pk=booking.pk, state=State.OPEN).exclude(provider=ROOM).exists():
        open_meeting.enqueue(str(booking.pk))


def close_meeting(booking: Booking) -> None:
    """The booking is cancelled: its link is gone at once, the provider's meeting soon. Call inside a transaction."""
    booking.meeting_url = ""
    Booking.objects.filter(pk=booking.pk).update(meeting_url="")
    if Meeting.objects.filter(pk=booking.pk).exclude(state=State.CLOSED).update(state=State.CLOSED, join_url=""):
        drop_meeting.enqueue(str(booking.pk))


@repeat_on_deadlock
@transaction.atomic(durable=True)
def set_meeting_url(tutor: Person, booking_id: UUID, url: str) -> Booking:
    """The tutor gives a link of their own, which takes the place of the provider's.

    Raises NotFound unless it is the tutor's booking, Invalid for a link we don't take, and Conflict unless the
    booking is paid and not over.
    """
    booking = get_tutored(tutor, booking_id)
    url = check_link(url)
    paid = Booking.objects.filter(pk=booking.pk, status__in=LIVE, payment_status=PaymentStatus.PAID)
    if not paid.update(meeting_url=url):
        raise Conflict("not_ready", _("Only a paid session that is not over has a meeting link."))
    booking.meeting_url = url
    meeting, _created = Meeting.objects.get_or_create(booking=booking)
    Meeting.objects.filter(pk=booking.pk).update(state=State.PASTED, join_url=url, provider="", error="")
    now = clock.now()
    record_change("meeting", str(booking.pk), meeting.state, State.PASTED, actor_id=tutor.pk, why="", at=now)
    tell(booking, booking.student, "meeting_pasted", key=f":{int(now.timestamp())}")
    if meeting.attempts:
        drop_meeting.enqueue(str(booking.pk))
    return booking
