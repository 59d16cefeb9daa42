"""The reader's time zone, their profile, their tokens, and the photos of tutors."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from oluko.accounts.forms import ProfileForm, TokenForm, TutorForm
from oluko.accounts.people import has_verified_email, issue_token
from oluko.accounts.profiles import become_mentor, change_tutor_profile, revoke_token
from oluko.accounts.signed_in import SignedInRequest
from oluko.accounts.zones import COOKIE, find_zone, search_places, zone_choices
from oluko.core.bodies import MEGABYTE, takes_bodies
from oluko.core.errors import TooMany
from oluko.core.money import SYMBOLS
from oluko.core.redirects import is_own_path

_YEAR = 365 * 24 * 3600
_PHOTO_NAME = re.compile(r"[0-9a-zA-Z_]{1,80}\.webp")
_MOST_TOKENS = 20
_LONGEST_SEARCH = 64


@vary_on_headers("HX-Request", "Cookie")
@require_http_methods(["GET", "HEAD", "POST"])
def zone(request: HttpRequest) -> HttpResponse:
    """Choose the zone that pages speak in: kept with the person, or in a cookie for a visitor. Instants stay.

    `?q=` answers a search by city; for a script with the places alone.
    """
    asked = request.POST.get("next") or request.GET.get("next") or ""
    back = asked if is_own_path(asked) else reverse("home")
    wanted, error = request.GET.get("q", "").strip()[:_LONGEST_SEARCH] or get_current_timezone_name(), ""
    if request.headers.get("HX-Request") and "q" in request.GET:
        found = search_places(request.GET["q"][:_LONGEST_SEARCH])
        return render(request, "accounts/zone_options.html", {"places": found})
    if request.method == "POST":
        wanted = request.POST.get("zone", "").strip()
        if (name := find_zone(wanted)) is not None:
            return _remember_zone(request, name, redirect(back))
        error = _("Choose a time zone of the list, by its city.")
    places = search_places(wanted[:_LONGEST_SEARCH]) if error or "q" in request.GET else []
    context = {"zones": zone_choices(), "wanted": wanted, "error": error, "back": back, "places": places}
    return render(request, "accounts/zone.html", context, status=422 if error else 200)


def _remember_zone(request: HttpRequest, name: str, response: HttpResponse) -> HttpResponse:
    if request.user.is_authenticated:
        request.user.time_zone = name
        request.user.save(update_fields=["time_zone"])
    response.set_cookie(COOKIE, name, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: SignedInRequest) -> HttpResponse:
    """Name and time zone; below them the tutor's part, sign-in and tokens."""
    person = request.user
    initial = {"name": person.name, "time_zone": person.time_zone}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return _profile_page(request, form=form)
    person.name, person.time_zone = form.cleaned_data["name"], form.cleaned_data["time_zone"]
    person.save(update_fields=["name", "time_zone"])
    messages.success(request, _("Profile saved"))
    return _remember_zone(request, person.time_zone, redirect("profile"))


@takes_bodies(3 * MEGABYTE)
@require_POST
@login_required
def tutor_profile(request: SignedInRequest) -> HttpResponse:
    """What students see: headline, bio, photo, rate."""
    form = TutorForm.of(request.user, request.POST, request.FILES)
    if not form.is_valid():
        return _profile_page(request, tutor_form=form)
    change_tutor_profile(
        request.user,
        headline=form.cleaned_data["headline"],
        bio=form.cleaned_data["bio"],
        hourly_rate=form.cleaned_data["hourly_rate"],
        photo=form.cleaned_data["photo"],
        remove=form.cleaned_data.get("remove_photo", False),
    )
    messages.success(request, _("Tutor profile saved"))
    return redirect(reverse("profile") + "#tutor")


@require_POST
@login_required
def mentor(request: SignedInRequest) -> HttpResponse:
    """A student starts to teach."""
    become_mentor(request.user)
    messages.success(request, _("Welcome among the mentors. Say who you are, then list your first offering."))
    return redirect(reverse("profile") + "#tutor")


@never_cache
@require_POST
@login_required
def tokens(request: SignedInRequest) -> HttpResponse:
    """A new API token; this answer is the only place where it can ever be read."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _profile_page(request, token_form=form)
    if request.user.api_tokens.count() >= _MOST_TOKENS:
        raise TooMany("too_many_tokens", _("You have 20 tokens. Revoke one first."))
    return _profile_page(request, new_token=issue_token(request.user, form.cleaned_data["token_name"]))


@require_POST
@login_required
def revoke(request: SignedInRequest, token_id: int) -> HttpResponse:
    """End one of the person's tokens."""
    revoke_token(request.user, token_id)
    messages.success(request, _("Token revoked"))
    return redirect(reverse("profile") + "#tokens")


@require_safe
def photo(request: HttpRequest, name: str) -> FileResponse:
    """A photo under its unguessable name; it never changes, so browsers may keep it."""
    if not _PHOTO_NAME.fullmatch(name):
        raise Http404
    try:
        file = default_storage.open(f"photos/{name}")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(file, content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


def _profile_page(request: SignedInRequest, **forms: Any) -> HttpResponse:
    person = request.user
    bad = any(form.is_bound and form.errors for form in forms.values() if hasattr(form, "is_bound"))
    context = {
        "form": ProfileForm(initial={"name": person.name, "time_zone": person.time_zone}),
        "tutor_form": TutorForm.of(person) if person.teaches else None,
        "token_form": TokenForm(),
        "tokens": person.api_tokens.order_by("-pk"),
        "verified_email": has_verified_email(person),
        "zones": zone_choices(),
        "symbol": SYMBOLS[settings.OLUKO_CURRENCY],
        **forms,
    }
    return render(request, "accounts/profile.html", context, status=422 if bad else 200)
