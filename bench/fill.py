"""A marketplace of a given size in an empty database; the same each time, so that two runs compare."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, models

from oluko.accounts.models import Person, TutorProfile
from oluko.calendars.claims import quarters
from oluko.calendars.models import Availability, Claim
from oluko.courses.models import Course
from oluko.notifications.models import Notification
from oluko.offerings.marketplace import LARGEST_PAGE, Filters, search
from oluko.offerings.models import DURATIONS, Offering
from oluko.startup import prepare

# So many offerings to a tutor and to a course on average, and the share of those that belong to one.
PER_TUTOR, PER_COURSE, IN_COURSE = 20, 50, 0.75
BATCH = 5000
TOPICS = ("React", "Django", "Go", "SQL", "Figma", "Kubernetes", "Excel", "Rust", "Writing", "Public speaking")
FORMS = ("Career coaching", "Code review", "Interview practice", "Portfolio review", "First steps", "Deep dive")
NAMES = ("Adaeze", "Babajide", "Chidinma", "Damilola", "Emeka", "Folake", "Gbenga", "Halima", "Ifeoma", "Jibril")
TEXT = "We look at what you have made, find the two things that hold you back, and plan the next four weeks. " * 3


def main(number: str) -> dict[str, str]:
    """Prepare the database as `oluko serve` does, and fill it."""
    prepare()
    return fill(int(number))


def fill(number: int) -> dict[str, str]:
    """Make `number` live offerings with their tutors, hours, claims and courses; `course` and `cursor` of addresses."""
    chance = random.Random(1)
    tutors = _make_tutors(chance, max(number // PER_TUTOR, 1))
    courses = _make_courses(chance, tutors, max(number // PER_COURSE, 1))
    _make_offerings(chance, tutors, courses, number)
    _make_claims(chance, tutors)
    with connection.cursor() as cursor:
        # PostgreSQL does this by itself within minutes; SQLite never, so it is measured without.
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
    return {"course": str(courses[0]), "cursor": _deep_cursor(number // 2), "session": _make_reader()}


def _make_tutors(chance: random.Random, number: int) -> list[UUID]:

    tutors = [
        Person(
            id=_id(chance),
            email=f"tutor{index}@bench.test",
            name=f"{chance.choice(NAMES)} {chance.choice(NAMES)} {index}",
            role=Person.Role.TUTOR,
            password="!",
        )
        for index in range(number)
    ]
    _insert(tutors)
    _insert([TutorProfile(person=one, headline="Ten years in the field", bio=TEXT) for one in tutors])
    # The other half works by the default week.
    _insert([Availability(person=one, time_zone="Africa/Lagos") for one in tutors[::2]])
    return [one.pk for one in tutors]


def _make_courses(chance: random.Random, tutors: Sequence[UUID], number: int) -> list[UUID]:

    courses = [
        Course(
            id=_id(chance),
            title=f"{chance.choice(TOPICS)} foundations {index}",
            slug=f"course-{index}",
            tutor_id=tutors[index % len(tutors)],
            creator_id=tutors[index % len(tutors)],
        )
        for index in range(number)
    ]
    _insert(courses)
    return [one.pk for one in courses]


def _make_offerings(chance: random.Random, tutors: Sequence[UUID], courses: Sequence[UUID], number: int) -> None:

    newest = datetime(2026, 1, 1, tzinfo=UTC)
    for first in range(0, number, BATCH):
        _insert(
            [
                Offering(
                    id=_id(chance),
                    tutor_id=chance.choice(tutors),
                    course_id=chance.choice(courses) if chance.random() < IN_COURSE else None,
                    title=f"{chance.choice(FORMS)}: {chance.choice(TOPICS)}",
                    description=TEXT,
                    duration=chance.choice(DURATIONS),
                    price=chance.randrange(1_000_00, 50_000_00, 500_00),
                    created_at=newest - timedelta(seconds=37 * index),
                )
                for index in range(first, min(first + BATCH, number))
            ]
        )


def _make_claims(chance: random.Random, tutors: Sequence[UUID]) -> None:
    """Two sessions of an hour for each tutor within the coming week."""

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    claims = []
    for tutor in tutors:
        for day in chance.sample(range(1, 8), 2):
            start = today + timedelta(days=day, hours=chance.randrange(8, 16))
            claims += [Claim(person_id=tutor, quarter=at, booking_id=_id(chance)) for at in quarters(start, 60)]
    _insert(claims)


def _make_reader() -> str:
    """The session of somebody who has been told a hundred things and has read most of them."""
    reader = Person.objects.create(email="reader@bench.test", name="Folake Halima", password="!")
    now = datetime.now(UTC)
    _insert(
        [
            Notification(person=reader, key=f"bench:{number}", kind="paid", title="Told", created_at=now, read_at=read)
            for number, read in enumerate([now] * 95 + [None] * 5)
        ]
    )
    session = SessionStore()
    session[SESSION_KEY] = str(reader.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = reader.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _deep_cursor(depth: int) -> str:
    """The cursor that a visitor has after reading so many offerings, or all but the last page."""

    cursor = ""
    for _ in range(max(depth // LARGEST_PAGE, 1)):
        cursor = search(Filters(), cursor=cursor or None, limit=LARGEST_PAGE).next_cursor or cursor
    return cursor


def _insert(rows: Sequence[models.Model]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=BATCH)


def _id(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
