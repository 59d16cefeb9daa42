"""The fixed cast: two students and a stranger, a tutor with a course, a mentor without one, an operator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.test import Client

from oluko.accounts.models import Person, TutorProfile
from oluko.courses.models import Course, Lesson
from oluko.offerings.models import Offering

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

PASSWORD = "demo"
LESSONS = ("Components", "State", "Effects")


def make_person(
    name: str, role: Person.Role = Person.Role.STUDENT, *, zone: str = "Africa/Lagos", verified: bool = True
) -> Person:
    """A person NAME@demo.test with the cast's password, and a profile where the role teaches."""
    email = f"{name.split()[0].lower()}@demo.test"
    person = Person.objects.create_user(email, PASSWORD, name=name, role=role, time_zone=zone)
    person.is_superuser = role == Person.Role.ADMIN
    person.save(update_fields=["is_superuser"])
    EmailAddress.objects.create(user=person, email=email, primary=True, verified=verified)
    if person.teaches:
        TutorProfile.objects.create(person=person, headline=f"{name} teaches", hourly_rate=5_000_00)
    return person


def make_course(tutor: Person, title: str = "React Foundations", slug: str = "react-foundations") -> Course:
    """A course of three lessons that its tutor also created."""
    course = Course.objects.create(title=title, slug=slug, summary="A first course.", tutor=tutor, creator=tutor)
    for position, lesson in enumerate(LESSONS, start=1):
        Lesson.objects.create(course=course, position=position, title=lesson, body=f"About {lesson.lower()}.")
    return course


def make_offering(tutor: Person, **facts: Any) -> Offering:
    """A live offering; without `facts` an INSTANT hour for ₦5,000, by the MODERATE policy."""
    wanted = {"title": "React code review", "duration": 60, "price": 5_000_00} | facts
    return Offering.objects.create(tutor=tutor, **wanted)


class Caller:
    """Somebody's program: JSON in, the answer out whatever it is; a crash comes back as 500, as it would outside."""

    def __init__(self, token: str | None = None) -> None:
        self.client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, action: str, **body: Any) -> Response:
        """`POST /action/NAME` with `body`."""
        return self.post(f"/action/{action}", body)

    def post(self, path: str, body: object = None) -> Response:
        return self.client.post(path, json.dumps(body or {}), content_type="application/json", headers=self.headers)

    def get(self, path: str, **query: Any) -> Response:
        return self.client.get(path, query, headers=self.headers)
