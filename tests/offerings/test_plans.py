"""Every public query of this room goes by an index; shown by the plan that the database itself gives."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oluko.accounts.models import Person, TutorProfile
from oluko.courses.models import Course
from oluko.offerings.marketplace import Filters, count_matching, listing_query, search
from oluko.offerings.models import DURATIONS, Offering
from oluko.offerings.offerings import get_live_offering, offerings_of
from oluko.offerings.suggestions import suggestions_for

START = datetime(2026, 1, 1, tzinfo=UTC)
TUTORS, COURSES, OFFERINGS = 150, 60, 4000


@pytest.fixture
def market(db) -> tuple[Person, Course]:
    """A few thousand offerings of many tutors and courses, and fresh statistics."""
    chance = random.Random(5)
    tutors = Person.objects.bulk_create(
        Person(email=f"t{number}@demo.test", name=f"Tutor {number}", role="TUTOR") for number in range(TUTORS)
    )
    TutorProfile.objects.bulk_create(TutorProfile(person=tutor, headline="Teaches") for tutor in tutors)
    courses = Course.objects.bulk_create(
        Course(title=f"Course {number}", slug=f"c-{number}", tutor=tutors[number], creator=tutors[number])
        for number in range(COURSES)
    )
    Offering.objects.bulk_create(
        Offering(
            tutor=chance.choice(tutors),
            course=chance.choice([None, *courses]),
            title=f"Offering {number}",
            description="Words about it. " * 10,
            duration=chance.choice(DURATIONS),
            price=chance.randrange(100_00, 50_000_00, 100),
            created_at=START + timedelta(minutes=number),
            withdrawn_at=START if number % 10 == 0 else None,
        )
        for number in range(OFFERINGS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return tutors[0], courses[0]


def plan_of(sql: str, values: list[object]) -> str:
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        cursor.execute(explain + sql, values)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def assert_by_index(plan: str) -> None:
    """Offerings are reached through an index: no full scan, on either engine."""
    assert "Seq Scan on offerings_offering" not in plan, plan
    assert not re.search(r"SCAN (o|offerings_offering)\b(?! USING)", plan), plan
    assert re.search(r"(?i)index", plan), plan


def searches(tutor: Person, course: Course) -> dict[str, Filters]:
    return {
        "unfiltered": Filters(),
        "cheapest": Filters(sort="price"),
        "price": Filters(min_price=2_000_00, max_price=3_000_00, sort="price"),
        "price, newest": Filters(min_price=2_000_00, max_price=30_000_00),
        "tutor": Filters(tutor_id=tutor.pk),
        "course": Filters(course_id=course.pk),
        "duration": Filters(duration=60),
        "duration and price": Filters(duration=60, max_price=10_000_00, sort="price"),
        "all together": Filters(tutor_id=tutor.pk, course_id=course.pk, duration=60, max_price=10_000_00),
    }


def test_every_list_goes_by_an_index(market):
    for name, filters in searches(*market).items():
        key = 5_000_00 if filters.sort == "price" else START + timedelta(days=1)
        for after in (None, (key, market[0].pk)):
            plan = plan_of(*listing_query(filters, after, 25))
            assert_by_index(plan)
            if name in ("unfiltered", "cheapest") and after is None:
                # In the order of the index: nothing is sorted, so that the first page costs 25 rows, not all.
                assert "TEMP B-TREE" not in plan, plan
                assert not re.search(r"\bSort\b", plan) or "Incremental Sort" in plan, plan


def test_everything_else_that_is_public_goes_by_an_index(market):
    tutor, course = market
    offering = Offering.objects.filter(withdrawn_at__isnull=True, tutor=tutor).first()
    assert offering is not None
    with CaptureQueriesContext(connection) as captured:
        suggestions_for(course.pk)
        get_live_offering(offering.pk)
        offerings_of(tutor)
        search(Filters(sort="soonest"), limit=5)
        for filters in (Filters(tutor_id=tutor.pk), Filters(course_id=course.pk)):
            count_matching(filters)
    read = [query["sql"] for query in captured.captured_queries if "offerings_offering" in query["sql"]]
    assert len(read) >= 6
    for sql in read:
        assert_by_index(plan_of(sql.replace("%", "%%"), []))
