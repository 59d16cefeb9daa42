"""What allauth asks of us."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from oluko.accounts.models import Person
from oluko.core.errors import TooMany
from oluko.core.redirects import is_own_path


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """E-mail addresses in lower case, no way off the site, and one answer to every sign-up."""

    def clean_email(self, email: str) -> str:
        return str(super().clean_email(email)).lower()

    def is_safe_url(self, url: str | None) -> bool:
        return bool(url) and is_own_path(str(url))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try; the answer to one too many is 429, not a form with a complaint."""
        try:
            super().pre_authenticate(request, **credentials)
        except Exception as refusal:
            if getattr(refusal, "code", "") != "too_many_login_attempts":
                raise
            raise TooMany("too_many_attempts", _("Too many tries. Wait five minutes, then sign in again.")) from None

    def pre_login(self, request: HttpRequest, user: Person, *, signup: bool, **kwargs: Any) -> HttpResponse | None:
        """After signing up a person confirms and signs in themselves.

        Being signed in at once would tell new addresses from known ones; see SignupForm.
        """
        if signup:
            EmailAddress.objects.get(user=user, email=user.email).send_confirmation(request, signup=True)
            return self.respond_email_verification_sent(request, user)
        response: HttpResponse | None = super().pre_login(request, user, signup=signup, **kwargs)
        return response

    def respond_email_verification_sent(self, request: HttpRequest, user: Person | None) -> HttpResponse:
        """The page that says so; it keeps where the person was going."""
        going = get_next_redirect_url(request)
        address = reverse("account_email_verification_sent")
        return redirect(f"{address}?{urlencode({'next': going})}" if going else address)
