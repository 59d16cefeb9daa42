"""Pages of paying: book a time, check out, come back from Paystack."""

from __future__ import annotations

import math
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
from oluko.bookings.deadlines import lapse_one
from oluko.bookings.models import Booking
from oluko.bookings.policy_bar import stages, terms_once_paid
from oluko.core import clock
from oluko.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, TooMany, Unavailable
from oluko.offerings.models import BookingMode
from oluko.payments.again import booked_instead, mode_again, terms_again, was_released
from oluko.payments.checkout import proceed_with_payment
from oluko.payments.holds import hold_of
from oluko.payments.polled import answer, is_part, version_of
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
    except Conflict as refusal:
        # The page says why, and offers the nearest times that are free.
        return redirect(f"{page}?{urlencode({'taken': chosen, 'why': refusal.code})}")
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
    """What is bought, until when it is held, what comes back; the button goes to Paystack.

    Once the hold has ended, the same page says so, and offers the time again while it is free.
    """
    if request.method == "POST":
        return _pay(request, booking_id)
    booking = get_booked(request.user, booking_id)
    if lapse_one(booking.pk):
        booking = get_booked(request.user, booking_id)
    instead = booked_instead(booking) if was_released(booking) else None
    if instead is not None or not (booking.awaits_payment or was_released(booking)):
        return _elsewhere(request, instead or booking)
    facts = _checkout_facts(booking)
    page = "payments/parts/checkout.html" if is_part(request) else "payments/checkout.html"
    version = version_of(*_state(booking), facts["hold"], facts["stages"], facts["again"])
    return answer(request, page, facts, version)


@never_cache
@login_required
@require_GET
def verify_payment(request: SignedInRequest) -> HttpResponse:
    """Where Paystack sends people back to: says how it stands, has it checked, and polls."""
    payment = get_payment(request.user, request.GET.get("reference") or request.GET.get("trxref", ""))
    since = _since(request) or timezone.now() - timedelta(milliseconds=1)
    standing = standing_of(payment, since=since)
    # CHECKING says that Paystack was not asked since; the fragment, which polls, asks no further.
    if standing == Standing.CHECKING and not is_part(request):
        check_payment_job.enqueue(payment.reference)
    facts = {
        "payment": payment,
        "booking": payment.booking,
        "standing": standing,
        "hold": hold_of(payment.booking, payment),
        "again": terms_again(payment.booking) if standing == Standing.LAPSED else None,
        "poll": f"{request.path}?{urlencode({'reference': payment.reference, 'since': since.timestamp()})}",
    }
    page = "payments/parts/standing.html" if is_part(request) else "payments/verify.html"
    version = version_of(standing, *_state(payment.booking), facts["hold"], facts["again"])
    return answer(request, page, facts, version)


def _state(booking: Booking) -> tuple[object, ...]:
    return booking.pk, booking.status, booking.payment_status, booking.scheduled_at, booking.pay_by


def _elsewhere(request: HttpRequest, booking: Booking) -> HttpResponse:
    """To where this booking goes on; a polled part takes the whole page there."""
    name = "checkout" if booking.awaits_payment else "session"
    if not is_part(request):
        return redirect(name, booking.pk)
    return HttpResponse(headers={"HX-Redirect": reverse(name, args=[booking.pk])})


def _pay(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    try:
        started = proceed_with_payment(request.user, booking_id)
    except NotFound:
        raise
    except Unavailable as problem:
        facts = _checkout_facts(get_booked(request.user, booking_id))
        return render(request, "payments/checkout.html", facts | {"problem": problem.message}, status=503)
    except DomainError as refusal:
        # The checkout knows whether to say more, or to go on to the session.
        messages.error(request, refusal.message)
        return redirect("checkout", booking_id)
    return redirect(started.authorization_url or reverse("session", args=[booking_id]))


def _checkout_facts(booking: Booking) -> dict[str, object]:
    # The preview asks the function that the refund will use, as if it were paid already.
    terms = terms_once_paid(booking)
    again = terms_again(booking) if was_released(booking) else None
    return {
        "booking": booking,
        "released": was_released(booking),
        "hold": hold_of(booking),
        "stages": stages(terms, booking),
        "again": again,
        "ask_again": again is not None and mode_again(booking, again) == BookingMode.REQUEST,
        "until_end": _seconds_left(booking),
        "poll": reverse("checkout", args=[booking.pk]),
    }


def _seconds_left(booking: Booking) -> int | None:
    """Whole seconds until the hold has ended, for pages without scripts."""
    if booking.pay_by is None or not booking.awaits_payment:
        return None
    return max(0, math.ceil((booking.pay_by - clock.now()).total_seconds())) + 1


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
