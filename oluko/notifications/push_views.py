"""Turning web push on and off for one browser, and the worker that shows what comes."""

from __future__ import annotations

import json
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.core.errors import Invalid
from oluko.notifications.models import PushSubscription
from oluko.notifications.push import subscribe, unsubscribe

_WORKER = (Path(__file__).parent / "static" / "notifications" / "push-worker.js").read_text()


@require_POST
@login_required
def turn_on(request: SignedInRequest) -> HttpResponse:
    """Keep this browser's subscription, as `PushSubscription.toJSON()` gives it; 422 for anything else."""
    given = _body(request)
    keys = given.get("keys")
    keys = keys if isinstance(keys, dict) else {}
    try:
        subscribe(
            request.user,
            endpoint=str(given.get("endpoint", "")),
            p256dh=str(keys.get("p256dh", "")),
            auth=str(keys.get("auth", "")),
            device=str(given.get("device", "")),
        )
    except Invalid as error:
        return JsonResponse({"code": error.code, "detail": error.message}, status=422)
    return JsonResponse({"on": True})


@require_POST
@login_required
def turn_off(request: SignedInRequest) -> HttpResponse:
    """Forget this browser by its endpoint (JSON), or any device of one's own by its `id` (a form)."""
    if number := request.POST.get("id", ""):
        own = PushSubscription.objects.filter(person=request.user)
        if number.isascii() and number.isdigit() and len(number) < 19 and own.filter(pk=int(number)).delete()[0]:
            messages.success(request, _("That device is told nothing any more."))
        return redirect("notification_settings")
    unsubscribe(request.user, str(_body(request).get("endpoint", "")))
    return JsonResponse({"on": False})


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Browsers look for a new one by themselves, so it bears no hash in its name."""
    return HttpResponse(_WORKER, content_type="text/javascript; charset=utf-8")


def _body(request: HttpRequest) -> dict[str, object]:
    if request.content_type != "application/json":
        return {}
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}
