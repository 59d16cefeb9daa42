"""The reader's time zone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oluko.accounts.zones import COOKIE, find_zone, zone_choices

_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def zone(request: HttpRequest) -> HttpResponse:
    """Choose the zone that pages speak in: kept with the person, or in a cookie for a visitor. Instants stay."""
    back = _own_path(request.POST.get("next") or request.GET.get("next") or "")
    wanted, error = get_current_timezone_name(), ""
    if request.method == "POST":
        wanted = request.POST.get("zone", "").strip()
        if (name := find_zone(wanted)) is not None:
            return _remember(request, name, redirect(back))
        error = _("Choose a time zone of the list, by its city.")
    context = {"zones": zone_choices(), "wanted": wanted, "error": error, "back": back}
    return render(request, "accounts/zone.html", context, status=422 if error else 200)


def _remember(request: HttpRequest, name: str, response: HttpResponse) -> HttpResponse:
    if request.user.is_authenticated:
        request.user.time_zone = name
        request.user.save(update_fields=["time_zone"])
    response.set_cookie(COOKIE, name, max_age=_YEAR, samesite="Lax", secure=request.is_secure())
    return response


def _own_path(address: str) -> str:
    """The address if it is a path of ours, else the first page: a link never leads a person off the site."""
    own = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if own else reverse("home")
