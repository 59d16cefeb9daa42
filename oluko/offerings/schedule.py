"""The tutor's own offerings: list, create, edit, withdraw."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.core.errors import DomainError, Invalid, NotAllowed
from oluko.offerings.forms import OfferingForm
from oluko.offerings.offerings import (
    create_offering,
    get_own_offering,
    offerings_of,
    update_offering,
    withdraw_offering,
)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_schedule(request: SignedInRequest) -> HttpResponse:
    """The offerings in two groups, and the dialog that creates one."""
    _check_teaches(request.user)
    form = OfferingForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            create_offering(request.user, **form.facts())
        except DomainError as problem:
            form.refuse(problem)
        else:
            messages.success(request, _("Offering created"))
            return redirect("tutor_schedule")
    listed = offerings_of(request.user)
    context = {
        "form": form,
        "linked": [offering for offering in listed if offering.course],
        "standalone": [offering for offering in listed if not offering.course],
    }
    return render(request, "offerings/schedule.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_offering(request: SignedInRequest, offering_id: UUID) -> HttpResponse:
    """Edit one offering; bookings keep what they bought."""
    _check_teaches(request.user)
    own = get_own_offering(request.user, offering_id)
    form = OfferingForm(request.user, request.POST if request.method == "POST" else None, offering=own)
    if request.method == "POST" and form.is_valid():
        try:
            update_offering(request.user, offering_id, **form.facts())
        except Invalid as problem:
            form.refuse(problem)
        else:
            messages.success(request, _("Offering saved"))
            return redirect("tutor_schedule")
    context = {"form": form, "offering": own}
    return render(request, "offerings/edit.html", context, status=422 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tutor_offering_delete(request: SignedInRequest, offering_id: UUID) -> HttpResponse:
    """Say what deleting means, then delete."""
    _check_teaches(request.user)
    own = get_own_offering(request.user, offering_id)
    if request.method != "POST":
        return render(request, "offerings/delete.html", {"offering": own})
    withdraw_offering(request.user, offering_id)
    messages.success(request, _("Offering deleted"))
    return redirect("tutor_schedule")


def _check_teaches(person: Person) -> None:
    if not person.teaches:
        raise NotAllowed("not_a_tutor", _("Only tutors and mentors have offerings."))
