"""Calendars that people already have: the feed of their sessions, and the page where they connect theirs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

from allauth.core.internal import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings import calendar_files
from oluko.calendars.outside import (
    MOST_ADDRESS,
    MOST_CALENDARS,
    MOST_NAME,
    add_calendar,
    calendars_told,
    read_now,
    remove_calendar,
)
from oluko.core.errors import Invalid, TooMany

_LIMITS = {"read_calendar": "12/5m/user"}
_ASKED_SECONDS = 120


class CalendarForm(forms.Form):
    """A calendar kept elsewhere, by its address."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MOST_NAME, help_text=gettext_lazy("Such as Work."))
    address = forms.CharField(
        label=gettext_lazy("Secret address in iCal format"),
        max_length=MOST_ADDRESS,
        help_text=gettext_lazy("Begins with https:// or webcal://. It stays between you and us."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """A person's sessions for a program that subscribes; the address is all that it has to show."""
    body = calendar_files.feed(calendar_files.person_of_feed(token))
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="oluko.ics"',
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
    }
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response


@never_cache
@require_safe
@login_required
def my_calendar(request: SignedInRequest) -> HttpResponse:
    """The address to subscribe to; for those who teach also their calendars elsewhere."""
    return _page(request, CalendarForm())


@require_POST
@login_required
def renew(request: SignedInRequest) -> HttpResponse:
    """Another secret address; who has the old one sees nothing any more."""
    Person.objects.filter(pk=request.user.pk).update(calendar_renewals=F("calendar_renewals") + 1)
    messages.success(request, _("The address is new. Give it to your calendar in place of the old one."))
    return redirect("my_calendar")


@never_cache
@require_POST
@login_required
def add_outside(request: SignedInRequest) -> HttpResponse:
    """Connect a calendar that is kept elsewhere."""
    form = CalendarForm(request.POST)
    try:
        if form.is_valid():
            calendar = add_calendar(request.user, **form.cleaned_data)
            messages.success(request, _("“%(name)s” is connected and being read") % {"name": calendar.name})
            return _asked()
    except Invalid as problem:
        for field, message in problem.errors.items():
            form.add_error(field, message)
    return _page(request, form, status=422)


@require_POST
@login_required
def read_outside(request: SignedInRequest, calendar_id: int) -> HttpResponse:
    """Read a calendar again now."""
    if ratelimit.consume(request, app="oluko", action="read_calendar", config=_LIMITS, user=request.user) is None:
        raise TooMany("too_many", _("It was read often just now; wait some minutes."))
    read_now(request.user, calendar_id)
    return _asked()


@require_POST
@login_required
def remove_outside(request: SignedInRequest, calendar_id: int) -> HttpResponse:
    """Disconnect a calendar; its busy times can be booked again."""
    calendar = remove_calendar(request.user, calendar_id)
    messages.success(request, _("“%(name)s” is removed; its times can be booked again") % {"name": calendar.name})
    return redirect(reverse("my_calendar") + "#elsewhere")


def _asked() -> HttpResponse:
    """Back to the page, which then waits for what the job says."""
    return redirect(f"{reverse('my_calendar')}?asked={int(timezone.now().timestamp()) + 1}#elsewhere")


def _page(request: SignedInRequest, form: CalendarForm, status: int = 200) -> HttpResponse:
    person = request.user
    address = calendar_files.feed_address(person)
    webcal = "webcal:" + address.partition(":")[2]
    asked = _instant(request.GET.get("asked", ""))
    calendars = calendars_told(person, asked) if person.teaches else []
    context = {
        "address": address,
        "webcal": webcal,
        "google": f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
        "form": form,
        "calendars": calendars,
        "full": len(calendars) >= MOST_CALENDARS and not form.is_bound,
        "waiting": any(each.being_read for each in calendars),
        "example": f"{settings.OLUKO_SANDBOX_URL}/calendars/tunde.ics" if settings.OLUKO_SANDBOX else "",
    }
    return render(request, "bookings/my_calendar.html", context, status=status)


def _instant(text: str) -> datetime | None:
    """When this page asked for a reading; None where it did not, or too long ago to wait for it."""
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    asked = datetime.fromtimestamp(int(text), UTC)
    return asked if abs((timezone.now() - asked).total_seconds()) < _ASKED_SECONDS else None
