"""The list of notifications and the bell that asks for new ones."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_POST, require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.core.errors import Invalid
from oluko.notifications.models import Notification
from oluko.notifications.notifications import arrived_after, mark_read, newest_and_unread

PAGE = 30


@require_safe
@login_required
def notifications(request: SignedInRequest) -> HttpResponse:
    """Newest first, a keyset page at a time (`?before=` an id)."""
    rows = Notification.objects.filter(person=request.user).order_by("-id")
    before = _number(request.GET.get("before"))
    page = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    older = page[PAGE - 1].pk if len(page) > PAGE else None
    return render(request, "notifications/notifications.html", {"notifications": page[:PAGE], "older": older})


@require_POST
@login_required
def read(request: SignedInRequest) -> HttpResponse:
    """Mark the notifications named by `id` read, or all of the person's where `all` is given."""
    ids = [_number(value) for value in request.POST.getlist("id")]
    if not ids and "all" not in request.POST:
        raise Invalid("nothing_named", _("Name the notifications to mark as read."), field="ids")
    mark_read(request.user, None if "all" in request.POST else ids)
    return redirect("notifications")


def _bell_tag(request: HttpRequest) -> str | None:
    """Changes with what the fragment shows: whose it is, how many are unread, what is new since `after`."""
    if not request.user.is_authenticated:
        return None
    after = _number(request.GET.get("after"))
    newest, unread = newest_and_unread(request.user.pk)
    return f'"{request.user.pk.hex}-{unread}-{newest}-{after}"'


@require_safe
@cache_control(private=True, no_cache=True)
@condition(etag_func=_bell_tag)
def bell(request: HttpRequest) -> HttpResponse:
    """The bell with its count, and a toast for each notification that came after the id `after`.

    The page asks again and again, so a signed-out reader gets a bare 401, which htmx leaves alone; a
    redirect would put the sign-in page into the bell.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    arrived = arrived_after(request.user, _number(request.GET.get("after"))) if "after" in request.GET else []
    return render(request, "notifications/parts/bell_update.html", {"arrived": arrived})


def _number(text: str | None) -> int:
    """An id as people's addresses carry it; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
