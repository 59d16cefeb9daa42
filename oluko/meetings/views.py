"""The join page: one page for a booking's whole life, which follows it without a reload."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booking
from oluko.bookings.cancellations import kept_parts
from oluko.bookings.models import FINAL, Booking, Status
from oluko.bookings.moves import live_proposal, may_propose, moves_of
from oluko.bookings.sessions import mark_session
from oluko.core import clock
from oluko.core.errors import Invalid
from oluko.meetings import room, room_page
from oluko.meetings.links import frame_origins
from oluko.meetings.meetings import set_meeting_url
from oluko.meetings.presence_page import attended

DEVICES = ("camera", "microphone", "display-capture", "fullscreen", "autoplay")


@require_safe
@login_required
def session(request: SignedInRequest, booking_id: UUID) -> HttpResponseBase:
    """The join page of a booking, for the two people of it and operators."""
    return _page(request, get_booking(request.user, booking_id))


@require_safe
@login_required
def session_state(request: SignedInRequest, booking_id: UUID) -> HttpResponseBase:
    """What changes on the join page; 304 while it has not.

    `?stage=` names the meeting that the page has on its stage: it is sent again only when it is another one,
    because a frame that is swapped reloads, and a running call would be lost.
    """
    booking = get_booking(request.user, booking_id)
    context = _describe(request, booking)
    context["polled"] = True
    context["new_stage"] = request.GET.get("stage", "") != context["stage"]
    tag = f'"{context["version"]}{"-s" if context["new_stage"] else ""}"'
    fresh = get_conditional_response(request, etag=tag)
    response = fresh or render(request, "meetings/parts/state.html", context)
    response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_POST
@login_required
def start(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The tutor starts the session."""
    mark_session(request.user, booking_id, Status.IN_PROGRESS)
    messages.success(request, _("The session has started."))
    return redirect("session", booking_id)


@require_POST
@login_required
def complete(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The tutor says that the session took place."""
    mark_session(request.user, booking_id, Status.COMPLETED)
    messages.success(request, _("Marked as completed."))
    return redirect("session", booking_id)


@require_POST
@login_required
def no_show(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The tutor says that the student was not there."""
    mark_session(request.user, booking_id, Status.NO_SHOW)
    messages.success(request, _("Marked as no-show."))
    return redirect("session", booking_id)


@require_POST
@login_required
def paste_link(request: SignedInRequest, booking_id: UUID) -> HttpResponseBase:
    """The tutor gives a meeting link of their own; a bad one comes back with the reason beside it."""
    link = request.POST.get("meeting_url", "")
    try:
        set_meeting_url(request.user, booking_id, link)
    except Invalid as error:
        wrong = {"link_error": error.message, "pasted": link[:600]}
        return _page(request, get_booking(request.user, booking_id), status=422, **wrong)
    messages.success(request, _("Meeting link saved. The student is told."))
    return redirect("session", booking_id)


def _page(request: SignedInRequest, booking: Booking, *, status: int = 200, **more: Any) -> HttpResponseBase:
    context = _describe(request, booking) | more

    def show(request: HttpRequest) -> HttpResponse:
        return render(request, "meetings/session.html", context, status=status)

    # The one page that may show another origin in a frame, and only the meeting's.
    origins = frame_origins()
    policy: dict[str, Any] = settings.SECURE_CSP | ({"frame-src": origins} if origins else {})
    response = csp_override(policy)(show)(request)
    # The one page that may ask for camera, microphone and screen; a meeting in its frame may as well.
    allowed = " ".join(["self", *(f'"{origin}"' for origin in origins)])
    response["Permissions-Policy"] = ", ".join(f"{device}=({allowed})" for device in DEVICES)
    return response


def _describe(request: SignedInRequest, booking: Booking) -> dict[str, Any]:
    """Everything that the templates show, so that they need no logic of their own."""
    now, person = clock.now(), request.user
    phase, link = room.phase_of(booking, now), room.link_of(booking)
    other = booking.student if person.pk == booking.tutor_id else booking.tutor
    in_room = room_page.has_room(booking, person, link, now, shown=request.GET.get("stage") == room_page.STAGE)
    embedded = phase == room.Phase.LIVE and link.frame and not in_room
    there = attended(booking, now)
    described = {
        "booking": booking,
        "now_iso": clock.iso(now),
        "phase": phase.value,
        "face": f"meetings/parts/{phase.value}.html",
        "link": link,
        "people": _people(booking, there.here),
        "attended": there,
        "embedded": embedded,
        "room": room_page.room_facts(request, booking, other) if in_room else None,
        "stage": room_page.STAGE if in_room else _digest(link.frame) if embedded else "",
        "is_tutor": person.pk == booking.tutor_id,
        "is_student": person.pk == booking.student_id,
        "other": other,
        "joinable": phase in (room.Phase.BEFORE, room.Phase.LOBBY, room.Phase.LIVE),
        "may_start": room.may_start(booking, person, now),
        "may_mark": room.may_mark(booking, person, now),
        "may_cancel": room.may_cancel(booking, person, now),
        # A student who is too late is told so there, and what to do instead.
        "may_move": person.pk == booking.student_id and may_propose(booking, now),
        "may_propose": person.pk == booking.tutor_id and may_propose(booking, now),
        "proposal": live_proposal(booking, now),
        "moves": moves_of(booking) if booking.version else [],
        "lapsed": booking.deadline is not None and booking.deadline <= now,
        "unmarked": booking.status not in FINAL,
        "unmarked_until": room.unmarked_until(booking),
        "tutor_share": kept_parts(booking).tutor,
        "passed_on": booking.price - booking.given_back,
    }
    return described | {"version": _version(described, request)}


def _people(booking: Booking, here: frozenset[str]) -> list[tuple[Person, str, bool]]:
    """The two with their roles, and whether each is here."""
    roles = ((booking.tutor, _("Tutor")), (booking.student, _("Student")))
    return [(person, role, str(person.pk) in here) for person, role in roles]


def _version(described: dict[str, Any], request: SignedInRequest) -> str:
    """Names what the reader sees; it changes when any of it does, a moved clock included."""
    booking, link = described["booking"], described["link"]
    facts = (
        booking.pk,
        booking.status,
        booking.payment_status,
        booking.scheduled_at,
        booking.version,
        booking.deadline,
        described["proposal"],
        described["may_move"],
        booking.given_back,
        booking.release_held,
        booking.release_at,
        booking.released_at,
        booking.cancel_note,
        booking.approval_notes,
        booking.proposed_outcome,
        described["attended"].facts,
        link,
        described["phase"],
        described["lapsed"],
        request.user.pk,
        timezone.get_current_timezone_name(),
        translation.get_language(),
        round(clock.offset().total_seconds()),
    )
    return _digest(repr(facts))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
