"""Cancelling, with what it costs said first."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_shared
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.models import FINAL, Booking, PaymentStatus
from oluko.bookings.policy_bar import stages
from oluko.core import clock, money
from oluko.core.errors import Conflict
from oluko.payments.cancellations import TermsChanged, cancel_booking, who_cancels


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """A page that shows the refund by the function that pays it; posting its form cancels."""
    # Operators cancel in the admin, where their reason is asked for.
    booking = get_shared(request.user, booking_id)
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            done = cancel_booking(request.user, booking_id, reason=reason, most_kept=_shown(request))
        except TermsChanged as refusal:
            changed = {"changed": refusal.message, "reason": reason}
            return _page(request, get_shared(request.user, booking_id), changed, status=409)
        messages.success(request, _cancelled(done.refund, done.booking.currency))
        return redirect("session", booking_id)
    if booking.status in FINAL:
        raise Conflict("moved_on", _("This session is over or cancelled already."))
    return _page(request, booking, {})


def _page(request: SignedInRequest, booking: Booking, more: dict[str, str], *, status: int = 200) -> HttpResponse:
    now, who = clock.now(), who_cancels(request.user, booking)
    paid = booking.payment_status == PaymentStatus.PAID
    terms = refund_terms(booking, who, now)
    context = {
        "booking": booking,
        "terms": terms,
        "stages": stages(terms, booking),
        "most_kept": terms.tutor_keeps + terms.platform_keeps,
        "paid": paid,
        "begun": paid and who == Who.STUDENT and booking.scheduled_at <= now,
        "by_student": who == Who.STUDENT,
        "other": booking.tutor if who == Who.STUDENT else booking.student,
    }
    return render(request, "payments/cancel.html", context | more, status=status)


def _shown(request: SignedInRequest) -> int | None:
    """What the page said would be kept, in minor units; None from who posts without having seen it."""
    given = request.POST.get("most_kept", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None


def _cancelled(refund: int, currency: str) -> str:
    if not refund:
        return _("Cancelled.")
    return _("Cancelled. %(amount)s go back to the student.") % {"amount": money.show(refund, currency)}
