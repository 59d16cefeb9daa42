"""What can be read, by whom, and how often it is worth sending again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from oluko.accounts.models import Person
from oluko.courses.models import Course
from oluko.offerings.models import Offering
from tests.api.conftest import AT, Api, assert_problem, later
from tests.api.test_actions import FIELDS
from tests.cast import make_offering
from tests.conftest import Frozen

pytestmark = pytest.mark.django_db

NOT_THERE = ("nope", "00000000-0000-4000-8000-000000000000", "%00", "1", "{00000000-0000-4000-8000-000000000000}")


def test_suggestions_are_five_of_all(api: Api, tunde: Person, react: Course, offering: Offering) -> None:
    rows = [make_offering(tunde, course=react, title=f"Hooks {number}") for number in range(7)]
    answer = api(None).get("/api/mentorship/suggestions", courseId=str(react.pk))
    shown = answer.json()
    assert (len(shown["suggestions"]), shown["total"]) == (5, 7)
    assert shown["suggestions"][0].keys() == FIELDS
    assert {row["id"] for row in shown["suggestions"]} <= {str(row.pk) for row in rows}
    assert "@" not in answer.content.decode()


def test_suggestions_need_a_course_that_is(api: Api, react: Course) -> None:
    calls = api(None)
    assert calls.get("/api/mentorship/suggestions", courseId=str(react.pk)).json() == {"suggestions": [], "total": 0}
    assert_problem(calls.get("/api/mentorship/suggestions"), 422, field="courseId")
    assert_problem(calls.get("/api/mentorship/suggestions", courseId=""), 422, field="courseId")
    for odd in ("nope", "00000000-0000-4000-8000-000000000000", "\x00", "react-course-id"):
        assert_problem(calls.get("/api/mentorship/suggestions", courseId=odd), 404, "no_such_course")


def test_offering_looks_the_same_alone_in_lists_and_to_its_tutor(
    api: Api, tunde: Person, react: Course, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    tunde.tutor_profile.photo.save("tunde.png", ContentFile(b"png"))
    row = make_offering(tunde, course=react, description="All about hooks")
    calls = api(None)
    alone = calls.get(f"/api/mentorship/offerings/{row.pk}").json()
    assert alone["tutor"]["avatar"].startswith("/")
    assert calls.get("/api/mentorship/offerings").json() == {"offerings": [alone], "nextCursor": None}
    assert calls.get("/api/mentorship/suggestions", courseId=str(react.pk)).json()["suggestions"] == [alone]
    assert api(tunde)("getTutorMentorshipOfferings").json() == [alone]


def test_offerings_are_filtered_sorted_and_paged(
    api: Api, monday: object, tunde: Person, mei: Person, react: Course
) -> None:
    cheap = make_offering(mei, title="Career talk", price=1_000_00, duration=30)
    middle = make_offering(tunde, title="Hooks", price=5_000_50, course=react)
    dear = make_offering(tunde, title="Architecture", price=50_000_00, duration=180)
    calls = api(None)

    def ids(**query: Any) -> list[str]:
        answer = calls.get("/api/mentorship/offerings", **query)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["offerings"]]

    assert ids(q="hook") == [str(middle.pk)]
    assert ids(tutorId=str(mei.pk)) == [str(cheap.pk)]
    assert ids(courseId=str(react.pk), q="") == [str(middle.pk)]
    assert ids(minPrice="5000.50", maxPrice=20000) == [str(middle.pk)]
    assert ids(duration=180) == [str(dear.pk)]
    assert ids(sort="price") == [str(cheap.pk), str(middle.pk), str(dear.pk)]
    assert set(ids(sort="soonest")) == {str(cheap.pk), str(middle.pk), str(dear.pk)}
    first = calls.get("/api/mentorship/offerings", sort="price", limit=2).json()
    assert [row["id"] for row in first["offerings"]] == [str(cheap.pk), str(middle.pk)]
    assert ids(sort="price", limit=2, cursor=first["nextCursor"]) == [str(dear.pk)]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("q", ("x" * 101, "\x00", "a\x1bb")),
        ("tutorId", ("nope", "1", "\x00", "{00000000-0000-4000-8000-000000000000}")),
        ("courseId", ("nope", "react-foundations")),
        ("minPrice", ("-1", "x", "NaN", "Infinity", "1e3", "1,000", "9" * 40, "1.001", "٣")),
        ("maxPrice", ("-1", "x")),
        ("duration", ("50", "x", "60.0", "-60", "9" * 40)),
        ("sort", ("cheapest", "NEWEST", "\x00")),
        ("limit", ("0", "101", "-1", "x", "1.5", "9" * 40)),
        ("cursor", ("x", "\x00", "x" * 301, "bm9uZQ", "WyJuZXdlc3QiLCIyIiwiMyJd", "¹")),
    ],
)
def test_bad_filter_is_named(api: Api, offering: Offering, field: str, values: tuple[str, ...]) -> None:
    for value in values:
        assert_problem(api(None).get("/api/mentorship/offerings", **{field: value}), 422, field=field)


@pytest.mark.parametrize("odd", NOT_THERE)
def test_offering_that_is_not_there(api: Api, offering: Offering, odd: str) -> None:
    assert_problem(api(None).get(f"/api/mentorship/offerings/{odd}"), 404, "no_such_offering")
    assert_problem(api(None).get(f"/api/mentorship/offerings/{odd}/slots"), 404, "no_such_offering")


def test_slots_are_times_that_can_be_booked_now(
    api: Api, requested: dict[str, Any], offering: Offering, ada: Person
) -> None:
    path = f"/api/mentorship/offerings/{offering.pk}/slots"
    day = {"from": "2026-05-06T00:00:00+01:00", "to": "2026-05-07T00:00:00+01:00"}
    shown = api(None).get(path, **day).json()
    assert shown["timezone"] == "Africa/Lagos"
    starts = [slot["startsAt"] for slot in shown["slots"]]
    assert starts[0] == "2026-05-06T08:00:00.000Z"
    assert shown["slots"][0]["endsAt"] == "2026-05-06T09:00:00.000Z"
    assert requested["scheduledAt"] not in starts
    usual = [slot["startsAt"] for slot in api(None).get(path).json()["slots"]]
    assert set(starts) < set(usual)
    assert max(usual) < later(days=31)


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("from", {"from": "2026-05-06T00:00:00"}),
        ("from", {"from": "tomorrow"}),
        ("from", {"from": "1778058000"}),
        ("from", {"from": "0001-01-01T00:00:00Z"}),
        ("from", {"from": ""}),
        ("to", {"to": "9999-12-31T23:59:59Z"}),
        ("to", {"to": "2026-05-01T00:00:00Z"}),
        ("to", {"from": "2026-05-06T00:00:00Z", "to": "2026-05-06T00:00:00Z"}),
        ("to", {"from": "2026-05-06T00:00:00Z", "to": "2026-07-08T00:00:00Z"}),
    ],
)
def test_bad_range_of_slots(api: Api, monday: object, offering: Offering, field: str, query: dict[str, str]) -> None:
    assert_problem(api(None).get(f"/api/mentorship/offerings/{offering.pk}/slots", **query), 422, field=field)


def test_slots_of_the_far_future_and_past_are_none(api: Api, monday: object, offering: Offering) -> None:
    path = f"/api/mentorship/offerings/{offering.pk}/slots"
    for year in (2000, 2100):
        query = {"from": f"{year}-03-01T00:00:00Z", "to": f"{year}-04-01T00:00:00Z"}
        assert api(None).get(path, **query).json()["slots"] == []


def test_session_is_for_its_people_and_operators(
    api: Api, requested: dict[str, Any], ada: Person, tunde: Person, admin: Person, zainab: Person, mei: Person
) -> None:
    path = f"/api/mentorship/session/{requested['id']}"
    for person in (ada, tunde, admin):
        assert api(person).get(path).json() == requested
        assert api(person).get(f"{path}/money").json() == {"lines": []}
    for person in (zainab, mei):
        for what in ("", "/cancellation", "/money"):
            there = assert_problem(api(person).get(path + what), 404, "no_such_session")
            for odd in NOT_THERE:
                assert assert_problem(api(person).get(f"/api/mentorship/session/{odd}{what}"), 404) == there
    assert_problem(api(admin).get(f"{path}/cancellation"), 404, "no_such_session")


def test_cancellation_terms_change_with_time(
    api: Api, paid: dict[str, Any], ada: Person, tunde: Person, frozen: Frozen
) -> None:
    path = f"/api/mentorship/session/{paid['id']}/cancellation"
    assert api(ada).get(path).json() == {
        "refund": 5000,
        "tutorKeeps": 0,
        "platformKeeps": 0,
        "currency": "NGN",
        "changesAt": [
            {"at": "2026-05-05T09:00:00.000Z", "refund": 2500},
            {"at": "2026-05-06T07:00:00.000Z", "refund": 0},
        ],
    }
    frozen(AT - timedelta(hours=3))
    half = api(ada).get(path).json()
    assert (half["refund"], half["tutorKeeps"], half["platformKeeps"]) == (2500, 1750, 750)
    assert api(tunde).get(path).json()["refund"] == 5000


def test_money_and_wallet_tell_the_split(
    api: Api, paid: dict[str, Any], ada: Person, tunde: Person, admin: Person
) -> None:
    path = f"/api/mentorship/session/{paid['id']}/money"
    lines = api(tunde).get(path).json()["lines"]
    # What Paystack takes is borne by the platform, and no business of the student's or the tutor's.
    assert api(ada).get(path).json()["lines"] == lines
    assert "fee" not in {line["kind"] for line in lines}
    assert "fee" in {line["kind"] for line in api(admin).get(path).json()["lines"]}
    assert lines[0].keys() == {"at", "kind", "from", "to", "amount", "currency"}
    into = {line["to"]: line["amount"] for line in lines}
    assert (into["TUTOR_PENDING"], into["PLATFORM_PENDING"]) == (3500, 1500)
    empty = {"pending": 0, "available": 0, "onTheWay": 0, "paid": 0, "currency": "NGN"}
    assert api(tunde).get("/api/wallet").json() == empty | {"pending": 3500}
    assert api(ada).get("/api/wallet").json() == empty


def test_notifications_are_ones_own_and_cheap_to_ask_for(
    api: Api, requested: dict[str, Any], tunde: Person, zainab: Person
) -> None:
    calls = api(tunde)
    answer = calls.get("/api/notifications")
    shown = answer.json()
    assert shown["unread"] == len(shown["notifications"]) > 0
    assert shown["notifications"][0].keys() == {
        *("id", "kind", "title", "body", "url", "sessionId", "createdAt", "readAt")
    }
    assert shown["notifications"][0]["sessionId"] == requested["id"]
    assert api(zainab).get("/api/notifications").json() == {"notifications": [], "unread": 0}
    again = {"If-None-Match": answer.headers["ETag"]} | calls.headers
    assert calls.client.get("/api/notifications", headers=again).status_code == 304
    assert calls.client.get(f"/api/notifications?since={quote(later(days=1))}", headers=again).status_code == 200
    calls("markNotificationsRead", all=True)
    assert calls.client.get("/api/notifications", headers=again).status_code == 200
    assert calls.get("/api/notifications", since=later(days=1)).json() == {"notifications": [], "unread": 0}
    assert_problem(calls.get("/api/notifications", since="yesterday"), 422, field="since")
    assert_problem(calls.get("/api/notifications", since="2026-05-04T06:00:00"), 422, field="since")


@pytest.mark.parametrize(
    "path", ["offerings", "suggestions?courseId={course}", "offerings/{id}", "offerings/{id}/slots"]
)
def test_public_read_is_not_sent_twice(
    api: Api, monday: object, offering: Offering, react: Course, tunde: Person, path: str
) -> None:
    Offering.objects.update(course=react)
    at = "/api/mentorship/" + path.format(course=react.pk, id=offering.pk)
    if path.endswith("slots"):
        at += f"?from={quote(later(days=1))}"
    client = api(None).client
    first = client.get(at)
    assert first.headers["Cache-Control"] == "public, no-cache"
    for tag in (first.headers["ETag"], "W/" + first.headers["ETag"], f'"x", {first.headers["ETag"]}', "*"):
        again = client.get(at, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    Offering.objects.update(title="Another title", duration=120, updated_at=timezone.now())
    assert client.get(at, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_hot_reads_cost_one_query(api: Api, tunde: Person, react: Course, django_assert_num_queries: Any) -> None:
    for number in range(3):
        make_offering(tunde, course=react, title=f"Hooks {number}")
    client = api(None).client
    # The first search of a process asks PostgreSQL how it folds case.
    client.get("/api/mentorship/offerings?q=hook")
    for path in (f"suggestions?courseId={react.pk}", "offerings", "offerings?sort=price&limit=2&q=hook"):
        with django_assert_num_queries(1):
            assert client.get(f"/api/mentorship/{path}").status_code == 200


def test_lists_cost_the_same_for_one_row_and_for_many(
    api: Api, requested: dict[str, Any], ada: Person, tunde: Person, offering: Offering, django_assert_num_queries: Any
) -> None:
    wanted = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": later(days=3, hours=3)}
    assert api(ada)("beginMentorshipCheckout", **wanted).status_code == 200
    for person, names in (
        (tunde, ("getTutorMentorshipOfferings", "getTutorPendingApprovals", "getTutorMentorshipSessions")),
        (ada, ("getStudentMentorshipSessions", "getApprovedSessionsReadyForPayment")),
    ):
        calls = api(person)
        calls("getTutorCourses")
        for name in names:
            # The token's person, and the rows.
            with django_assert_num_queries(2):
                calls(name)
