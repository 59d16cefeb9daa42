"""The tutor's own word: I was not there."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from oluko.accounts.signed_in import SignedInRequest
from oluko.payments.no_shows import own_absence


@require_POST
@login_required
def tutor_absent(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """All of the money goes back to the student."""
    own_absence(request.user, booking_id)
    messages.success(request, _("Marked: you were not there. All of the money goes back to the student."))
    return redirect("session", booking_id)
