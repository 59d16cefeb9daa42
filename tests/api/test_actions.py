"""Every action: what it gives, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.templatetags.static import static

from oluko.accounts.models import Person
from oluko.core.clock import iso
from oluko.courses.models import Course
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.models import Payment
from tests.api.conftest import AT, Api, assert_problem, later, row_of
from tests.cast import make_offering
from tests.conftest import Frozen
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db

FIELDS = {
    *("id", "title", "description", "duration", "price", "currency", "status", "paymentStatus", "bookingMode"),
    *("isOffering", "studentId", "tutorId", "courseId", "offeringId", "meetingUrl", "scheduledAt", "startedAt"),
    *("endedAt", "approvalNotes", "rejectedAt", "approvalDeadline", "payBy", "createdAt", "tutor", "student", "course"),
}


def test_created_offering_has_the_diagrams_shape(api: Api, tunde: Person, react: Course) -> None:
    answer = api(tunde)(
        "createMentorshipOffering", title="  React mastery ", duration=60, price=5000.5, courseId=str(react.pk)
    )
    assert answer.status_code == 200
    session = answer.json()
    assert session.keys() == FIELDS
    assert session["title"] == "React mastery"
    assert (session["price"], session["currency"]) == (5000.5, "NGN")
    assert (session["status"], session["paymentStatus"], session["bookingMode"]) == ("SCHEDULED", "PENDING", "INSTANT")
    assert session["isOffering"] is True
    assert session["studentId"] == session["tutorId"] == str(tunde.pk)
    assert session["offeringId"] == session["id"]
    assert session["tutor"] == {"id": str(tunde.pk), "name": "Tunde Bakare", "avatar": None}
    assert session["course"] == {"id": str(react.pk), "title": react.title, "slug": react.slug}
    assert {session[name] for name in ("student", "scheduledAt", "meetingUrl", "payBy", "description")} == {None}
    assert Offering.objects.get().price == 5_000_50


def test_mentor_may_list_and_student_and_operator_may_not(api: Api, mei: Person, ada: Person, admin: Person) -> None:
    facts = {"title": "Career talk", "duration": 30, "price": 2500}
    assert api(mei)("createMentorshipOffering", **facts).status_code == 200
    for person in (ada, admin):
        assert_problem(api(person)("createMentorshipOffering", **facts), 403, "role_needed")
        assert_problem(api(person)("createMentorshipOffering", title=5), 403, "role_needed")
    assert Offering.objects.count() == 1


@pytest.mark.parametrize("course", ["unknown", "00000000-0000-4000-8000-000000000000", "another's"])
def test_course_of_nobody_or_another_is_not_found(api: Api, mei: Person, react: Course, course: str) -> None:
    named = str(react.pk) if course == "another's" else course
    answer = api(mei)("createMentorshipOffering", title="React", duration=60, price=5000, courseId=named)
    assert_problem(answer, 404, "no_such_course")
    assert not Offering.objects.exists()


def test_update_changes_what_is_sent_alone(api: Api, tunde: Person, react: Course) -> None:
    row = make_offering(tunde, course=react, description="All about hooks")
    session = api(tunde)("updateMentorshipOffering", offeringId=str(row.pk), price=7500).json()
    assert (session["price"], session["title"], session["description"]) == (7500, row.title, "All about hooks")
    assert session["courseId"] == str(react.pk)
    cleared = api(tunde)("updateMentorshipOffering", offeringId=str(row.pk), courseId=None, description=None).json()
    assert (cleared["courseId"], cleared["description"], cleared["price"]) == (None, None, 7500)
    assert_problem(api(tunde)("updateMentorshipOffering", offeringId=str(row.pk), title=None), 422, field="title")


def test_another_tutors_offering_is_absent(api: Api, offering: Offering, mei: Person, ada: Person) -> None:
    for person in (mei, ada):
        for name in ("updateMentorshipOffering", "deleteMentorshipOffering"):
            assert_problem(api(person)(name, offeringId=str(offering.pk), title="Mine now"), 404, "no_such_offering")
    for odd in ("nope", "{00000000-0000-4000-8000-000000000000}", ""):
        assert_problem(api(mei)("deleteMentorshipOffering", offeringId=odd), 404, "no_such_offering")
    offering.refresh_from_db()
    assert offering.title == "React code review"


def test_deleted_offering_leaves_lists_and_its_bookings_stay(
    api: Api, tunde: Person, offering: Offering, requested: dict[str, Any]
) -> None:
    calls = api(tunde)
    assert [row["id"] for row in calls("getTutorMentorshipOfferings").json()] == [str(offering.pk)]
    assert calls("deleteMentorshipOffering", offeringId=str(offering.pk)).json() == {"success": True}
    assert calls("getTutorMentorshipOfferings").json() == []
    assert_problem(calls("deleteMentorshipOffering", offeringId=str(offering.pk)), 404)
    assert_problem(api(None).get(f"/api/mentorship/offerings/{offering.pk}"), 404)
    assert calls.get(f"/api/mentorship/session/{requested['id']}").json()["status"] == "PENDING_MENTOR_REVIEW"


def test_courses_are_those_that_one_teaches(api: Api, tunde: Person, react: Course, ada: Person) -> None:
    shown = {"id": str(react.pk), "title": react.title, "slug": react.slug, "thumbnail": None}
    assert api(tunde)("getTutorCourses").json() == [shown]
    assert api(ada)("getTutorCourses").json() == []


def test_thumbnail_of_a_course_is_an_address_that_can_be_fetched(api: Api, tunde: Person, react: Course) -> None:
    Course.objects.update(thumbnail="courses/react-foundations.svg")
    (shown,) = api(tunde)("getTutorCourses").json()
    assert shown["thumbnail"] == static("courses/react-foundations.svg")


def test_request_holds_the_time_and_names_no_payment(
    api: Api, requested: dict[str, Any], tunde: Person, bola: Person, offering: Offering
) -> None:
    assert requested.keys() == FIELDS
    assert (requested["status"], requested["paymentStatus"]) == ("PENDING_MENTOR_REVIEW", "PENDING")
    assert (requested["isOffering"], requested["offeringId"]) == (False, str(offering.pk))
    assert requested["scheduledAt"] == "2026-05-06T09:00:00.000Z"
    assert requested["approvalDeadline"] == "2026-05-06T07:00:00.000Z"
    assert requested["student"]["name"] == "Ada Obi"
    assert "@" not in str(requested)
    assert [row["id"] for row in api(tunde)("getTutorPendingApprovals").json()] == [requested["id"]]
    again = api(bola)(
        "beginMentorshipCheckout",
        offeringId=str(offering.pk),
        bookingMode="REQUEST",
        scheduledAt="2026-05-06T10:00:00+01:00",
    )
    assert_problem(again, 409, "time_taken")


def test_request_has_neither_reference_nor_address(api: Api, monday: object, ada: Person, offering: Offering) -> None:
    begun = api(ada)(
        "beginMentorshipCheckout",
        offeringId=str(offering.pk),
        bookingMode="REQUEST",
        scheduledAt=later(days=2, hours=3),
    ).json()
    assert begun.keys() == {"session", "reference", "authorizationUrl"}
    assert (begun["reference"], begun["authorizationUrl"]) == (None, None)


def test_asking_again_gives_the_same_session_and_reference(
    api: Api, monday: object, ada: Person, offering: Offering, sandbox: Sandbox
) -> None:
    wanted = {"offeringId": str(offering.pk), "bookingMode": "INSTANT", "scheduledAt": later(days=2, hours=3)}
    first, second = (api(ada)("beginMentorshipCheckout", **wanted).json() for _ in range(2))
    assert first == second
    assert first["authorizationUrl"].startswith(sandbox.url)
    assert first["session"]["meetingUrl"] is None
    assert first["session"]["payBy"]
    proceeding = api(ada)("proceedWithApprovedBookingPayment", sessionId=first["session"]["id"]).json()
    assert proceeding == first
    assert api(ada).post("/api/mentorship/proceed-payment", {"sessionId": first["session"]["id"]}).json() == first


def test_from_scratch_is_priced_by_the_hourly_rate(
    api: Api, monday: object, ada: Person, tunde: Person, mei: Person
) -> None:
    wanted = {"title": "Debug my app", "duration": 90, "bookingMode": "REQUEST", "scheduledAt": later(days=2, hours=3)}
    session = api(ada)("beginMentorshipCheckout", tutorId=str(tunde.pk), price=1, **wanted).json()["session"]
    assert (session["price"], session["title"], session["offeringId"]) == (7500, "Debug my app", None)
    mei.tutor_profile.hourly_rate = None
    mei.tutor_profile.save()
    answer = api(ada)("beginMentorshipCheckout", tutorId=str(mei.pk), **wanted)
    assert_problem(answer, 422, "no_hourly_rate", "tutorId")
    assert_problem(api(ada)("beginMentorshipCheckout", tutorId=str(ada.pk), **wanted), 404, "no_such_tutor")


def test_one_cannot_book_oneself_nor_at_once_what_is_on_request(
    api: Api, monday: object, tunde: Person, ada: Person, offering: Offering
) -> None:
    wanted = {"offeringId": str(offering.pk), "bookingMode": "INSTANT", "scheduledAt": later(days=2, hours=3)}
    assert_problem(api(tunde)("beginMentorshipCheckout", **wanted), 403, "own_offering")
    Offering.objects.update(booking_mode="REQUEST")
    assert_problem(api(ada)("beginMentorshipCheckout", **wanted), 422, "on_request_only", "bookingMode")


def test_payment_provider_away_is_503_and_the_booking_is_kept(
    api: Api, monday: object, ada: Person, offering: Offering, sandbox: Sandbox
) -> None:
    sandbox.control(paystack={"mode": "error"})
    wanted = {"offeringId": str(offering.pk), "bookingMode": "INSTANT", "scheduledAt": later(days=2, hours=3)}
    answer = api(ada)("beginMentorshipCheckout", **wanted)
    assert_problem(answer, 503, "provider_unavailable")
    assert answer.headers["Retry-After"]
    sandbox.control(paystack={"mode": "normal"})
    kept = api(ada)("getStudentMentorshipSessions", tab="pending").json()["sessions"]
    assert [row["paymentStatus"] for row in kept] == ["PENDING"]
    assert api(ada)("beginMentorshipCheckout", **wanted).json()["session"]["id"] == kept[0]["id"]


def test_approved_request_awaits_payment(api: Api, requested: dict[str, Any], tunde: Person, ada: Person) -> None:
    approved = api(tunde)("approveMentorshipRequest", sessionId=requested["id"], notes="Bring code").json()
    assert (approved["status"], approved["approvalNotes"]) == ("SCHEDULED", "Bring code")
    assert approved["payBy"].startswith("2026-05-05T06:00")
    assert approved["meetingUrl"] is None
    assert [row["id"] for row in api(ada)("getApprovedSessionsReadyForPayment").json()] == [requested["id"]]
    assert_problem(api(tunde)("approveMentorshipRequest", sessionId=requested["id"]), 409, "not_waiting")
    assert_problem(api(tunde)("rejectMentorshipRequest", sessionId=requested["id"], reason="No"), 409)


def test_rejected_request_says_why(api: Api, requested: dict[str, Any], tunde: Person, ada: Person) -> None:
    rejected = api(tunde)("rejectMentorshipRequest", sessionId=requested["id"], reason="On holiday").json()
    assert (rejected["status"], rejected["approvalNotes"]) == ("REJECTED", "On holiday")
    assert rejected["rejectedAt"]
    shown = api(ada)("getStudentMentorshipSessions", tab="rejected").json()
    assert ([row["id"] for row in shown["sessions"]], shown["nextCursor"]) == ([requested["id"]], None)


def test_paid_session_goes_from_link_to_completion(
    api: Api, paid: dict[str, Any], tunde: Person, ada: Person, frozen: Frozen
) -> None:
    calls, link = api(tunde), "https://meet.example.com/tunde"
    assert paid["paymentStatus"] == "PAID"
    assert paid["meetingUrl"].endswith(f"/mentorship/session/{paid['id']}")
    assert calls("setMentorshipMeetingUrl", sessionId=paid["id"], meetingUrl=link).json()["meetingUrl"] == link
    early = calls("updateTutorMentorshipSessionStatus", sessionId=paid["id"], status="IN_PROGRESS")
    assert_problem(early, 409, "too_early")
    frozen(AT)
    started = calls("updateTutorMentorshipSessionStatus", sessionId=paid["id"], status="IN_PROGRESS").json()
    assert (started["status"], bool(started["startedAt"])) == ("IN_PROGRESS", True)
    assert len(calls("getTutorMentorshipSessions", tab="active").json()["sessions"]) == 1
    frozen(AT.replace(hour=10))
    done = calls("updateTutorMentorshipSessionStatus", sessionId=paid["id"], status="COMPLETED").json()
    assert (done["status"], bool(done["endedAt"])) == ("COMPLETED", True)
    assert_problem(calls("updateTutorMentorshipSessionStatus", sessionId=paid["id"], status="NO_SHOW"), 409)
    assert len(api(ada)("getStudentMentorshipSessions", tab="history").json()["sessions"]) == 1


@pytest.mark.parametrize("who", ["student", "tutor"])
def test_cancelled_session_says_what_goes_back(
    api: Api, paid: dict[str, Any], ada: Person, tunde: Person, who: str, frozen: Frozen
) -> None:
    # Within a day of the start, by the MODERATE policy: half to the student, all if the tutor cancels.
    frozen(AT.replace(day=5, hour=20))
    person, refund = (ada, 2500) if who == "student" else (tunde, 5000)
    preview = api(person).get(f"/api/mentorship/session/{paid['id']}/cancellation").json()
    assert preview["refund"] == refund
    cancelled = api(person)("cancelMentorshipSession", sessionId=paid["id"], reason="Ill").json()
    assert (cancelled["status"], cancelled["refund"]) == ("CANCELLED", refund)
    assert_problem(api(person)("cancelMentorshipSession", sessionId=paid["id"]), 409, "moved_on")
    assert_problem(api(person).get(f"/api/mentorship/session/{paid['id']}/cancellation"), 409)


def test_cancelled_by_status_is_cancelled_by_the_tutor(
    api: Api, paid: dict[str, Any], tunde: Person, ada: Person
) -> None:
    wanted = {"sessionId": paid["id"], "status": "CANCELLED"}
    assert_problem(api(ada)("updateTutorMentorshipSessionStatus", **wanted), 404)
    assert api(tunde)("updateTutorMentorshipSessionStatus", **wanted).json()["status"] == "CANCELLED"
    assert row_of(paid).refunded == 5_000_00


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("approveMentorshipRequest", {}),
        ("rejectMentorshipRequest", {"reason": "No"}),
        ("proceedWithApprovedBookingPayment", {}),
        ("cancelMentorshipSession", {}),
        ("rescheduleMentorshipSession", {"scheduledAt": iso(AT)}),
        ("answerRescheduleProposal", {"accept": True}),
        ("setMentorshipMeetingUrl", {"meetingUrl": "https://meet.example.com/x"}),
        ("updateTutorMentorshipSessionStatus", {"status": "COMPLETED"}),
        ("updateTutorMentorshipSessionStatus", {"status": "CANCELLED"}),
    ],
)
def test_anothers_session_looks_like_one_that_is_not(
    api: Api, requested: dict[str, Any], zainab: Person, mei: Person, name: str, more: dict[str, str]
) -> None:
    for person in (zainab, mei):
        there = assert_problem(api(person)(name, sessionId=requested["id"], **more), 404)
        for absent in ("00000000-0000-4000-8000-000000000000", "not-an-id"):
            assert assert_problem(api(person)(name, sessionId=absent, **more), 404) == there
    assert row_of(requested).status == "PENDING_MENTOR_REVIEW"


def test_student_cannot_do_what_the_tutor_does_and_the_reverse(
    api: Api, requested: dict[str, Any], ada: Person, tunde: Person
) -> None:
    assert_problem(api(ada)("approveMentorshipRequest", sessionId=requested["id"]), 404)
    assert_problem(api(tunde)("proceedWithApprovedBookingPayment", sessionId=requested["id"]), 404)
    assert_problem(api(ada)("proceedWithApprovedBookingPayment", sessionId=requested["id"]), 409)
    assert not Payment.objects.exists()


def test_tabs_come_in_pages(
    api: Api, requested: dict[str, Any], ada: Person, tunde: Person, offering: Offering
) -> None:
    wanted = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": later(days=3, hours=3)}
    assert api(ada)("beginMentorshipCheckout", **wanted).status_code == 200
    for person, name in ((ada, "getStudentMentorshipSessions"), (tunde, "getTutorMentorshipSessions")):
        first = api(person)(name, tab="approvals", limit=1).json()
        second = api(person)(name, tab="approvals", limit=1, cursor=first["nextCursor"]).json()
        assert [row["id"] for row in first["sessions"]] == [requested["id"]]
        assert (len(second["sessions"]), second["nextCursor"]) == (1, None)
        assert len(api(person)(name).json()["sessions"]) == 2
        assert_problem(api(person)(name, tab="nope"), 422, field="tab")
        assert_problem(api(person)(name, cursor="nope"), 422, "bad_cursor", "cursor")
    assert api(ada)("getStudentMentorshipSessions", tab="book").json() == {"sessions": [], "nextCursor": None}


def test_availability_is_read_and_changed(api: Api, mei: Person, ada: Person) -> None:
    calls = api(mei)
    shown = calls("getTutorAvailability").json()
    assert shown.keys() == {
        *("timezone", "weekly", "exceptions", "bufferMinutes", "minimumNoticeHours", "horizonDays", "slotStepMinutes"),
        "dailyCap",
    }
    assert shown["timezone"] == "Asia/Shanghai"
    changed = calls(
        "setTutorAvailability",
        weekly={"mon": [["09:00", "12:00"]]},
        exceptions=[{"date": "2126-05-06", "ranges": []}],
        bufferMinutes=15,
    ).json()
    assert (changed["weekly"]["mon"], changed["weekly"]["tue"]) == ([["09:00", "12:00"]], [])
    assert (changed["exceptions"], changed["bufferMinutes"]) == ([{"date": "2126-05-06", "ranges": []}], 15)
    assert calls("getTutorAvailability").json() == changed
    assert calls("setTutorAvailability", dailyCap=4).json() == changed | {"dailyCap": 4}
    assert calls("setTutorAvailability", dailyCap=None).json() == changed | {"dailyCap": None}
    assert_problem(calls("setTutorAvailability", weekly={"mon": [["9", "12"]]}), 422, field="weekly.mon")
    assert_problem(calls("setTutorAvailability", bufferMinutes=5, slotStepMinutes="30"), 422, field="slotStepMinutes")
    assert calls("getTutorAvailability").json() == changed
    for name in ("getTutorAvailability", "setTutorAvailability"):
        assert_problem(api(ada)(name), 403, "role_needed")


def test_notifications_are_marked_read(api: Api, requested: dict[str, Any], tunde: Person, zainab: Person) -> None:
    ids = list(Notification.objects.filter(person=tunde).values_list("pk", flat=True))
    assert ids
    assert api(zainab)("markNotificationsRead", ids=ids).json() == {"unread": 0}
    assert api(tunde).get("/api/notifications").json()["unread"] == len(ids)
    assert api(tunde)("markNotificationsRead", ids=ids[:1]).json() == {"unread": len(ids) - 1}
    assert api(tunde)("markNotificationsRead", all=True).json() == {"unread": 0}
    for wrong in ({}, {"all": False}, {"ids": "1"}, {"ids": [True]}, {"ids": ["1"]}, {"ids": [2**70]}, {"all": 1}):
        assert_problem(api(tunde)("markNotificationsRead", **wrong), 422)
