"""The first page, and the gallery of the look."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from oluko.core import clock


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What Oluko is, a search, and the way to one's own sessions."""
    return render(request, "core/home.html")


class _GalleryForm(forms.Form):
    title = forms.CharField(label=_("Title"), help_text=_("What one hour with you gives."), max_length=120)
    about = forms.CharField(label=_("Description"), widget=forms.Textarea, required=False)
    duration = forms.ChoiceField(label=_("Duration"), choices=[("30", _("30 min")), ("60", _("60 min"))])
    price = forms.DecimalField(label=_("Price"), min_value=1)
    mode = forms.ChoiceField(
        label=_("Booking"), choices=[("i", _("At once")), ("r", _("On request"))], widget=forms.RadioSelect
    )
    agreed = forms.BooleanField(label=_("I am free at these times"))


@dataclass(frozen=True)
class _Somebody:
    """A made-up person, so that the gallery needs no database."""

    name: str
    initials: str
    time_zone: str
    avatar: str = ""


@require_safe
def look(request: HttpRequest) -> HttpResponse:
    """Every part of docs/look.md, alive; in sandbox mode only."""
    if not settings.OLUKO_SANDBOX:
        raise Http404
    context = {
        "form": _GalleryForm(),
        "wrong": _GalleryForm({"title": "", "price": "-1"}, auto_id="wrong_%s"),
        "at": clock.now() + timedelta(hours=1, minutes=42, seconds=10),
        "later": clock.now() + timedelta(days=2, hours=4, minutes=5),
        "tunde": _Somebody("Tunde Bakare", "TB", "Africa/Lagos"),
        "mei": _Somebody("Mei Lin", "ML", "Asia/Shanghai"),
    }
    return render(request, "core/look.html", context)


def server_error(request: HttpRequest) -> HttpResponse:
    """What Django asks for when something was raised that nobody expected: 500, or 503 where the database refuses.

    A database that is away or whose disk is full is no mistake of the code, and what was tried may be tried again.
    """
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})
    return HttpResponse(render_to_string("500.html"), status=500)
