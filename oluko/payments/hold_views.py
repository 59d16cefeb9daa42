"""What a student may do about a hold: have it held longer while paying, take the time again after its end."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booked
from oluko.bookings.models import Booking, Status
from oluko.calendars.claims import TimeTaken
from oluko.core.errors import DomainError, NotFound
from oluko.core.gateway import GatewayError
from oluko.core.times import show
from oluko.payments.again import take_again
from oluko.payments.holds import Held, extend_hold


@require_POST
@login_required
def still_paying(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """ "I am still paying": Paystack is asked, and what it says is told as it is."""
    booking = get_booked(request.user, booking_id)
    try:
        held = extend_hold(booking.pk)
    except GatewayError:
        messages.error(request, _("Paystack is not answering just now. Try again in a moment."))
    else:
        booking.refresh_from_db()
        _say(request, held, booking)
    reference = request.POST.get("reference", "")
    if booking.payments.filter(reference=reference).exists():
        return redirect(f"{reverse('verify_payment')}?{urlencode({'reference': reference})}")
    return redirect("checkout", booking_id)


@require_POST
@login_required
def again(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """Take the time of a hold that has ended again, and go on to pay it or to wait for the tutor."""
    lost = get_booked(request.user, booking_id)
    try:
        booking = take_again(request.user, booking_id)
    except TimeTaken:
        if lost.offering_id is None:
            messages.error(request, _("Somebody else has this time now."))
            return redirect("marketplace")
        taken = urlencode({"taken": lost.scheduled_at.isoformat()})
        return redirect(f"{reverse('offering', args=[lost.offering_id])}?{taken}")
    except NotFound:
        raise
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect("checkout", booking_id)
    if booking.status == Status.PENDING_MENTOR_REVIEW:
        messages.success(request, _("Your request is with %(tutor)s.") % {"tutor": booking.tutor.name})
        return redirect("session", booking.pk)
    return redirect("checkout", booking.pk)


def _say(request: SignedInRequest, held: Held, booking: Booking) -> None:
    until = show(booking.pay_by, "short") if booking.pay_by else ""
    words = {
        Held.LONGER: _("Paystack says that your payment is under way. Your time is held until %(until)s."),
        Held.NOT_BEGUN: _("Paystack has not seen a payment begin yet. Begin to pay there, then press again."),
        Held.NO_MORE: _("Your payment is under way, but the time cannot be held longer than until %(until)s."),
        Held.PAID: _("Your payment has arrived."),
        Held.OVER: _("The hold has ended."),
    }
    # An error stays until it is closed.
    tell = messages.success if held in (Held.LONGER, Held.PAID) else messages.error
    tell(request, words[held] % {"until": until})
