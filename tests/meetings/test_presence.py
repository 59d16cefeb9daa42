"""Who was there, seen over HTTP by page and room; what begins, what is proposed, and what becomes of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from oluko.accounts.models import Person
from oluko.bookings.models import Booking
from oluko.bookings.sessions import complete_unmarked
from oluko.ledger.wallets import wallet_of
from oluko.meetings.models import Attendance, Meeting
from oluko.meetings.outcomes import judge, propose_outcomes
from oluko.meetings.presence import note_arrival, note_departure, note_end, note_presence, timeline
from oluko.notifications.models import Notification
from oluko.payments.no_shows import conclude_absences
from oluko.payments.problems import decide_problem, report_problem
from tests.paying import pay

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
Source = Attendance.Source


@pytest.fixture
def session(hold, ada: Person, settings) -> Booking:
    """Ada's paid hour with Tunde, in the built-in room."""
    settings.OLUKO_ZOOM_ACCOUNT_ID = ""
    return pay(hold(ada))


def reread(booking: Booking) -> Booking:
    return Booking.objects.select_related("tutor", "student").get(pk=booking.pk)


def stay(booking: Booking, person: Person, first: int, last: int, source: str = Source.ROOM) -> None:
    """The person was there from so many minutes after the start until so many."""
    start, end = booking.scheduled_at + first * MINUTE, booking.scheduled_at + last * MINUTE
    Attendance.objects.create(booking=booking, person=person, source=source, arrived_at=start, seen_at=end, left_at=end)


def minutes(booking: Booking, at: datetime | None) -> int:
    """Whole minutes from the start; the tests' clock runs on, by less than one."""
    assert at is not None
    return (at - booking.scheduled_at) // MINUTE


def pulse(client: Client, booking: Booking) -> int:
    return client.post(f"/mentorship/session/{booking.pk}/here").status_code


def test_an_open_page_is_a_stay_that_ends_when_it_falls_silent(
    session: Booking, signed_in, ada: Person, frozen
) -> None:
    client = signed_in(ada)
    for seconds in (0, 10, 30, 60):
        frozen(session.scheduled_at + timedelta(seconds=seconds))
        assert pulse(client, session) == 200
    frozen(session.scheduled_at + 10 * MINUTE)
    pulse(client, session)
    stays = timeline(session, session.scheduled_at + 10 * MINUTE)
    assert [(minutes(session, s.start), minutes(session, s.end), s.present) for s in stays] == [
        (0, 1, False),
        (10, 10, True),
    ]


def test_pulses_before_the_lobby_or_long_after_are_not_kept(session: Booking, signed_in, ada: Person, frozen) -> None:
    client = signed_in(ada)
    for at in (session.scheduled_at - 16 * MINUTE, session.ends_at + 30 * MINUTE):
        frozen(at)
        assert pulse(client, session) == 200
    assert not Attendance.objects.exists()


def test_strangers_and_operators_leave_no_trace(
    session: Booking, signed_in, bola: Person, admin: Person, frozen
) -> None:
    frozen(session.scheduled_at)
    assert [pulse(signed_in(person), session) for person in (bola, admin)] == [404, 404]
    assert not Attendance.objects.exists()


def test_both_pages_open_at_the_start_begin_the_session(
    session: Booking, signed_in, ada: Person, tunde: Person, frozen
) -> None:
    frozen(session.scheduled_at - 5 * MINUTE)
    pulse(signed_in(ada), session)
    pulse(signed_in(tunde), session)
    assert reread(session).status == "SCHEDULED"
    frozen(session.scheduled_at)
    pulse(signed_in(tunde), session)
    pulse(signed_in(ada), session)
    assert (reread(session).status, minutes(session, reread(session).started_at)) == ("IN_PROGRESS", 0)


def test_both_in_the_room_begin_the_session_from_the_lobby_on(
    session: Booking, signed_in, ada: Person, tunde: Person, frozen
) -> None:
    frozen(session.scheduled_at - 5 * MINUTE)
    for person in (ada, tunde):
        answer = signed_in(person).post(f"/mentorship/session/{session.pk}/room/enter")
        assert answer.status_code == 200, answer.content
    assert reread(session).status == "IN_PROGRESS"
    assert Attendance.objects.filter(source="ROOM").count() == 2


def test_leaving_the_room_ends_the_stay(session: Booking, signed_in, ada: Person, frozen) -> None:
    frozen(session.scheduled_at)
    client = signed_in(ada)
    seat = client.post(f"/mentorship/session/{session.pk}/room/enter").json()["seat"]
    frozen(session.scheduled_at + MINUTE)
    client.post(f"/mentorship/session/{session.pk}/room/leave", {"seat": seat})
    assert minutes(session, Attendance.objects.get().left_at) == 1


def test_zooms_words_may_come_twice(session: Booking, ada: Person) -> None:
    came, went = session.scheduled_at, session.scheduled_at + 20 * MINUTE
    for _ in range(2):
        note_arrival(session.pk, ada.pk, Source.ZOOM, came)
        note_departure(session.pk, ada.pk, Source.ZOOM, went)
    note_end(session.pk, Source.ZOOM, session.ends_at)
    (only,) = timeline(session, session.ends_at)
    assert (only.start, only.end) == (came, went)


@pytest.mark.parametrize(
    ("tutor", "student", "outcome"),
    [
        ((0, 60), (0, 60), "HELD"),
        ((0, 60), (50, 60), "HELD"),
        ((0, 60), (52, 60), "UNKNOWN"),
        ((0, 60), None, "STUDENT_ABSENT"),
        ((0, 10), None, "STUDENT_ABSENT"),
        ((0, 9), None, "UNKNOWN"),
        ((-15, 9), None, "UNKNOWN"),
        ((0, 60), (3, 4), "STUDENT_ABSENT"),
        (None, (0, 60), "TUTOR_ABSENT"),
        ((0, 20), (30, 60), "UNKNOWN"),
        (None, None, "UNKNOWN"),
    ],
)
def test_what_the_traces_say(
    session: Booking, ada: Person, tunde: Person, tutor: tuple | None, student: tuple | None, outcome: str
) -> None:
    for person, minutes in ((tunde, tutor), (ada, student)):
        if minutes:
            stay(session, person, *minutes)
    assert judge(session) == outcome


def test_whoever_had_the_page_open_is_not_called_absent(session: Booking, ada: Person, tunde: Person) -> None:
    stay(session, tunde, 0, 60)
    stay(session, ada, 0, 60, Source.PAGE)
    # Not in the room together, so not held for sure; but Ada was there, and something may have failed.
    assert judge(session) == "UNKNOWN"


def test_with_a_link_of_the_tutors_own_the_page_has_to_do(session: Booking, ada: Person, tunde: Person) -> None:
    Meeting.objects.filter(pk=session.pk).update(state="PASTED", provider="")
    for person in (ada, tunde):
        stay(session, person, 0, 30, Source.PAGE)
    assert judge(session) == "HELD"


def test_after_the_end_both_are_told_once_what_is_proposed(session: Booking, tunde: Person, frozen) -> None:
    stay(session, tunde, 0, 60)
    frozen(session.ends_at + MINUTE)
    assert propose_outcomes() == 0
    frozen(session.ends_at + 3 * MINUTE)
    assert propose_outcomes() == 1
    assert propose_outcomes() == 0
    assert reread(session).proposed_outcome == "STUDENT_ABSENT"
    assert Notification.objects.filter(kind="outcome_student_absent").count() == 2


def test_a_student_who_was_not_seen_and_does_not_object_did_not_show(session: Booking, tunde: Person, frozen) -> None:
    stay(session, tunde, 0, 60)
    frozen(session.ends_at + 3 * MINUTE)
    propose_outcomes()
    frozen(session.ends_at + DAY - MINUTE)
    assert complete_unmarked() == 0
    frozen(session.ends_at + DAY)
    assert complete_unmarked() == 1
    assert (reread(session).status, reread(session).absent) == ("NO_SHOW", "STUDENT")


def test_a_tutor_who_was_not_seen_and_does_not_object_gives_all_back(
    session: Booking, ada: Person, tunde: Person, frozen
) -> None:
    stay(session, ada, 0, 30)
    frozen(session.ends_at + 3 * MINUTE)
    propose_outcomes()
    frozen(session.ends_at + DAY)
    assert complete_unmarked() == 0
    assert conclude_absences() == 1
    assert conclude_absences() == 0
    booking = reread(session)
    assert (booking.status, booking.absent, booking.refunded) == ("NO_SHOW", "TUTOR", booking.price)
    assert wallet_of(tunde).pending == 0


def test_an_objection_stops_what_was_proposed_until_the_operator_decides(
    session: Booking, ada: Person, tunde: Person, admin: Person, frozen
) -> None:
    stay(session, ada, 0, 30)
    frozen(session.ends_at + 3 * MINUTE)
    propose_outcomes()
    problem = report_problem(tunde, session.pk, "We met on another link.")
    frozen(session.ends_at + 3 * DAY)
    assert (complete_unmarked(), conclude_absences()) == (0, 0)
    assert reread(session).status == "IN_PROGRESS" or reread(session).status == "SCHEDULED"
    decide_problem(admin, problem.pk, refund=0, note="Both confirm it.")
    assert (reread(session).status, reread(session).absent) == ("COMPLETED", "")


def test_an_operator_who_gives_all_back_calls_it_the_tutors_absence(
    session: Booking, ada: Person, tunde: Person, admin: Person, frozen
) -> None:
    stay(session, ada, 0, 30)
    frozen(session.ends_at + 3 * MINUTE)
    propose_outcomes()
    problem = report_problem(tunde, session.pk, "I was ill.")
    decide_problem(admin, problem.pk, refund=session.price, note="Then all goes back.")
    assert (reread(session).status, reread(session).absent) == ("NO_SHOW", "TUTOR")


def test_a_tutor_says_at_once_that_they_were_not_there(session: Booking, signed_in, tunde: Person, frozen) -> None:
    client, path = signed_in(tunde), f"/mentorship/session/{session.pk}/tutor-absent"
    frozen(session.ends_at - MINUTE)
    assert client.post(path).status_code == 409
    frozen(session.ends_at)
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 409
    booking = reread(session)
    assert (booking.status, booking.absent, booking.refunded) == ("NO_SHOW", "TUTOR", booking.price)


def test_after_a_tutors_absence_everybody_reads_what_becomes_of_the_money(
    session: Booking, signed_in, ada: Person, tunde: Person, admin: Person, frozen
) -> None:
    frozen(session.ends_at)
    signed_in(tunde).post(f"/mentorship/session/{session.pk}/tutor-absent")
    words = {ada: "All of your money goes back to you", tunde: "goes back to the student", admin: "back to the student"}
    for person, said in words.items():
        client = signed_in(person)
        assert said in client.get(f"/mentorship/session/{session.pk}").content.decode()
        assert client.get(f"/mentorship/session/{session.pk}/money").status_code == 200
    assert signed_in(ada).get("/student/mentorship?tab=history").status_code == 200
    assert signed_in(tunde).get("/tutor/mentorship?tab=completed").status_code == 200


def test_a_tutor_marks_the_students_absence(session: Booking, signed_in, tunde: Person, frozen) -> None:
    frozen(session.ends_at)
    assert signed_in(tunde).post(f"/mentorship/session/{session.pk}/no-show").status_code == 302
    assert reread(session).absent == "STUDENT"


def test_both_see_the_same_timeline_and_what_is_proposed(
    session: Booking, signed_in, ada: Person, tunde: Person, frozen
) -> None:
    stay(session, tunde, 0, 60)
    frozen(session.ends_at + 3 * MINUTE)
    propose_outcomes()
    for person, words in ((ada, "We did not see you there"), (tunde, "We did not see the student there")):
        page = signed_in(person).get(f"/mentorship/session/{session.pk}").content.decode()
        assert "Who was there" in page
        assert words in page


def test_who_is_here_now_is_shown_and_the_page_follows(
    session: Booking, signed_in, ada: Person, tunde: Person, frozen
) -> None:
    client = signed_in(ada)
    frozen(session.scheduled_at)
    before = client.get(f"/mentorship/session/{session.pk}/state")
    note_presence(reread(session), tunde.pk, Source.ROOM)
    after = client.get(f"/mentorship/session/{session.pk}/state", headers={"if-none-match": before["ETag"]})
    assert after.status_code == 200
    assert "●" in after.content.decode()
    note_presence(reread(session), tunde.pk, Source.ROOM)
    again = client.get(f"/mentorship/session/{session.pk}/state", headers={"if-none-match": after["ETag"]})
    assert again.status_code == 304
