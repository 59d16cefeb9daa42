"""The tutor's page of working hours."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.accounts.zones import zone_choices
from oluko.calendars.availability import availability_of, set_availability, with_changes
from oluko.calendars.preview import preview
from oluko.calendars.week_form import Range, Row, WeekForm, changes_from, form_of, press, show_errors, typed_form
from oluko.core.errors import Invalid, NotAllowed


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_availability(request: SignedInRequest) -> HttpResponse:
    """The week, the exceptions and the rules of booking in one form; only its button `save` writes."""
    _check_teaches(request.user)
    if request.method != "POST":
        return _page(request, form_of(availability_of(request.user)))
    form, button = typed_form(request.POST), request.POST.get("do", "save")
    if button != "save":
        press(form, button, request.POST)
        return _page(request, form, refuse=button == "preview")
    try:
        set_availability(request.user, **changes_from(form))
    except Invalid:
        return _page(request, form, refuse=True)
    messages.success(request, _("Working hours saved"))
    return redirect("tutor_availability")


@never_cache
@login_required
@require_POST
def tutor_availability_preview(request: SignedInRequest) -> HttpResponse:
    """What students would see if the form were saved as it is typed; writes nothing."""
    _check_teaches(request.user)
    form = typed_form(request.POST)
    look = _look(request.user, form)
    return render(request, "calendars/parts/preview.html", look | {"form": form}, status=422 if form.problems else 200)


def _page(request: SignedInRequest, form: WeekForm, *, refuse: bool = False) -> HttpResponse:
    """The page with the form as it is and what is wrong in it at its place; 422 where that was `refuse`d."""
    look = _look(request.user, form)
    context = look | {
        "form": form,
        "refused": refuse and form.problems,
        "zones": zone_choices(),
        "wanted": form.zone,
        "error": form.errors.get("timezone", ""),
        "blank": Row("KEY", [Range()]),
        "blank_date": Row("KEY", []),
    }
    return render(request, "calendars/availability.html", context, status=422 if refuse and form.problems else 200)


def _look(tutor: Person, form: WeekForm) -> dict[str, Any]:
    """The preview of the form; where it cannot be read, `form.problems` says why and there is none."""
    try:
        return {"preview": preview(tutor, with_changes(tutor, **changes_from(form)), form.duration)}
    except Invalid as problem:
        show_errors(form, problem.errors)
        return {"preview": None}


def _check_teaches(person: Person) -> None:
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors have working hours."))
