"""Searching: only what is live, filters together, keyset pages that neither skip nor repeat."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.calendars.claims import quarters, take_time
from oluko.core.errors import Invalid, NotFound
from oluko.offerings.marketplace import Filters, count_matching, read_filters, search
from oluko.offerings.suggestions import suggestions_for
from tests.cast import make_course, make_offering, make_person

MONDAY = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)


def titles(filters=None, **more):
    return [row.title for row in search(filters or Filters(), **more).rows]


def all_pages(filters, limit):
    found, cursor = [], None
    while True:
        page = search(filters, cursor=cursor, limit=limit)
        assert len(page.rows) <= limit
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_rows_carry_what_a_card_shows(tunde, react, django_assert_num_queries):
    tunde.tutor_profile.verified_at = MONDAY
    tunde.tutor_profile.photo = "photos/t.jpg"
    tunde.tutor_profile.save()
    made = make_offering(tunde, course=react)
    with django_assert_num_queries(1):
        [row] = search(Filters()).rows
    assert (row.id, row.price, row.created_at) == (made.pk, 5_000_00, made.created_at)
    assert (row.tutor_id, row.tutor_name, row.initials, row.verified) == (tunde.pk, "Tunde Bakare", "TB", True)
    assert (row.course_id, row.course_title, row.course_slug) == (react.pk, react.title, react.slug)
    assert row.avatar.endswith("photos/t.jpg")


def test_a_tutor_without_profile_and_course_is_listed(tunde):
    tunde.tutor_profile.delete()
    make_offering(tunde)
    [row] = search(Filters()).rows
    assert (row.headline, row.photo, row.avatar, row.verified, row.course_id) == ("", "", "", False, None)


def test_only_live_offerings_of_active_tutors_are_found(tunde, mei, ada, react):
    make_offering(tunde, title="Seen", course=react)
    make_offering(tunde, title="Withdrawn", withdrawn_at=MONDAY, course=react)
    make_offering(ada, title="By a student", course=react)
    mei.is_active = False
    mei.save()
    make_offering(mei, title="By who left", course=react)
    for sort in ("newest", "price", "soonest"):
        assert titles(Filters(sort=sort)) == ["Seen"]
    assert count_matching(Filters()) == 1
    assert suggestions_for(react.pk)[1] == 1


def test_filters_combine(tunde, mei, react):
    make_offering(tunde, title="Cheap", price=1_000_00, duration=30, course=react)
    make_offering(tunde, title="Dear", price=9_000_00, duration=60, course=react)
    make_offering(mei, title="Other", price=1_000_00, duration=30)
    assert titles(Filters(tutor_id=tunde.pk, max_price=5_000_00)) == ["Cheap"]
    assert titles(Filters(course_id=react.pk, min_price=1_000_01)) == ["Dear"]
    assert titles(Filters(duration=30, sort="price", min_price=1_000_00, max_price=1_000_00)) == titles(
        Filters(duration=30, sort="price")
    )
    assert titles(Filters(course_id=react.pk, duration=60, q="dear", tutor_id=tunde.pk)) == ["Dear"]
    assert titles(Filters(tutor_id=uuid.uuid4())) == titles(Filters(course_id=uuid.uuid4())) == []


@pytest.mark.parametrize(
    "words", ["react", "REACT", "hooks", "tunde", "BAKARE", "frontend", "ọ̀RỌ̀", "100%", "under_score"]
)
def test_text_finds_title_description_tutor_and_headline_in_any_case(tunde, mei, words):
    tunde.tutor_profile.headline = "Frontend lead"
    tunde.tutor_profile.save()
    make_offering(tunde, title="Deep React, 100% yours", description="Hooks and under_score in Ọ̀rọ̀")
    make_offering(mei, title="Wholly other, 1000 things", description="underXscore")
    assert titles(Filters(q=words)) == ["Deep React, 100% yours"]
    assert count_matching(Filters(q=words)) == 1


@pytest.mark.parametrize("words", ["'; DROP TABLE offerings_offering; --", "\\", "%", "_", "\\%", "%s", "😀"])
def test_odd_text_finds_nothing_and_harms_nothing(offering, words):
    assert titles(Filters(q=words)) == []


@pytest.mark.parametrize("sort", ["newest", "price", "soonest"])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_neither_skip_nor_repeat(tunde, mei, sort, limit, frozen):
    frozen(MONDAY)
    for number in range(13):
        # Equal keys on purpose: the id decides between them.
        make_offering(
            (tunde, mei)[number % 2],
            price=1_000_00 + number // 4,
            created_at=MONDAY + timedelta(minutes=number // 5),
            duration=(30, 60)[number % 3 // 2],
        )
    found = all_pages(Filters(sort=sort), limit)
    assert len({row.id for row in found}) == 13
    keys = {
        "newest": [(row.created_at, row.id) for row in reversed(found)],
        "price": [(row.price, row.id) for row in found],
    }.get(sort, [])
    assert keys == sorted(keys)


def test_what_is_listed_meanwhile_does_not_move_the_pages(tunde):
    for number in range(4):
        make_offering(tunde, title=f"Old {number}", created_at=MONDAY + timedelta(minutes=number))
    first = search(Filters(), limit=2)
    make_offering(tunde, title="Brand new", created_at=MONDAY + timedelta(days=1))
    rest = search(Filters(), cursor=first.next_cursor, limit=2)
    assert [row.title for row in (*first.rows, *rest.rows)] == ["Old 3", "Old 2", "Old 1", "Old 0"]


def test_soonest_ranks_by_the_next_time_that_is_free(tunde, mei, ada, frozen, django_assert_num_queries):
    frozen(MONDAY)  # 07:00 in Lagos, 14:00 in Shanghai
    never = make_person("Kemi Never", Person.Role.TUTOR)
    set_availability(never, weekly={})
    make_offering(never, title="Never")
    make_offering(tunde, title="Today at nine")
    make_offering(mei, title="Tomorrow")
    with django_assert_num_queries(4):
        assert titles(Filters(sort="soonest")) == ["Today at nine", "Tomorrow", "Never"]


def test_soonest_follows_hours_and_claims_at_once(tunde, mei, ada, frozen):
    frozen(MONDAY)
    make_offering(tunde, title="Tunde")
    make_offering(mei, title="Mei")
    set_availability(mei, weekly={"tue": [["09:00", "18:00"]]})
    assert titles(Filters(sort="soonest")) == ["Tunde", "Mei"]
    all_monday = quarters(MONDAY, 24 * 60)
    take_time(ada.pk, {tunde.pk: all_monday}, expires_at=None)
    assert titles(Filters(sort="soonest")) == ["Mei", "Tunde"]


def forged(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "é",
        "AAAA",
        forged(),
        forged("price", 5, "0" * 32),
        forged("newest", "yesterday", "0" * 32),
        forged("newest", 5, "0" * 32),
        forged("newest", "2026-05-05T00:00:00+00:00", "me"),
        forged("newest", "2026-05-05T00:00:00+00:00", 5),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"{}").decode(),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(offering, cursor):
    with pytest.raises(Invalid) as refused:
        search(Filters(), cursor=cursor)
    assert list(refused.value.errors) == ["cursor"]


@pytest.mark.parametrize("key", [2**70, -1, "5", 1.5, None, True])
def test_a_forged_price_key_is_refused(offering, key):
    with pytest.raises(Invalid):
        search(Filters(sort="price"), cursor=forged("price", key, uuid.uuid4().hex))


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_has_bounds(db, limit):
    with pytest.raises(Invalid) as refused:
        search(Filters(), limit=limit)
    assert list(refused.value.errors) == ["limit"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("q", "x" * 101),
        ("q", "nul\0"),
        ("tutorId", "tunde"),
        ("courseId", "1"),
        ("minPrice", "cheap"),
        ("minPrice", "-5"),
        ("maxPrice", "1e999"),
        ("maxPrice", "5.001"),
        ("maxPrice", "9" * 15),
        ("duration", "50"),
        ("duration", "an hour"),
        ("sort", "best"),
    ],
)
def test_filters_that_cannot_be_are_refused_at_their_field(field, value):
    with pytest.raises(Invalid) as refused:
        read_filters({field: value})
    assert list(refused.value.errors) == [field]


def test_filters_are_read_by_their_wire_names(tunde):
    query = {"q": "  deep   react ", "tutorId": str(tunde.pk), "minPrice": "1,000.50", "maxPrice": "", "duration": "60"}
    assert read_filters(query) == Filters(q="deep react", tutor_id=tunde.pk, min_price=1_000_50, duration=60)


def test_count_stops_where_a_visitor_stops_caring(tunde, monkeypatch):
    for _number in range(5):
        make_offering(tunde)
    assert count_matching(Filters()) == 5
    assert count_matching(Filters(), most=3) == 3


def test_suggestions_are_the_newest_five_and_the_total_is_of_all(tunde, react, django_assert_max_num_queries):
    for number in range(7):
        make_offering(tunde, title=f"Number {number}", course=react, created_at=MONDAY + timedelta(minutes=number))
    make_offering(tunde, title="Standalone")
    with django_assert_max_num_queries(2):
        rows, total = suggestions_for(react.pk)
    assert [row.title for row in rows] == [f"Number {number}" for number in (6, 5, 4, 3, 2)]
    assert total == 7


def test_suggestions_of_a_course_without_offerings_are_none(tunde):
    assert suggestions_for(make_course(tunde).pk) == ([], 0)


def test_suggestions_of_an_unknown_course_are_not_found(db):
    with pytest.raises(NotFound):
        suggestions_for(uuid.uuid4())
