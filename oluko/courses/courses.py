"""Enrolling, doing lessons and completing a course, which happens once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.errors import NotFound
from oluko.courses.models import Course, Enrolment, Lesson, LessonDone
from oluko.notifications.kinds import Group, Telling, know
from oluko.notifications.notifications import notify

COMPLETED = Telling(
    Group.COURSES,
    gettext_lazy("You completed %(course)s"),
    gettext_lazy("Well done. See what an hour with a mentor could add to it."),
)
know({"COURSE_COMPLETED": COMPLETED})


@dataclass(frozen=True)
class Progress:
    """How far somebody has come: lessons done of all lessons."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


def courses_taught_by(person: Person) -> list[Course]:
    """The courses that a person teaches or created, by title; offerings may be linked to these."""
    return list(Course.objects.filter(Q(tutor=person) | Q(creator=person)).order_by("title", "id"))


def listed_courses() -> list[Course]:
    """Every course with its tutor and `lesson_count`, by title."""
    return list(Course.objects.select_related("tutor").annotate(lesson_count=Count("lessons")).order_by("title", "id"))


def get_course(slug: str) -> Course:
    """One course with its tutor and lessons; raises NotFound."""
    lessons = Prefetch("lessons", Lesson.objects.order_by("position"))
    course = Course.objects.select_related("tutor").prefetch_related(lessons).filter(slug=slug).first()
    if course is None:
        raise _no_such_course()
    return course


def enrolment_of(person: Person, course_id: UUID) -> Enrolment | None:
    """A person's enrolment in one course, or None."""
    return Enrolment.objects.filter(person=person, course_id=course_id).first()


@transaction.atomic(durable=True)
def enrol(person: Person, course_id: UUID) -> Enrolment:
    """Enrol a person; asked again, the enrolment that there is. Raises NotFound for an unknown course."""
    if not Course.objects.filter(pk=course_id).exists():
        raise _no_such_course()
    enrolment, _created = Enrolment.objects.get_or_create(
        person=person, course_id=course_id, defaults={"enrolled_at": clock.now()}
    )
    return enrolment


@transaction.atomic(durable=True)
def mark_lesson_done(person: Person, lesson_id: int) -> Enrolment:
    """Mark one lesson done; the last one completes the course. Raises NotFound unless enrolled in its course.

    The row lock keeps two tabs that do the last two lessons at once from each missing the other's;
    SQLite lets in one writer anyway.
    """
    lesson = Lesson.objects.filter(pk=lesson_id).first()
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("course")
    enrolment = rows.filter(person=person, course_id=lesson.course_id).first() if lesson else None
    if enrolment is None:
        raise NotFound("no_such_lesson", _("There is no such lesson among your courses."))
    LessonDone.objects.get_or_create(enrolment=enrolment, lesson_id=lesson_id, defaults={"done_at": clock.now()})
    progress = progress_of(enrolment)
    if progress.done == progress.total:
        _complete(enrolment, person)
    return enrolment


def done_lessons(enrolment: Enrolment) -> set[int]:
    """The ids of the lessons that an enrolled person has done."""
    return set(LessonDone.objects.filter(enrolment=enrolment).values_list("lesson_id", flat=True))


def progress_of(enrolment: Enrolment) -> Progress:
    """Lessons done of all lessons of the course as it is today."""
    return Progress(
        done=LessonDone.objects.filter(enrolment=enrolment).count(),
        total=Lesson.objects.filter(course_id=enrolment.course_id).count(),
    )


def courses_under_way(person: Person) -> dict[UUID, tuple[Enrolment, Progress]]:
    """A person's enrolments by course, each with its progress, in one query."""
    rows = Enrolment.objects.filter(person=person).annotate(
        lessons_done=Count("done", distinct=True), lessons_total=Count("course__lessons", distinct=True)
    )
    return {row.course_id: (row, Progress(row.lessons_done, row.lessons_total)) for row in rows}


def dismiss_suggestions(person: Person, course_id: UUID) -> None:
    """Remember that a person does not want the mentorship card of a course; the first time counts.

    Raises NotFound unless the person has completed the course.
    """
    completed = Enrolment.objects.filter(person=person, course_id=course_id, completed_at__isnull=False)
    if not completed.exists():
        raise _no_such_course()
    completed.filter(suggestions_dismissed_at__isnull=True).update(suggestions_dismissed_at=clock.now())


def _complete(enrolment: Enrolment, person: Person) -> None:
    """Set `completed_at` if nobody has; a later lesson or a repeat changes nothing. Call inside a transaction."""
    now = clock.now()
    if not Enrolment.objects.filter(pk=enrolment.pk, completed_at__isnull=True).update(completed_at=now):
        return
    enrolment.completed_at = now
    notify(
        person,
        "COURSE_COMPLETED",
        event=f"course-completed:{enrolment.course_id}",
        title=str(COMPLETED.title) % {"course": enrolment.course.title},
        body=str(COMPLETED.body),
        url=reverse("course_complete", args=[enrolment.course.slug]),
    )


def _no_such_course() -> NotFound:
    return NotFound("no_such_course", _("There is no such course."))
