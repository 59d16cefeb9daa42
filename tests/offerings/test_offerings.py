"""Listing, editing and withdrawing: what is taken, what is refused, whose it is."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from oluko.core.errors import Invalid, NotAllowed, NotFound
from oluko.offerings.models import Offering
from oluko.offerings.offerings import (
    create_offering,
    get_live_offering,
    offerings_of,
    update_offering,
    withdraw_offering,
)
from tests.cast import make_course, make_offering

FACTS = {"title": "Deep React", "duration": 60, "price": 5_000_00}


def test_tutor_lists_an_offering_linked_to_an_own_course(tunde, react, frozen):
    now = frozen(datetime(2026, 5, 5, 9, tzinfo=UTC))
    made = create_offering(
        tunde, **FACTS | {"title": "  Deep React \n"}, course_id=react.pk, description=" One\r\ntwo "
    )
    assert (made.title, made.description, made.course, made.currency) == ("Deep React", "One\ntwo", react, "NGN")
    assert (made.booking_mode, made.cancellation_policy) == ("INSTANT", "MODERATE")
    assert abs((made.created_at - now).total_seconds()) < 60
    assert offerings_of(tunde) == [made]


def test_mentor_without_courses_lists_a_standalone_offering(mei):
    made = create_offering(mei, **FACTS, booking_mode="REQUEST", cancellation_policy="STRICT")
    assert get_live_offering(made.pk).course is None


@pytest.mark.parametrize("name", ["ada", "admin"])
def test_others_may_not_list(request, name):
    with pytest.raises(NotAllowed):
        create_offering(request.getfixturevalue(name), **FACTS)


def test_anothers_course_looks_like_none(mei, tunde, react):
    for course_id in (react.pk, uuid.uuid4(), "react"):
        with pytest.raises(NotFound):
            create_offering(mei, **FACTS, course_id=course_id)
    mine = make_offering(mei)
    with pytest.raises(NotFound):
        update_offering(mei, mine.pk, course_id=react.pk)
    assert Offering.objects.count() == 1


WRONG = [
    ("title", "title", "ab"),
    ("title", "title", "  ab  "),
    ("title", "title", "x" * 121),
    ("title", "title", "two\nlines"),
    ("title", "title", "nul\0"),
    ("title", "title", "bell\x07"),
    ("title", "title", "\ud800 half"),
    ("title", "title", None),
    ("description", "description", "x" * 4001),
    ("description", "description", "nul\0"),
    ("description", "description", 5),
    ("duration", "duration", 50),
    ("duration", "duration", "60"),
    ("duration", "duration", None),
    ("price", "price", 99_99),
    ("price", "price", 10_000_000_01),
    ("price", "price", -1),
    ("price", "price", 5000.0),
    ("price", "price", True),
    ("booking_mode", "bookingMode", "LATER"),
    ("booking_mode", "bookingMode", []),
    ("cancellation_policy", "cancellationPolicy", ""),
    ("meeting_link", "meetingLink", "javascript:alert(1)"),
    ("meeting_link", "meetingLink", 5),
]


@pytest.mark.parametrize(("name", "wire", "value"), WRONG)
def test_what_cannot_be_is_refused_at_its_field(tunde, offering, name, wire, value):
    with pytest.raises(Invalid) as refused:
        create_offering(tunde, **FACTS | {name: value})
    assert list(refused.value.errors) == [wire]
    with pytest.raises(Invalid):
        update_offering(tunde, offering.pk, **{name: value})
    assert Offering.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "abc"),
        ("title", "x" * 120),
        ("title", "Ọ̀rọ̀ ₦ 日本 🙂"),
        ("description", "x" * 4000),
        ("description", "tab\tand\n\nlines"),
        ("price", 100_00),
        ("price", 10_000_000_00),
        *[("duration", minutes) for minutes in (30, 45, 60, 90, 120, 180)],
    ],
)
def test_the_edges_are_taken(tunde, name, value):
    made = create_offering(tunde, **FACTS | {name: value})
    made.refresh_from_db()
    assert getattr(made, name) == value


def test_what_is_given_changes_and_the_rest_stays(tunde, react, offering):
    update_offering(tunde, offering.pk, price=7_500_00, course_id=react.pk)
    changed = update_offering(tunde, offering.pk)
    assert (changed.price, changed.title, changed.course) == (7_500_00, offering.title, react)
    assert update_offering(tunde, offering.pk, course_id=None).course is None


def test_a_course_that_moved_to_somebody_else_does_not_block_an_edit(tunde, mei, react):
    mine = make_offering(tunde, course=react)
    react.tutor = react.creator = mei
    react.save()
    assert update_offering(tunde, mine.pk, course_id=react.pk, title="Still mine").course_id == react.pk


def test_a_strangers_offering_is_not_there(tunde, mei, ada, offering):
    for person in (mei, ada):
        with pytest.raises(NotFound):
            update_offering(person, offering.pk, title="Taken over")
        with pytest.raises(NotFound):
            withdraw_offering(person, offering.pk)
    offering.refresh_from_db()
    assert (offering.title, offering.withdrawn_at) == ("React code review", None)


def test_withdrawn_is_gone_for_all_and_cannot_be_withdrawn_twice(tunde, offering):
    withdraw_offering(tunde, offering.pk)
    for call in (
        lambda: get_live_offering(offering.pk),
        lambda: withdraw_offering(tunde, offering.pk),
        lambda: update_offering(tunde, offering.pk, title="Back again"),
    ):
        with pytest.raises(NotFound):
            call()
    assert offerings_of(tunde) == []
    assert Offering.objects.filter(pk=offering.pk).exists()


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "STUDENT"}])
def test_offerings_of_who_left_are_not_live(tunde, offering, change):
    for name, value in change.items():
        setattr(tunde, name, value)
    tunde.save()
    with pytest.raises(NotFound):
        get_live_offering(offering.pk)


def test_creator_may_link_too(mei, tunde):
    course = make_course(tunde)
    course.creator = mei
    course.save()
    assert create_offering(mei, **FACTS, course_id=course.pk).course == course
