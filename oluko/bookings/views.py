"""The tutor's answer to a request."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.requests import approve_request, reject_request


@require_POST
@login_required
def approve(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Say yes; the student is asked to pay."""
    booking = approve_request(request.user, booking_id, notes=request.POST.get("notes", ""))
    messages.success(request, _("Approved. %(name)s is asked to pay.") % {"name": booking.student.name})
    return _back(request, booking_id)


@require_POST
@login_required
def reject(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Say no, with a reason; the student is told."""
    booking = reject_request(request.user, booking_id, reason=request.POST.get("reason", ""))
    messages.success(request, _("Rejected. %(name)s is told why.") % {"name": booking.student.name})
    return _back(request, booking_id)


def _back(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """To the page that the answer was given on: the dashboard says so, else the session's own."""
    if request.POST.get("on") == "dashboard":
        return redirect("tutor_mentorship")
    return redirect("session", booking_id)
