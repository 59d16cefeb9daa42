"""Who is calling: an API token, or the site's session cookie with its CSRF token. And how often they may."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.utils import check_csrf

from oluko.accounts.models import Person
from oluko.accounts.people import person_for_token
from oluko.core.errors import NotAllowed, TooMany

SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API token, as `oluko token EMAIL` prints it."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The site's session; methods that change something also need the header X-CSRFToken.",
    },
}
_SAFE = ("GET", "HEAD", "OPTIONS")
# What allauth's limiter counts for us: per address and minute, and per person and minute.
_LIMITS = {"bad_token": "300/1m/ip", "checkout": "120/1m/user", "account": "30/1m/user"}


class Caller(HttpRequest):
    """The request of an operation whose caller is known."""

    auth: Person


def signed_in(request: HttpRequest) -> Person:
    """The caller. Raises 401 where there is none, whatever the CSRF token says; NotAllowed where CSRF failed.

    A token that is sent counts alone: with a bad one no cookie signs anybody in.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_token(request, token.strip())
    if not isinstance(request.user, Person):
        raise AuthenticationError
    if request.method not in _SAFE and check_csrf(request) is not None:
        raise NotAllowed("csrf_failed", _("The CSRF token is missing or wrong."))
    return request.user


def teaching(request: HttpRequest) -> Person:
    """The caller, a TUTOR or MENTOR; raises NotAllowed (`role_needed`) for others."""
    person = signed_in(request)
    if not person.teaches:
        raise NotAllowed("role_needed", _("Only tutors and mentors can do this."))
    return person


def paying(request: HttpRequest) -> Person:
    """The caller, counted: 120 checkouts a minute and person, because each one asks the payment provider."""
    person = signed_in(request)
    if ratelimit.consume(request, app="oluko", action="checkout", config=_LIMITS, user=person) is None:
        raise TooMany("too_many", _("Too many attempts to pay; wait a minute."))
    return person


def saving_account(request: HttpRequest) -> Person:
    """The caller, who teaches, counted: 30 bank accounts a minute, because each answer names somebody's account."""
    person = teaching(request)
    if ratelimit.consume(request, app="oluko", action="account", config=_LIMITS, user=person) is None:
        raise TooMany("too_many", _("Too many bank accounts; wait a minute."))
    return person


def _by_token(request: HttpRequest, token: str) -> Person:
    person = person_for_token(token) if token else None
    if person is not None:
        return person
    # Counted on failure alone, so that a good token costs no cache.
    if ratelimit.consume(request, app="oluko", action="bad_token", config=_LIMITS, limit_get=True) is None:
        raise TooMany("too_many", _("Too many wrong tokens; wait a minute."))
    raise AuthenticationError
