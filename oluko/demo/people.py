"""Who lives in the demo. Everybody's password is `demo`; every address is verified. All of them are invented."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from oluko.accounts.models import Person, TutorProfile
from oluko.calendars.models import WEEKDAYS, Availability
from oluko.demo.teachers import TEACHERS

PASSWORD = "demo"  # noqa: S105  (the contract says so; the demo lives in the sandbox mode only)
Role = Person.Role

LEARNERS = (
    ("ada", "Ada Nwosu", "Africa/Lagos"),
    ("bola", "Bola Adeyemi", "Africa/Lagos"),
    ("zainab", "Zainab Musa", "Africa/Lagos"),
    ("chisom.ede", "Chisom Ede", "Africa/Lagos"),
    ("yusuf.garba", "Yusuf Garba", "Africa/Lagos"),
    ("temitope.oni", "Temitope Oni", "Africa/Lagos"),
    ("kwabena.ofori", "Kwabena Ofori", "Africa/Accra"),
    ("halima.sani", "Halima Sani", "Africa/Lagos"),
    ("obinna.uche", "Obinna Uche", "Europe/London"),
    ("rukky.omena", "Rukky Omena", "Africa/Lagos"),
    ("seun.alabi", "Seun Alabi", "America/Toronto"),
    ("ebuka.nwafor", "Ebuka Nwafor", "Africa/Lagos"),
    ("maryam.lawal", "Maryam Lawal", "Africa/Lagos"),
    ("dami.fasholu", "Dami Fasholu", "Africa/Johannesburg"),
)
STRANGER = "zainab"


def fresh_id(chance: random.Random) -> uuid.UUID:
    """A version 4 UUID that is the same at every seeding."""
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def create_people(chance: random.Random, monday: datetime) -> dict[str, Person]:
    """Everybody by login (the part before `@demo.test`), with profiles and weekly hours. Call inside a transaction."""
    secret = make_password(PASSWORD)  # hashed once: an honest hash takes its time
    people: dict[str, Person] = {}

    def add(login: str, name: str, zone: str, role: str) -> None:
        people[login] = Person(
            id=fresh_id(chance),
            email=f"{login}@demo.test",
            name=name,
            time_zone=zone,
            role=role,
            password=secret,
            is_superuser=role == Role.ADMIN,
            created_at=monday - timedelta(days=chance.randint(90, 200), minutes=15 * chance.randint(0, 95)),
        )

    for learner in LEARNERS:
        add(*learner, Role.STUDENT)
    for teacher in TEACHERS:
        add(teacher.login, teacher.name, teacher.zone, teacher.role)
    add("admin", "Uduak Operator", "Africa/Lagos", Role.ADMIN)
    Person.objects.bulk_create(people.values())
    EmailAddress.objects.bulk_create(
        EmailAddress(user=person, email=person.email, verified=True, primary=True) for person in people.values()
    )
    _create_profiles(people, monday)
    _create_hours(people, monday)
    return people


def _create_profiles(people: dict[str, Person], monday: datetime) -> None:
    TutorProfile.objects.bulk_create(
        TutorProfile(
            person=people[teacher.login],
            headline=teacher.headline,
            bio=teacher.bio,
            hourly_rate=teacher.rate * 100 or None,
            verified_at=monday - timedelta(days=80) if teacher.verified else None,
        )
        for teacher in TEACHERS
    )


def _create_hours(people: dict[str, Person], monday: datetime) -> None:
    """Weekly hours for all who teach, and a day off in three weeks for some of them."""
    hours = [
        Availability(
            person=people[teacher.login],
            time_zone=teacher.zone,
            weekly={day: teacher.weekend if day in ("sat", "sun") else teacher.workdays for day in WEEKDAYS},
            buffer_minutes=teacher.buffer,
        )
        for teacher in TEACHERS
    ]
    day_off = (monday + timedelta(days=23)).date().isoformat()
    for row in hours[2::4]:
        row.exceptions = {day_off: []}
    Availability.objects.bulk_create(hours)
