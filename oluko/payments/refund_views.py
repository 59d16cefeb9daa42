"""The part of a session's page that follows its refunds."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booking
from oluko.payments.polled import answer
from oluko.payments.refund_standing import shown_refunds


@require_safe
@login_required
def refunds(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Where the refunds of a booking stand; 304 while that has not changed."""
    facts = shown_refunds(get_booking(request.user, booking_id), request.user)
    return answer(request, "payments/parts/refunds.html", facts, str(facts["version"]))
