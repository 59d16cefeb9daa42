"""Rescheduling over the API: the student moves, the tutor proposes, the student answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from oluko.accounts.models import Person
from oluko.calendars.availability import set_availability
from oluko.core.clock import iso
from oluko.offerings.models import Offering
from oluko.payments.models import Payment
from tests.api.conftest import AT, Api, assert_problem
from tests.api.test_actions import FIELDS
from tests.conftest import Frozen

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def take(api: Api, student: Person, offering: Offering, at: str) -> dict[str, Any]:
    asked = {"offeringId": str(offering.pk), "bookingMode": "REQUEST", "scheduledAt": at}
    session: dict[str, Any] = api(student)("beginMentorshipCheckout", **asked).json()["session"]
    return session


def test_student_moves_a_paid_session_and_pays_nothing_again(api: Api, paid: dict[str, Any], ada: Person) -> None:
    money = api(ada).get(f"/api/mentorship/session/{paid['id']}/money").json()
    answer = api(ada)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt="2026-05-07T10:00:00+01:00")
    moved = answer.json()
    assert answer.status_code == 200
    assert moved.keys() == FIELDS
    assert moved == paid | {"scheduledAt": iso(AT + DAY)}
    assert api(ada).get(f"/api/mentorship/session/{paid['id']}").json() == moved
    assert api(ada).get(f"/api/mentorship/session/{paid['id']}/money").json() == money
    assert Payment.objects.count() == 1


def test_tutor_proposes_and_student_accepts(api: Api, paid: dict[str, Any], ada: Person, tunde: Person) -> None:
    night = iso(AT + timedelta(hours=12))
    proposed = api(tunde)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=night).json()
    assert proposed == paid | {"proposedAt": night}
    for person in (ada, tunde):
        assert api(person).get(f"/api/mentorship/session/{paid['id']}").json()["proposedAt"] == night
    listed = api(ada)("getStudentMentorshipSessions", tab="pending").json()["sessions"]
    assert [row["proposedAt"] for row in listed] == [night]
    assert api(ada).get("/api/notifications").json()["notifications"][0]["kind"] == "proposed"

    accepted = api(ada)("answerRescheduleProposal", sessionId=paid["id"], accept=True).json()

    assert accepted == paid | {"scheduledAt": night}
    assert "proposedAt" not in accepted
    assert api(tunde).get("/api/notifications").json()["notifications"][0]["kind"] == "moved"
    again = api(ada)("answerRescheduleProposal", sessionId=paid["id"], accept=True)
    assert_problem(again, 409, "no_proposal")


def test_student_declines(api: Api, paid: dict[str, Any], ada: Person, tunde: Person) -> None:
    api(tunde)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=iso(AT + DAY))
    answer = api(ada)("answerRescheduleProposal", sessionId=paid["id"], accept=False)
    assert (answer.status_code, answer.json()) == (200, paid)
    assert api(tunde).get("/api/notifications").json()["notifications"][0]["kind"] == "proposal_declined"


def test_an_answer_to_another_proposal_is_refused(api: Api, paid: dict[str, Any], ada: Person, tunde: Person) -> None:
    for step in (DAY, 2 * DAY):
        api(tunde)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=iso(AT + step))
    asked = {"sessionId": paid["id"], "accept": True}
    old = api(ada)("answerRescheduleProposal", **asked, proposedAt=iso(AT + DAY))
    assert_problem(old, 409, "moved_on")
    new = api(ada)("answerRescheduleProposal", **asked, proposedAt=iso(AT + 2 * DAY)).json()
    assert new["scheduledAt"] == iso(AT + 2 * DAY)


def test_a_proposal_leaves_the_wire_when_its_time_has_passed(
    api: Api, paid: dict[str, Any], ada: Person, tunde: Person, frozen: Frozen
) -> None:
    api(tunde)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=iso(AT - 2 * HOUR))
    frozen(AT - 2 * HOUR)
    assert api(ada).get(f"/api/mentorship/session/{paid['id']}").json() == paid
    assert_problem(api(ada)("answerRescheduleProposal", sessionId=paid["id"], accept=True), 409, "no_proposal")


def test_refusals_have_their_codes(
    api: Api, paid: dict[str, Any], ada: Person, bola: Person, tunde: Person, offering: Offering, frozen: Frozen
) -> None:
    asked = take(api, bola, offering, iso(AT + DAY))

    def move(person: Person, at: str, session: dict[str, Any] = paid) -> Any:
        return api(person)("rescheduleMentorshipSession", sessionId=session["id"], scheduledAt=at)

    assert_problem(move(ada, iso(AT + DAY)), 409, "time_taken")
    assert_problem(move(tunde, iso(AT + DAY)), 409, "time_taken")
    assert_problem(move(ada, iso(AT + timedelta(minutes=7))), 422, "bad_time", "scheduledAt")
    assert_problem(move(tunde, iso(AT + timedelta(minutes=7))), 422, "bad_time", "scheduledAt")
    assert_problem(move(tunde, iso(AT)), 422, "same_time", "scheduledAt")
    assert_problem(move(bola, iso(AT + 2 * DAY), asked), 409, "not_scheduled")
    set_availability(tunde, daily_cap=1)
    assert_problem(move(ada, iso(AT + DAY + 3 * HOUR)), 409, "day_full")
    frozen(AT - timedelta(hours=23))
    assert_problem(move(ada, iso(AT + HOUR)), 409, "too_late_to_move")
    assert move(tunde, iso(AT + HOUR)).status_code == 200
    frozen(AT)
    for person in (ada, tunde):
        assert_problem(move(person, iso(AT + 2 * DAY)), 409, "has_started")
    assert api(ada).get(f"/api/mentorship/session/{paid['id']}").json() == paid


def test_only_the_two_move_and_only_the_student_answers(
    api: Api, paid: dict[str, Any], tunde: Person, zainab: Person, mei: Person, admin: Person
) -> None:
    api(tunde)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=iso(AT + DAY))
    for person in (zainab, mei, admin):
        move = api(person)("rescheduleMentorshipSession", sessionId=paid["id"], scheduledAt=iso(AT + DAY))
        assert_problem(move, 404, "no_such_session")
    for person in (zainab, mei, admin, tunde):
        answer = api(person)("answerRescheduleProposal", sessionId=paid["id"], accept=True)
        assert_problem(answer, 404, "no_such_session")
    for name in ("rescheduleMentorshipSession", "answerRescheduleProposal"):
        assert_problem(api(None)(name, sessionId=paid["id"], scheduledAt=iso(AT), accept=True), 401)
