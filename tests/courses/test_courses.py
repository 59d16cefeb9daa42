"""Enrolling and completing a course, which happens once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oluko.accounts.models import Person
from oluko.core import clock
from oluko.core.errors import NotFound
from oluko.courses.courses import (
    courses_taught_by,
    courses_under_way,
    dismiss_suggestions,
    enrol,
    enrolment_of,
    mark_lesson_done,
    progress_of,
)
from oluko.courses.models import Course, Enrolment
from oluko.notifications.models import Notification
from tests.cast import make_course
from tests.conftest import Frozen
from tests.databases import Copy
from tests.racing import run_threads

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)


def complete(person: Person, course: Course) -> Enrolment:
    enrol(person, course.pk)
    for lesson in course.lessons.all():
        enrolment = mark_lesson_done(person, lesson.pk)
    return enrolment


def test_a_tutors_courses_are_those_taught_and_those_created(tunde: Person, mei: Person, ada: Person) -> None:
    taught = make_course(tunde, "Zebra", "zebra")
    created = Course.objects.create(title="Anthill", slug="anthill", tutor=mei, creator=tunde)
    assert courses_taught_by(tunde) == [created, taught]
    assert courses_taught_by(mei) == [created]
    assert courses_taught_by(ada) == []


def test_enrolling_twice_keeps_the_first_enrolment(ada: Person, react: Course) -> None:
    first = enrol(ada, react.pk)
    assert enrol(ada, react.pk) == first
    assert Enrolment.objects.count() == 1


def test_an_unknown_course_cannot_be_joined(ada: Person) -> None:
    with pytest.raises(NotFound):
        enrol(ada, uuid.uuid4())


def test_the_last_lesson_completes_the_course_at_business_time(ada: Person, react: Course, frozen: Frozen) -> None:
    frozen(NOON)
    enrol(ada, react.pk)
    first, second, third = react.lessons.all()
    for lesson in (third, first):
        assert mark_lesson_done(ada, lesson.pk).completed_at is None
    frozen(NOON + timedelta(days=3))
    completed_at = mark_lesson_done(ada, second.pk).completed_at
    assert completed_at is not None
    assert timedelta(0) <= completed_at - (NOON + timedelta(days=3)) < timedelta(minutes=1)


def test_a_lesson_done_again_changes_nothing(ada: Person, react: Course, frozen: Frozen) -> None:
    completed_at = complete(ada, react).completed_at
    frozen.advance(timedelta(days=1))
    again = mark_lesson_done(ada, react.lessons.all()[0].pk)
    assert again.completed_at == completed_at
    assert progress_of(again).done == 3


def test_a_lesson_added_later_does_not_undo_or_repeat_completion(ada: Person, react: Course) -> None:
    completed_at = complete(ada, react).completed_at
    added = react.lessons.create(position=4, title="Routing")
    assert mark_lesson_done(ada, added.pk).completed_at == completed_at
    assert Notification.objects.filter(person=ada, kind="COURSE_COMPLETED").count() == 1


def test_completion_is_told_once_with_the_way_to_the_page(ada: Person, react: Course) -> None:
    complete(ada, react)
    told = Notification.objects.get(person=ada)
    assert (told.title, told.url) == ("You completed React Foundations", "/courses/react-foundations/complete")


def test_a_lesson_of_a_course_one_is_not_enrolled_in_does_not_exist(ada: Person, bola: Person, react: Course) -> None:
    enrol(bola, react.pk)
    with pytest.raises(NotFound):
        mark_lesson_done(ada, react.lessons.all()[0].pk)
    with pytest.raises(NotFound):
        mark_lesson_done(bola, 10**15)


def test_progress_counts_own_lessons_only(ada: Person, bola: Person, react: Course) -> None:
    complete(bola, react)
    enrolment = enrol(ada, react.pk)
    assert (progress_of(enrolment).done, progress_of(enrolment).total, progress_of(enrolment).percent) == (0, 3, 0)
    mark_lesson_done(ada, react.lessons.all()[0].pk)
    assert progress_of(enrolment).percent == 33
    _enrolment, listed = courses_under_way(ada)[react.pk]
    assert (listed.done, listed.total) == (1, 3)


def test_a_course_without_lessons_is_at_nought_percent(ada: Person, react: Course) -> None:
    react.lessons.all().delete()
    assert progress_of(enrol(ada, react.pk)).percent == 0


def test_suggestions_are_dismissed_once_and_by_who_completed(ada: Person, bola: Person, react: Course) -> None:
    complete(ada, react)
    enrol(bola, react.pk)
    before = clock.now()
    dismiss_suggestions(ada, react.pk)
    dismissed_at = Enrolment.objects.get(person=ada).suggestions_dismissed_at
    dismiss_suggestions(ada, react.pk)
    assert dismissed_at is not None
    assert dismissed_at >= before
    assert Enrolment.objects.get(person=ada).suggestions_dismissed_at == dismissed_at
    with pytest.raises(NotFound):
        dismiss_suggestions(bola, react.pk)


def test_two_tabs_doing_the_last_two_lessons_at_once_complete_the_course(
    database_copy: Copy, ada: Person, react: Course
) -> None:
    enrol(ada, react.pk)
    first, *last_two = react.lessons.all()
    mark_lesson_done(ada, first.pk)
    results, errors = run_threads(2, lambda number: mark_lesson_done(ada, last_two[number].pk))
    assert (len(results), errors) == (2, [])
    enrolment = enrolment_of(ada, react.pk)
    assert enrolment is not None
    assert enrolment.completed_at is not None
    assert Notification.objects.filter(person=ada).count() == 1
