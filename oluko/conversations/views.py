"""The page of a booking's thread.

For the chat of the built-in room: `GET session_thread` with `Accept: application/json` and `?after=ID` answers
`{"messages": [{id, author, mine, text, at, files: [{name, kind, url}]}], "last": ID}`, at most 40, oldest first, and
the latest 40 without `after`; `POST session_messages` with the same header takes `text` and `key` (a UUID a message,
kept for a repeat) as a form and answers 201 with `{"message": {…}}`, 200 for a repeat, or 4xx with `{"error": words}`.
Text is plain: set it as `textContent`, never as HTML.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.bookings.access import get_booking, get_shared
from oluko.bookings.models import Booking
from oluko.conversations.files import LARGEST_FILE, MOST_FILES
from oluko.conversations.forms import HomeworkForm, MessageForm, message_form
from oluko.conversations.homework import homework_of, remove_task, tick_task, write_notes
from oluko.conversations.masking import is_open
from oluko.conversations.models import CONTENT_TYPES, Attachment, Kind
from oluko.conversations.showing import describe, latest, on_the_wire
from oluko.conversations.telling import forget
from oluko.conversations.threads import (
    Line,
    get_attachment,
    get_thread,
    is_open_to,
    mark_thread_read,
    open_for_operator,
    read_thread,
    send_message,
)
from oluko.core.bodies import MEGABYTE, takes_bodies
from oluko.core.errors import DomainError, Invalid, NotFound, TooMany

# What allauth's limiter counts for us, per person.
_LIMITS = {"message": "20/1m/user"}
# A file that a browser opens by its address runs nothing, loads nothing and belongs to no origin of ours.
_FILE_POLICY = {"default-src": ["'none'"], "img-src": ["'self'"], "sandbox": [""]}


@takes_bodies(MOST_FILES * LARGEST_FILE + MEGABYTE)
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def conversation(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The thread of a booking, and what is written to it."""
    if request.method == "POST":
        return _send(request, booking_id)
    booking = get_booking(request.user, booking_id)
    if not is_open_to(booking, request.user):
        return render(request, "conversations/closed.html", {"booking": booking})
    return _page(request, booking, message_form(takes_files=is_open(booking)))


@require_safe
@login_required
def thread(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """What changes on the page, or on the session's page (`?part=latest`); 304 while it has not."""
    booking = get_thread(request.user, booking_id)
    if _wants_json(request):
        return _as_json(request, booking)
    part = "latest" if request.GET.get("part") == "latest" else "thread"
    context = (latest if part == "latest" else describe)(booking, request.user) | {"polled": True}
    tag = f'"{context["version"]}"'
    fresh = get_conditional_response(request, etag=tag)
    response = fresh or render(request, f"conversations/parts/{part}.html", context)
    response["ETag"] = tag
    return _private(response)


@require_POST
@login_required
def read(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """One of the two has read up to `last`."""
    mark_thread_read(request.user, booking_id, _number(request.POST.get("last")))
    forget(request.user, get_shared(request.user, booking_id))
    if request.htmx or _wants_json(request):  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return redirect(reverse("session_messages", args=[booking_id]))


@require_POST
@login_required
def open_thread(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """An operator says why the thread has to be read, and may read it for an hour."""
    try:
        open_for_operator(request.user, booking_id, request.POST.get("why", ""))
    except Invalid as refusal:
        context = {"booking": get_booking(request.user, booking_id), "wrong": refusal.message}
        return render(request, "conversations/closed.html", context, status=422)
    return redirect("session_messages", booking_id)


@require_safe
@login_required
def attachment(request: SignedInRequest, booking_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A file as it is kept: pictures are shown (`?preview` small), everything else is a download."""
    file = get_attachment(request.user, booking_id, attachment_id)
    small = "preview" in request.GET and file.preview is not None
    content = bytes(file.preview if small else file.content)  # type: ignore[arg-type]
    kind = Kind.WEBP if small else Kind(file.kind)

    def answer(_request: HttpRequest) -> HttpResponse:
        response = HttpResponse(content, content_type=CONTENT_TYPES[kind])
        response["Content-Disposition"] = content_disposition_header(not file.is_picture, file.name) or "attachment"
        response["X-Content-Type-Options"] = "nosniff"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        # It never changes; nobody but this browser keeps it.
        patch_cache_control(response, private=True, max_age=86_400, immutable=True)
        return response

    return csp_override(_FILE_POLICY)(answer)(request)


@require_POST
@login_required
def notes(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    """The tutor's notes, and tasks to add."""
    form = HomeworkForm(request.POST)
    booking = get_shared(request.user, booking_id)
    if not form.is_valid():
        return _page(request, booking, message_form(takes_files=is_open(booking)), homework_form=form, status=422)
    try:
        changed = write_notes(
            request.user, booking_id, form.cleaned_data["note"], form.cleaned_data["tasks"].splitlines()
        )
    except Invalid as refusal:
        form.add_error(next(iter(refusal.errors)), refusal.message)
        return _page(request, booking, message_form(takes_files=is_open(booking)), homework_form=form, status=422)
    if changed:
        messages.success(request, _("Saved. %(name)s is told.") % {"name": booking.student.name})
    return redirect(reverse("session_messages", args=[booking_id]) + "#after")


@require_POST
@login_required
def task(request: SignedInRequest, booking_id: UUID, task_id: int) -> HttpResponse:
    """The student ticks a task (`done`, `open`), the tutor takes it back (`remove`)."""
    what = request.POST.get("do", "")
    if what == "remove":
        remove_task(request.user, booking_id, task_id)
    elif what in ("done", "open"):
        tick_task(request.user, booking_id, task_id, done=what == "done")
    else:
        raise NotFound("no_such_task", _("There is no such task."))
    return redirect(reverse("session_messages", args=[booking_id]) + "#after")


def _send(request: SignedInRequest, booking_id: UUID) -> HttpResponse:
    booking = get_shared(request.user, booking_id)
    form = MessageForm(request.POST, request.FILES)
    try:
        if ratelimit.consume(request, app="oluko", action="message", config=_LIMITS, user=request.user) is None:
            raise TooMany("too_many", _("That was a lot at once. Wait a minute, then send it again."))
        if not form.is_valid():
            return _refuse(request, booking, form, 422)
        facts = form.cleaned_data
        sent, fresh = send_message(request.user, booking_id, facts["text"], key=facts["key"], files=facts["files"])
    except NotFound:
        raise
    except DomainError as refusal:
        field = next(iter(getattr(refusal, "errors", {})), "text")
        form.add_error(field, refusal.message)
        return _refuse(request, booking, form, refusal.status)
    if _wants_json(request):
        line = read_thread(booking, request.user, after=sent.pk - 1, limit=1)[0][0]
        return JsonResponse({"message": _wire(booking, line)}, status=201 if fresh else 200)
    if request.htmx:  # type: ignore[attr-defined]
        context = _composer(booking, message_form(takes_files=is_open(booking)))
        answer = render(request, "conversations/parts/composer.html", context)
        answer["HX-Trigger"] = "sent"
        return answer
    return redirect(reverse("session_messages", args=[booking_id]) + "#write")


def _refuse(request: SignedInRequest, booking: Booking, form: MessageForm, status: int) -> HttpResponse:
    if _wants_json(request):
        words = [str(word) for errors in form.errors.values() for word in errors]
        return JsonResponse({"error": " ".join(words)}, status=status)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "conversations/parts/composer.html", _composer(booking, form), status=status)
    return _page(request, booking, form, status=status)


def _page(
    request: SignedInRequest,
    booking: Booking,
    form: MessageForm,
    *,
    homework_form: HomeworkForm | None = None,
    status: int = 200,
) -> HttpResponse:
    before = _number(request.GET.get("before")) or None
    context = describe(booking, request.user, before) | _composer(booking, form)
    context["homework_form"] = homework_form or HomeworkForm(initial={"note": homework_of(booking).note})
    return _private(render(request, "conversations/conversation.html", context, status=status))


def _composer(booking: Booking, form: MessageForm) -> dict[str, Any]:
    return {"booking": booking, "form": form, "open": is_open(booking)}


def _as_json(request: SignedInRequest, booking: Booking) -> HttpResponse:
    after = request.GET.get("after")
    lines, _more = read_thread(booking, request.user, after=None if after is None else _number(after))
    found = [_wire(booking, line) for line in lines]
    return _private(JsonResponse({"messages": found, "last": found[-1]["id"] if found else 0}))


def _wire(booking: Booking, line: Line) -> dict[str, Any]:
    return on_the_wire(line, [_file_wire(booking, file) for file in line.files])


def _file_wire(booking: Booking, file: Attachment) -> dict[str, Any]:
    return {"name": file.name, "kind": file.kind, "url": reverse("session_file", args=[booking.pk, file.pk])}


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Accept"])
    return response


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _number(text: str | None) -> int:
    """An id as people's addresses carry it; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
