"""The pages of courses: the list, one course with its lessons, and the two things to do there."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from oluko.accounts.models import Person
from oluko.accounts.signed_in import SignedInRequest
from oluko.courses.courses import (
    courses_under_way,
    done_lessons,
    enrol,
    enrolment_of,
    get_course,
    listed_courses,
    mark_lesson_done,
    progress_of,
)
from oluko.courses.models import Course, Lesson


@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """Every course, with the reader's progress where there is one."""
    mine = courses_under_way(request.user) if request.user.is_authenticated else {}
    rows = [(course, *mine.get(course.pk, (None, None))) for course in listed_courses()]
    return render(request, "courses/courses.html", {"rows": rows})


@require_safe
def course(request: HttpRequest, slug: str) -> HttpResponse:
    """The outline for everybody; the lessons' text for those enrolled and for who teaches it."""
    shown = get_course(slug)
    enrolment = enrolment_of(request.user, shown.pk) if request.user.is_authenticated else None
    teaches = request.user.is_authenticated and _teaches(request.user, shown)
    done = done_lessons(enrolment) if enrolment else set()
    context = {
        "course": shown,
        "enrolment": enrolment,
        "progress": progress_of(enrolment) if enrolment else None,
        "done": done,
        "following": _first_not_done(shown, done),
        "reads": enrolment is not None or teaches,
    }
    return render(request, "courses/course.html", context)


@login_required
def enrol_in(request: SignedInRequest, slug: str) -> HttpResponse:
    """Enrol by POST; whoever comes back here from signing in only sees the course, with its button."""
    if request.method == "POST":
        enrol(request.user, get_course(slug).pk)
    return redirect("course", slug=slug)


@require_POST
@login_required
def lesson_done(request: SignedInRequest, slug: str, lesson_id: int) -> HttpResponse:
    """Back to the course at the next lesson, or on to the completion page when this was the last one."""
    enrolment = mark_lesson_done(request.user, lesson_id)
    shown = get_course(enrolment.course.slug)
    following = _first_not_done(shown, done_lessons(enrolment))
    if following is None:
        return redirect("course_complete", slug=shown.slug)
    return redirect(f"{reverse('course', args=[shown.slug])}#lesson-{following.position}")


def _first_not_done(course: Course, done: set[int]) -> Lesson | None:
    return next((lesson for lesson in course.lessons.all() if lesson.pk not in done), None)


def _teaches(person: Person, course: Course) -> bool:
    return person.pk in (course.tutor_id, course.creator_id)
