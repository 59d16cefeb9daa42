"""Pages of paying: book a time, check out, come back from Paystack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booked
from oluko.bookings.book import LONGEST_NOTES, book, offered_terms
from oluko.bookings.cancellations import Who, refund_terms
from oluko.bookings.deadlines import lapse_one
from oluko.bookings.models import Booking, PaymentStatus
from oluko.calendars.claims import TimeTaken
from oluko.core import clock
from oluko.core.errors import DomainError, Invalid, NotAllowed, NotFound, TooMany, Unavailable
from oluko.offerings.models import BookingMode
from oluko.payments.checkout import proceed_with_payment
from oluko.payments.standing import Standing, get_payment, standing_of
from oluko.payments.tasks import check_payment_job


@require_POST
def begin_checkout(request: HttpRequest, offering_id: UUID) -> HttpResponse:
    """Book the chosen time and go on to pay it, or to wait for the tutor's answer."""
    page = reverse("offering", args=[offering_id])
    chosen, notes = request.POST.get("scheduled_at", ""), request.POST.get("notes", "")
    # Kept until it is booked, so that nobody who is sent back to the offering types them twice.
    request.session["notes"] = {str(offering_id): notes[:LONGEST_NOTES]}
    if not isinstance(request.user, Person):
        back = f"{page}?{urlencode({'chosen': chosen})}"
        return redirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    try:
        mode, at = _mode(request.POST.get("booking_mode", "")), _instant(chosen)
        booking = book(request.user, offered_terms(offering_id), mode=mode, scheduled_at=at, notes=notes)
    except TimeTaken:
        return redirect(f"{page}?{urlencode({'taken': chosen})}")
    except (Invalid, NotAllowed, TooMany) as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{page}?{urlencode({'chosen': chosen})}")
    del request.session["notes"]
    if mode == BookingMode.REQUEST:
        messages.success(request, _("Your request is with %(tutor)s.") % {"tutor": booking.tutor.name})
        return redirect(f"{reverse('student_mentorship')}?tab=approvals")
    return redirect("checkout", booking.pk)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def checkout(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """What is bought, until when it is held, what comes back; the button goes to Paystack."""
    if request.method == "POST":
        return _pay(request, booking_id)
    booking = get_booked(request.user, booking_id)
    if lapse_one(booking.pk):
        booking = get_booked(request.user, booking_id)
    if not booking.awaits_payment:
        return redirect("session", booking_id)
    return render(request, "payments/checkout.html", _checkout_facts(booking))


@never_cache
@login_required
@require_GET
def verify_payment(request: SignedInRequest) -> HttpResponse:
    """Where Paystack sends people back to: says how it stands, has it checked, and polls."""
    payment = get_payment(request.user, request.GET.get("reference") or request.GET.get("trxref", ""))
    fragment = request.GET.get("part") == "state"
    since = _since(request) or timezone.now() - timedelta(milliseconds=1)
    standing = standing_of(payment, since=since)
    # CHECKING says that Paystack was not asked since; the fragment, which polls, asks no further.
    if standing == Standing.CHECKING and not fragment:
        check_payment_job.enqueue(payment.reference)
    facts = {
        "payment": payment,
        "booking": payment.booking,
        "standing": standing,
        "poll": f"{request.path}?{urlencode({'reference': payment.reference, 'since': since.timestamp()})}",
    }
    return render(request, "payments/parts/standing.html" if fragment else "payments/verify.html", facts)


def _pay(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    try:
        started = proceed_with_payment(request.user, booking_id)
    except NotFound:
        raise
    except Unavailable as problem:
        facts = _checkout_facts(get_booked(request.user, booking_id))
        return render(request, "payments/checkout.html", facts | {"problem": problem.message}, status=503)
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return redirect("session", booking_id)
    return redirect(started.authorization_url or reverse("session", args=[booking_id]))


def _checkout_facts(booking: Booking) -> dict[str, object]:
    # The preview asks the function that the refund will use, as if it were paid already.
    paid = Booking(
        price=booking.price,
        currency=booking.currency,
        tutor_share_bps=booking.tutor_share_bps,
        cancellation_policy=booking.cancellation_policy,
        scheduled_at=booking.scheduled_at,
        payment_status=PaymentStatus.PAID,
    )
    return {"booking": booking, "terms": refund_terms(paid, Who.STUDENT, clock.now())}


def _mode(text: str) -> BookingMode:
    try:
        return BookingMode(text or BookingMode.INSTANT)
    except ValueError:
        raise Invalid("bad_mode", _("Choose to book at once or on request."), field="bookingMode") from None


def _instant(text: str) -> datetime:
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Invalid("bad_time", _("Choose a time."), field="scheduledAt")
    return instant


def _since(request: HttpRequest) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(request.GET["since"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
