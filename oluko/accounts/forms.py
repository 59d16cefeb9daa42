"""Forms about people."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from oluko.accounts.models import Person
from oluko.accounts.zones import COOKIE, known_zones


class SignupForm(forms.Form):
    """What we ask beside address and password."""

    name = forms.CharField(label=_("Your name"), max_length=120)

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Called by allauth with the new, saved person."""
        user.name = self.cleaned_data["name"].strip()
        guessed = request.COOKIES.get(COOKIE, "")
        if guessed in known_zones():
            user.time_zone = guessed
        user.save(update_fields=["name", "time_zone"])
