"""A problem with a session: reported, answered, and what was decided."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booking
from oluko.core.errors import Invalid
from oluko.payments.giving_back import left_of
from oluko.payments.problems import answer_problem, other_of, report_problem
from oluko.payments.trouble import trouble_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def problem(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """What was said and decided; its form reports a problem, or answers the one that the other has reported."""
    booking = get_booking(request.user, booking_id)
    if request.method != "POST":
        return _page(request, booking_id)
    words = request.POST.get("words", "")
    try:
        if trouble_of(booking, request.user).may_answer:
            answer_problem(request.user, booking_id, words)
            done = _("Your answer is sent. Oluko decides now.")
        else:
            report_problem(request.user, booking_id, words)
            done = _("Reported. The money is kept until Oluko has decided.")
    except Invalid as refusal:
        return _page(request, booking_id, status=422, wrong=refusal.message, words=words[:4000])
    messages.success(request, done)
    return redirect("session", booking_id)


def _page(request: SignedInRequest, booking_id: UUID, *, status: int = 200, **more: str) -> HttpResponse:
    booking = get_booking(request.user, booking_id)
    trouble = trouble_of(booking, request.user)
    context = {
        "booking": booking,
        "trouble": trouble,
        "other": other_of(booking, request.user),
        "outside": request.user.pk not in (booking.student_id, booking.tutor_id),
        "answerer": other_of(booking, trouble.problem.reporter) if trouble.problem else None,
        "left": left_of(booking),
    }
    return render(request, "payments/problem.html", context | more, status=status)
