"""The request of somebody who has signed in."""

from __future__ import annotations

from django.http import HttpRequest

from oluko.accounts.models import Person


class SignedInRequest(HttpRequest):
    """What a view behind `login_required` gets: its user is a Person and never anonymous."""

    user: Person
