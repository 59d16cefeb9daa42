"""The built-in room's own HTTP: enter, poll, send, leave. JSON in and out, for the page's script alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_shared
from oluko.core import clock
from oluko.core.errors import DomainError, TooMany
from oluko.meetings import room_seats, room_signals
from oluko.meetings.models import Seat
from oluko.meetings.presence import Source, note_departure, note_presence
from oluko.meetings.room_ice import ice_servers
from oluko.meetings.room_seats import Standing

_LIMITS = {"room_enter": "30/1m/user", "room_send": "240/1m/user"}

type Answer = Callable[[SignedInRequest, UUID], dict[str, Any]]


def _json(answer: Answer) -> Callable[..., HttpResponse]:
    """A view that answers in JSON, refusals too."""

    @require_POST
    @never_cache
    @login_required
    @functools.wraps(answer)
    def view(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
        try:
            return JsonResponse(answer(request, booking_id))
        except DomainError as refusal:
            return JsonResponse({"code": refusal.code, "detail": refusal.message}, status=refusal.status)

    return view


@_json
def enter(request: SignedInRequest, booking_id: UUID) -> dict[str, Any]:
    """Take a seat: one's own, who else is there, and by which servers to find them."""
    booking = room_seats.enterable(request.user, booking_id)
    _limit(request, "room_enter")
    seat, others = room_seats.take_seat(booking, request.user)
    note_presence(booking, request.user.pk, Source.ROOM)
    return {
        "seat": str(seat.pk),
        # Of two that make an offer at once the polite one takes its own back.
        "polite": request.user.pk == booking.student_id,
        "others": _shown(others),
        "iceServers": ice_servers(request.user.pk),
        "relayOnly": settings.OLUKO_ICE_RELAY_ONLY,
    }


@_json
def poll(request: SignedInRequest, booking_id: UUID) -> dict[str, Any]:
    """What is new for a seat; without one, who is there already."""
    given = room_signals.read_object(request)
    if "seat" not in given:
        booking = room_seats.enterable(request.user, booking_id)
        return {"standing": Standing.GONE, "others": _shown(room_seats.others_present(booking, request.user))}
    seat_id, after = room_signals.read_id(given, "seat"), room_signals.read_after(given)
    polled = room_seats.poll_seat(booking_id, request.user, seat_id)
    if polled.standing != Standing.HERE:
        # Only here is it asked whose booking it is: whoever holds a seat of it was asked on entering.
        get_shared(request.user, booking_id)
        return {"standing": polled.standing, "others": []}
    if polled.renewed is not None:
        note_presence(polled.renewed, request.user.pk, Source.ROOM)
    signals = room_signals.waiting_for(seat_id, after)
    return {"standing": polled.standing, "others": _shown(polled.others), "signals": signals}


@_json
def send(request: SignedInRequest, booking_id: UUID) -> dict[str, Any]:
    """Hand signals on to another seat."""
    room_seats.enterable(request.user, booking_id)
    _limit(request, "room_send")
    room_signals.hand_on(booking_id, request.user, room_signals.read_sending(room_signals.read_object(request)))
    return {}


@_json
def leave(request: SignedInRequest, booking_id: UUID) -> dict[str, Any]:
    """Give the seat up; a form, because a page that is being closed can send nothing else with its token."""
    get_shared(request.user, booking_id)
    if room_seats.leave_seat(booking_id, request.user, room_signals.read_id(request.POST, "seat")):
        note_departure(booking_id, request.user.pk, Source.ROOM, clock.now())
    return {}


def _shown(seats: list[Seat]) -> list[str]:
    return [str(seat.pk) for seat in seats]


def _limit(request: SignedInRequest, action: str) -> None:
    if ratelimit.consume(request, app="oluko", action=action, config=_LIMITS, user=request.user) is None:
        raise TooMany("too_many", _("Too many tries to connect; wait some minutes."))
