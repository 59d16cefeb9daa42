"""Choosing what one is told, and the link in each mail that stops its kind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from oluko.accounts.signed_in import SignedInRequest
from oluko.core.errors import Invalid
from oluko.core.times import city_of
from oluko.notifications.kinds import EXPLAINED, Channel, Group
from oluko.notifications.models import PushSubscription
from oluko.notifications.preferences import is_locked, is_wanted, preferences_of, save_preferences, switch_off
from oluko.notifications.push import public_key
from oluko.notifications.unsubscribing import meant_by

_CLOCK = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class QuietHours(forms.Form):
    quiet_from = forms.TimeField(label=gettext_lazy("Quiet from"), required=False, widget=_CLOCK)
    quiet_until = forms.TimeField(label=gettext_lazy("Until"), required=False, widget=_CLOCK)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def choose(request: SignedInRequest) -> HttpResponse:
    """Groups by channels, quiet hours, and this device."""
    preferences = preferences_of(request.user)
    if request.method != "POST":
        kept = {"quiet_from": preferences.quiet_from, "quiet_until": preferences.quiet_until}
        return _page(request, QuietHours(initial=kept))
    form = QuietHours(request.POST)
    chosen = set(request.POST.getlist("on"))
    off = [(channel, group) for channel in Channel for group in Group if f"{channel}:{group}" not in chosen]
    if form.is_valid():
        try:
            save_preferences(request.user, off=off, **form.cleaned_data)
        except Invalid as error:
            form.add_error("quiet_until", error.message)
        else:
            messages.success(request, _("Saved. This is how we tell you from now on."))
            return redirect("notification_settings")
    return _page(request, form, chosen, status=422)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, signed: str) -> HttpResponse:
    """Stop one group's mails. A mail program posts here by itself, without cookies; a link only shows the button."""
    person, group = meant_by(signed)
    if request.method == "POST":
        with transaction.atomic():
            switch_off(person, Channel.MAIL, group)
    stopped = not is_wanted(preferences_of(_anew(person)), Channel.MAIL, group)
    context = {"group": group.label, "explained": EXPLAINED[group], "stopped": stopped, "email": _hint(person.email)}
    return render(request, "notifications/off.html", context)


def _page(
    request: SignedInRequest, form: forms.Form, chosen: set[str] | None = None, *, status: int = 200
) -> HttpResponse:
    preferences = preferences_of(request.user)

    def way(channel: Channel, group: Group) -> dict[str, Any]:
        value = f"{channel}:{group}"
        on = is_wanted(preferences, channel, group) if chosen is None else value in chosen
        return {"value": value, "channel": channel, "locked": is_locked(channel, group), "on": on}

    context = {
        "form": form,
        "channels": list(Channel),
        "groups": [(group, EXPLAINED[group], [way(channel, group) for channel in Channel]) for group in Group],
        "city": city_of(request.user.time_zone),
        "push_key": public_key(),
        "devices": PushSubscription.objects.filter(person=request.user).order_by("-created_at"),
    }
    return render(request, "notifications/settings.html", context, status=status)


def _anew(person: Any) -> Any:
    """Without what was read before the change."""
    return type(person).objects.get(pk=person.pk)


def _hint(email: str) -> str:
    """`t…@demo.test`: enough for its owner; the link may have been passed on with the mail."""
    name, _at, host = email.rpartition("@")
    return f"{name[:1]}…@{host}"
