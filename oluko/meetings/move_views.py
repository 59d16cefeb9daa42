"""The page on which a session is moved or another time is proposed, and the answer to a proposal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booked, get_shared
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.models import Booking
from oluko.bookings.moves import live_proposal, may_move, may_propose
from oluko.bookings.policy_bar import stages, terms_once_paid
from oluko.core import clock, times
from oluko.core.errors import Conflict, Invalid
from oluko.meetings.moves import answer_proposal, reschedule_session
from oluko.offerings import picker

# Refusals of the time itself: another one can still be chosen, and the page offers the three nearest.
_OF_THE_TIME = ("time_taken", "bad_time", "day_full")


@never_cache
@vary_on_headers("HX-Request", "HX-Target", "Cookie")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """GET: choose a time and see what it would change. POST: the student moves the session, the tutor proposes."""
    booking = get_shared(request.user, booking_id)
    if request.method == "POST":
        return _reschedule(request, booking)
    typed = _typed(request)
    if typed is not None:
        # The address names the instant, so that it stays when the reader changes the zone.
        return redirect(f"{request.path}?{urlencode({'chosen': times.iso(typed)})}#sum")
    response = _page(request, booking)
    return picker.remember_clock(request, response)


@require_POST
@login_required
def proposal(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The student says yes or no to the time that the tutor proposes."""
    accept = request.POST.get("answer") == "accept"
    seen = picker.read_instant(request.POST.get("proposed_at", ""))
    try:
        booking = answer_proposal(request.user, booking_id, accept=accept, proposed_at=seen)
    except Conflict as refusal:
        booking = get_booked(request.user, booking_id)
        if refusal.code in _OF_THE_TIME and booking.proposed_at and may_move(booking, clock.now()):
            return _page(request, booking, refused=(booking.proposed_at, refusal.message), status=409)
        messages.error(request, refusal.message)
        return redirect("session", booking_id)
    said = _("Moved to %(when)s.") if accept else _("Declined. The session stays at %(when)s.")
    when = times.both_clocks(booking.scheduled_at, booking.student, booking.tutor)
    messages.success(request, said % {"when": when})
    return redirect("student_mentorship") if request.POST.get("on") == "dashboard" else redirect("session", booking_id)


def _reschedule(request: SignedInRequest, booking: Booking) -> HttpResponse:
    at = picker.read_instant(request.POST.get("scheduled_at", ""))
    if at is None:
        return _page(request, booking, problem=_("Choose a time."), status=422)
    try:
        changed = reschedule_session(request.user, booking.pk, at)
    except (Conflict, Invalid) as refusal:
        now_is = get_shared(request.user, booking.pk)
        if refusal.code in _OF_THE_TIME:
            return _page(request, now_is, refused=(at, refusal.message), status=refusal.status)
        return _page(request, now_is, problem=refusal.message, status=refusal.status)
    other = changed.tutor if request.user.pk == changed.student_id else changed.student
    facts = {"when": times.both_clocks(at, request.user, other), "name": other.name}
    if request.user.pk == changed.student_id:
        messages.success(request, _("Moved to %(when)s. %(name)s is told.") % facts)
    else:
        messages.success(request, _("Proposed %(when)s. %(name)s is asked.") % facts)
    return redirect("session", booking.pk)


def _page(
    request: SignedInRequest,
    booking: Booking,
    *,
    refused: tuple[datetime, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page; for htmx the three columns, or only what the chosen time would change."""
    context = _describe(request, booking) | {"problem": problem}
    if context["open"]:
        context |= _choice(request, booking, refused)
    part = request.headers.get("HX-Request") and request.method == "GET"
    target = request.headers.get("HX-Target", "")
    template = {"sum": "meetings/parts/move_sum.html"}.get(target, "meetings/parts/move_picker.html")
    return render(request, template if part and context["open"] else "meetings/move.html", context, status=status)


def _describe(request: SignedInRequest, booking: Booking) -> dict[str, Any]:
    now, is_student = clock.now(), request.user.pk == booking.student_id
    return {
        "booking": booking,
        "is_student": is_student,
        "is_tutor": not is_student,
        "other": booking.tutor if is_student else booking.student,
        "open": may_move(booking, now) if is_student else may_propose(booking, now),
        "ahead": may_propose(booking, now),
        "unpaid": booking.awaits_payment,
        "proposal": live_proposal(booking, now),
        "refund_now": refund_terms(booking, Who.STUDENT, now).refund,
    }


def _choice(request: SignedInRequest, booking: Booking, refused: tuple[datetime, str] | None) -> dict[str, Any]:
    """The month and its times, and what the chosen one would change."""
    own_hours = request.user.pk == booking.tutor_id
    sought = picker.Sought(
        booking.tutor,
        booking.duration,
        booking.student,
        ignoring=booking.pk,
        buffer_minutes=booking.buffer_minutes,
        now_at=booking.scheduled_at,
        outside=own_hours,
    )
    wanted = picker.Wanted.read(request)
    if refused is not None:
        wanted = replace(wanted, day=refused[0].astimezone(timezone.get_current_timezone()).date(), chosen=None)
    elif wanted == picker.Wanted(twelve=wanted.twelve):
        # Most moves are small: the month opens where the session is now.
        wanted = replace(wanted, day=_day_of(booking))
    shown = picker.pick(sought, wanted)
    if refused is not None:
        shown = replace(shown, lost=picker.lost(sought, wanted, *refused))
    to = shown.chosen.at if shown.chosen else wanted.chosen if own_hours and not shown.lost else None
    to = None if to == booking.scheduled_at else to
    context: dict[str, Any] = {"picker": shown, "to": to, "by_hand": to is not None and shown.chosen is None}
    if to is not None:
        context |= {"to_value": times.iso(to), "stages": stages(terms_once_paid(booking, to), booking, to)}
    return context


def _day_of(booking: Booking) -> date:
    return booking.scheduled_at.astimezone(timezone.get_current_timezone()).date()


def _typed(request: SignedInRequest) -> datetime | None:
    """A day and a time that a tutor typed, on their own clock; a time that the clocks jump over is read after it."""
    try:
        typed = datetime.fromisoformat(f"{request.GET.get('date', '')}T{request.GET.get('time', '')}")
        found = typed.replace(tzinfo=timezone.get_current_timezone())
        return picker.read_instant(times.iso(found))
    except (ValueError, OverflowError):
        return None
