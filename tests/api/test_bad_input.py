"""Bad input to every action: 422 with the field named, never a 500, and nothing half written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import models

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.calendars.models import Availability, Claim
from oluko.core.clock import iso
from oluko.ledger.models import AuditEntry
from oluko.notifications.models import Notification
from oluko.offerings.models import Offering
from oluko.payments.models import Payment
from tests.api.conftest import AT, Api, assert_problem
from tests.cast import Caller, make_person

pytestmark = pytest.mark.django_db

WATCHED: tuple[type[models.Model], ...] = (
    *(Offering, Booking, Claim, Payment, AuditEntry, Notification, Availability),
)
ACTIONS = (
    *("createMentorshipOffering", "updateMentorshipOffering", "deleteMentorshipOffering"),
    *("getTutorMentorshipOfferings", "getTutorCourses", "beginMentorshipCheckout", "approveMentorshipRequest"),
    *("rejectMentorshipRequest", "proceedWithApprovedBookingPayment", "cancelMentorshipSession"),
    *("setMentorshipMeetingUrl", "updateTutorMentorshipSessionStatus", "getTutorPendingApprovals"),
    *("rescheduleMentorshipSession", "answerRescheduleProposal"),
    *("getApprovedSessionsReadyForPayment", "getTutorMentorshipSessions", "getStudentMentorshipSessions"),
    *("getTutorAvailability", "setTutorAvailability", "markNotificationsRead", "saveBankAccount", "requestPayout"),
)
# What each of these must never be taken for.
NO_TEXT: tuple[Any, ...] = (5, 1.5, True, [], {}, None)
NO_ID: tuple[Any, ...] = (5, True, [], {}, None)
NO_INSTANT: tuple[Any, ...] = (
    *(5, True, [], {}, "", "tomorrow", "2026-05-06", "2026-05-06T09:00:00", "2026-05-06 09:00"),
    None,
)
NO_NUMBER: tuple[Any, ...] = ("60", True, [], {}, None, "")
CONTROLS = ("a\x00bc", "a\x1bbc", "a\x7fbc", "a\ud800bc")
GOOD_OFFERING: dict[str, Any] = {"title": "React mastery", "duration": 60, "price": 5000}
BAD_FACTS: dict[str, tuple[Any, ...]] = {
    "title": (*NO_TEXT, "", "  ", "ab", " ab ", "x" * 121, "two\nlines", *CONTROLS),
    "duration": (*NO_NUMBER, 0, -60, 61, 60.5, 10**30, 1e300),
    "price": (*NO_NUMBER, 0, -1, 99, 99.99, 10_000_001, 5000.001, 1e300, 10**30),
    "description": (5, True, [], {}, "x" * 4001, *CONTROLS),
    "bookingMode": (5, True, [], {}, "", "instant", "LATER"),
    "cancellationPolicy": (5, True, [], {}, "", "NONE"),
    "courseId": (5, True, [], {}),
    "meetingLink": (5, True, [], {}, "http://meet.google.com/x", "https://localhost/x", "https://x.test/" + "x" * 500),
}


@contextmanager
def nothing_written() -> Iterator[None]:
    """No row that an action could write comes or goes meanwhile."""
    before = [kind._default_manager.count() for kind in WATCHED]
    yield
    assert [kind._default_manager.count() for kind in WATCHED] == before


@pytest.mark.parametrize("field", BAD_FACTS)
def test_bad_facts_of_an_offering(api: Api, tunde: Person, offering: Offering, field: str) -> None:
    calls = api(tunde)
    for value in BAD_FACTS[field]:
        with nothing_written():
            created = calls("createMentorshipOffering", **(GOOD_OFFERING | {field: value}))
        assert_problem(created, 422, field=field)
        if value is None and field == "description":
            continue
        changed = calls("updateMentorshipOffering", offeringId=str(offering.pk), **{field: value})
        assert_problem(changed, 422, field=field)
    offering.refresh_from_db()
    assert (offering.title, offering.price) == ("React code review", 5_000_00)


def test_missing_facts_are_named_all_at_once(api: Api, tunde: Person) -> None:
    problem = assert_problem(api(tunde)("createMentorshipOffering", colour="red"), 422, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == ["title", "duration", "price"]
    assert {error["message"] for error in problem["errors"]} == {"This field is required."}


BAD_CHECKOUT: dict[str, tuple[Any, ...]] = {
    "scheduledAt": (
        *(*NO_TEXT, 1778058000, "", "tomorrow", "2026-05-06", "2026-05-06T09:00:00", "2026-05-06 09:00", "09:00Z"),
        *("2026-02-30T09:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-05-06T25:00:00Z"),
        *("99999-05-06T09:00:00Z", "2026-05-06T09:00:00+99:00", "2026-05-06T09:00:00Z\x00", "x" * 5000),
        # Past, in an hour (the tutor needs notice), off the grid, at night, beyond the horizon.
        *("2026-05-01T09:00:00Z", "2026-05-04T07:00:00Z", "2026-05-06T09:07:00Z", "2026-05-06T09:00:01Z"),
        *("2026-05-06T02:00:00Z", "2026-05-09T09:00:00Z", "2027-05-06T09:00:00Z", "2099-05-06T09:00:00Z"),
    ),
    "bookingMode": (5, True, [], {}, None, "", "instant", "BOTH"),
    "notes": (5, True, [], {}, "x" * 2001, *CONTROLS),
    "offeringId": (5, True, [], {}, None),
}


@pytest.mark.parametrize("field", BAD_CHECKOUT)
def test_bad_wishes_of_a_booking(api: Api, monday: object, ada: Person, offering: Offering, field: str) -> None:
    # A limit of thirty a minute would hide the rest of a long row.
    good = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": iso(AT)}
    values = BAD_CHECKOUT[field]
    for start in range(0, len(values), 20):
        calls = api(ada) if start == 0 else api(_somebody_else(start))
        for value in values[start : start + 20]:
            with nothing_written():
                answer = calls("beginMentorshipCheckout", **(good | {field: value}))
            assert_problem(answer, 422, field=field)


def _somebody_else(number: int) -> Person:
    return make_person(f"Extra{number} Person")


def test_from_scratch_needs_all_its_parts(api: Api, monday: object, ada: Person, tunde: Person) -> None:
    good = {"tutorId": str(tunde.pk), "bookingMode": "REQUEST", "scheduledAt": iso(AT)}
    calls = api(ada)
    missing = assert_problem(calls("beginMentorshipCheckout", **good), 422)
    assert [error["field"] for error in missing["errors"]] == ["title", "duration"]
    assert_problem(calls("beginMentorshipCheckout", **good, title="Help me", duration=50), 422, field="duration")
    assert_problem(calls("beginMentorshipCheckout", **good, title="x", duration=60), 422, field="title")
    del good["tutorId"]
    assert_problem(calls("beginMentorshipCheckout", **good), 422, field="offeringId")
    for unknown in ("nope", "00000000-0000-4000-8000-000000000000"):
        assert_problem(calls("beginMentorshipCheckout", **good, offeringId=unknown), 404, "no_such_offering")
        whole = good | {"tutorId": unknown, "title": "Help me", "duration": 60}
        assert_problem(calls("beginMentorshipCheckout", **whole), 404, "no_such_tutor")


def test_request_closer_than_three_hours_is_refused(api: Api, monday: object, ada: Person, offering: Offering) -> None:
    wanted = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": "2026-05-04T08:30:00Z"}
    assert_problem(api(ada)("beginMentorshipCheckout", **wanted), 422, "too_soon", "scheduledAt")


@pytest.mark.parametrize(
    ("name", "good", "field", "values"),
    [
        ("approveMentorshipRequest", {}, "notes", (5, [], "x" * 1001, *CONTROLS)),
        ("rejectMentorshipRequest", {}, "reason", (*NO_TEXT, "", "  ", "x" * 1001, *CONTROLS)),
        ("cancelMentorshipSession", {}, "reason", (5, [], "x" * 1001, *CONTROLS)),
        ("updateTutorMentorshipSessionStatus", {}, "status", (*NO_TEXT, "", "PAID", "completed", "SCHEDULED")),
        (
            "setMentorshipMeetingUrl",
            {},
            "meetingUrl",
            (
                *(*NO_TEXT, "", "nope", "http://meet.example.com/x", "javascript:alert(1)", "ftp://x.example.com"),
                *("https://", "https://localhost/x", "https://x.example.com/" + "x" * 500, *CONTROLS),
            ),
        ),
        ("rejectMentorshipRequest", {"reason": "No"}, "sessionId", NO_ID),
        ("approveMentorshipRequest", {}, "sessionId", NO_ID),
        ("proceedWithApprovedBookingPayment", {}, "sessionId", NO_ID),
        ("cancelMentorshipSession", {}, "sessionId", NO_ID),
        ("rescheduleMentorshipSession", {"scheduledAt": iso(AT)}, "sessionId", NO_ID),
        ("rescheduleMentorshipSession", {}, "scheduledAt", NO_INSTANT),
        ("answerRescheduleProposal", {"accept": True}, "sessionId", NO_ID),
        ("answerRescheduleProposal", {}, "accept", (*("true", "yes", 1, 0, 1.0, [], {}, None), "")),
        ("answerRescheduleProposal", {"accept": True}, "proposedAt", (*NO_INSTANT[:-1], "")),
        ("setMentorshipMeetingUrl", {"meetingUrl": "https://x.example.com"}, "sessionId", NO_ID),
        ("updateTutorMentorshipSessionStatus", {"status": "COMPLETED"}, "sessionId", NO_ID),
        ("updateMentorshipOffering", {"title": "Hello"}, "offeringId", NO_ID),
        ("deleteMentorshipOffering", {}, "offeringId", NO_ID),
        ("getTutorMentorshipSessions", {}, "tab", (5, True, [], {}, "", "book", "PENDING")),
        ("getTutorMentorshipSessions", {}, "limit", ("5", True, 0, -1, 101, 1.5, 10**30)),
        ("getStudentMentorshipSessions", {}, "tab", (5, True, [], {}, "", "active")),
        ("getStudentMentorshipSessions", {}, "cursor", (5, True, [], {}, "x", "\x00", "x" * 301, "¹", "bm9uZQ")),
        (
            "saveBankAccount",
            {"bankCode": "058"},
            "accountNumber",
            (*NO_TEXT, "", "12345", "0123456789x", "１２３４５６７８９０"),
        ),
        ("saveBankAccount", {"accountNumber": "0123456789"}, "bankCode", (*NO_TEXT, "", "x" * 21)),
        ("requestPayout", {}, "amount", (None, True, "", "many", [], {}, 0, 99.99, -5, 1e30, 100.001)),
        ("setTutorAvailability", {}, "timezone", (5, None, [], "", "Mars/Base", "../etc/passwd", "Africa/Lagos\x00")),
        ("setTutorAvailability", {}, "bufferMinutes", ("15", None, True, 7, -15, 10**30, 1.5)),
        ("setTutorAvailability", {}, "minimumNoticeHours", ("1", None, -1, 169, 1.5)),
        ("setTutorAvailability", {}, "horizonDays", (0, 366, "60", None)),
        ("setTutorAvailability", {}, "slotStepMinutes", (0, 20, "30", None)),
        ("setTutorAvailability", {}, "dailyCap", (0, 21, "3", True, -1, 2.0)),
        ("setTutorAvailability", {}, "weekly", (5, None, [], "mon")),
        ("setTutorAvailability", {}, "exceptions", (5, None, {}, "x")),
    ],
)
def test_bad_field(
    api: Api,
    requested: dict[str, Any],
    tunde: Person,
    offering: Offering,
    name: str,
    good: dict[str, Any],
    field: str,
    values: tuple[Any, ...],
) -> None:
    named = {"sessionId": requested["id"], "offeringId": str(offering.pk)}
    calls = api(tunde)
    for value in values:
        with nothing_written():
            answer = calls(name, **(named | good | {field: value}))
        assert_problem(answer, 422, field=field)
    needed = ("reason", "sessionId", "offeringId", "status", "meetingUrl", "scheduledAt", "accept")
    if field in needed and name != "cancelMentorshipSession":
        whole = named | good
        whole.pop(field, None)
        assert_problem(calls(name, **whole), 422, field=field)


@pytest.mark.parametrize("weekly", [{"mon": "9-5"}, {"mon": [["09:07", "10:00"]]}, {"mon": [["10:00", "09:00"]]}])
def test_hours_are_named_by_day(api: Api, tunde: Person, weekly: dict[str, Any]) -> None:
    assert_problem(api(tunde)("setTutorAvailability", weekly=weekly), 422, "bad_availability", "weekly.mon")


def test_strange_weekdays_and_dates_do_no_harm(api: Api, tunde: Person) -> None:
    for weekly in ({"\ud800": []}, {"someday": []}, {"x" * 5000: []}):
        assert_problem(api(tunde)("setTutorAvailability", weekly=weekly), 422)
    for exceptions in ([5], [{}], [{"date": "2026-13-01"}], [{"date": "2026-05-06", "ranges": 5}], [[]] * 400):
        assert_problem(api(tunde)("setTutorAvailability", exceptions=exceptions), 422)


NOT_OBJECTS = (
    *(b"title=React", b"{", b"[]", b'"text"', b"5", b"null", b"true", b'{"price": NaN}', b'{"price": Infinity}'),
    *(b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 6000, b'{"price": ' + b"9" * 6000 + b"}", b"\x00"),
)


@pytest.mark.parametrize("name", ACTIONS)
def test_body_that_is_no_json_object(api: Api, tunde: Person, name: str) -> None:
    calls = api(tunde)
    if name == "beginMentorshipCheckout":
        assert len(NOT_OBJECTS) < 28, "more would meet the limit of checkouts"
    for body in NOT_OBJECTS:
        with nothing_written():
            answer = _post_raw(calls, name, body)
        assert_problem(answer, 422, "malformed_json")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        assert_problem(_post_raw(calls, name, b"{}", kind), 422, "malformed_json")


def _post_raw(calls: Caller, name: str, body: bytes, kind: str = "application/json") -> Any:
    return calls.client.generic("POST", f"/action/{name}", body, content_type=kind, headers=calls.headers)


def test_actions_without_input_take_no_body_too(api: Api, tunde: Person) -> None:
    calls = api(tunde)
    for name in ("getTutorMentorshipOfferings", "getTutorCourses", "getTutorPendingApprovals", "getTutorAvailability"):
        for kind in ("", "application/json", "application/x-www-form-urlencoded"):
            assert _post_raw(calls, name, b"", kind).status_code == 200
    assert_problem(_post_raw(calls, "createMentorshipOffering", b""), 422, "invalid_input", "title")


def test_body_over_256_kilobytes_is_refused(api: Api, tunde: Person) -> None:
    large = json.dumps({"title": "x" * 263_000}).encode()
    for name in ("createMentorshipOffering", "getTutorCourses"):
        assert_problem(_post_raw(api(tunde), name, large), 413, "body_too_large")
    answer = api(None).client.generic("POST", "/api/webhooks/paystack", large, content_type="application/json")
    assert_problem(answer, 413, "body_too_large")


def test_whole_numbers_may_be_written_with_a_point(api: Api, tunde: Person, offering: Offering) -> None:
    calls = api(tunde)
    changed = calls.client.generic(
        "POST",
        "/action/updateMentorshipOffering",
        f'{{"offeringId": "{offering.pk}", "duration": 90.0, "price": 7500.10}}',
        content_type="application/json; charset=utf-8",
        headers=calls.headers,
    )
    assert changed.status_code == 200
    assert (changed.json()["duration"], changed.json()["price"]) == (90, 7500.1)


PROTECTED = ("id", "tutor", "tutorId", "studentId", "student", "status", "paymentStatus", "currency", "createdAt")
SMUGGLED: dict[str, Any] = {
    "isOffering": False,
    "meetingUrl": "https://evil.example.com",
    "refunded": 1,
    "tutor_id": "00000000-0000-4000-8000-000000000000",
    "withdrawnAt": "2026-05-04T00:00:00Z",
    "withdrawn_at": "2026-05-04T00:00:00Z",
    "pay_by": None,
    "payBy": "2099-01-01T00:00:00Z",
    "tutorShareBps": 10_000,
    "tutor_share_bps": 10_000,
    "role": "ADMIN",
}


def test_protected_fields_never_change(
    api: Api, requested: dict[str, Any], tunde: Person, mei: Person, offering: Offering
) -> None:
    smuggled = dict.fromkeys(PROTECTED, str(mei.pk)) | SMUGGLED
    before, booking = Offering.objects.values().get(), Booking.objects.values().get()
    shown = api(tunde)("updateMentorshipOffering", offeringId=str(offering.pk), **smuggled).json()
    after = Offering.objects.values().get()
    changed = {name for (name, old), new in zip(before.items(), after.values(), strict=True) if old != new}
    assert changed <= {"updated_at"}
    assert (shown["tutorId"], shown["status"]) == (str(tunde.pk), "SCHEDULED")
    api(tunde)("setMentorshipMeetingUrl", sessionId=requested["id"], **smuggled)
    assert_problem(api(tunde)("updateTutorMentorshipSessionStatus", sessionId=requested["id"], **smuggled), 422)
    assert Booking.objects.values().get() == booking


def test_created_offering_takes_no_protected_field(api: Api, tunde: Person, mei: Person) -> None:
    smuggled = dict.fromkeys(PROTECTED, str(mei.pk)) | SMUGGLED
    shown = api(tunde)("createMentorshipOffering", **GOOD_OFFERING, **smuggled).json()
    assert (shown["tutorId"], shown["isOffering"], shown["currency"]) == (str(tunde.pk), True, "NGN")
    row = Offering.objects.get()
    assert (row.tutor_id, row.withdrawn_at) == (tunde.pk, None)
