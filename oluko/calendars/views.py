"""The tutor's page of working hours."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from oluko.accounts.signed_in import SignedInRequest
from oluko.accounts.zones import zone_choices
from oluko.calendars.availability import availability_of, set_availability
from oluko.calendars.week_form import changes_from, form_of, typed_form
from oluko.core.errors import Invalid, NotAllowed


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_availability(request: SignedInRequest) -> HttpResponse:
    """The week, the exceptions and the rules of booking in one form; a day gets a further range by saving."""
    if not request.user.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors have working hours."))
    form, status = None, 200
    if request.method == "POST":
        try:
            set_availability(request.user, **changes_from(request.POST))
        except Invalid as problem:
            form, status = typed_form(request.POST, problem.errors), 422
        else:
            messages.success(request, _("Working hours saved"))
            return redirect("tutor_availability")
    form = form or form_of(availability_of(request.user))
    context = {"form": form, "zones": zone_choices(), "wanted": form.zone, "error": form.errors.get("timezone", "")}
    return render(request, "calendars/availability.html", context, status=status)
