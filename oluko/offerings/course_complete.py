"""The page that closes a course, with the offerings of those who teach it.

It stands in this room and not with the courses, because a course knows nothing of offerings.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from oluko.accounts.signed_in import SignedInRequest
from oluko.courses.courses import dismiss_suggestions, enrolment_of, get_course
from oluko.offerings.marketplace import Listing
from oluko.offerings.suggestions import suggestions_for


@require_safe
@login_required
def course_complete(request: SignedInRequest, slug: str) -> HttpResponse:
    """For who has completed the course; everybody else is sent to the course. No card once it was dismissed."""
    course = get_course(slug)
    enrolment = enrolment_of(request.user, course.pk)
    if enrolment is None or enrolment.completed_at is None:
        return redirect("course", slug=slug)
    suggestions: list[Listing] = []
    total = 0
    if enrolment.suggestions_dismissed_at is None:
        suggestions, total = suggestions_for(course.pk)
    context = {"course": course, "enrolment": enrolment, "suggestions": suggestions, "total": total}
    return render(request, "offerings/course_complete.html", context)


@require_POST
@login_required
def suggestions_dismiss(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the card away for good: htmx swaps it for one line, a plain form gets the page without it."""
    course = get_course(slug)
    dismiss_suggestions(request.user, course.pk)
    if request.headers.get("HX-Request"):
        return render(request, "offerings/parts/suggestions_dismissed.html", {"course": course})
    return redirect("course_complete", slug=slug)
