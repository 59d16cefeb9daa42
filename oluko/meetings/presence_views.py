"""The pulse of the session's page: somebody has it open."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_shared
from oluko.meetings.presence import Source, note_presence


@require_POST
@login_required
def here(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Its student or tutor has the page open. Outside of the session's time nothing is kept."""
    note_presence(get_shared(request.user, booking_id), request.user.pk, Source.PAGE)
    return HttpResponse()
