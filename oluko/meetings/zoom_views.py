"""A meeting at Zoom on a page of ours, and the tutor's way in as its host."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_shared, get_tutored
from oluko.bookings.models import Booking
from oluko.core import clock
from oluko.core.errors import Conflict, NotFound, Unavailable
from oluko.core.gateway import GatewayError
from oluko.meetings import zoom_sdk
from oluko.meetings.models import Meeting
from oluko.meetings.room import Phase, phase_of
from oluko.meetings.zoom import zoom

_OPEN = (Phase.LOBBY, Phase.LIVE)


@require_safe
@never_cache
@login_required
@xframe_options_sameorigin
def zoom_meeting(request: SignedInRequest, booking_id: UUID) -> HttpResponseBase:
    """The meeting itself, for the frame on the session's page. Its student and its tutor, from the lobby to the end."""
    booking = get_shared(request.user, booking_id)
    meeting = _open_meeting(booking)
    if not zoom_sdk.is_embedded():
        raise NotFound("not_embedded", _("This meeting is opened in Zoom itself."))
    context = {
        "booking": booking,
        "meeting": meeting,
        "scripts": zoom_sdk.scripts(),
        "signature": zoom_sdk.sign_join(meeting.provider_id),
        "password": zoom_sdk.meeting_password(booking.pk),
        "customer_key": request.user.pk.hex,
        "language": translation.get_language() or "en",
    }

    def show(request: HttpRequest) -> HttpResponse:
        return render(request, "meetings/zoom.html", context)

    return csp_override(zoom_sdk.policy())(show)(request)


@require_safe
@never_cache
@login_required
def host_link(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Send its tutor into Zoom as the host. The link is a secret of the account: fetched now, and never kept."""
    meeting = _open_meeting(get_tutored(request.user, booking_id))
    gateway = zoom()
    if gateway is None:
        raise NotFound("no_zoom", _("Zoom is not set up here."))
    try:
        return HttpResponseRedirect(gateway.start_url(meeting.provider_id))
    except GatewayError as problem:
        message = _("Zoom is not answering just now. Open the meeting as a participant, or try again in a moment.")
        raise Unavailable("provider_unavailable", message) from problem


def _open_meeting(booking: Booking) -> Meeting:
    meeting = Meeting.objects.filter(pk=booking.pk, state=Meeting.State.OPEN, provider="zoom").first()
    if meeting is None:
        raise NotFound("no_meeting", _("There is no meeting at Zoom for this session."))
    if phase_of(booking, clock.now()) not in _OPEN:
        raise Conflict("room_closed", _("The meeting is open from 15 minutes before the session."))
    return meeting
