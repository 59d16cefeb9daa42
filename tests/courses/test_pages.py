"""The pages of courses, as a person sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from oluko.accounts.models import Person
from oluko.courses.courses import enrol, mark_lesson_done
from oluko.courses.models import Course, Enrolment

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def test_everybody_sees_the_list_and_the_outline_without_the_lessons_text(client: Client, react: Course) -> None:
    assert "React Foundations" in client.get("/courses").text
    page = client.get("/courses/react-foundations").text
    assert "Components" in page
    assert "Sign in to enrol" in page
    assert "About components." not in page


def test_no_courses_is_an_empty_state(client: Client, db: None) -> None:
    assert "No courses yet" in client.get("/courses").text


def test_an_unknown_course_is_404(client: Client, db: None) -> None:
    assert client.get("/courses/nothing-here").status_code == 404


def test_the_tutor_reads_the_lessons_without_enrolling(signed_in: SignIn, tunde: Person, react: Course) -> None:
    assert "About components." in signed_in(tunde).get("/courses/react-foundations").text


def test_a_student_enrols_and_does_every_lesson_up_to_the_completion_page(
    signed_in: SignIn, ada: Person, react: Course
) -> None:
    browser = signed_in(ada)
    assert "Enrol, free of charge" in browser.get("/courses/react-foundations").text
    assert browser.post("/courses/react-foundations/enrol").headers["Location"] == "/courses/react-foundations"
    assert "About components." in browser.get("/courses/react-foundations").text
    first, second, third = react.lessons.all()
    answer = browser.post(f"/courses/react-foundations/lessons/{first.pk}/done")
    assert answer.headers["Location"] == "/courses/react-foundations#lesson-2"
    browser.post(f"/courses/react-foundations/lessons/{third.pk}/done")
    assert "2 of 3 lessons" in browser.get("/courses").text
    answer = browser.post(f"/courses/react-foundations/lessons/{second.pk}/done")
    assert answer.headers["Location"] == "/courses/react-foundations/complete"
    assert "See what comes next" in browser.get("/courses/react-foundations").text


def test_a_stranger_can_neither_enrol_nor_do_lessons(client: Client, react: Course) -> None:
    lesson = react.lessons.all()[0]
    for path in ("/courses/react-foundations/enrol", f"/courses/react-foundations/lessons/{lesson.pk}/done"):
        assert client.post(path).headers["Location"].startswith("/accounts/login/")
    assert not Enrolment.objects.exists()


def test_somebody_not_enrolled_cannot_do_a_lesson(signed_in: SignIn, zainab: Person, react: Course) -> None:
    lesson = react.lessons.all()[0]
    assert signed_in(zainab).post(f"/courses/react-foundations/lessons/{lesson.pk}/done").status_code == 404


@pytest.mark.parametrize("lesson_id", ["999999", "9" * 30])
def test_a_lesson_that_is_none_is_404(signed_in: SignIn, ada: Person, react: Course, lesson_id: str) -> None:
    enrol(ada, react.pk)
    assert signed_in(ada).post(f"/courses/react-foundations/lessons/{lesson_id}/done").status_code == 404


def test_nothing_changes_by_getting(signed_in: SignIn, ada: Person, react: Course) -> None:
    browser = signed_in(ada)
    assert browser.get("/courses/react-foundations/enrol").status_code == 302
    assert not Enrolment.objects.exists()
    lesson = react.lessons.all()[0]
    assert browser.get(f"/courses/react-foundations/lessons/{lesson.pk}/done").status_code == 405


def test_forms_need_their_token(signed_in: SignIn, ada: Person, react: Course) -> None:
    assert signed_in(ada, csrf=True).post("/courses/react-foundations/enrol").status_code == 403


def test_a_picture_whose_name_leads_nowhere_does_not_break_the_page(client: Client, react: Course) -> None:
    Course.objects.update(thumbnail="courses/../nowhere.svg")
    assert client.get("/courses").status_code == 200


def test_a_lessons_text_is_shown_as_text(signed_in: SignIn, ada: Person, react: Course) -> None:
    react.lessons.filter(position=1).update(body="<script>alert(1)</script>")
    enrol(ada, react.pk)
    page = signed_in(ada).get("/courses/react-foundations").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_lists_cost_the_same_however_many_courses(
    signed_in: SignIn, ada: Person, react: Course, tunde: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        course = Course.objects.create(title=f"Course {number}", slug=f"course-{number}", tutor=tunde, creator=tunde)
        lesson = course.lessons.create(position=1, title="One")
        enrol(ada, course.pk)
        mark_lesson_done(ada, lesson.pk)
    browser = signed_in(ada)
    with django_assert_max_num_queries(10):
        browser.get("/courses")
