"""The page that closes a course, and its card."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.courses.courses import enrol, mark_lesson_done
from oluko.courses.models import Course, Enrolment
from oluko.offerings.models import Offering
from tests.cast import make_offering

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PAGE = "/courses/react-foundations/complete"
CARD = "Master this course with mentorship"


@pytest.fixture
def completed(ada: Person, react: Course) -> Enrolment:
    enrol(ada, react.pk)
    for lesson in react.lessons.all():
        enrolment = mark_lesson_done(ada, lesson.pk)
    return enrolment


@pytest.fixture
def offerings(tunde: Person, react: Course) -> list[Offering]:
    return [make_offering(tunde, title=f"React help {number}", course=react) for number in range(7)]


def test_it_suggests_up_to_five_with_tutor_duration_price_and_book(
    signed_in: SignIn, ada: Person, completed: Enrolment, offerings: list[Offering], react: Course
) -> None:
    page = signed_in(ada).get(PAGE).text
    assert CARD in page
    assert page.count("React help") == 5 * 2  # its title, and the label of its button
    for text in ("Tunde Bakare", "60 min", "₦5,000", "7 offerings for this course"):
        assert text in page
    assert f'href="/mentorship/offerings/{offerings[-1].pk}"' in page
    assert f'href="/mentorship?courseId={react.pk}"' in page


def test_a_course_without_offerings_shows_no_card(signed_in: SignIn, ada: Person, completed: Enrolment) -> None:
    page = signed_in(ada).get(PAGE)
    assert page.status_code == 200
    assert CARD not in page.text


def test_dismissing_is_remembered(
    signed_in: SignIn, ada: Person, completed: Enrolment, offerings: list[Offering]
) -> None:
    browser = signed_in(ada)
    answer = browser.post(f"{PAGE}/dismiss")
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert CARD not in browser.get(PAGE).text
    assert CARD not in signed_in(ada).get(PAGE).text
    completed.refresh_from_db()
    assert completed.suggestions_dismissed_at is not None


def test_with_htmx_the_card_is_swapped_for_a_line(
    signed_in: SignIn, ada: Person, completed: Enrolment, offerings: list[Offering]
) -> None:
    answer = signed_in(ada).post(f"{PAGE}/dismiss", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert CARD not in answer.text
    assert 'id="suggestions"' in answer.text


def test_who_has_not_completed_is_sent_to_the_course(
    signed_in: SignIn, bola: Person, zainab: Person, react: Course
) -> None:
    enrol(bola, react.pk)
    for person in (bola, zainab):
        assert signed_in(person).get(PAGE).headers["Location"] == "/courses/react-foundations"
        assert signed_in(person).post(f"{PAGE}/dismiss").status_code == 404
    assert not Enrolment.objects.filter(suggestions_dismissed_at__isnull=False).exists()


def test_a_stranger_is_asked_to_sign_in(client: Client, react: Course) -> None:
    assert client.get(PAGE).headers["Location"] == f"/accounts/login/?next={PAGE}"
    assert client.post(f"{PAGE}/dismiss").headers["Location"].startswith("/accounts/login/")


def test_an_unknown_course_is_404(signed_in: SignIn, ada: Person) -> None:
    assert signed_in(ada).get("/courses/nothing/complete").status_code == 404
    assert signed_in(ada).post("/courses/nothing/complete/dismiss").status_code == 404


def test_one_persons_dismissal_is_not_anothers(
    signed_in: SignIn, ada: Person, bola: Person, react: Course, completed: Enrolment, offerings: list[Offering]
) -> None:
    enrol(bola, react.pk)
    for lesson in react.lessons.all():
        mark_lesson_done(bola, lesson.pk)
    signed_in(ada).post(f"{PAGE}/dismiss")
    assert CARD in signed_in(bola).get(PAGE).text
